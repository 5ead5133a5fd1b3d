"""Commands on the guarantee fund: capacity is reserved, committed, released; never overdrawn.

Outstanding guarantee plus reservations never exceed the fund's balance times the leverage limit.
The fund's row is locked before its totals are read, so two reviews at once cannot both take the
last slot. Every change is an entry; the row's totals are the sums of its entries.
Source: （九）建立健全创业担保基金与贷款经办机构风险分担机制; rules.md §5.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from loans.access import OrganisationKind
from loans.context import Context
from loans.errors import Conflict, NotFound
from loans.models import (
    Agreement,
    Application,
    FundEntry,
    FundEntryKind,
    GuaranteeFund,
    Note,
    Organisation,
)
from loans.money import fen_to_yuan, half_up
from loans.queries import agreement_in_force, organisation_of, the_fund


@dataclass(frozen=True, slots=True)
class FundPosition:
    """Where the fund stands; ``leverage`` in hundredths, as text: "1.07" times its balance."""

    public_id: UUID
    name: str
    balance_fen: int
    reserved_fen: int
    outstanding_fen: int
    free_fen: int
    leverage: str
    leverage_limit: int
    cites: tuple[str, ...]


def position(ctx: Context) -> FundPosition:
    """The fund's totals beside the limit of today (§5)."""
    fund = the_fund(ctx)
    limit = ctx.book.at("fund_leverage", ctx.on)
    used_fen = fund.outstanding_fen + fund.reserved_fen
    hundredths = half_up(100 * used_fen, fund.balance_fen) if fund.balance_fen else 0
    return FundPosition(
        public_id=fund.public_id,
        name=fund.name,
        balance_fen=fund.balance_fen,
        reserved_fen=fund.reserved_fen,
        outstanding_fen=fund.outstanding_fen,
        free_fen=max(0, _free_fen(fund, limit.number)),
        leverage=fen_to_yuan(hundredths),
        leverage_limit=limit.number,
        cites=limit.cites,
    )


def contribute(ctx: Context, *, amount_fen: int, reason: str) -> FundEntry:
    """Money is paid into the fund; the fund's row comes with the first contribution."""
    if amount_fen <= 0:
        raise Conflict("amount-not-positive", "注资金额须大于 0.00 元")
    fund = ctx.session.scalars(
        select(GuaranteeFund)
        .where(GuaranteeFund.guarantor_id == ctx.actor.organisation_id)
        .with_for_update()
    ).one_or_none()
    if fund is None:
        guarantor = ctx.session.get_one(Organisation, ctx.actor.organisation_id)
        fund = GuaranteeFund(
            public_id=ctx.new_id(), guarantor_id=guarantor.id, name=f"{guarantor.name}创业担保基金"
        )
        ctx.session.add(fund)
        ctx.session.flush()
    return _enter(ctx, fund, FundEntryKind.CONTRIBUTION, balance_fen=amount_fen, reason=reason)


def register_agreement(
    ctx: Context,
    *,
    bank_id: UUID,
    since: date,
    until: date | None,
    bank_share_pct: int,
    limit_fen: int | None,
) -> Agreement:
    """Guarantee company and bank agree on the bank's share of a loss from a day on (9.11)."""
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
    )
    ctx.session.add(row)
    return row


def reserve(ctx: Context, application: Application, amount_fen: int) -> FundEntry:
    """Take capacity for an application whose guarantee review passes; refuse when it is gone."""
    fund = _locked_fund(ctx)
    leverage = ctx.book.at("fund_leverage", ctx.on)
    free = _free_fen(fund, leverage.number)
    if amount_fen > free:
        raise Conflict(
            "fund-capacity",
            f"担保基金剩余可担保额度 {fen_to_yuan(max(free, 0))} 元，不足以担保 "
            f"{fen_to_yuan(amount_fen)} 元；请待额度释放或基金补充后再办理",
            cites=leverage.cites,
        )
    _within_bank_limit(ctx, application, amount_fen)
    return _enter(
        ctx,
        fund,
        FundEntryKind.RESERVATION,
        reserved_fen=amount_fen,
        application=application,
        reason="担保审核通过",
    )


