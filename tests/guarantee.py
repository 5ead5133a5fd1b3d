"""Short verbs for what happens after a default: dunning, payout, recovery; on a ``Programme``."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from loans import dunning, evidence, fund, payouts, recoveries
from loans.access import Actor
from loans.models import (
    DunningChannel,
    DunningResult,
    FundEntry,
    GuaranteeFund,
    Payout,
    Recovery,
)
from loans.payouts import Ground
from tests.programme import Programme

DOCUMENTS = ("disbursement", "transcript")
WAITING = 91  # days after the due day, as shipped


def dun(p: Programme, note: UUID, *, on: date, by: Actor) -> Any:
    """One contact with the borrower."""
    return p.do(
        by,
        "dunning.log",
        lambda ctx: dunning.log(
            ctx,
            note_id=note,
            on=on,
            channel=DunningChannel.PHONE,
            result=DunningResult.PROMISED,
        ),
    )


def file_documents(p: Programme, note: UUID) -> None:
    """The documents that only people can file."""
    for item in DOCUMENTS:
        p.do(
            p.bank.maker,
            "evidence.file",
            lambda ctx, item=item: evidence.file(
                ctx, note_id=note, item=item, reference=f"{item}-1"
            ),
        )


def default(p: Programme, note: UUID, *, due_on: date, waited: int = WAITING) -> None:
    """The instalment of a due day stays unpaid, both dun every 30 days, documents are filed."""
    with p.at_once():
        p.day(due_on + timedelta(days=1))
        p.report(note, "mark_overdue", due_on=due_on)
        p.day(due_on + timedelta(days=waited))
        for days in range(10, waited, 30):
            for side in (p.bank.maker, p.guarantor.maker):
                dun(p, note, on=due_on + timedelta(days=days), by=side)
        file_documents(p, note)


def request(p: Programme, note: UUID, **more: Any) -> UUID:
    """The bank asks for compensation."""
    return p.do(
        p.bank.maker,
        "payouts.request",
        lambda ctx: payouts.request(ctx, note_id=note, reason="逾期未还", **more),
    ).public_id


def examine(
    p: Programme,
    payout: UUID,
    *,
    passes: bool = True,
    grounds: tuple[Ground, ...] = (),
    by: Actor | None = None,
) -> Payout:
    """The guarantee company's reviewer."""
    return p.do(
        by or p.guarantor.maker,
        "payouts.examine",
        lambda ctx: payouts.examine(
            ctx, payout_id=payout, passes=passes, opinion="已核", grounds=grounds
        ),
    )


def decide(p: Programme, payout: UUID, *, agree: bool = True, by: Actor | None = None) -> Payout:
    """The second person."""
    return p.do(
        by or p.guarantor.checker,
        "payouts.decide",
        lambda ctx: payouts.decide(ctx, payout_id=payout, agree=agree),
    )


def pay(p: Programme, payout: UUID, *, on: date | None = None, by: Actor | None = None) -> Payout:
    """Both shares are paid."""
    return p.do(
        by or p.guarantor.maker,
        "payouts.pay",
        lambda ctx: payouts.pay(ctx, payout_id=payout, paid_on=on or ctx.on, reference="转账 1"),
    )


def compensated(p: Programme, note: UUID, **more: Any) -> UUID:
    """From the request to the payment, one day."""
    payout = request(p, note)
    examine(p, payout, **more)
    decide(p, payout)
    pay(p, payout)
    return payout


def receive(p: Programme, payout: UUID, amount_fen: int, *, by: Actor | None = None) -> Recovery:
    """Money came back."""
    return p.do(
        by or p.bank.maker,
        "recoveries.receive",
        lambda ctx: recoveries.receive(ctx, payout_id=payout, on=ctx.on, amount_fen=amount_fen),
    )


def cost(p: Programme, payout: UUID, amount_fen: int) -> Recovery:
    """A cost of the recovery."""
    return p.do(
        p.guarantor.maker,
        "recoveries.enter_cost",
        lambda ctx: recoveries.enter_cost(
            ctx, payout_id=payout, on=ctx.on, amount_fen=amount_fen, reason="诉讼费"
        ),
    )


def reverse(p: Programme, payout: UUID, recovery: UUID, *, by: Actor | None = None) -> Recovery:
    """An entry of the recovery account is undone."""
    return p.do(
        by or p.bank.checker,
        "recoveries.reverse",
        lambda ctx: recoveries.reverse(ctx, payout_id=payout, recovery_id=recovery, reason="误记"),
    )


def write_off(p: Programme, payout: UUID) -> Payout:
    """Nothing more is expected."""
    return p.do(
        p.guarantor.checker,
        "payouts.write_off",
        lambda ctx: payouts.write_off(ctx, payout_id=payout, reason="终结执行"),
    )


def account(p: Programme, payout: UUID) -> recoveries.RecoveryAccount:
    """A payout's recovery account."""
    row = p.row(Payout, payout)
    with p.reading() as session:
        ctx = p.installation.context(session, p.guarantor.maker)
        return recoveries.account_of(ctx, row)


def position(p: Programme, on: date | None = None) -> fund.FundPosition:
    """Where the fund stands."""
    with p.reading() as session:
        return fund.position(p.installation.context(session, p.guarantor.maker), on=on)


def totals(p: Programme) -> tuple[int, int, int]:
    """(balance, reserved, outstanding) of the fund, which always are the sums of the entries."""
    (row,) = p.rows(select(GuaranteeFund))
    columns = (FundEntry.balance_fen, FundEntry.reserved_fen, FundEntry.outstanding_fen)
    (sums,) = p.rows(select(*(func.sum(column) for column in columns)))
    stored = (row.balance_fen, row.reserved_fen, row.outstanding_fen)
    assert tuple(map(int, sums)) == stored
    return stored
