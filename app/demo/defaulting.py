"""The one default of the year: both institutions dun, the bank asks, two people decide, both pay.

What comes back later is little: a cost, one receipt, and a claim that stays.
"""

from datetime import date, timedelta

from app.demo.office import APPROVER, REVIEWER, Loan, Office
from app.demo.year import Thread
from loans import dunning, evidence, payouts, recoveries
from loans.models import DunningChannel, DunningResult

# The first note that matures unpaid from this day on is never repaid; it leaves time for the rest.
FROM, UNTIL = date(2019, 11, 10), date(2019, 12, 15)
CONTACTS = (
    (10, DunningChannel.PHONE, DunningResult.PROMISED),
    (38, DunningChannel.VISIT, DunningResult.REFUSED),
    (66, DunningChannel.LETTER, DunningResult.UNREACHABLE),
)
DOCUMENTS = {"disbursement": "放款凭证", "transcript": "还款流水"}
COST_FEN, RECEIPT_FEN = 600_00, 20_600_00


def is_the_default(office: Office, loan: Loan) -> bool:
    """Whether this note, unpaid at its maturity, is the one that stays unpaid."""
    return not office.has_default and FROM <= loan.matures_on < UNTIL


def default(office: Office, loan: Loan) -> Thread:
    """From the first call for payment to the first money that comes back."""
    office.has_default = True
    for days, channel, result in CONTACTS:
        yield office.workday(loan.matures_on + timedelta(days=days))
        for login in (loan.maker, REVIEWER):
            dun(office, login, loan, channel, result)
    for item, name in DOCUMENTS.items():
        _file(office, loan, item, f"{name} {loan.note_no}")
    waiting = office.installation.book.at("payout_waiting_days", office.today).number
    yield office.workday(loan.matures_on + timedelta(days=waiting))
    payout = office.do(
        loan.maker,
        "payouts.request",
        lambda ctx: payouts.request(
            ctx, note_id=loan.note_id, due_on=loan.matures_on, reason="到期未还，催收未果"
        ),
    ).public_id
    yield office.workday(office.today, 2)
    office.do(
        REVIEWER,
        "payouts.examine",
        lambda ctx: payouts.examine(
            ctx, payout_id=payout, passes=True, opinion="材料齐全，同意代偿"
        ),
    )
    office.do(
        APPROVER,
        "payouts.decide",
        lambda ctx: payouts.decide(ctx, payout_id=payout, agree=True),
    )
    yield office.workday(office.today, 1)
    office.do(
        REVIEWER,
        "payouts.pay",
        lambda ctx: payouts.pay(
            ctx, payout_id=payout, paid_on=ctx.on, reference=f"演示代偿 {loan.note_no}"
        ),
    )
    yield office.workday(office.today, 2)
    office.do(
        loan.maker,
        "recoveries.enter_cost",
        lambda ctx: recoveries.enter_cost(
            ctx, payout_id=payout, on=ctx.on, amount_fen=COST_FEN, reason="诉讼费"
        ),
    )
    office.do(
        loan.maker,
        "recoveries.receive",
        lambda ctx: recoveries.receive(
            ctx, payout_id=payout, on=ctx.on, amount_fen=RECEIPT_FEN, reason="借款人部分还款"
        ),
    )


def dun(
    office: Office, login: str, loan: Loan, channel: DunningChannel, result: DunningResult
) -> None:
    """One institution reaches out for the borrower, and writes it down."""
    office.do(
        login,
        "dunning.log",
        lambda ctx: dunning.log(
            ctx, note_id=loan.note_id, on=ctx.on, channel=channel, result=result
        ),
    )


def _file(office: Office, loan: Loan, item: str, reference: str) -> None:
    office.do(
        loan.maker,
        "evidence.file",
        lambda ctx: evidence.file(ctx, note_id=loan.note_id, item=item, reference=reference),
    )
