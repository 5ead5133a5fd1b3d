"""Compensation rates and suspension, signals, due-diligence exemptions (9.12)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from loans import exemptions, queries, signals, signatures, standing
from loans.access import Role
from loans.errors import Conflict, FuminError, NotFound
from loans.models import BankStanding, Payout, StandingKind
from loans.signals import Lent, clusters, is_early, is_quick, split_loans
from tests import guarantee as g
from tests.programme import Programme, shipped_book

START, DUE = date(2019, 4, 10), date(2019, 6, 20)


def refusal(call, *args, **more) -> str:
    with pytest.raises(FuminError) as refused:
        call(*args, **more)
    return refused.value.code


def read(p, call, by=None):
    with p.reading() as session:
        return call(p.installation.context(session, by or p.guarantor.maker))


# --- thresholds -----------------------------------------------------------------------------------


def defaulted(p, *, repaid_fen, recorded_after=0):
    """100000.00 defaults while another loan of 300000.00 is repaid in part: both end guarantees.

    The payment may be recorded some days after it was made.
    """
    with p.at_once():
        p.day(START)
        lost = p.loan(amount_fen=100_000_00, on=START)
        other = p.loan(amount_fen=300_000_00, on=START)
        g.default(p, lost, due_on=DUE)
        p.repay(other, repaid_fen, on=p.today)
        payout, paid_on = g.request(p, lost), p.today
        g.examine(p, payout)
        g.decide(p, payout)
        p.day(paid_on + timedelta(days=recorded_after))
        g.pay(p, payout, on=paid_on)
        return payout


def release(p, bank):
    return p.do(
        p.guarantor.checker,
        "standing.release",
        lambda ctx: standing.release(ctx, bank_id=bank.id, reason="已整改"),
    )


@pytest.mark.parametrize(
    ("repaid_fen", "kinds"),
    [
        # compensated 101957.50; released 100000.00 + repaid: 25.49%, and 33.99%
        (300_000_00, [StandingKind.SUSPENDED]),
        (200_000_00, [StandingKind.SUSPENDED]),
    ],
)
def test_a_bank_above_the_line_gets_no_new_guarantee_until_released(programme, repaid_fen, kinds):
    p = programme
    payout = p.row(Payout, defaulted(p, repaid_fen=repaid_fen))
    assert payout.compensated_fen == 101_957_50
    rows = p.rows(select(BankStanding).order_by(BankStanding.id))
    assert [row.kind for row in rows] == kinds
    released_fen = 100_000_00 + repaid_fen
    assert (rows[0].compensated_fen, rows[0].released_fen) == (101_957_50, released_fen)
    assert rows[0].rate_ppm == (2 * 10**6 * 101_957_50 + released_fen) // (2 * released_fen)
    waiting = p.under_review(p.asked(amount_fen=10_000_00))
    assert refusal(p.decide, waiting, p.guarantor) == "bank-suspended"
    p.guaranteed(p.asked(bank=p.other_bank, amount_fen=1), bank=p.other_bank)
    assert refusal(release, p, p.other_bank) == "not-suspended"
    release(p, p.bank)
    p.decide(waiting, p.guarantor)
    assert refusal(release, p, p.bank) == "not-suspended"


@pytest.mark.parametrize(
    ("warn", "suspend", "kinds"),
    [
        (254_894, 254_895, [StandingKind.WARNED]),
        (254_895, 300_000, []),
        (100_000, 254_894, [StandingKind.SUSPENDED]),
    ],
)
def test_the_lines_are_reached_by_their_own_figure(databases, warn, suspend, kinds):
    """101957.50 ÷ 400000.00 = 25.489375%, half up 254894 ppm."""
    book = shipped_book()
    for key, value in (("warn", warn), ("suspend", suspend)):
        book = book.replaced(f"compensation_rate.{key}", value)
    with databases.fresh("sqlite") as database, Programme.begin(database, book=book) as p:
        defaulted(p, repaid_fen=300_000_00)
        assert p.rows(select(BankStanding.kind)) == kinds
        p.guaranteed(p.asked(amount_fen=1)) if StandingKind.SUSPENDED not in kinds else None


def test_the_rate_is_of_a_period_and_of_what_one_may_see(programme):
    p = programme
    defaulted(p, repaid_fen=300_000_00, recorded_after=3)
    paid_on = p.today - timedelta(days=3)
    on_the_day = read(
        p, lambda ctx: standing.rates(ctx, since=paid_on, until=paid_on + timedelta(days=1))
    )
    assert (on_the_day[0].compensated_fen, on_the_day[0].released_fen) == (101_957_50, 400_000_00)
    (mine,) = read(p, standing.rates, p.bank.maker)
    assert (mine.until, mine.since) == (p.today + timedelta(days=1), date(2018, 9, 23))
    both = read(p, lambda ctx: standing.rates(ctx, since=START, until=paid_on))
    assert [(row.compensated_fen, row.released_fen, row.rate_ppm) for row in both] == [
        (0, 0, None), (0, 0, None),
    ]  # fmt: skip
    assert "÷" in mine.definition
    with pytest.raises(Conflict):
        read(p, lambda ctx: standing.rates(ctx, since=paid_on, until=paid_on))


# --- signals --------------------------------------------------------------------------------------


def lent(*loans):
    return [Lent(who, date(2019, 4, 1) + timedelta(days=on), fen) for who, on, fen in loans]


@pytest.mark.parametrize(
    ("loans", "runs"),
    [
        ([(1, 0, 100_000_00), (1, 30, 90_000_01)], 1),
        ([(1, 0, 100_000_00), (1, 31, 100_000_00)], 0),
        ([(1, 0, 100_000_01), (1, 1, 100_000_00)], 0),  # above the threshold it is shared anyway
        ([(1, 0, 100_000_00), (1, 1, 90_000_00)], 0),  # a whole margin below
        ([(1, 0, 100_000_00), (2, 0, 100_000_00)], 0),
        ([(1, n, 95_000_00) for n in range(3)], 1),
        ([(1, n, 95_000_00) for n in (0, 1, 40, 41)], 2),
    ],
)
def test_loans_split_at_the_threshold_are_seen(loans, runs):
    found = split_loans(lent(*loans), threshold_fen=100_000_00, margin_fen=10_000_00, days=30)
    assert len(found) == runs


@pytest.mark.parametrize(("people", "found"), [(2, []), (3, [(1, 2, 3)]), (4, [(1, 2, 3, 4)])])
def test_three_behind_one_mark_are_a_cluster_and_two_are_none(people, found):
    marks = [(who, b"phone") for who in range(1, people + 1)] + [(9, b"other")]
    assert clusters(marks, fewest=3) == found


@pytest.mark.parametrize(
    ("disbursed_on", "overdue_on", "early"),
    [
        (date(2019, 4, 10), date(2019, 7, 10), True),
        (date(2019, 4, 10), date(2019, 7, 11), False),
        (date(2019, 11, 30), date(2020, 2, 29), True),
        (date(2019, 11, 30), date(2020, 3, 1), False),
    ],
)
def test_overdue_within_three_months_includes_the_last_day(disbursed_on, overdue_on, early):
    assert is_early(disbursed_on, overdue_on, months=3) is early


@pytest.mark.parametrize(("after", "quick"), [(0, True), (60, True), (60.001, False)])
def test_a_minute_between_opinion_and_decision_is_still_too_short(after, quick):
    proposed_at = datetime(2019, 4, 1, tzinfo=UTC)
    assert is_quick(proposed_at, proposed_at + timedelta(seconds=after), seconds=60) is quick


def test_each_signal_names_its_rule_and_its_rows(programme):
    p = programme
    with p.at_once():
        p.day(START)
        for n in (1, 2, 3):
            asked = replace(
                p.asked(who=n), address="江阴市 长江路1号" if n < 3 else "江阴市长江路１号"
            )
            p.submitted(asked)
        for who in (4, 4):
            p.loan(p.asked(who=who, amount_fen=99_999_99), on=START)
        late = p.loan(amount_fen=200_000_00, on=START)
        p.day(date(2019, 7, 9))
        p.report(late, "mark_overdue", due_on=DUE)
    found = read(p, signals.found)
    assert {signal.rule for signal in found} == {
        "signal.sharing", "signal.structuring_days", "signal.early_overdue_months",
        "signal.quick_approval_seconds",
    }  # fmt: skip
    assert all(signal.cites and signal.subjects for signal in found)
    pages, after = [], None
    while (page := queries.page_of(read(p, signals.found), after=after, limit=2)).after:
        pages.append(page.rows)
        after = page.after
    assert [row for rows in (*pages, page.rows) for row in rows] == found
    assert {len(rows) for rows in pages} == {2} and len(pages) > 1
    with pytest.raises(NotFound):
        queries.page_of(found, after=late, limit=2)
    (shared,) = [signal for signal in found if signal.rule == "signal.sharing"]
    assert (len(shared.subjects), "地址" in shared.detail) == (3, True)
    (split,) = [signal for signal in found if signal.rule == "signal.structuring_days"]
    assert [subject.kind for subject in split.subjects] == ["contract", "contract"]
    (early,) = [signal for signal in found if signal.rule == "signal.early_overdue_months"]
    assert early.subjects[0].public_id == late


# --- exemptions -----------------------------------------------------------------------------------


def open_case(p, note, by, **findings):
    stated = {"norms_kept": True, "diligent": True, **findings}
    return p.do(
        by,
        "exemptions.open",
        lambda ctx: exemptions.open_case(
            ctx,
            note_id=note,
            subject="贷款审批",
            norms_evidence="流程完整",
            diligence_evidence="逐项作答",
            **stated,
        ),
    ).public_id


def sign(p, case, by, *, granted=True):
    return p.do(
        by,
        "exemptions.sign",
        lambda ctx: exemptions.sign(ctx, case_id=case, granted=granted, reason="符合"),
    )


@pytest.fixture
def overdue(programme):
    p = programme
    with p.at_once():
        p.day(START)
        note = p.loan(amount_fen=150_000_00, on=START)
        g.default(p, note, due_on=DUE)
    return note


def papers(p, by):
    """What waits for somebody's signature."""
    with p.reading() as session:
        found = signatures.waiting(p.installation.context(session, by), limit=9)
    assert found.count == len(found.rows)
    return [(paper.kind.value, paper.public_id) for paper in found.rows]


