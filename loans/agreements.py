"""Command: guarantee company and bank agree on the bank's share of a loss (9.11), dated."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from loans.access import OrganisationKind
from loans.context import Context
from loans.errors import Conflict
from loans.models import Agreement
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

    Principal is always compensated; ``waiting_days`` None follows the policy.
    """
    bank = organisation_of(ctx, bank_id, OrganisationKind.BANK)
    minimum = ctx.book.at("bank_share_min", since)
    if not minimum.number <= bank_share_pct <= 100:
        raise Conflict(
            "bank-share-below-minimum",
            f"经办银行风险分担比例 {bank_share_pct}% 应在 {minimum.number}% 至 100% 之间",
            cites=minimum.cites,
        )
    rows = select(Agreement).where(Agreement.bank_id == bank.id)
    for other in ctx.session.scalars(rows):
        if since < (other.until or date.max) and other.since < (until or date.max):
            raise Conflict(
                "agreement-overlaps",
                f"{bank.name} 在 {other.since} 至 {other.until or '长期'} 已有分担协议，"
                "期间不能重叠",
            )
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
