"""One note's thread: its plan, and the turn its life takes (rules.md §4 Events)."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from app.demo.defaulting import default, dun, is_the_default
from app.demo.office import APPROVER, REVIEWER, Loan, Office
from app.demo.script import Turn
from app.demo.year import Thread
from loans import dunning, lifecycle
from loans.models import DunningChannel, DunningResult, Note
from loans.queries import one
from loans.schedule import Instalment, add_months

# A repayment of May, reported when May is locked: the one adjustment line of the year.
BACKDATED_TO, BACKDATED_ON = date(2019, 5, 20), date(2019, 6, 11)
WRONG_ON, REVERSED_ON = date(2019, 6, 5), date(2019, 6, 10)
SMALL_FEN = 10_000_00
CHEAPER_PPM = 2_500
REPORTED_AFTER = 4
CURED_AFTER = 18
CALLED_AFTER, PAID_AFTER = 10, 47


def life_of(office: Office, loan: Loan) -> Thread:
    """The thread of a note: its turn, else the plan."""
    turn = _TURNS.get(loan.story.turn)
    return turn(office, loan) if turn else _follow(office, loan, loan.plan)


def _follow(office: Office, loan: Loan, rows: Sequence[Instalment]) -> Thread:
    """Pay what the plan says on the day it says."""
    for row in rows:
        yield row.due_on
        _pay_interest(office, loan)
        if row.principal_fen:
            _repay(office, loan, row.principal_fen)


def _until_maturity(office: Office, loan: Loan, left_fen: int) -> Thread:
    """Go on paying interest, of what is left at the rate of the day, and then what is left."""
    for row in loan.plan:
        if row.due_on >= office.today:
            yield row.due_on
            _pay_interest(office, loan)
    _repay(office, loan, left_fen)


def _before(loan: Loan, on: date) -> list[Instalment]:
    return [row for row in loan.plan if row.due_on < on]


def _repay(office: Office, loan: Loan, amount_fen: int, on: date | None = None) -> None:
    office.do(
        loan.maker,
        "notes.repay",
        lambda ctx: lifecycle.repay(
            ctx, note_id=loan.note_id, on=on or ctx.on, amount_fen=amount_fen
        ),
    )


def _pay_interest(office: Office, loan: Loan) -> None:
    """What is due by now and unpaid."""
    found = office.read(
        loan.maker, lambda ctx: dunning.arrears_of(ctx, one(ctx, Note, loan.note_id))
    )
    amount_fen = sum(row.interest_fen for row in found.arrears)
    if amount_fen == 0:
        return
    office.do(
        loan.maker,
        "notes.receive_interest",
        lambda ctx: lifecycle.receive_interest(
            ctx, note_id=loan.note_id, on=ctx.on, amount_fen=amount_fen
        ),
    )


def _mark_overdue(office: Office, loan: Loan, due_on: date) -> None:
    office.do(
        loan.maker,
        "notes.mark_overdue",
        lambda ctx: lifecycle.mark_overdue(ctx, note_id=loan.note_id, due_on=due_on),
    )


def _turn_day(loan: Loan) -> date:
    return loan.disbursed_on + timedelta(days=loan.story.turns_after)


def _prepaid_partly(office: Office, loan: Loan) -> Thread:
    turn = _turn_day(loan)
    yield from _follow(office, loan, _before(loan, turn))
    yield turn
    part_fen = loan.principal_fen // 3
    _repay(office, loan, part_fen)
    yield from _until_maturity(office, loan, loan.principal_fen - part_fen)


def _prepaid(office: Office, loan: Loan) -> Thread:
    turn = _turn_day(loan)
    yield from _follow(office, loan, _before(loan, turn))
    yield turn
    _repay(office, loan, loan.principal_fen)


def _repriced(office: Office, loan: Loan) -> Thread:
    turn = _turn_day(loan)
    yield from _follow(office, loan, _before(loan, turn))
    yield turn
    rate_ppm = loan.story.terms.rate_ppm - CHEAPER_PPM
    office.do(
        loan.maker,
        "notes.reprice",
        lambda ctx: lifecycle.reprice(ctx, note_id=loan.note_id, on=ctx.on, rate_ppm=rate_ppm),
    )
    yield from _until_maturity(office, loan, loan.principal_fen)


def _unpaid(office: Office, loan: Loan) -> Thread:
    """Matured and not repaid: overdue from maturity, settled weeks later; one never is."""
    yield from _follow(office, loan, _before(loan, loan.matures_on))
    yield loan.matures_on
    _mark_overdue(office, loan, loan.matures_on)
    if is_the_default(office, loan):
        yield from default(office, loan)
        return
    yield office.workday(loan.matures_on + timedelta(days=CALLED_AFTER))
    for login in (loan.maker, REVIEWER):
        dun(office, login, loan, DunningChannel.PHONE, DunningResult.PROMISED)
    yield loan.matures_on + timedelta(days=PAID_AFTER)
    _pay_interest(office, loan)
    _repay(office, loan, loan.principal_fen)


def _extended(office: Office, loan: Loan) -> Thread:
    """The bank asks for half a year more, the guarantee company agrees."""
    yield from _follow(office, loan, _before(loan, loan.matures_on - timedelta(days=12)))
    yield office.workday(loan.matures_on - timedelta(days=12))
    until = add_months(loan.matures_on, 6)
    office.do(
        loan.maker,
        "notes.request_extension",
        lambda ctx: lifecycle.request_extension(
            ctx, note_id=loan.note_id, until=until, reason="货款回笼延后"
        ),
    )
    yield office.workday(office.today, 2)
    office.do(
        APPROVER,
        "notes.extend",
        lambda ctx: lifecycle.agree_extension(ctx, note_id=loan.note_id),
    )
    rest = [row for row in loan.plan if office.today <= row.due_on < loan.matures_on]
    yield from _follow(office, loan, rest)
    yield until
    _pay_interest(office, loan)
    _repay(office, loan, loan.principal_fen)


def _missed(office: Office, loan: Loan) -> Thread:
    """One instalment is missed and paid weeks later; the others come on their days."""
    missed = loan.plan[0 if loan.story.terms.every_months > 1 else 1]
    yield from _follow(office, loan, _before(loan, missed.due_on))
    yield missed.due_on + timedelta(days=1)
    _mark_overdue(office, loan, missed.due_on)
    yield missed.due_on + timedelta(days=CURED_AFTER)
    _pay_interest(office, loan)
    _repay(office, loan, missed.principal_fen)
    office.do(
        loan.maker, "notes.cure", lambda ctx: lifecycle.cure(ctx, note_id=loan.note_id, on=ctx.on)
    )
    yield from _follow(office, loan, loan.plan[missed.no :])


def _deregistered(office: Office, loan: Loan) -> Thread:
    """The business is closed down: the subsidy ends with that day, the loan goes on."""
    ended_on = _turn_day(loan)
    if (ended_on + timedelta(days=REPORTED_AFTER)).month != ended_on.month:
        ended_on += timedelta(days=REPORTED_AFTER + 1)  # known before its month is closed
    yield from _follow(office, loan, _before(loan, ended_on))
    yield ended_on + timedelta(days=REPORTED_AFTER)
    office.do(
        loan.maker,
        "notes.stop_subsidy",
        lambda ctx: lifecycle.stop_subsidy(
            ctx, note_id=loan.note_id, on=ended_on, reason="deregistered"
        ),
    )
    yield from _follow(office, loan, [row for row in loan.plan if row.due_on >= office.today])


def _backdated(office: Office, loan: Loan) -> Thread:
    yield BACKDATED_ON
    _repay(office, loan, SMALL_FEN, BACKDATED_TO)
    yield from _until_maturity(office, loan, loan.principal_fen - SMALL_FEN)


def _reversed(office: Office, loan: Loan) -> Thread:
    """A repayment booked on the wrong note; the checker takes it back."""
    yield WRONG_ON
    wrong = office.do(
        loan.maker,
        "notes.repay",
        lambda ctx: lifecycle.repay(ctx, note_id=loan.note_id, on=ctx.on, amount_fen=SMALL_FEN),
    )
    yield REVERSED_ON
    office.do(
        loan.checker,
        "notes.reverse",
        lambda ctx: lifecycle.reverse(
            ctx, note_id=loan.note_id, movement_id=wrong.public_id, reason="误记他人还款"
        ),
    )
    yield from _follow(office, loan, [row for row in loan.plan if row.due_on >= office.today])


_TURNS: dict[Turn, Callable[[Office, Loan], Thread]] = {
    Turn.PREPAID_PARTLY: _prepaid_partly,
    Turn.PREPAID: _prepaid,
    Turn.REPRICED: _repriced,
    Turn.UNPAID: _unpaid,
    Turn.EXTENDED: _extended,
    Turn.MISSED: _missed,
    Turn.DEREGISTERED: _deregistered,
    Turn.BACKDATED: _backdated,
    Turn.REVERSED: _reversed,
}
