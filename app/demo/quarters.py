"""The threads of the calendar: twelve months closed, and each bank's quarter claimed and paid."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from uuid import UUID

from app.demo.errors import Planted, plant
from app.demo.office import AUDITOR, PAYER, Office
from app.demo.people import BANKS
from app.demo.script import FIRST_DAY, Scale
from app.demo.sheets import careful_claim, read_ledger
from app.demo.year import Thread
from loans.daycount import add_months
from subsidy import claims, monthend, remittance
from subsidy.detail_sheet import write_detail_sheet
from subsidy.models import MonthLock

FIRST_QUARTER = date(2019, 3, 21)
MOST_A_FILE = 3
CLEAN = (1, 2)  # the third bank's second quarter: a file without an error


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claim as filed: whose, for which days, where its workbook lies, what is wrong in it."""

    claim_id: UUID
    bank: int
    since: date
    until: date
    path: Path
    planted: tuple[Planted, ...]


@dataclass(slots=True)
class Claims:
    """All claims of the demo, and how often each mistake was made."""

    folder: Path
    scale: Scale
    filed: list[Claimed] = field(default_factory=list)
    so_far: Counter[str] = field(default_factory=Counter)


def close_months(office: Office, until: date, tell: Callable[[MonthLock], None]) -> Thread:
    """The finance bureau closes each month on the first day of the next."""
    month = FIRST_DAY
    while (following := add_months(month, 1)) <= until:
        yield following
        lock = office.do(PAYER, "months.close", partial(monthend.close, month=month))
        tell(lock)
        month = following


def quarters(until: date) -> Iterator[tuple[date, date]]:
    """The claim quarters ``[since, until)`` that end before the last day."""
    since = FIRST_QUARTER
    while (stop := add_months(since, 3)) < until:
        yield since, stop
        since = stop


def claim_quarter(
    office: Office, filings: Claims, *, bank: int, number: int, since: date, until: date
) -> Thread:
    """From the settlement day to the subsidy's arrival at the bank."""
    yield office.workday(until, 1 + bank)
    claimed = _file(office, filings, bank=bank, number=number, since=since, until=until)
    if claimed is None:
        return
    yield office.workday(office.today, 1)
    claim = office.do(
        AUDITOR,
        "claims.review",
        lambda ctx: claims.review(ctx, claim_id=claimed.claim_id, comment="差异已逐笔核对"),
    )
    yield office.workday(office.today, 1)
    office.do(
        PAYER,
        "claims.approve",
        lambda ctx: claims.approve(ctx, claim_id=claimed.claim_id, content_hash=claim.content_hash),
    )
    if claim.payable_fen == 0:
        return
    order = office.do(
        AUDITOR,
        "remittances.order",
        lambda ctx: remittance.order(ctx, claim_id=claimed.claim_id),
    )
    yield office.workday(office.today, 1)
    office.do(
        PAYER,
        "remittances.confirm",
        lambda ctx: remittance.confirm(
            ctx,
            remittance_id=order.public_id,
            paid_on=ctx.on,
            reference=f"演示拨付{number}-{BANKS[bank].code}",
        ),
    )


def _file(
    office: Office, filings: Claims, *, bank: int, number: int, since: date, until: date
) -> Claimed | None:
    """Compute, get a few lines wrong, write the workbook, hand it in; without a line do nothing."""
    ledger = read_ledger(office, bank, since, until)
    is_last = list(quarters(filings.scale.until))[-1] == (since, until)
    lines, planted = plant(
        ledger,
        careful_claim(ledger),
        most=0 if (number, bank) == CLEAN else MOST_A_FILE,
        is_last=is_last,
        so_far=filings.so_far,
        chance=random.Random(filings.scale.seed + 10 * number + bank),
    )
    if not lines:
        return None
    data = write_detail_sheet(lines)
    path = filings.folder / f"{until:%Y-%m}-{BANKS[bank].name}-贴息申报明细表.xlsx"
    path.write_bytes(data)
    installation = office.installation
    filing = claims.read_filing(data, path.name, vault=installation.vault, on=office.today)
    claim = office.do(
        f"bank-{BANKS[bank].code.lower()}-maker",
        "claims.receive",
        lambda ctx: claims.receive(ctx, filing=filing, since=since, until=until),
    )
    claimed = Claimed(claim.public_id, bank, since, until, path, tuple(planted))
    filings.filed.append(claimed)
    return claimed
