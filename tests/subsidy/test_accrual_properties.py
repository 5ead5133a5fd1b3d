"""What holds for every book, searched for by Hypothesis; its books shrink to small ones."""

from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loans.errors import Conflict
from subsidy import accrual
from subsidy.accrual import Event, Events, Note, Notes, accrue, booked, day
from tests.subsidy import oracle
from tests.subsidy.nasty import SETTLEMENTS, columns, nasty_loan
from tests.subsidy.oracle import Loan

START = date(2019, 12, 15)
# Settlement dates, month ends and 29 February are drawn as often as all other days together.
SPECIAL = [date(2019, 12, 20), date(2019, 12, 21), date(2019, 12, 31), date(2020, 1, 30),
           date(2020, 1, 31), date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1),
           date(2020, 3, 20), date(2020, 3, 21), date(2020, 6, 20), date(2020, 6, 21)]  # fmt: skip
DAYS = st.one_of(
    st.sampled_from(SPECIAL), st.integers(0, 200).map(lambda later: START + timedelta(later))
)
RATES = st.one_of(st.sampled_from([0, 1, 43_500, 47_850]), st.integers(0, 240_000))
AMOUNTS = st.one_of(st.sampled_from([1, 2, 300_000_00]), st.integers(1, 500_000_00))


@st.composite
def loans(draw):
    """A loan whose events stand where they can hurt: on one another and on the edges."""
    first, second = draw(DAYS), draw(DAYS)
    disbursed, maturity = min(first, second), max(first, second) + timedelta(1)
    later = DAYS.map(lambda on: max(on, disbursed))
    loan = Loan(
        principal=draw(AMOUNTS),
        disbursed=disbursed,
        maturity=maturity,
        rate=draw(RATES),
        share=draw(st.sampled_from([0, 33, 50, 100])),
        subsidised=draw(st.one_of(st.none(), st.just(0), AMOUNTS)),
        benchmark=draw(st.one_of(st.none(), RATES)),
        ceiling=draw(st.one_of(st.none(), RATES)),
        own_part=draw(st.sampled_from([0, 0, 22_000])),
        subsidy_end=draw(st.one_of(st.none(), later)),
        day_count=draw(st.sampled_from(["act/360", "act/365", "30/360"])),
        settlement=draw(st.sampled_from(list(SETTLEMENTS))),
    )
    balance = loan.principal
    for _ in range(draw(st.integers(0, 3))):
        amount = draw(st.one_of(st.just(balance), st.integers(0, balance)))
        balance -= amount
        loan.events.append((draw(later), "repaid", amount))
    for on in draw(st.sets(later, max_size=2)):
        loan.events.append((on, "rate", draw(RATES)))
    for on in draw(st.sets(later, max_size=1)):
        loan.events.append((on, "subsidised", draw(AMOUNTS)))
    for turn, on in enumerate(sorted(draw(st.lists(later, max_size=4)))):
        loan.events.append((on, "cured" if turn % 2 else "overdue", 0))
    if draw(st.booleans()):
        loan.events.append((draw(later), "stopped", 0))
    return loan


