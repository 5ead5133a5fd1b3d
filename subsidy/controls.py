"""What the loaded registers say about notes: days that earn nothing, and flags without money.

An entry ``[since, until)`` without an end stops the subsidy from its day on; one with an end only
suspends it. Both become events of the accrual core with the difference code behind them, so that
recomputation and explanation need to know nothing of registers. Source: rules.md §7 (R12–R16, R20).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy import select

from loans.context import Context
from loans.models import Application, Borrower, Contract, Hire, Note
from loans.roster import counted_for, next_claim_period
from loans.signals import sharing
from loans.workflow import BorrowerKind
from subsidy.accrual import SUBSIDISED_CHANGED, SUBSIDY_STOPPED, Events, day
from subsidy.models import RegisterEntry, RegisterFile, RegisterKind
from subsidy.queries import Portfolio
from subsidy.reconciliation import ElsewhereSpan, Flag

EXCLUDED, DEREGISTERED, HIRES, OTHER_SUBSIDY = 12, 13, 15, 16
REPRESENTATIVE: Final = "法定代表人"
_SWITCH: Final = {EXCLUDED: "other_employment", DEREGISTERED: "deregistered"}


@dataclass(frozen=True)
class Controlled:
    """A portfolio with the registers' events, and what they say besides."""

    portfolio: Portfolio
    flags: tuple[Flag, ...]
    elsewhere: tuple[ElsewhereSpan, ...]


@dataclass(frozen=True)
class Stop:
    """No subsidy on ``[since, until)`` of the note at ``position``; ``until`` None: ever after."""

    position: int
    since: date
    until: date | None
    code: int


def controlled(ctx: Context, portfolio: Portfolio, borrowers: dict[int, bytes]) -> Controlled:
    """Apply every list in force. ``borrowers``: blind index of each borrower of the portfolio."""
    lists = _Lists.read(ctx, set(borrowers.values()))
    notes = [(at, row, borrowers[row.borrower_id]) for at, row in enumerate(portfolio.rows)]
    stops = [stop for found in notes for stop in _stops(ctx, lists, *found)]
    recounts = list(_recounts(ctx, lists, notes))
    return Controlled(
        portfolio=with_stops(portfolio, stops, recounts),
        flags=tuple(_flags(ctx, lists, notes)),
        elsewhere=tuple(_before_go_live(lists, portfolio, borrowers)),
    )


@dataclass(frozen=True)
class _Lists:
    """Entries in force by kind and party; ``firms_of`` a person by the owners' list."""

    by_subject: dict[tuple[RegisterKind, bytes], list[RegisterEntry]]
    by_other: dict[tuple[RegisterKind, bytes], list[RegisterEntry]]

    @staticmethod
    def read(ctx: Context, wanted: set[bytes]) -> "_Lists":
        """Everything that names one of these parties, or a firm that one of them owns."""
        in_force = (
            select(RegisterEntry, RegisterFile.kind)
            .join(RegisterFile, RegisterFile.id == RegisterEntry.file_id)
            .where(RegisterFile.replaced_by_id.is_(None))
            .order_by(RegisterEntry.since, RegisterEntry.id)
        )
        found = _Lists(defaultdict(list), defaultdict(list))
        rows = ctx.session.execute(in_force).all()
        owned = {
            entry.other_index
            for entry, kind in rows
            if kind is RegisterKind.OWNERS and entry.subject_index in wanted
        }
        for entry, kind in rows:
            if entry.subject_index in wanted or entry.subject_index in owned:
                found.by_subject[kind, entry.subject_index].append(entry)
            if entry.other_index in wanted:
                found.by_other[kind, entry.other_index].append(entry)
        return found

    def of(self, kind: RegisterKind, subject: bytes) -> list[RegisterEntry]:
        return self.by_subject.get((kind, subject), [])

    def naming(self, kind: RegisterKind, other: bytes) -> list[RegisterEntry]:
        return self.by_other.get((kind, other), [])


def _stops(ctx: Context, lists: _Lists, at: int, row: Any, who: bytes) -> Iterator[Stop]:
    for entry in lists.of(RegisterKind.EXCLUSION, who):
        yield from _stop(ctx, at, row, entry, EXCLUDED)
    for entry in _struck_off(lists, who):
        yield from _stop(ctx, at, row, entry, DEREGISTERED)
    for entry in lists.of(RegisterKind.OTHER_SUBSIDIES, who):
        if entry.reference in ("", row.contract_no):
            yield from _stop(ctx, at, row, entry, OTHER_SUBSIDY)
    if ctx.book.at("stop_event.legal_representative", row.disbursed_on).is_on:
        for entry in _new_representatives(lists, row, who):
            yield from _stop(ctx, at, row, replace_end(entry), DEREGISTERED)


