"""Commands on the guarantee fund: capacity is reserved, committed, released; never overdrawn.

Outstanding guarantee plus reservations never exceed the fund's balance times the leverage limit.
The fund's row is locked before its totals are read, so two reviews at once cannot both take the
last slot. Every change is an entry; the row's totals are the sums of its entries.
Source: （九）建立健全创业担保基金与贷款经办机构风险分担机制; rules.md §5.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select

from loans.context import Context
from loans.errors import Conflict, NotFound
from loans.models import (
    Application,
    Contract,
    FundEntry,
    FundEntryKind,
    GuaranteeFund,
    Note,
    Organisation,
)
from loans.money import fen_to_yuan, positive
from loans.queries import agreement_in_force, the_fund
from loans.riskshare import leverage_pct, remaining_capacity
from loans.standing import must_not_be_suspended
from loans.wall import every_bank


@dataclass(frozen=True, slots=True)
class FundPosition:
    """Where the fund stood at the end of a day; ``leverage`` in hundredths, as text: "1.07".

    ``permille`` is how much of what it may bear is used. ``breach_fen`` is what is guaranteed above
    the limit: a compensation may leave it behind, and until it is gone nothing new is accepted.
    """

    public_id: UUID
    name: str
    on: date
    balance_fen: int
    reserved_fen: int
    outstanding_fen: int
    free_fen: int
    breach_fen: int
    leverage: str
    leverage_limit: int
    permille: int
    cites: tuple[str, ...]


def position(ctx: Context, *, on: date | None = None) -> FundPosition:
    """The sums of the entries up to a day (today if not told) beside that day's limit (§5).

    ``Conflict`` where the day has not come, ``NotFound`` before the first contribution.
    """
    day = ctx.come(on or ctx.on)
    fund = the_fund(ctx)
    balance_fen, reserved_fen, outstanding_fen = _totals(ctx, fund, day)
    limit = ctx.book.at("fund_leverage", day)
    used_fen = outstanding_fen + reserved_fen
    ceiling_fen = balance_fen * limit.number
    capacity_fen = remaining_capacity(
        fund_fen=balance_fen,
        leverage=limit.number,
        outstanding_fen=outstanding_fen,
        reserved_fen=reserved_fen,
    )
    hundredths = leverage_pct(fund_fen=balance_fen, outstanding_fen=used_fen) or 0
    return FundPosition(
        public_id=fund.public_id,
        name=fund.name,
        on=day,
        balance_fen=balance_fen,
        reserved_fen=reserved_fen,
        outstanding_fen=outstanding_fen,
        free_fen=max(0, capacity_fen),
        breach_fen=max(0, -capacity_fen),
        leverage=fen_to_yuan(hundredths),
        leverage_limit=limit.number,
        permille=1000 * used_fen // ceiling_fen if ceiling_fen else 0,
        cites=limit.cites,
    )


def _totals(ctx: Context, fund: GuaranteeFund, day: date) -> tuple[int, int, int]:
    """Balance, reserved and outstanding at a day's end: the fund's own where nothing came after."""
    mine = FundEntry.fund_id == fund.id
    later = select(FundEntry.id).where(mine, FundEntry.on > day).limit(1)
    if ctx.session.scalars(later).first() is None:
        return fund.balance_fen, fund.reserved_fen, fund.outstanding_fen
    columns = (FundEntry.balance_fen, FundEntry.reserved_fen, FundEntry.outstanding_fen)
    sums = select(*(func.coalesce(func.sum(column), 0) for column in columns))
    found = ctx.session.execute(sums.where(mine, FundEntry.on <= day)).one()
    return int(found[0]), int(found[1]), int(found[2])


def contribute(ctx: Context, *, amount_fen: int, reason: str) -> FundEntry:
    """Money is paid into the fund; the fund's row comes with the first contribution."""
    positive(amount_fen, "担保基金注资金额")
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


def earn(ctx: Context, *, amount_fen: int, reason: str) -> FundEntry:
    """Income of the fund: interest on its deposit, fees."""
    positive(amount_fen, "担保基金收入金额")
    fund = _locked_fund(ctx)
    return _enter(ctx, fund, FundEntryKind.INCOME, balance_fen=amount_fen, reason=reason)


