"""Every page at 1280 and 390 pixels, light and dark: nothing sticks out, everything is readable."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Site, open_site
from tests.browser.office import claimed, default
from tests.databases import Databases

pytestmark = pytest.mark.browser

PAGES = {
    "B1-maker": ("/", "/applications", "/applications/new", "/applications/{draft}",
                 "/applications/{approved}", "/notes/{overdue}", "/claims", "/claims/check",
                 "/accounts",
                 "/dunning", "/dunning/{overdue}", "/readiness", "/exemptions/{exemption}"),
    "G-maker": ("/", "/applications/{reviewed}", "/fund", "/policy", "/payouts",
                "/payouts/{payout}", "/signals", "/standing", "/reservations"),
    "F-maker": ("/", "/claims", "/claims/{claim}", "/claims/{claim}/lines/{line}", "/cases",
                "/cases/{case}", "/remittances", "/remittances/{order}", "/months/2019-08",
                "/statistics?by=category", "/registers", "/notes/{note}"),
    "F-checker": ("/months", "/months/preview", "/budgets"),
    "H-verifier": ("/", "/applications/{firm}"),
    "system": ("/",),
}  # fmt: skip

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


@pytest.fixture(scope="module")
def site(chromium: Browser, databases: Databases) -> Iterator[Site]:
    """One office for all looks: nothing is changed."""
    with open_site(chromium, databases) as found:
        found.ids = vars(found.office) | default(found.office) | claimed(found.office)
        yield found


def test_nothing_sticks_out_and_everything_is_readable(site: Site) -> None:
    wrong = []
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            for login, addresses in PAGES.items():
                desk = site.at(login, viewport={"width": width, "height": 900}, color_scheme=scheme)
                for address in addresses:
                    path = address.format(**site.ids)
                    assert desk.page.goto(path).status == 200  # type: ignore[union-attr]
                    name = address.strip("/").replace("/", "-") or "home"
                    desk.shot(f"{width}-{scheme}-{name}")
                    over = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    faint = desk.page.evaluate(FAINT)
                    if over > 0 or faint:
                        wrong.append((login, address, width, scheme, over, faint))
                desk.page.context.close()
    assert not wrong


def test_the_keyboard_reaches_the_text_first(site: Site) -> None:
    page = site.at("G-maker").page
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
