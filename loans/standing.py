"""A bank's compensation rate and what follows from it: warned, suspended, released by hand (§5).

代偿率 = 期间内支付的代偿额 ÷ 期间内解除的担保额. A suspension stops new guarantee reviews of that
bank, nothing else; only the guarantee company ends it, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from loans import outbox
from loans.access import OrganisationKind
from loans.context import Context
from loans.daycount import add_months
from loans.errors import Conflict
from loans.models import (
    BankStanding,
    FundEntry,
    FundEntryKind,
    Note,
    Organisation,
    Payout,
    StandingKind,
)
from loans.money import ppm_to_percent
from loans.queries import organisation_of
from loans.riskshare import compensation_rate_ppm

DEFINITION = (
    "代偿率 = 期间内支付的代偿额（本金与利息，含经办银行分担部分）"
    "÷ 期间内解除的担保额（归还与代偿的担保本金）；期间内没有解除担保的不计算"
)


@dataclass(frozen=True, slots=True)
class CompensationRate:
    """A bank's rate over ``[since, until)`` with its two sums; None where nothing was released.

    ``rule``: the policy key of the period's length; None where whoever asked chose the period.
    """

    bank: Organisation
    since: date
    until: date
    compensated_fen: int
    released_fen: int
    rate_ppm: int | None
    standing: StandingKind | None
    rule: str | None
    definition: str = DEFINITION


def rate_of(
    ctx: Context, bank: Organisation, *, since: date | None = None, until: date | None = None
) -> CompensationRate:
    """The rate of a period; by default of the policy's months up to and with today."""
    return _rates(ctx, [bank], since, until)[0]


def _rates(
    ctx: Context, banks: Sequence[Organisation], since: date | None, until: date | None
) -> list[CompensationRate]:
    until = until or ctx.on + timedelta(days=1)
    span = None if since else ctx.book.at("compensation_rate.months", ctx.on)
    since = since or add_months(until, -span.number if span else 0)
    if since >= until:
        raise Conflict("period-empty", f"期间 {since} 至 {until}（不含）没有一天，请核对")
    keys = [bank.id for bank in banks]
    sums = _sums(ctx, keys, since, until)
    standings = _standings(ctx, keys)
    rule = span.key if span else None
    return [_rate(bank, since, until, sums, standings, rule) for bank in banks]


def _rate(
    bank: Organisation,
    since: date,
    until: date,
    sums: dict[int, tuple[int, int]],
    standings: dict[int, StandingKind],
    rule: str | None,
) -> CompensationRate:
    compensated_fen, released_fen = sums.get(bank.id, (0, 0))
    return CompensationRate(
        bank=bank,
        since=since,
        until=until,
        compensated_fen=compensated_fen,
        released_fen=released_fen,
        rate_ppm=compensation_rate_ppm(compensated_fen=compensated_fen, released_fen=released_fen),
        standing=standings.get(bank.id),
        rule=rule,
    )


def _sums(ctx: Context, keys: list[int], since: date, until: date) -> dict[int, tuple[int, int]]:
    """What was compensated and what was released in a period, by bank.

    A payout counts with both on the day it was paid, on whatever day that was recorded.
    """
    paid = (
        select(Payout.bank_id, func.sum(Payout.compensated_fen), func.sum(Payout.principal_fen))
        .where(Payout.bank_id.in_(keys), Payout.paid_on >= since, Payout.paid_on < until)
        .group_by(Payout.bank_id)
    )
    repaid = (
        select(FundEntry.bank_id, func.sum(-FundEntry.outstanding_fen))
        .where(
            FundEntry.bank_id.in_(keys),
            FundEntry.kind == FundEntryKind.RELEASE,
            FundEntry.on >= since,
            FundEntry.on < until,
        )
        .group_by(FundEntry.bank_id)
    )
    payouts = {key: (int(all_fen), int(fen)) for key, all_fen, fen in ctx.session.execute(paid)}
    released = {key: int(fen) for key, fen in ctx.session.execute(repaid)}
    found = {}
    for key in keys:
        compensated_fen, principal_fen = payouts.get(key, (0, 0))
        found[key] = (compensated_fen, principal_fen + released.get(key, 0))
    return found


