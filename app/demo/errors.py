"""What a careless bank does to its claim: one error a line, planted and remembered.

Each error computes what the wrong line would come to on the accrual core, as a bank that makes
this mistake would; so the difference, its code and its fen are known before anyone looks.
Source: rules.md §7, the eight kinds of the worked quarter and what else the codes name.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from app.demo.people import person_number
from app.demo.sheets import Entry, Ledger, subsidy_fen
from subsidy.accrual import (
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    QUARTERLY_20,
    RATE_CHANGED,
    SUBSIDY_STOPPED,
    WHOLE_BALANCE,
    Events,
    Notes,
    day,
)
from subsidy.conventions import Convention, amounts, slices
from subsidy.detail_sheet import DetailLine

DEARER_PPM = 4_350
UNPAID_FEN = 50_00
RAISED_FEN, ORDINARY_FEN = 500_000_00, 300_000_00
FAR = date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Planted:
    """One error: what was done, on which note, and what a check has to find."""

    title: str
    note_no: str
    code: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """The lines that stand for the right one; empty where it was left out."""

    lines: tuple[DetailLine, ...]
    code: str
    amount_fen: int
    note_no: str = ""


Mistake = Callable[[Ledger, Entry, bool], Wrong | None]


def plant(
    ledger: Ledger,
    entries: Sequence[Entry],
    *,
    most: int,
    is_last: bool,
    so_far: Counter[str],
    chance: random.Random,
) -> tuple[list[DetailLine], list[Planted]]:
    """The lines as filed, and the errors in them; the kinds planted least come first.

    ``is_last``: no later claim will carry these balances forward.
    """
    shuffled = list(entries)
    chance.shuffle(shuffled)
    replaced: dict[int, tuple[DetailLine, ...]] = {}
    planted: list[Planted] = []
    for title in sorted(MISTAKES, key=lambda title: so_far[title]):
        if len(planted) == most:
            break
        free = (entry for entry in shuffled if entry.at not in replaced)
        for entry in free:
            wrong = MISTAKES[title](ledger, entry, is_last)
            if wrong is not None:
                replaced[entry.at] = wrong.lines
                note_no = wrong.note_no or entry.line.note_no
                planted.append(Planted(title, note_no, wrong.code, wrong.amount_fen))
                so_far[title] += 1
                break
    lines = [line for entry in entries for line in replaced.get(entry.at, (entry.line,))]
    return lines, planted


# --- the mistakes -------------------------------------------------------------------------------


def _claimed(entry: Entry, code: str, claimed_fen: int, **stated: object) -> Wrong | None:
    """The line with another amount; None where it would not show."""
    amount_fen = claimed_fen - entry.line.claimed_fen
    if amount_fen <= 1:
        return None
    line = replace(entry.line, claimed_fen=claimed_fen, **stated)  # type: ignore[arg-type]
    return Wrong((line,), code, amount_fen)


def _kinds(ledger: Ledger, at: int) -> list[int]:
    return [event.kind for event in ledger.happened(at)]


def _is_plain(ledger: Ledger, at: int) -> bool:
    """Interest by the quarter, and its maturity lies beyond it."""
    notes = ledger.portfolio.notes
    return bool(notes.settlement[at] == QUARTERLY_20 and notes.matures_on[at] >= day(ledger.until))


def _is_quiet(ledger: Ledger, at: int) -> bool:
    return _is_plain(ledger, at) and not ledger.happened(at)


def _without(events: Events, *kinds: int) -> Events:
    """One note's events without those of some kinds."""
    kept = ~np.isin(events.kind, kinds)
    return Events.sorted(
        1,
        owner=np.zeros(int(kept.sum()), np.int64),
        on=events.on[kept],
        kind=events.kind[kept],
        value=events.value[kept],
    )


def _changed(notes: Notes, **columns: int) -> Notes:
    """One note with some of its facts replaced."""
    values = {name: np.full_like(getattr(notes, name), value) for name, value in columns.items()}
    return replace(notes, **values)