def third(p, at, role):
    """Somebody who had no part in the loan, beside the one who holds both offices."""
    return p.person(at.id, "third", role)


def test_two_signatories_exempt_where_both_findings_are_recorded(programme, overdue):
    p = programme
    case, other = open_case(p, overdue, p.bank.maker), third(p, p.bank, Role.BANK_CHECKER)
    nobody = (p.bank.maker, p.bank.checker, p.other_bank.checker, p.guarantor.checker)
    assert [papers(p, by) for by in (*nobody, other)] == [[]] * 4 + [[("exemption", case)]]
    assert refusal(sign, p, case, p.bank.checker) == "own-decision"  # he approved the loan
    assert sign(p, case, other).second_signed_on is None
    assert (papers(p, other), papers(p, p.bank.both)) == ([], [("exemption", case)])
    assert refusal(sign, p, case, other) == "same-person"
    assert refusal(sign, p, case, p.guarantor.checker) == "not-found"  # the bank's own affair
    row = sign(p, case, p.bank.both)
    assert (row.granted, row.second_signed_on) == (True, p.today)
    assert papers(p, p.bank.both) == []
    assert [entry["stage"] for entry in row.checklists] == ["loan_approval"]
    assert refusal(sign, p, case, p.bank.both) == "already-decided"
    mine = open_case(p, overdue, p.bank.both)
    assert refusal(sign, p, mine, p.bank.both) == "same-person"  # the findings are his
    # the share of the loss is what it was
    assert p.row(Payout, g.compensated(p, overdue)).bank_fen == 30_587_25


