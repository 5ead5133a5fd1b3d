"""A real browser before a real server: both of this machine, nothing else is reachable.

Without a browser these tests skip, visibly; where ``CI`` is set that is a failure. Pictures of
every page visited are written to the folder that ``FUMIN_SHOTS`` names, else to ``shots`` in the
run's temporary folder.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright

from app.main import create_app
from tests.browser.office import PASSWORD, Office, open_office
from tests.databases import Databases
from tests.programme import Programme

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SHOTS = os.environ.get("FUMIN_SHOTS")


@pytest.fixture(scope="module")
def playwright_() -> Iterator[Playwright]:
    """While it lives an event loop runs in this thread: it ends with the module of its tests."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_: Playwright) -> Iterator[Browser]:
    """The system's browser; the tests download none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install chromium and fonts-noto-cjk")
    browser = playwright_.chromium.launch(executable_path=found, args=list(FLAGS))
    yield browser
    browser.close()


@dataclass
class Site:
    """The office served at an address, and what its pages did wrong."""

    address: str
    office: Office
    browser: Browser
    folder: Path  # of the pictures
    options: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    shots: int = 0

    def at(self, login: str, **options: Any) -> "Desk":
        """Somebody signs in at a browser of their own; closed with the test."""
        context = self.browser.new_context(
            locale="zh-CN", base_url=self.address, **self.options, **options
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: self._heard(login, said))
        page.on("pageerror", lambda error: self.faults.append(f"{login}: {error}"))
        page.on("request", lambda request: self._sent(login, request.url))
        desk = Desk(self, page, login)
        if not login:
            return desk
        page.goto("/sign-in")
        page.get_by_label("登录名").fill(login)
        page.get_by_label("密码").fill(PASSWORD)
        desk.press("登录")
        return desk

    def _heard(self, login: str, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.faults.append(f"{login}: {said.text}")

    def _sent(self, login: str, url: str) -> None:
        if not url.startswith(self.address):
            self.faults.append(f"{login}: a request left the host: {url}")


@dataclass
class Desk:
    """One person at one browser."""

    site: Site
    page: Page
    login: str

    def press(self, name: str) -> None:
        """Open the act's form if it is folded, press its button, and wait for the page it leads to.

        A click ends before its answer comes: what is looked at next would be the old page.
        """
        self.unfold(name)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, link: Locator) -> None:
        """Click a link that leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            link.click()

    def unfold(self, name: str) -> None:
        """Open the act's form if it is folded."""
        folded = self.page.locator("details:not([open]) > summary", has_text=name)
        if folded.count():
            folded.first.click()

    def shot(self, name: str) -> None:
        """A picture of the page, for the eye."""
        self.site.shots += 1
        who = self.login or "anybody"
        path = self.site.folder / f"{self.site.shots:03d}-{who}-{name}.jpg"
        self.page.screenshot(path=path, full_page=True, type="jpeg", quality=70)


@contextmanager
def open_site(browser: Browser, databases: Databases, **options: Any) -> Iterator[Site]:
    """A fresh office served on this machine; ``options`` are those of every browser window."""
    with databases.fresh("sqlite") as fresh, Programme.begin(fresh) as programme:
        office = open_office(programme)
        installation = replace(programme.installation, env="demo", clock=lambda: datetime.now(UTC))
        with _served(create_app(installation)) as address:
            folder = Path(SHOTS) if SHOTS else databases.folder / "shots"
            folder.mkdir(parents=True, exist_ok=True)
            yield Site(address, office, browser, folder, options)


@pytest.fixture(autouse=True)
def nothing_wrong(site: Site) -> Iterator[None]:
    """At a test's end its windows are closed, and no page may have done anything wrong."""
    yield
    for context in site.browser.contexts:
        context.close()
    faults, site.faults = site.faults, []
    assert not faults


class _served:
    """The application behind a real server on a free port."""

    def __init__(self, app: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = uvicorn.Config(app, port=self.port, log_level="error", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        deadline = time.monotonic() + 30
        while not self.server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(30)