def withdraw(ctx: Context, *, amount_fen: int, reason: str) -> FundEntry:
    """Money is taken out; refused where what is left would not bear what is guaranteed."""
    positive(amount_fen, "担保基金提取金额")
    fund = _locked_fund(ctx)
    leverage = ctx.book.at("fund_leverage", ctx.on)
    used_fen = fund.outstanding_fen + fund.reserved_fen
    # The least balance that bears it: rounded up, a fen less would be a breach.
    least_fen = -(-used_fen // leverage.number) if leverage.number else fund.balance_fen
    most_fen = max(0, fund.balance_fen - least_fen)
    if amount_fen > most_fen:
        raise Conflict(
            "withdrawal-breaks-leverage",
            f"在保与预留共 {fen_to_yuan(used_fen)} 元，按{leverage.title} {leverage.shown}，"
            f"最多可提取 {fen_to_yuan(most_fen)} 元",
            cites=leverage.cites,
        )
    return _enter(ctx, fund, FundEntryKind.WITHDRAWAL, balance_fen=-amount_fen, reason=reason)


def reserve(ctx: Context, application: Application, amount_fen: int) -> FundEntry:
    """Take capacity for an application whose guarantee review passes; refuse when it is gone."""
    fund = _locked_fund(ctx)
    leverage = ctx.book.at("fund_leverage", ctx.on)
    free = remaining_capacity(
        fund_fen=fund.balance_fen,
        leverage=leverage.number,
        outstanding_fen=fund.outstanding_fen,
        reserved_fen=fund.reserved_fen,
    )
    if amount_fen > free:
        breach = f"（已超过上限 {fen_to_yuan(-free)} 元）" if free < 0 else ""
        raise Conflict(
            "fund-capacity",
            f"按{leverage.title} {leverage.shown}，剩余可担保额度 {fen_to_yuan(max(free, 0))} 元"
            f"{breach}，不足以担保 {fen_to_yuan(amount_fen)} 元；请待额度释放或基金补充后再办理",
            cites=leverage.cites,
        )
    must_not_be_suspended(ctx, application.bank_id)
    _within_borrower_limit(ctx, application, amount_fen)
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


def free_for(ctx: Context, application: Application | None = None) -> int | None:
    """What the fund can still bear; None where there is none.

    For an application: what it takes up itself, reserved or drawn, counts as free. An estimate for
    an assessment: ``reserve`` looks again under the fund's lock.
    """
    fund = ctx.session.scalars(select(GuaranteeFund)).first()
    if fund is None:
        return None
    own_fen = 0 if application is None else _taken_by(ctx, application)
    free_fen = remaining_capacity(
        fund_fen=fund.balance_fen,
        leverage=ctx.book.at("fund_leverage", ctx.on).number,
        outstanding_fen=fund.outstanding_fen,
        reserved_fen=fund.reserved_fen - own_fen,
    )
    return max(0, free_fen)


def guaranteed_for(ctx: Context, application: Application) -> int:
    """What is reserved and outstanding for the borrower, at all banks, besides this application."""
    files = select(Application.id).where(
        Application.borrower_id == application.borrower_id, Application.id != application.id
    )
    notes = (
        select(Note.id)
        .join(Contract, Contract.id == Note.contract_id)
        .where(
            Note.borrower_id == application.borrower_id,
            Contract.application_id != application.id,
        )
    )
    with every_bank(ctx):
        return _taken(ctx, files, notes)


def _taken_by(ctx: Context, application: Application) -> int:
    """What is reserved and, of its notes, outstanding for one application."""
    files = select(Application.id).where(Application.id == application.id)
    notes = (
        select(Note.id)
        .join(Contract, Contract.id == Note.contract_id)
        .where(Contract.application_id == application.id)
    )
    return _taken(ctx, files, notes)


def _taken(ctx: Context, files: Select[int], notes: Select[int]) -> int:
    """What is reserved and outstanding for some applications and notes."""
    rows = select(FundEntry.reserved_fen, FundEntry.outstanding_fen).where(
        FundEntry.application_id.in_(files) | FundEntry.note_id.in_(notes)
    )
    return sum(reserved + owed for reserved, owed in ctx.session.execute(rows))


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


def compensate(ctx: Context, note: Note, *, principal_fen: int, fund_fen: int) -> FundEntry:
    """The fund pays its share and its guarantee of the note ends.

    Never refused for the leverage: the balance falls by the share times the limit, the exposure
    only by the principal, so a breach may be left behind. Money that is not there cannot be paid.
    """
    fund = _locked_fund(ctx)
    if fund_fen > fund.balance_fen:
        raise Conflict(
            "fund-short",
            f"担保基金余额 {fen_to_yuan(fund.balance_fen)} 元，不足以支付代偿款 "
            f"{fen_to_yuan(fund_fen)} 元；请先补充基金，再登记付款",
        )
    return _enter(
        ctx,
        fund,
        FundEntryKind.COMPENSATION,
        balance_fen=-fund_fen,
        outstanding_fen=-principal_fen,
        note=note,
        reason="代偿",
    )


def recover(ctx: Context, note: Note, fund_fen: int, reason: str) -> FundEntry:
    """The fund's part of a recovery comes in (or, negative, goes out again by a reversal)."""
    fund = _locked_fund(ctx)
    if fund.balance_fen + fund_fen < 0:
        raise Conflict("fund-short", "担保基金余额不足以退回这笔追偿款，请先补充基金")
    return _enter(ctx, fund, FundEntryKind.RECOVERY, balance_fen=fund_fen, note=note, reason=reason)


def lapse(ctx: Context, application: Application, reason: str) -> FundEntry | None:
    """Give back what is still reserved for an application; None if nothing is."""
    fund = _locked_fund(ctx)
    left = reserved_for(ctx, application)
    if not left:
        return None
    return _enter(
        ctx, fund, FundEntryKind.LAPSE, reserved_fen=-left, application=application, reason=reason
    )


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


def _within_borrower_limit(ctx: Context, application: Application, amount_fen: int) -> None:
    """What is reserved and outstanding for one borrower, at all banks, has a limit of its own."""
    limit = ctx.book.at("fund_borrower_limit", ctx.on)
    used = guaranteed_for(ctx, application)
    if used + amount_fen > limit.number:
        raise Conflict(
            "borrower-limit",
            f"同一借款人担保责任上限 {limit.shown}，已用 {fen_to_yuan(used)} 元，"
            f"不足以新增 {fen_to_yuan(amount_fen)} 元",
            cites=limit.cites,
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