def _days(ledger: Ledger) -> dict[str, object]:
    """The whole quarter, as a careless bank states it."""
    whole = (ledger.until - ledger.since).days
    return {"since": ledger.since, "until": ledger.until, "days": whole}


def _truncated(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    if entry.line.subsidy_class != "HALF":
        return None
    bounds = [np.array([day(on)], np.int64) for on in (entry.line.since, entry.line.until)]
    found = slices(*ledger.note(entry.at), *bounds)
    claimed_fen = int(amounts(found, Convention.TRUNCATED, per_period=True)[0])
    if claimed_fen - entry.line.claimed_fen != -1:
        return None
    return Wrong((replace(entry.line, claimed_fen=claimed_fen),), "R01", -1)


def _whole_class(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    if entry.line.subsidy_class != "HALF" or not _is_quiet(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    claimed_fen = subsidy_fen(
        _changed(notes, share_pct=100), events, entry.line.since, entry.line.until
    )
    return _claimed(entry, "R02", claimed_fen, subsidy_class="FULL")


def _too_early(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    if entry.line.disbursed_on <= ledger.since or not _is_quiet(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    early = _changed(notes, disbursed_on=day(ledger.since))
    claimed_fen = subsidy_fen(early, events, ledger.since, ledger.until)
    return _claimed(entry, "R03", claimed_fen, **_days(ledger))


def _settled(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    only_repaid = _kinds(ledger, entry.at) == [PRINCIPAL_REPAID]
    if entry.line.closing_fen or not only_repaid or not _is_plain(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    going_on = _without(events, PRINCIPAL_REPAID)
    if ledger.events(entry.at) != ledger.happened(entry.at):
        return None  # repaid in parts: the old balance is another mistake
    claimed_fen = subsidy_fen(notes, going_on, entry.line.since, ledger.until)
    days = (ledger.until - entry.line.since).days
    return _claimed(entry, "R03", claimed_fen, until=ledger.until, days=days)


def _matured(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    is_unpaid = ledger.since < entry.line.matures_on < ledger.until and entry.line.closing_fen
    known = set(_kinds(ledger, entry.at)) <= {OVERDUE_FROM, RATE_CHANGED}
    settles = ledger.portfolio.notes.settlement[entry.at]
    if not is_unpaid or not known or settles != QUARTERLY_20:
        return None
    notes, events = ledger.note(entry.at)
    longer = _changed(notes, matures_on=day(FAR), subsidy_ends_on=day(FAR))
    claimed_fen = subsidy_fen(
        longer, _without(events, OVERDUE_FROM, RATE_CHANGED), entry.line.since, ledger.until
    )
    days = (ledger.until - entry.line.since).days
    return _claimed(entry, "R04", claimed_fen, until=ledger.until, days=days)


def _overdue_days(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    kinds = set(_kinds(ledger, entry.at))
    if not kinds >= {OVERDUE_FROM, OVERDUE_CURED} or entry.line.matures_on < ledger.until:
        return None
    notes, events = ledger.note(entry.at)
    punctual = _without(events, OVERDUE_FROM, OVERDUE_CURED)
    claimed_fen = subsidy_fen(notes, punctual, entry.line.since, entry.line.until)
    days = (entry.line.until - entry.line.since).days
    return _claimed(entry, "R04", claimed_fen, days=days)


def _above_cap(ledger: Ledger, entry: Entry, is_last: bool) -> Wrong | None:
    line = entry.line
    is_new = line.disbursed_fen > 0 and line.subsidy_class != "SMALL_FIRM" and is_last
    if not is_new or line.principal_fen > ORDINARY_FEN or not _is_quiet(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    claimed_fen = subsidy_fen(
        _changed(notes, principal_fen=RAISED_FEN), events, line.since, line.until
    )
    return _claimed(
        entry, "R05", claimed_fen,
        principal_fen=RAISED_FEN, disbursed_fen=RAISED_FEN, closing_fen=RAISED_FEN,
    )  # fmt: skip


def _above_hires(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    notes, events = ledger.note(entry.at)
    is_firm = entry.line.subsidy_class == "SMALL_FIRM"
    if not is_firm or ledger.happened(entry.at):
        return None
    whole = _changed(notes, subsidised_fen=WHOLE_BALANCE)
    return _claimed(entry, "R05", subsidy_fen(whole, events, entry.line.since, entry.line.until))


def _old_balance(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    only_repaid = _kinds(ledger, entry.at) == [PRINCIPAL_REPAID]
    if not entry.line.closing_fen or not only_repaid or not _is_plain(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    claimed_fen = subsidy_fen(
        notes, _without(events, PRINCIPAL_REPAID), entry.line.since, entry.line.until
    )
    if ledger.events(entry.at) != ledger.happened(entry.at):
        return None
    return _claimed(entry, "R05", claimed_fen)


def _dearer(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    if entry.line.subsidy_class == "SMALL_FIRM" or not _is_quiet(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    if (events.kind[events.on < day(ledger.until)] == RATE_CHANGED).any():
        return None
    rate_ppm = entry.line.rate_ppm + DEARER_PPM
    dear = _changed(notes, rate_ppm=rate_ppm)
    claimed_fen = subsidy_fen(dear, events, entry.line.since, entry.line.until)
    return _claimed(entry, "R06", claimed_fen, subsidy_rate_ppm=rate_ppm)


def _closed_business(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    is_only = _kinds(ledger, entry.at) == [SUBSIDY_STOPPED]
    if not is_only or not _is_plain(ledger, entry.at):
        return None
    notes, events = ledger.note(entry.at)
    claimed_fen = subsidy_fen(
        notes, _without(events, SUBSIDY_STOPPED), entry.line.since, ledger.until
    )
    days = (ledger.until - entry.line.since).days
    return _claimed(entry, "R13", claimed_fen, until=ledger.until, days=days)


def _unpaid_interest(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    line = entry.line
    if line.claimed_fen <= UNPAID_FEN or not _is_quiet(ledger, entry.at):
        return None
    paid = replace(line, interest_paid_fen=line.claimed_fen - UNPAID_FEN)
    return Wrong((paid,), "R10", UNPAID_FEN)


def _twice(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    return Wrong((entry.line, entry.line), "R07", entry.line.claimed_fen)


def _unknown(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    """Another loan of the bank, outside the programme, slipped in."""
    line = entry.line
    stranger = replace(
        line,
        note_no=f"{line.note_no}-X",
        contract_no=f"{line.contract_no}-X",
        borrower="测试借款人999",
        identity=person_number(date(1990, 12, 31), 999),
    )
    return Wrong((line, stranger), "R08", line.claimed_fen, stranger.note_no)


def _left_out(ledger: Ledger, entry: Entry, _: bool) -> Wrong | None:
    if not _is_quiet(ledger, entry.at) or entry.line.closing_fen != entry.line.principal_fen:
        return None
    return Wrong((), "R08", entry.line.claimed_fen)


MISTAKES: dict[str, Mistake] = {
    "分以下截尾，少 0.01": _truncated,
    "50%贴息按全额申报": _whole_class,
    "季中发放，按整季申报": _too_early,
    "季中结清，按整季申报": _settled,
    "到期后的逾期、展期天数": _matured,
    "50万元无据（超额度）": _above_cap,
    "利率高于合同": _dearer,
    "同一借据申报两次": _twice,
    "登记簿中没有的借据": _unknown,
    "漏报借据": _left_out,
    "企业超过招用人数基数": _above_hires,
    "注销后仍申报": _closed_business,
    "还款后仍按原余额": _old_balance,
    "逾期后补还，逾期天数": _overdue_days,
    "超过实付利息": _unpaid_interest,
}
