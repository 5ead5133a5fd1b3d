"""A browser without a screen: signs in by the form, reads pages, fills forms and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

HTML = {"Accept": "text/html"}


@dataclass
class FormSeen:
    """A form of a page: where it goes, and what its inputs hold."""

    action: str
    method: str = "get"
    values: dict[str, Any] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page, with what a browser would send unchanged."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[FormSeen] = []
        self._choice: str | None = None
        self._text: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(FormSeen(given.get("action", ""), given.get("method", "get")))
        elif self.found and (name := given.get("name")):
            self._input(tag, name, given)
        elif tag == "option" and self._choice and "selected" in given:
            self.found[-1].values[self._choice] = given["value"]

    def _input(self, tag: str, name: str, given: dict[str, str]) -> None:
        values = self.found[-1].values
        if tag == "select":
            self._choice = name
            values.setdefault(name, "")
        elif tag == "textarea":
            self._text = name
            values[name] = ""
        elif tag == "input" and given.get("type") in ("checkbox", "radio"):
            if "checked" in given:
                values.setdefault(name, []).append(given["value"])
        elif tag == "input" and given.get("type") != "file":
            values[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.found[-1].values[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._choice = None
        elif tag == "textarea":
            self._text = None


@dataclass
class Person:
    """Somebody at a browser."""

    client: TestClient

    def get(self, path: str, **more: Any) -> Any:
        """A page; redirections are followed."""
        return self.client.get(path, headers=HTML, **more)

    def form(self, path: str, ending: str = "") -> FormSeen:
        """The form of a page whose address ends so; without ``ending`` the last one."""
        forms = [f for f in Forms(self.get(path).text).found if f.action.endswith(ending)]
        assert forms, f"{path} has no form to {ending}"
        return forms[-1]

    def send(self, form: FormSeen, path: str, *, follow: bool = False, **filled: Any) -> Any:
        """Send a form of the page at ``path``, with some inputs filled in."""
        names = {name.replace("__", "."): value for name, value in filled.items()}
        return self.client.post(
            form.action or path, data=form.values | names, headers=HTML, follow_redirects=follow
        )


def signed_in(client: TestClient, login: str, password: str) -> Person:
    """Somebody who has signed in, with a cookie jar of their own."""
    fresh = TestClient(client.app, raise_server_exceptions=False)
    answer = fresh.post("/sign-in", data={"login": login, "password": password}, headers=HTML)
    assert answer.status_code == 200, answer.text
    return Person(fresh)


class Rows(HTMLParser):
    """The rows of a page's tables: each cell's text by the label it says of itself, "" the head."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._label: str | None = None
        self.feed(page)
        self.found = [
            {label: " ".join(text.split()) for label, text in row.items()} for row in self.found
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "tr":
            self.found.append({})
        elif tag == "td" and "data-label" in given:
            self._label = given["data-label"]
        elif tag == "th" and given.get("scope") == "row":
            self._label = ""

    def handle_data(self, data: str) -> None:
        if self._label is not None and self.found:
            row = self.found[-1]
            row[self._label] = row.get(self._label, "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._label = None
