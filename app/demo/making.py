"""Making a demo: open the folder's database, live through the year, read back what came of it."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.demo.applying import application
from app.demo.facts import Facts, gather
from app.demo.folder import DemoFolder, hurry
from app.demo.office import contribute, open_office
from app.demo.people import BANKS
from app.demo.quarters import Claims, claim_quarter, close_months, quarters
from app.demo.script import Scale, write
from app.demo.waiting import desks
from app.demo.year import Thread, Year
from app.start import open_installation
from subsidy.models import MonthLock

MORE_MONEY_ON, MORE_MONEY_FEN = date(2019, 9, 2), 3_000_000_00


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears how far the making has come: each new day, and each closed month."""

    day: Callable[[date], None]
    month: Callable[[MonthLock], None]


def make(folder: DemoFolder, scale: Scale, watch: Watch) -> Facts:
    """Everything from an empty folder to the facts at the end of the last day."""
    folder.begin()
    opened = open_installation(folder.settings, create=True)
    try:
        hurry(opened.engine)
        gc.freeze()  # some thousand short commands: what is loaded by now need not be looked at
        office = open_office(opened.installation)
        year, filings = Year(office, scale.until), Claims(folder.claims, scale)
        for thread in _threads(year, filings, scale, watch):
            year.start(thread)
        year.live(watch.day)
        facts = gather(office, filings.filed)
    finally:
        gc.unfreeze()
        opened.engine.dispose()
    folder.finish()
    return facts


def _threads(year: Year, filings: Claims, scale: Scale, watch: Watch) -> list[Thread]:
    """All that happens by itself; notes are started by their applications."""
    office = year.office
    claims = [
        claim_quarter(office, filings, bank=bank, number=number, since=since, until=until)
        for number, (since, until) in enumerate(quarters(scale.until))
        for bank in range(len(BANKS))
    ]
    stories = [application(year, story) for story in write(scale)]
    return [
        close_months(office, scale.until, watch.month),
        _more_money(year),
        *claims,
        *stories,
        *(desks(year, scale) if scale.desks else ()),
    ]


def _more_money(year: Year) -> Thread:
    """The fund is raised once before its capacity runs out."""
    yield MORE_MONEY_ON
    contribute(year.office, MORE_MONEY_FEN, "增资")
