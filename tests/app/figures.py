"""Every amount on a page: told by the API for the same subject and day, or added up of such.

``TOLD`` names for each page the API's answers that its amounts come from. An amount on the page
that is in none of them must be a sum or a difference of amounts that are: a column's total, what a
claim is above its recomputation, what a supposed change costs, the applications of a state
together, or 万元 of a chart.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from loans.money import fen_to_yuan, half_up, yuan_to_fen
from tests.app.browsing import Rows

SHOWN = re.compile(r"(?<![\d.,])-?\d{1,3}(?:,\d{3})*\.\d\d(?![\d%])")
SAID = re.compile(r"(?<![\d.])-?\d+\.\d\d(?![\d%])")
MAIN = re.compile(r"<main.*</main>", re.S)
# Where a page explains how an amount came about: its sentences and its arithmetic.
PROSE = re.compile(r"<q>.*?</q>|<table class=\"steps\">.*?</table>", re.S)
TABLE = re.compile(r"<tbody>((?:(?!</tbody>).)*)</tbody>\s*<tfoot>(.*?)</tfoot>", re.S)
FOOT = re.compile(r"<tfoot>.*?</tfoot>", re.S)
TAGS = re.compile(r"<[^>]+>")
WAN = 1_000_000

HOME = ("/statistics", "/statistics?by=bank", "/statistics?by=category", "/applications")
NOTE = ("/notes/{id}", "/notes/{id}/history", "/notes/{id}/schedule", "/notes/{id}/accruals")
TOLD: dict[str, dict[str, tuple[str, ...]]] = {
    "G-maker": {
        "/": (*HOME, "/fund", "/compensation-rates", "/notes", "/payouts"),
        "/applications": ("/applications",),
        "/applications/{reviewed}": ("/applications/{reviewed}",),
        "/notes": ("/notes",),
        "/notes?standing=late": ("/notes",),
        "/notes/{note}": tuple(path.format(id="{note}") for path in NOTE),
        "/maturities?month=2019-11": ("/notes",),
        "/fund": ("/fund", "/fund/entries"),
        "/reservations": ("/reservations",),
        "/dunning": ("/due-list",),
        "/dunning/{overdue}": ("/notes/{overdue}", "/notes/{overdue}/arrears"),
        "/payouts": ("/payouts",),
        "/payouts/{payout}": ("/payouts/{payout}", "/payouts/{payout}/recoveries"),
        "/standing": ("/compensation-rates",),
    },
    "F-maker": {
        "/": (*HOME, "/claims", "/remittances", "/months"),
        "/claims": ("/claims", "/claims/{claim}", "/claims/{paid_claim}"),
        "/claims/{claim}": ("/claims/{claim}", "/claims/{claim}/lines"),
        "/claims/{claim}/lines/{line}": ("/claims/{claim}/lines",),
        "/cases": ("/cases",),
        "/cases/{case}": ("/cases/{case}", "/claims/{claim}/lines"),
        "/remittances": ("/remittances", "/claims"),
        "/remittances/{order}": ("/remittances/{order}", "/claims/{paid_claim}/lines"),
        "/ledger": ("/claims/{paid_claim}/lines",),
        "/budgets": ("/budgets/2019",),
        "/months": ("/months",),
        "/months/2019-08": ("/months/2019-08", "/months/2019-08/lines"),
        "/months/preview": ("/months/2019-09/preview",),
        "/forecast?since=2019-09&full=60": ("/forecast?since=2019-09&full=60",),
        "/statistics": ("/statistics", "/statistics?by=bank"),
    },
    "B1-maker": {
        "/": (*HOME, "/claims", "/notes", "/disbursements"),
        "/applications/{approved}": ("/applications/{approved}",),
        "/claims": ("/claims", "/cases", "/claims/{claim}"),
        "/notes/{overdue}": tuple(path.format(id="{overdue}") for path in NOTE),
    },
}  # fmt: skip


def said(answers: Iterable[Any]) -> set[int]:
    """The amounts of the API's answers, and what follows from them without any rule."""
    found: set[int] = set()
    by_state: dict[str, int] = defaultdict(int)
    for thing in _objects(list(answers)):
        texts = {name: value for name, value in thing.items() if isinstance(value, str)}
        amounts = {k: yuan_to_fen(text) for k, text in texts.items() if SAID.fullmatch(text)}
        found |= {yuan_to_fen(amount) for t in texts.values() for amount in SAID.findall(t)}
        if "balance" in amounts:
            found.add(_wan(amounts["balance"]))
        if {"claimed", "expected"} <= amounts.keys():
            found.add(amounts["claimed"] - amounts["expected"])
        if {"subsidy", "supposed"} <= amounts.keys():
            found.add(amounts["supposed"] - amounts["subsidy"])
        if "amount" in amounts and "state" in thing:
            by_state[thing["state"]] += amounts["amount"]
    return {abs(fen) for fen in (*found, *by_state.values())}


def unexplained(page: str, answers: Iterable[Any]) -> list[str]:
    """The amounts of a page that the answers do not say and that do not sum up such."""
    main = MAIN.search(page)
    assert main is not None
    figures, told = PROSE.sub(" ", main[0]), said(answers)
    tables = TABLE.findall(figures)
    wrong = set().union(*(_amounts(foot) - told - _sums(body) for body, foot in tables))
    totals = set().union(*(_amounts(foot) for _, foot in tables))
    left = wrong | _amounts(FOOT.sub(" ", figures)) - told - totals
    return sorted(map(fen_to_yuan, left))


def _sums(body: str) -> set[int]:
    """What the columns of a table come to."""
    sums: dict[str, int] = defaultdict(int)
    for row in Rows(body).found:
        for label, text in row.items():
            sums[label] += sum(_fen(amount) for amount in SHOWN.findall(text))
    return {abs(fen) for fen in sums.values()}


def _amounts(html: str) -> set[int]:
    text = unescape(TAGS.sub(" ", html))
    return {abs(_fen(amount)) for amount in SHOWN.findall(text)}


def _fen(shown: str) -> int:
    return yuan_to_fen(shown.replace(",", ""))


def _wan(fen: int) -> int:
    """An amount in 万元 to two places, half up, as the charts show it; read as if it were yuan."""
    return half_up(fen, WAN // 100)


def _objects(thing: Any) -> Iterator[dict[str, Any]]:
    """Every object within a JSON value; a list's amounts and a bare amount have none to be in."""
    if isinstance(thing, dict):
        yield thing
        thing = list(thing.values())
    if isinstance(thing, list):
        for part in thing:
            yield from _objects(part)
