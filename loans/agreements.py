"""Command: guarantee company and bank agree on the bank's share of a loss (9.11), dated."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from loans.access import OrganisationKind
from loans.context import Context
from loans.errors import Conflict
from loans.models import Agreement, Organisation
from loans.money import fen_to_yuan
from loans.policy import PolicyBook, Rule
from loans.queries import organisation_of


def register(
    ctx: Context,
    *,
    bank_id: UUID,
    since: date,
    until: date | None,
    bank_share_pct: int,
    limit_fen: int | None,
    compensates_interest: bool = True,
    waiting_days: int | None = None,
) -> Agreement:
    """Guarantee company and bank agree on the bank's share of a loss from a day on (9.11).

    Principal is always compensated; ``waiting_days`` None follows the policy. An agreement without
    an end ends where a later one begins, from tomorrow on: contracts signed so far keep theirs.
    """
    if until is not None and until <= since:
        raise Conflict("period-empty", f"协议期间 {since} 至 {until}（不含）没有一天，请核对")
    bank = organisation_of(ctx, bank_id, OrganisationKind.BANK)
    minimum = ctx.book.at("bank_share_min", since)
    if not minimum.number <= bank_share_pct <= 100:
        raise Conflict(
            "bank-share-below-minimum",
            f"分担比例 {bank_share_pct}% 应不低于{minimum.title} {minimum.shown}、不超过 100%",
            cites=minimum.cites,
        )
    _make_room(ctx, bank, since=since, until=until)
    row = Agreement(
        public_id=ctx.new_id(),
        guarantor_id=ctx.actor.organisation_id,
        bank_id=bank.id,
        since=since,
        until=until,
        bank_share_pct=bank_share_pct,
        limit_fen=limit_fen,
        compensates_interest=compensates_interest,
        waiting_days=waiting_days,
    )
    ctx.session.add(row)
    return row


def share_rules(book: PolicyBook, signed_on: date) -> tuple[Rule, Rule]:
    """Above which amount the law asks for a bank's share, and for which share at least (9.11)."""
    return book.at("bank_share_threshold", signed_on), book.at("bank_share_min", signed_on)


def share_basis(book: PolicyBook, *, principal_fen: int, signed_on: date) -> str:
    """Why a bank bears at least so much of a loss, for a contract's principal."""
    threshold, minimum = share_rules(book, signed_on)
    above = principal_fen > threshold.number
    least = f"{minimum.title} {minimum.shown}" if above else "不设最低比例，按协议分担"
    return (
        f"合同金额 {fen_to_yuan(principal_fen)}元，{'超过' if above else '不超过'}"
        f"{threshold.title} {threshold.shown}，{least}"
    )


def _make_room(ctx: Context, bank: Organisation, *, since: date, until: date | None) -> None:
    """Each day has one agreement: one without an end is followed, any other overlap refused."""
    rows = select(Agreement).where(Agreement.bank_id == bank.id)
    for other in ctx.session.scalars(rows.with_for_update()):
        if not (since < (other.until or date.max) and other.since < (until or date.max)):
            continue
        if other.until is None and other.since < since and since > ctx.on:
            other.until = since
            continue
        raise Conflict(
            "agreement-overlaps",
            f"{bank.name} 在 {other.since} 至 {other.until or '长期'} 已有分担协议，期间不能重叠；"
            f"长期协议可由明日（{ctx.on + timedelta(days=1)}）或以后开始的新协议接替",
        )
