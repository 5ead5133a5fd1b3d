"""Every page in a real browser: accessible by axe-core, nothing sticks out, all is readable.

A page without a scene in ``scenes`` fails. Pictures of every page go to the folder that
``FUMIN_SHOTS`` names, in dark too; else to the test run's temporary folder. Contrast is what
axe-core is slowest at: ``FAINT`` judges every page, light and dark, and axe-core one page of each
person, and every page where ``FUMIN_SHOTS`` is set.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import SHOTS, Desk, Site, open_site
from tests.browser.scenes import SCENES, ids_of, page_routes
from tests.databases import Databases

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = ((NARROW, "light"), (NARROW, "dark"), (WIDE, "dark"), (WIDE, "light"))  # ends as it began
# What axe-core checks: all of WCAG 2.2 A and AA, and its best practices.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
BUT_CONTRAST = AXE | {"rules": {"color-contrast": {"enabled": False}}}

# Text whose contrast with what lies behind it is below WCAG AA (4.5, large text 3).
FAINT = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement)
      layers.push(rgb(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, [r, g, b, a = 1]) =>
      [r, g, b].map((v, i) => v * a + under[i] * (1 - a)), [255, 255, 255]);
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest("svg, option, script")) continue;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden" || !element.getClientRects().length) continue;
    const [a, b] = [light(rgb(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5))
      faint.push(`${walk.currentNode.data.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""


# Numbers and names as long as the forms take them, in place of the office's short ones.
STRETCH = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.parentElement.closest("svg, code, script")) continue;
    node.data = node.data
      .replace(/(JJ|HT)-\\d+/g, (number) => number.padEnd(33, "0123456789"))
      .replace(/bank B\\d|\\S\\*+/g, (name) => name.padEnd(50, "名称很长的有限责任公司"));
  }
}"""


@pytest.fixture(scope="module")
def site(chromium: Browser, databases: Databases) -> Iterator[Site]:
    """One office for all looks: nothing is changed."""
    with open_site(chromium, databases) as found:
        found.ids = ids_of(found.office)
        yield found


def test_every_page_has_its_scene() -> None:
    assert page_routes() == {scene.route for scene in SCENES}


def test_axe_finds_nothing_and_nothing_sticks_out(site: Site) -> None:
    axe, wrong = Axe(), []
    for login in dict.fromkeys(scene.login for scene in SCENES):
        desk = site.at(login, viewport=WIDE)
        page, options = desk.page, AXE
        for name, address in _addresses(site, login):
            assert page.goto(address).status == 200, address  # type: ignore[union-attr]
            for found in axe.run(page, options=options).response["violations"]:
                where = [node["html"][:160] for node in found["nodes"][:3]]
                wrong.append((login, address, found["id"], where))
            options = AXE if SHOTS else BUT_CONTRAST
            for size, scheme in LOOKS:
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=scheme)
                wrong += [(login, address, size, scheme, what) for what in _unseemly(desk)]
                if SHOTS or scheme == "light":
                    desk.shot(f"{name}-{size['width']}-{scheme}")
            page.evaluate(STRETCH)
            for size in (WIDE, NARROW):
                page.set_viewport_size(size)
                wrong += [(login, address, size, "stretched", what) for what in _too_wide(desk)]
            page.set_viewport_size(WIDE)
        page.context.close()
    assert not wrong, "\n".join(map(str, wrong))


def _addresses(site: Site, login: str) -> Iterator[tuple[str, str]]:
    """The name of a scene's picture and its address."""
    for scene in SCENES:
        if scene.login == login:
            name = scene.address.strip("/") or "home"
            name = "".join(c if c.isalnum() or c == "-" else "-" for c in name)
            yield name, scene.address.format(**site.ids)


def _unseemly(desk: Desk) -> Iterator[str]:
    """What sticks out of the page, or is too faint to read."""
    yield from _too_wide(desk)
    yield from desk.page.evaluate(FAINT)


def _too_wide(desk: Desk) -> Iterator[str]:
    over = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if over > 0:
        yield f"{over} pixels too wide"


def test_paper_cuts_no_table(site: Site) -> None:
    """A4 between its margins is 718 pixels wide, and does not scroll."""
    page = site.at("F-maker").page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    for address in ("/notes/{note}", "/claims/{claim}/lines/{line}", "/claims/{claim}", "/cases"):
        page.goto(address.format(**site.ids))
        right = "Math.max(...[...document.querySelectorAll('main table')].map(" \
                "(table) => table.getBoundingClientRect().right))"  # fmt: skip
        assert 0 < page.evaluate(right) <= 718, address


def test_the_keyboard_reaches_the_text_first(site: Site) -> None:
    page = site.at("G-maker").page
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