def _standings(ctx: Context, keys: list[int]) -> dict[int, StandingKind]:
    newest = select(func.max(BankStanding.id)).where(
        BankStanding.bank_id.in_(keys), BankStanding.on <= ctx.on
    )
    rows = select(BankStanding.bank_id, BankStanding.kind).where(
        BankStanding.id.in_(newest.group_by(BankStanding.bank_id))
    )
    return {row.bank_id: row.kind for row in ctx.session.execute(rows)}


def standing_of(ctx: Context, bank_id: int) -> StandingKind | None:
    """The last step of a bank's standing: None before the first warning."""
    return _standings(ctx, [bank_id]).get(bank_id)


def must_not_be_suspended(ctx: Context, bank_id: int) -> None:
    """Refuse a new guarantee for a suspended bank."""
    if standing_of(ctx, bank_id) is StandingKind.SUSPENDED:
        rule = ctx.book.at("compensation_rate.suspend", ctx.on)
        raise Conflict(
            "bank-suspended",
            f"该经办银行曾达到{rule.title} {rule.shown}，新的担保审核已暂停；"
            "由担保公司说明理由解除后再办理",
            cites=rule.cites,
        )


def judge(ctx: Context, note: Note) -> BankStanding | None:
    """After a payout: warn or suspend the note's bank where its rate has reached the line."""
    found = rate_of(ctx, ctx.session.get_one(Organisation, note.bank_id))
    if found.rate_ppm is None or found.standing is StandingKind.SUSPENDED:
        return None
    warn = ctx.book.at("compensation_rate.warn", ctx.on)
    suspend = ctx.book.at("compensation_rate.suspend", ctx.on)
    if found.rate_ppm >= suspend.number:
        return _enter(ctx, found, StandingKind.SUSPENDED, f"达到{suspend.title} {suspend.shown}")
    if found.rate_ppm >= warn.number and found.standing is not StandingKind.WARNED:
        return _enter(ctx, found, StandingKind.WARNED, f"达到{warn.title} {warn.shown}")
    return None


def release(ctx: Context, *, bank_id: UUID, reason: str) -> BankStanding:
    """The guarantee company ends a warning or a suspension by hand, with its reason."""
    bank = organisation_of(ctx, bank_id, OrganisationKind.BANK)
    if standing_of(ctx, bank.id) not in (StandingKind.WARNED, StandingKind.SUSPENDED):
        raise Conflict("not-suspended", f"{bank.name} 没有预警或暂停，无须解除")
    return _enter(ctx, rate_of(ctx, bank), StandingKind.RELEASED, reason)


def rates(
    ctx: Context, *, since: date | None = None, until: date | None = None
) -> list[CompensationRate]:
    """The rate of every bank that the actor may see."""
    rows = select(Organisation).where(Organisation.kind == OrganisationKind.BANK)
    if ctx.actor.bank_id is not None:
        rows = rows.where(Organisation.id == ctx.actor.bank_id)
    banks = list(ctx.session.scalars(rows.order_by(Organisation.code)))
    return _rates(ctx, banks, since, until)


def _enter(ctx: Context, found: CompensationRate, kind: StandingKind, reason: str) -> BankStanding:
    row = BankStanding(
        public_id=ctx.new_id(),
        bank_id=found.bank.id,
        kind=kind,
        since=found.since,
        until=found.until,
        compensated_fen=found.compensated_fen,
        released_fen=found.released_fen,
        rate_ppm=found.rate_ppm,
        reason=reason,
        on=ctx.on,
        at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    shown = None if found.rate_ppm is None else ppm_to_percent(found.rate_ppm)
    payload = {"bank": str(found.bank.public_id), "rate": shown, "reason": reason}
    outbox.emit(ctx, f"bank.{kind.value}", payload, to=found.bank.id)
    return row