def _struck_off(lists: _Lists, who: bytes) -> Iterable[RegisterEntry]:
    """Deregistrations of a firm, or of a person's business while the owners' list says it theirs.

    Ownership that ends on the very day ended by it.
    """
    found = {entry.id: entry for entry in lists.of(RegisterKind.DEREGISTERED, who)}
    for owner in lists.of(RegisterKind.OWNERS, who):
        for entry in lists.of(RegisterKind.DEREGISTERED, owner.other_index or b""):
            if owner.since <= entry.since <= (owner.until or entry.since):
                found[entry.id] = entry
    return found.values()


def replace_end(entry: RegisterEntry) -> RegisterEntry:
    """The same fact without an end: a change of representative is not undone by the next one."""
    return RegisterEntry(since=entry.since, until=None)


def _stop(ctx: Context, at: int, row: Any, entry: RegisterEntry, code: int) -> Iterator[Stop]:
    since = max(entry.since, row.disbursed_on)
    is_over = entry.until is not None and entry.until <= since
    if is_over or since >= row.matures_on:
        return
    switch = _SWITCH.get(code)
    if switch is None or ctx.book.at(f"stop_event.{switch}", row.disbursed_on).is_on:
        yield Stop(at, since, entry.until, code)


def _new_representatives(lists: _Lists, row: Any, who: bytes) -> list[RegisterEntry]:
    """Legal representatives of a firm who came after the loan was disbursed."""
    return [
        entry
        for entry in lists.naming(RegisterKind.OWNERS, who)
        if REPRESENTATIVE in entry.detail and row.disbursed_on < entry.since < row.matures_on
    ]


def _recounts(
    ctx: Context, lists: _Lists, notes: Sequence[tuple[int, Any, bytes]]
) -> Iterator[tuple[int, date, int]]:
    """(position, on, base_fen): a firm's base from the claim period after a hire left (R15)."""
    by_firm: dict[bytes, list[tuple[int, Any]]] = defaultdict(list)
    for at, row, who in notes:
        if row.kind is BorrowerKind.SMALL_FIRM and lists.naming(RegisterKind.HIRES_LEFT, who):
            by_firm[who].append((at, row))
    for who, own in by_firm.items():
        hired = {hire.id_index: hire.left_on for hire in _counted_hires(ctx, own)}
        # Who left by the list and who left by a report are one crowd: nobody leaves twice.
        left = {hire: left_on for hire, left_on in hired.items() if left_on is not None}
        for entry in lists.naming(RegisterKind.HIRES_LEFT, who):
            if entry.subject_index in hired:
                known = left.get(entry.subject_index, entry.since)
                left[entry.subject_index] = min(known, entry.since)
        for on in sorted({next_claim_period(day_left) for day_left in left.values()}):
            gone = sum(next_claim_period(day_left) <= on for day_left in left.values())
            per_hire = ctx.book.at("firm_per_hire", own[0][1].disbursed_on).number
            room = min((len(hired) - gone) * per_hire, max(r.base_limit_fen for _, r in own))
            for at, row in sorted(own, key=lambda pair: (pair[1].disbursed_on, pair[1].note_no)):
                base = min(room, row.principal_fen)
                room -= base
                yield at, max(on, row.disbursed_on), base


def _counted_hires(ctx: Context, notes: Iterable[tuple[int, Any]]) -> list[Hire]:
    """The hires that the decisions on these notes' loans counted, each person once."""
    contracts = {row.contract_id for _, row in notes}
    rows = (
        select(Application)
        .join(Contract, Contract.application_id == Application.id)
        .where(Contract.id.in_(contracts))
    )
    return counted_for(ctx, ctx.session.scalars(rows.order_by(Application.id)))


def with_stops(
    portfolio: Portfolio, stops: Iterable[Stop], recounts: Iterable[tuple[int, date, int]] = ()
) -> Portfolio:
    """The portfolio with further events. Where lists suspend a note, its base is 0 meanwhile."""
    stops = list(stops)
    e = portfolio.events
    columns = (portfolio.owner(), e.on, e.kind, e.value, portfolio.reason)
    table = [tuple(map(int, event)) for event in zip(*columns, strict=True)]
    table += [(at, day(on), SUBSIDISED_CHANGED, base, HIRES) for at, on, base in recounts]
    table += [
        (s.position, day(s.since), SUBSIDY_STOPPED, 0, s.code) for s in stops if s.until is None
    ]
    suspended: dict[int, list[Stop]] = defaultdict(list)
    for stop in stops:
        if stop.until is not None:
            suspended[stop.position].append(stop)
    if not stops and len(table) == len(e):
        return portfolio
    for at, own in suspended.items():
        table = _suspended(table, at, own, int(portfolio.notes.subsidised_fen[at]))
    table.sort(key=lambda event: (event[0], event[1]))
    rows = np.array(table, np.int64).reshape(-1, 5).T
    events = Events.sorted(
        len(portfolio.notes), owner=rows[0], on=rows[1].astype(np.int32),
        kind=rows[2].astype(np.int8), value=rows[3],
    )  # fmt: skip
    return replace(portfolio, events=events, reason=rows[4].astype(np.int8))