def shrink(ctx: Context, application: Application, to_fen: int) -> None:
    """The bank approves less than was guaranteed: the rest of the reservation is given back."""
    reserved = reserved_for(ctx, application)
    if to_fen < reserved:
        _enter(
            ctx,
            _locked_fund(ctx),
            FundEntryKind.LAPSE,
            reserved_fen=to_fen - reserved,
            application=application,
            reason="批准金额低于担保金额",
        )


def reserved_for(ctx: Context, application: Application) -> int:
    """What is still reserved for an application."""
    rows = select(FundEntry.reserved_fen).where(FundEntry.application_id == application.id)
    return sum(ctx.session.scalars(rows))


def commit(ctx: Context, application: Application, note: Note) -> FundEntry:
    """A disbursement turns reserved capacity into outstanding guarantee."""
    return _enter(
        ctx,
        _locked_fund(ctx),
        FundEntryKind.COMMITMENT,
        reserved_fen=-note.principal_fen,
        outstanding_fen=note.principal_fen,
        application=application,
        note=note,
        reason="放款",
    )


def release(ctx: Context, note: Note, amount_fen: int, reason: str) -> FundEntry:
    """Principal repaid (or, negative, put back by a reversal) changes what is outstanding."""
    return _enter(
        ctx,
        _locked_fund(ctx),
        FundEntryKind.RELEASE,
        outstanding_fen=-amount_fen,
        note=note,
        reason=reason,
    )


def lapse(ctx: Context, application: Application, reason: str) -> FundEntry | None:
    """Give back what is still reserved for an application; None if nothing is."""
    fund = _locked_fund(ctx)
    left = reserved_for(ctx, application)
    if not left:
        return None
    return _enter(
        ctx, fund, FundEntryKind.LAPSE, reserved_fen=-left, application=application, reason=reason
    )


def _free_fen(fund: GuaranteeFund, leverage: int) -> int:
    return fund.balance_fen * leverage - fund.outstanding_fen - fund.reserved_fen


def _locked_fund(ctx: Context) -> GuaranteeFund:
    """The fund's row, locked until the command ends, with its totals as they are now."""
    fund = ctx.session.scalars(
        select(GuaranteeFund).with_for_update().execution_options(populate_existing=True)
    ).first()
    if fund is None:
        raise NotFound("no-fund", "尚未设立担保基金，请担保公司先登记基金注资")
    return fund


def _within_bank_limit(ctx: Context, application: Application, amount_fen: int) -> None:
    agreement = agreement_in_force(ctx, application.bank_id, ctx.on)
    if agreement.limit_fen is None:
        return
    rows = select(FundEntry.reserved_fen, FundEntry.outstanding_fen).where(
        FundEntry.bank_id == application.bank_id
    )
    used = sum(reserved + outstanding for reserved, outstanding in ctx.session.execute(rows))
    if used + amount_fen > agreement.limit_fen:
        raise Conflict(
            "bank-limit",
            f"本行担保额度 {fen_to_yuan(agreement.limit_fen)} 元，已用 {fen_to_yuan(used)} 元，"
            f"不足以新增 {fen_to_yuan(amount_fen)} 元",
            details={"limit": fen_to_yuan(agreement.limit_fen)},
        )


def _enter(
    ctx: Context,
    fund: GuaranteeFund,
    kind: FundEntryKind,
    *,
    balance_fen: int = 0,
    reserved_fen: int = 0,
    outstanding_fen: int = 0,
    application: Application | None = None,
    note: Note | None = None,
    reason: str,
) -> FundEntry:
    fund.balance_fen += balance_fen
    fund.reserved_fen += reserved_fen
    fund.outstanding_fen += outstanding_fen
    bank = application.bank_id if application else note.bank_id if note else None
    entry = FundEntry(
        public_id=ctx.new_id(),
        fund_id=fund.id,
        kind=kind,
        balance_fen=balance_fen,
        reserved_fen=reserved_fen,
        outstanding_fen=outstanding_fen,
        bank_id=bank,
        application_id=application.id if application else None,
        note_id=note.id if note else None,
        reason=reason,
        on=ctx.on,
        at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(entry)
    return entry
