"""A loan that the fund paid for and a bank still claims for: R18, to the fen (rules.md §7)."""

from dataclasses import replace
from datetime import date

from sqlalchemy import select

from subsidy.models import ClaimCause, ClaimLine
from tests import guarantee as g
from tests.subsidy.bank_files import careful_lines, file_claim

SINCE, UNTIL = date(2019, 9, 21), date(2019, 12, 21)


def test_days_after_a_compensation_are_refused_by_their_code(programme):
    """150000.00 FULL at 4.35%: 91 days of 18.125 are 1649.38; compensated on 2019-09-19."""
    p = programme
    with p.at_once():
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
        sound = careful_lines(p, since=date(2019, 4, 10), until=date(2019, 6, 21))
        g.default(p, note, due_on=date(2019, 6, 20))
        g.compensated(p, note)
        p.day(UNTIL)
    line = replace(
        sound[0],
        since=SINCE,
        until=UNTIL,
        days=91,
        opening_fen=150_000_00,
        disbursed_fen=0,
        closing_fen=150_000_00,
        claimed_fen=1_649_38,
    )
    claim = file_claim(p, [line], since=SINCE, until=UNTIL)
    (row,) = p.rows(select(ClaimLine).where(ClaimLine.claim_id == claim.id))
    assert (row.claimed_fen, row.expected_fen, row.payable_fen) == (1_649_38, 0, 0)
    causes = p.rows(select(ClaimCause).where(ClaimCause.line_id == row.id))
    money = [(cause.code, cause.amount_fen) for cause in causes if cause.amount_fen]
    assert sum(fen for _, fen in money) == 1_649_38
    assert money == [("R18", 1_649_38)]


def test_no_day_after_the_default_earns_a_subsidy_and_none_after_the_payment_interest(programme):
    """72 days before the default earn; 90 more bear interest until the fund pays."""
    p = programme
    with p.at_once():
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
        g.default(p, note, due_on=date(2019, 6, 20))
        g.compensated(p, note)
        p.day(date(2019, 12, 1))
        found = {}
        for month in range(4, 11):
            lines = p.lines(p.close(date(2019, month, 1)))
            found[month] = (
                sum(line.interest_fen for line in lines),
                sum(line.subsidy_fen for line in lines),
            )
    # 18.125 a day; the running quarter is rounded at every month's end
    assert sum(subsidy for _, subsidy in found.values()) == 1_305_00
    assert [found[month][1] for month in (7, 8, 9, 10)] == [0, 0, 0, 0]
    assert sum(interest for interest, _ in found.values()) == 1_305_00 + 1_631_25
    assert found[10] == (0, 0)
