"""Competing banks: nothing of the other one can be named, and nothing it does shows (I1, I3)."""

import re
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.main import create_app
from app.security import hash_token
from app.web import pages
from app.web.edge import COOKIE
from loans.models import BrowserSession, Person
from tests.app.conftest import MOMENT, PREFIX, Api, Caller
from tests.app.isolation import LISTED, NAMED, foreign_to, places
from tests.app.operations import UNKNOWN, operations
from tests.app.story import live_through
from tests.programme import Programme

MORE = 8  # loans of the first bank beside those of the story


@pytest.fixture(scope="module")
def two_banks(databases, seeded):
    """The first bank lived through the story; the other has an application and a note."""
    original, programme = seeded["sqlite"]
    with databases.copy(original) as database, programme.moved(database) as p:
        app = create_app(p.installation)
        with TestClient(app, raise_server_exceptions=False) as client:
            api = Api(p, app, client)
            live_through(api)
            with p.at_once():
                for _ in range(MORE):
                    p.draw(
                        p.approved(p.asked(amount_fen=10_000_00)), amount_fen=10_000_00, on=p.today
                    )
            models = {place.model for place in places(app)} - {None}
            me = p.other_bank.maker.organisation_id
            foreign = {model: foreign_to(p, me, model) for model in models}
            asked = p.asked(bank=p.other_bank, amount_fen=10_000_00)
            approved = p.approved(asked, bank=p.other_bank)
            note = p.draw(approved, amount_fen=10_000_00, on=p.today)
            draft = p.create(p.asked(bank=p.other_bank), bank=p.other_bank)
            yield api, foreign, {"application_id": str(draft), "note_id": str(note)}


def test_a_foreign_record_is_as_unknown_as_none(two_banks) -> None:
    """The same bytes for every foreign record as every id of every operation of a bank."""
    api, foreign, own = two_banks
    found = list(places(api.app))
    hidden = [place for place in found if not place.is_public]
    uncovered = [
        (place.operation.name, place.name) for place in hidden if not foreign.get(place.model)
    ]
    assert uncovered == []
    cells, known = 0, []
    for place in hidden:
        nobodys = ask(api, place, str(UNKNOWN), own)
        for record in foreign[place.model]:
            theirs = ask(api, place, record, own)
            cells += 1
            statuses = {theirs.status_code, nobodys.status_code}
            if statuses != {404} or theirs.content != nobodys.content:
                known.append((place.operation.name, place.name, theirs.text, nobodys.text))
    assert known == []
    assert cells >= 500
    print(
        f"isolation: {cells} cells, of {len(hidden)} ids that a bank may send and the records that"
        f" are not its own; {len(found) - len(hidden)} public ids, 0 uncovered"
    )


def ask(api: Api, place: Any, value: str, own: dict[str, str]) -> Any:
    """A well-formed request of the other bank; what else it names is its own, if it has one."""
    operation = place.operation
    path = own | {place.name: value} if place.kind == "path" else own
    request = operation.request()
    if place.kind == "body":
        _put(request["json"], place.name.split("."), value)
    query = {"dry_run": "true"} if operation.writes else {}
    query |= {place.name: value} if place.kind == "query" else {}
    headers = {"If-Match": '"1"'} if "If-Match" in operation.parameters("header") else {}
    taken = {name: path[name] for name in operation.parameters("path") if name in path}
    address = operation.address(**taken).removeprefix(PREFIX)
    return api.as_("B2-both").send(
        operation.method.upper(), address, params=query, headers=headers, **request
    )


def _put(body: Any, names: list[str], value: str) -> None:
    name, *rest = names
    for each in body if isinstance(body, list) else [body]:
        if rest:
            _put(each[name], rest, value)
        else:
            each[name] = value


# --- two worlds -----------------------------------------------------------------------------------

# Files that carry the second in which they were made.
ONE_S_OWN = re.compile(rb'name="key" value="[^"]*"')  # drawn for every form that is shown
STAMPED = ("application/pdf", "application/vnd.openxmlformats")