def _suspended(
    table: list[tuple[int, ...]], at: int, stops: list[Stop], base: int
) -> list[tuple[int, ...]]:
    """Events with base 0 between each stop and its end; what the base was to become, later."""
    for since, until, code in _merged(stops):
        own = [e for e in table if e[0] == at and e[2] == SUBSIDISED_CHANGED and e[1] <= until]
        after = own[-1][3] if own else base
        inside = {e for e in own if e[1] >= since}
        table = [e for e in table if e not in inside]
        table.append((at, since, SUBSIDISED_CHANGED, 0, code))
        table.append((at, until, SUBSIDISED_CHANGED, after, code))
        table.sort(key=lambda event: (event[0], event[1]))
    return table


def _merged(stops: list[Stop]) -> list[tuple[int, int, int]]:
    """Overlapping suspensions as one, under the code of the first."""
    merged: list[tuple[int, int, int]] = []
    for stop in sorted(stops, key=lambda s: (s.since, s.code)):
        assert stop.until is not None
        since, until = day(stop.since), day(stop.until)
        if merged and since <= merged[-1][1]:
            first, end, code = merged[-1]
            merged[-1] = (first, max(end, until), code)
        else:
            merged.append((since, until, stop.code))
    return merged


def _before_go_live(
    lists: _Lists, portfolio: Portfolio, borrowers: dict[int, bytes]
) -> Iterator[ElsewhereSpan]:
    """Days subsidised before go-live count as claimed."""
    for who in sorted(set(borrowers.values())):
        for entry in lists.of(RegisterKind.EARLIER_LOANS, who):
            if entry.until is not None:
                days = (day(entry.since), day(entry.until))
                yield ElsewhereSpan(who.hex(), entry.reference, *days, "上线前已贴息")


def _flags(ctx: Context, lists: _Lists, notes: Sequence[tuple[int, Any, bytes]]) -> Iterator[Flag]:
    lives = _lives(ctx)
    shared = _shared(ctx)
    most = ctx.book.at("warning.subsidised_loans", ctx.on).number
    for _, row, who in notes:
        for entry in _new_representatives(lists, row, who):
            message = f"法定代表人自 {entry.since} 起变更"
            yield Flag(row.note_no, "R13", message, day(entry.since))
        yield from _relatives(lists, lives, row, who)
        earlier = len(lists.of(RegisterKind.EARLIER_LOANS, who))
        loans = len(lives.get(who, ())) + earlier
        if loans > most:
            yield Flag(row.note_no, "R14", f"同一借款人享受贴息 {loans} 笔，超过 {most} 笔")
        for mark, together in shared.items():
            if who in together:
                yield Flag(row.note_no, "R20", f"{together[who]} 名借款人使用同一{mark}")


def _shared(ctx: Context) -> dict[str, dict[bytes, int]]:
    """By what they share (R20): how many borrowers, of all banks, are behind each one's mark."""
    found: dict[str, dict[bytes, int]] = defaultdict(dict)
    for shared in sharing(ctx, with_notes=True):
        found[shared.what].update((row.id_index, len(shared.people)) for row in shared.people)
    return found


def _relatives(
    lists: _Lists, lives: dict[bytes, list[tuple[date, date]]], row: Any, who: bytes
) -> Iterator[Flag]:
    """Spouses, and a person beside their own firm, with a loan at the same time (R14)."""
    spouses, owners = RegisterKind.SPOUSES, RegisterKind.OWNERS
    parties = (
        (lists.of(spouses, who), "other_index", "配偶同期也有贴息贷款"),
        (lists.naming(spouses, who), "subject_index", "配偶同期也有贴息贷款"),
        (lists.of(owners, who), "other_index", "本人的企业同期也有贴息贷款"),
        (lists.naming(owners, who), "subject_index", "法定代表人或出资人同期也有贴息贷款"),
    )
    first: dict[str, date] = {}
    for entries, other, message in parties:
        for entry in entries:
            since = max(row.disbursed_on, entry.since)
            until = min(row.matures_on, entry.until or row.matures_on)
            theirs = lives.get(getattr(entry, other), [])
            both = [max(a, since) for a, b in theirs if a < until and since < b]
            if both:
                first[message] = min(*both, first.get(message, both[0]))
    for message, on in first.items():
        yield Flag(row.note_no, "R14", message, day(on))


def _lives(ctx: Context) -> dict[bytes, list[tuple[date, date]]]:
    """[disbursed, settled or matured) of every borrower's contracts, of all banks."""
    rows = (
        select(
            Borrower.id_index, Note.contract_id, Note.disbursed_on, Note.settled_on, Note.matures_on
        )
        .join(Borrower, Borrower.id == Note.borrower_id)
        .order_by(Note.id)
    )
    lives: dict[bytes, dict[int, tuple[date, date]]] = defaultdict(dict)
    for who, contract, since, settled, matures in ctx.session.execute(rows):
        first, last = lives[who].get(contract, (since, settled or matures))
        lives[who][contract] = (min(first, since), max(last, settled or matures))
    return {who: list(spans.values()) for who, spans in lives.items()}