@pytest.mark.parametrize("lacking", ["norms_kept", "diligent"])
def test_without_both_findings_nobody_can_be_exempted(programme, overdue, lacking):
    p = programme
    case = open_case(p, overdue, p.guarantor.maker, **{lacking: False})
    other = third(p, p.guarantor, Role.GUARANTEE_APPROVER)
    assert refusal(sign, p, case, other) == "findings-forbid"
    sign(p, case, other, granted=False)
    assert sign(p, case, p.guarantor.both, granted=False).granted is False


def test_signatories_who_disagree_decide_nothing(programme, overdue):
    p = programme
    case, other = open_case(p, overdue, p.bank.maker), third(p, p.bank, Role.BANK_CHECKER)
    sign(p, case, other)
    row = sign(p, case, p.bank.both, granted=False)
    assert (row.granted, row.first_signed_by_id) == (None, None)
    p.report(overdue, "request_extension", until=date(2020, 12, 1), reason="资金周转")
    assert papers(p, p.guarantor.checker) == [("extension", overdue)]
    assert ("extension", overdue) not in papers(p, p.bank.checker), "it is guaranteed"
    p.report(overdue, "agree_extension")
    assert papers(p, p.guarantor.checker) == []


def test_an_exemption_needs_a_risk_that_came_true(programme):
    p = programme
    note = p.loan(amount_fen=150_000_00)
    assert refusal(open_case, p, note, p.bank.maker) == "no-credit-risk"
    with pytest.raises(NotFound):
        open_case(p, note, p.other_bank.maker)