@dataclass(frozen=True)
class ObservedCaller(Caller):
    """Draws the same ids and moments in every world; keeps what the first bank is answered."""

    api: "World"
    login: str

    def send(self, method: str, path: str, *, key: str | None = None, **more: Any) -> Any:
        count = next(self.api.requests)
        self.api.repeatable(str(count))
        given = key or str(UUID(int=Random(count).getrandbits(128), version=4))
        answer = super().send(method, path, key=given, **more)
        if self.login.startswith("B1"):
            stamped = answer.headers.get("content-type", "").startswith(STAMPED)
            content = b"" if stamped else answer.content
            self.api.transcript.append((method, path, answer.status_code, content))
        return answer


@dataclass
class World(Api):
    """One world, as the first bank sees it."""

    transcript: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    requests: Any = field(default_factory=lambda: iter(range(100_000)))

    def as_(self, login: str) -> Caller:
        return ObservedCaller(self.client, super().as_(login).headers, self, login)


def test_what_the_other_bank_does_shows_nowhere(databases, seeded) -> None:
    """Two worlds that differ in the other bank's borrowers only: the first bank reads the same."""
    transcripts = [transcript(databases, seeded, busy=busy) for busy in (False, True)]
    quiet, busy = transcripts
    assert len(quiet) == len(busy) >= 100
    assert sum(way == "page" and status == 200 for way, _, status, _ in quiet) >= 40
    differing = [a[:2] for a, b in zip(quiet, busy, strict=True) if a != b]
    assert differing == []
    print(f"two worlds: {len(quiet)} answers to a bank, 0 differing bytes")


def transcript(databases: Any, seeded: Any, *, busy: bool) -> list[tuple[str, str, int, bytes]]:
    original, programme = seeded["sqlite"]
    with databases.copy(original) as database, programme.moved(database) as p:
        if busy:
            lend_abroad(p)
        app = create_app(replace(p.installation, clock=lambda: MOMENT))
        with TestClient(app, raise_server_exceptions=False) as client:
            world = World(p, app, client)
            live_through(world)
            read_everything(world)
            look_at_everything(world)
            return world.transcript


def lend_abroad(p: Programme) -> None:
    """The other bank's borrowers: drafted, under review, approved, lent to."""
    bank = p.other_bank
    with p.at_once():
        p.create(p.asked(bank=bank), bank=bank)
        p.under_review(p.asked(bank=bank), bank=bank)
        for _ in range(2):
            application = p.approved(p.asked(bank=bank, amount_fen=200_000_00), bank=bank)
            p.draw(application, amount_fen=200_000_00, on=p.today)


def read_everything(world: World) -> None:
    """Every read that a bank may ask, of everything it has."""
    reader = world.as_("B1-both")
    for operation in operations(world.app):
        if operation.method != "get" or "x-operation" not in operation.content:
            continue
        given = {}
        for name in operation.parameters("path"):
            parts = [part for part in operation.path.split("/") if part in LISTED]
            model = LISTED[parts[-1]] if name == "case_id" else NAMED.get(name)
            if model is not None and (own := _own(world.programme, model)) is not None:
                given[name] = str(own)
        reader.send("GET", operation.address(**given).removeprefix(PREFIX))


def look_at_everything(world: World) -> None:
    """Every page, and every page of one thing that it has."""
    p = world.programme
    with p.installation.writes() as session, session.begin():
        person = session.scalars(select(Person.id).where(Person.login == "B1-both")).one()
        times = {"started_at": MOMENT, "seen_at": MOMENT}
        own = BrowserSession(token_hash=hash_token("seen"), person_id=person, csrf="c", **times)
        session.add(own)
    for path in (route.path for module in pages.MODULES for route in module.router.routes):
        model = LISTED.get(path.split("/")[1])
        given = re.sub("{id}", str(model and _own(p, model)), path)
        if "{" in given:
            continue
        world.repeatable(given)
        headers = {"Cookie": f"{COOKIE}=seen", "Accept": "text/html"}
        answer = world.client.get(given, headers=headers, follow_redirects=False)
        stamped = answer.headers.get("content-type", "").startswith(STAMPED)
        content = b"" if stamped else ONE_S_OWN.sub(b"", answer.content)
        world.transcript.append(("page", given, answer.status_code, content))


def _own(p: Programme, model: Any) -> UUID | None:
    """A record of the first bank, the same one in both worlds."""
    bank_id = p.bank.maker.organisation_id
    rows = p.rows(select(model))
    mine = [row for row in rows if getattr(row, "bank_id", bank_id) == bank_id]
    return max((row.public_id for row in mine), default=None)