BOOKS = st.lists(loans(), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(BOOKS, st.lists(DAYS, min_size=1, max_size=3))
def test_any_book_matches_the_oracle(book, days):
    found = booked(*columns(book), [day(on) for on in days])

    for i, loan in enumerate(book):
        expected = oracle.booked(loan, days)
        amounts = zip(found.interest_fen[i].tolist(), found.subsidy_fen[i].tolist(), strict=True)
        assert dict(zip(days, amounts, strict=True)) == expected


@settings(max_examples=60, deadline=None)
@given(BOOKS, st.sets(DAYS, min_size=2, max_size=6))
def test_lines_are_differences_of_booked_amounts_however_the_window_is_cut(book, cuts):
    notes, events = columns(book)
    days = sorted(day(on) for on in cuts)

    lines, at = accrue(notes, events, days), booked(notes, events, days)

    assert (lines.interest_fen == np.diff(at.interest_fen)).all()
    assert (lines.subsidy_fen == np.diff(at.subsidy_fen)).all()


@settings(max_examples=60, deadline=None)
@given(BOOKS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_given_does_not_matter(book, random):
    days = [day(START) + 7 * week for week in range(40)]
    before = booked(*columns(book), days)
    for loan in book:
        random.shuffle(loan.events)

    after = booked(*columns(book), days)

    assert (before.interest_fen == after.interest_fen).all()
    assert (before.subsidy_fen == after.subsidy_fen).all()


@settings(max_examples=60, deadline=None)
@given(BOOKS)
def test_a_note_earns_the_same_alone_and_in_a_book(book):
    days = [day(START) + 30 * month for month in range(10)]
    together = accrue(*columns(book), days)

    for i, loan in enumerate(book):
        alone = accrue(*columns([loan]), days)
        assert (alone.interest_fen[0] == together.interest_fen[i]).all()
        assert (alone.subsidy_fen[0] == together.subsidy_fen[i]).all()


@settings(max_examples=60, deadline=None)
@given(BOOKS)
def test_the_subsidy_never_exceeds_the_interest_and_neither_falls(book):
    found = booked(*columns(book), [day(START) + 5 * i for i in range(60)])

    assert (found.subsidy_fen <= found.interest_fen).all()
    assert (np.diff(found.interest_fen) >= 0).all()
    assert (found.subsidy_fen >= 0).all()


@pytest.fixture
def note():
    def note(**terms):
        terms = {
            "note_no": "澄-7", "principal_fen": 300_000_00, "disbursed_on": date(2020, 1, 1),
            "matures_on": date(2021, 1, 1), "rate_ppm": 43_500, "share_pct": 50, **terms,
        }  # fmt: skip
        return Notes.of([Note(**terms)])

    return note


class TestRefusals:
    """Refuse, never wrap; the message names the note and the day."""

    def _refused(self, notes, *events):
        happened = [Event(note_no="澄-7", on=on, kind=kind, value=v) for on, kind, v in events]
        with pytest.raises(Conflict) as refusal:
            accrue(
                notes, Events.of(notes, happened), [day(date(2020, 1, 1)), day(date(2022, 1, 1))]
            )
        assert "澄-7" in refusal.value.message
        return refusal.value

    def test_more_repaid_than_lent(self, note):
        repaid = date(2020, 5, 1), accrual.PRINCIPAL_REPAID, 300_000_01

        assert "2020-05-01" in self._refused(note(), repaid).message

    def test_an_event_before_the_disbursement(self, note):
        self._refused(note(), (date(2019, 12, 31), accrual.RATE_CHANGED, 50_000))

    def test_a_negative_amount(self, note):
        self._refused(note(), (date(2020, 5, 1), accrual.PRINCIPAL_REPAID, -1))

    def test_a_numerator_beyond_int64(self, note):
        refusal = self._refused(note(principal_fen=10**15, rate_ppm=9_999_999))

        assert refusal.code == "accrual-range"

    def test_events_out_of_order(self, note):
        notes = note()
        events = Events(
            offsets=np.array([0, 2]),
            on=np.array([18_400, 18_300], np.int32),
            kind=np.array([accrual.RATE_CHANGED] * 2, np.int8),
            value=np.array([1, 2]),
        )
        with pytest.raises(Conflict, match="澄-7"):
            accrue(notes, events, [18_262, 18_600])


@pytest.mark.parametrize("principal_fen", [9_000_000_000, 9_000_000_001])
def test_amounts_too_wide_for_float64_are_as_exact(note, principal_fen):
    """9000万元、十年、到期结清：分子超过 2^53，改用 int64。"""
    end = date(2030, 1, 1)
    notes = note(
        principal_fen=principal_fen, matures_on=end, settlement=accrual.AT_MATURITY, rate_ppm=60_001
    )

    found = booked(notes, Events.of(notes, []), [day(end)])

    days = (end - date(2020, 1, 1)).days
    assert principal_fen * 60_001 * days > 2**53
    assert found.interest_fen[0, 0] == oracle.half_up(principal_fen * 60_001 * days, 360 * 10**6)
    assert found.subsidy_fen[0, 0] == oracle.half_up(principal_fen * 60_001 * days, 720 * 10**6)


@pytest.mark.parametrize("settlement", ["quarterly-20", "monthly-20", "month-end"])
def test_notes_to_which_nothing_happens_earn_what_they_would_among_others(settlement):
    """Most notes have no event on the way: the short walk and the long one agree to the fen."""
    random = Random(7)
    loans = [nasty_loan(random) for _ in range(2_000)]
    for loan in loans:
        loan.settlement, loan.day_count = settlement, "30/360"
        if random.random() < 0.9 or loan.principal > 30_000_00:
            loan.events.clear()
            loan.benchmark = loan.ceiling = loan.subsidised = loan.subsidy_end = None
            loan.own_part, loan.principal = 0, min(loan.principal, 30_000_00)
            loan.disbursed, loan.maturity = date(2019, 12, 1), date(2021, 6, 1)
    notes, events = columns(loans)
    cuts = [day(date(2020, month, 1)) for month in (2, 3, 4, 5, 8)]

    lines, at = accrue(notes, events, cuts), booked(notes, events, cuts)

    assert (lines.interest_fen == np.diff(at.interest_fen)).all()
    assert (lines.subsidy_fen == np.diff(at.subsidy_fen)).all()
    assert any(block.steady for _, block in accrual._steady_first(notes, events, cuts[0], cuts[-1]))
