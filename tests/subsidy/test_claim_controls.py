"""Lists of other bureaus, cases, corrections and returned payments, by hand, on both engines.

300000.00 FULL at 4.35%, act/360: 36.25 a day; the quarter 2019-06-21–2019-09-20 has 92 days:
3335.00.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from loans.errors import BadFile, Conflict, NotPermitted
from loans.models import Contract, Note
from loans.sheets import write_csv
from subsidy import accounts, cases, claims, comparison, registers, remittance, reports
from subsidy.detail_sheet import DetailLine, write_detail_csv
from subsidy.models import (
    CaseState,
    Claim,
    ClaimCase,
    ClaimCause,
    ClaimLine,
    ClaimState,
    EntryKind,
    RegisterEntry,
    RegisterKind,
    RemittanceState,
    SubsidyEntry,
)
from subsidy.statistics import Dimension, drill_down, figures, note_facts
from tests.programme import Programme, id_number

D = date
SINCE, UNTIL = D(2019, 6, 21), D(2019, 9, 21)
Q4 = D(2019, 9, 21), D(2019, 12, 21)
WHO = 7


@pytest.fixture
def quarter(programme: Programme) -> Programme:
    """One borrower's loan of 300000.00 from 10 April; it is 8 October."""
    programme.day(D(2019, 4, 10))
    asked = programme.asked(who=WHO)
    programme.loan(asked, on=D(2019, 4, 10))
    programme.day(D(2019, 10, 8))
    return programme


def _line(p: Programme, **facts: Any) -> DetailLine:
    (note,) = p.rows(select(Note))
    (contract_no,) = p.rows(select(Contract.contract_no))
    plain = DetailLine(
        bank="bank B1", branch="营业部", contract_no=contract_no, note_no=note.note_no,
        borrower=f"测试{WHO}", identity=id_number(WHO), category="失业人员", subsidy_class="FULL",
        principal_fen=300_000_00, signed_on=D(2019, 4, 10), disbursed_on=D(2019, 4, 10),
        matures_on=D(2020, 4, 10), rate_ppm=43_500, subsidy_rate_ppm=43_500,
        opening_fen=300_000_00, disbursed_fen=0, repaid_fen=0, closing_fen=300_000_00,
        since=SINCE, until=UNTIL, days=92, interest_paid_fen=9_999_99, claimed_fen=3_335_00,
    )  # fmt: skip
    return replace(plain, **facts)


def _file(p: Programme, *lines: DetailLine, since: date = SINCE, until: date = UNTIL) -> Claim:
    data = write_detail_csv(lines)[0]
    on = p.today
    filing = claims.read_filing(data, "明细.csv", vault=p.installation.vault, on=on)
    return p.do(
        p.bank.maker,
        "claims.receive",
        lambda ctx: claims.receive(ctx, filing=filing, since=since, until=until),
    )


def _load(p: Programme, kind: RegisterKind, *rows: tuple[str, ...], source: str = "人社局") -> Any:
    header = [c.header for c in registers.COLUMNS[kind].columns]
    data = write_csv([header, *rows])
    listed = registers.read_list(
        data, "名单.csv", kind=kind, vault=p.installation.vault, on=p.today
    )
    return p.do(
        p.finance.maker,
        "registers.load",
        lambda ctx: registers.load(ctx, listed=listed, source=source),
    )


def _found(p: Programme, claim: Claim) -> tuple[ClaimLine, dict[str, int]]:
    (line,) = p.rows(select(ClaimLine).where(ClaimLine.claim_id == claim.id))
    causes = p.rows(select(ClaimCause).where(ClaimCause.line_id == line.id))
    return line, {cause.code: cause.amount_fen for cause in causes}


def _approved(p: Programme, claim: Claim) -> Claim:
    p.do(p.finance.maker, "claims.review",
         lambda ctx: claims.review(ctx, claim_id=claim.public_id, comment="核对"))  # fmt: skip
    content = p.row(Claim, claim.public_id).content_hash
    return p.do(p.finance.checker, "claims.approve",
                lambda ctx: claims.approve(ctx, claim_id=claim.public_id,
                                           content_hash=content))  # fmt: skip


def _ordered(p: Programme, claim: Claim) -> Any:
    return p.do(p.finance.maker, "remittances.order",
                lambda ctx: remittance.order(ctx, claim_id=claim.public_id))  # fmt: skip


def _paid(p: Programme, order: Any) -> Any:
    return p.do(p.finance.checker, "remittances.confirm",
                lambda ctx: remittance.confirm(ctx, remittance_id=order.public_id,
                                               paid_on=ctx.on, reference="国库 1"))  # fmt: skip


def _case(p: Programme, claim: Claim) -> ClaimCase:
    (case,) = p.rows(select(ClaimCase).where(ClaimCase.claim_id == claim.id))
    return case


def _decide(p: Programme, case: ClaimCase, decision: CaseState, **more: Any) -> ClaimCase:
    return p.do(p.finance.maker, "cases.decide",
                lambda ctx: cases.decide(ctx, case_id=case.public_id, decision=decision,
                                         **({"reason": "已核"} | more)))  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "row", "code", "days"),
    [
        # 财政供养 from 1 August on: 51 of 92 days are lost, 51 × 36.25 = 1848.75.
        (RegisterKind.EXCLUSION, (id_number(WHO), "2019-08-01", "", "财政供养"), "R12", 51),
        # … only until 1 September: 31 days.
        (RegisterKind.EXCLUSION, (id_number(WHO), "2019-08-01", "2019-09-01", "退休"), "R12", 31),
        (RegisterKind.OTHER_SUBSIDIES, (id_number(WHO), "", "科技贴息", "2019-07-01", "2019-07-11"),
         "R16", 10),
    ],
)  # fmt: skip
def test_a_listed_borrower_earns_nothing_on_the_listed_days(
    quarter: Programme, kind: RegisterKind, row: tuple[str, ...], code: str, days: int
) -> None:
    _load(quarter, kind, row)
    line, causes = _found(quarter, _file(quarter, _line(quarter)))
    assert causes == {code: days * 36_25}
    assert line.payable_fen == (92 - days) * 36_25
    # Numbers are kept as blind indexes only.
    (entry,) = quarter.rows(select(RegisterEntry))
    assert id_number(WHO).encode() not in entry.subject_index
    assert len(entry.subject_index) == 32


def test_a_list_replaces_the_one_of_its_source_and_a_bad_list_is_refused_whole(
    quarter: Programme,
) -> None:
    kind = RegisterKind.EXCLUSION
    _load(quarter, kind, (id_number(WHO), "2019-08-01", "", "财政供养"))
    _load(quarter, kind, (id_number(WHO), "2019-09-01", "", "财政供养"))
    _load(quarter, kind, (id_number(8), "2019-01-01", "", "退休"), source="公安局")
    _, causes = _found(quarter, _file(quarter, _line(quarter)))
    assert causes == {"R12": 20 * 36_25}
    with pytest.raises(BadFile) as refused:
        _load(quarter, kind, (id_number(WHO), "2019-08-01", "", "x"), ("123", "昨天", "", "y"))
    assert "第 3 行" in refused.value.message
    _load(quarter, kind)  # an empty list lifts the old one
    _, causes = _found(quarter, _file(quarter, _line(quarter)))
    assert causes == {}


def test_days_subsidised_before_go_live_are_not_paid_again(quarter: Programme) -> None:
    contract_no = _line(quarter).contract_no
    _load(quarter, RegisterKind.EARLIER_LOANS,
          (id_number(WHO), contract_no, "2019-06-21", "2019-07-01", ""))  # fmt: skip
    _, causes = _found(quarter, _file(quarter, _line(quarter)))
    assert causes == {"R07": 10 * 36_25}


def test_a_decision_changes_what_is_payable_and_must_be_reviewed_again(quarter: Programme) -> None:
    claim = _file(quarter, _line(quarter, claimed_fen=4_000_00))
    case = _case(quarter, claim)
    before = claim.content_hash
    p = quarter
    p.do(p.finance.maker, "claims.review",
         lambda ctx: claims.review(ctx, claim_id=claim.public_id, comment="核对"))  # fmt: skip
    p.do(p.bank.maker, "cases.comment",
         lambda ctx: cases.comment(ctx, case_id=case.public_id, text="含罚息",
                                   evidence="凭证 1"))  # fmt: skip
    p.do(p.finance.maker, "cases.assign",
         lambda ctx: cases.assign(ctx, case_id=case.public_id, owner_login="F-maker"))  # fmt: skip
    with pytest.raises(Conflict, match="核减须写明"):
        _decide(p, case, CaseState.DISALLOWED)
    with pytest.raises(Conflict, match="不得超过申报额"):
        _decide(p, case, CaseState.ALLOWED, amount_fen=4_000_01)
    _decide(p, case, CaseState.ALLOWED, amount_fen=3_500_00)
    claim = p.row(Claim, claim.public_id)
    assert (claim.state, claim.payable_fen) == (ClaimState.RECEIVED, 3_500_00)
    assert claim.content_hash != before
    with pytest.raises(Conflict, match="已有结论"):
        _decide(p, case, CaseState.RETURNED)
    order = _ordered(p, _approved(p, claim))
    assert (order.amount_fen, order.netted_fen) == (3_500_00, 0)


def test_a_corrected_file_continues_the_case_and_says_what_changed(quarter: Programme) -> None:
    first = _file(quarter, _line(quarter, claimed_fen=4_000_00))
    opened_on = _case(quarter, first).opened_on
    quarter.day(D(2019, 10, 15))
    second = _file(quarter, _line(quarter, claimed_fen=3_600_00))
    assert _case(quarter, first).state is CaseState.SUPERSEDED
    case = _case(quarter, second)
    assert (case.opened_on, case.continues_id) == (opened_on, _case(quarter, first).id)
    with quarter.reading() as session:
        ctx = quarter.installation.context(session, quarter.finance.maker)
        # 8, 9, 10, 11, 14 October, and Saturday the 12th, worked for the holiday
        assert cases.age_days(ctx, case) == 6
        found = comparison.compare_with_replaced(ctx, session.get_one(Claim, second.id))
    (change,) = found.changes
    assert (change.kind, change.columns) == (comparison.ChangeKind.CHANGED, ("claimed_fen",))
    assert (change.claimed_before_fen, change.claimed_fen) == (4_000_00, 3_600_00)


def test_an_undecided_case_is_carried_and_an_amount_allowed_late_is_paid_next(
    quarter: Programme,
) -> None:
    p = quarter
    claim = _approved(p, _file(p, _line(p, claimed_fen=4_000_00)))
    _paid(p, _ordered(p, claim))
    p.day(D(2019, 12, 23))
    since, until = Q4
    later = _file(p, _line(p, since=since, until=until, days=91, claimed_fen=3_298_75),
                  since=since, until=until)  # fmt: skip
    case = _case(p, claim)
    assert (case.state, case.carried_to_id) == (CaseState.OPEN, later.id)
    _decide(p, case, CaseState.ALLOWED, amount_fen=3_435_00)
    order = _ordered(p, _approved(p, later))
    assert order.amount_fen == 3_298_75 + 100_00


def test_an_under_claim_may_be_corrected_later_and_no_day_is_paid_twice(quarter: Programme) -> None:
    p = quarter
    first = _approved(p, _file(p, _line(p, claimed_fen=3_000_00)))
    assert first.payable_fen == 3_000_00
    p.day(D(2019, 12, 23))
    since, until = Q4
    rest = _file(p, _line(p, claimed_fen=335_00), since=since, until=until)
    line, causes = _found(p, rest)
    assert (line.payable_fen, line.deducted_fen, causes) == (335_00, 3_000_00, {})
    greedy = _file(p, _line(p, claimed_fen=3_335_00), since=since, until=until)
    line, causes = _found(p, greedy)
    assert (line.payable_fen, causes) == (335_00, {"R07": 3_000_00})
    _approved(p, greedy)
    again = _file(p, _line(p, claimed_fen=335_00), since=since, until=until)
    line, causes = _found(p, again)
    assert (line.payable_fen, causes) == (0, {"R07": 335_00})


def test_a_returned_payment_is_reversed_and_ordered_again(quarter: Programme) -> None:
    p = quarter
    claim = _approved(p, _file(p, _line(p)))
    order = _paid(p, _ordered(p, claim))
    with pytest.raises(Conflict, match="已经有拨付单"):
        _ordered(p, claim)
    back = p.do(p.finance.maker, "remittances.give_back",
                lambda ctx: remittance.give_back(
                    ctx, remittance_id=order.public_id, returned_on=ctx.on, reason="户名不符"
                ))  # fmt: skip
    assert back.state is RemittanceState.RETURNED
    again = _paid(p, _ordered(p, claim))
    paid = p.rows(select(SubsidyEntry.amount_fen).where(SubsidyEntry.kind == EntryKind.PAID))
    assert paid == [3_335_00, -3_335_00, 3_335_00]
    assert again.amount_fen == 3_335_00


def test_a_backdated_fact_is_netted_in_the_next_remittance_and_shown(quarter: Programme) -> None:
    """100000.00 repaid on 1 September, reported in December: 20 days × 100000.00 × 4.35% / 360
    = 241.67 less for the third quarter; the fourth is 200000.00 × 4.35% × 91 / 360 = 2199.17."""
    p = quarter
    _paid(p, _ordered(p, _approved(p, _file(p, _line(p)))))
    p.day(D(2019, 12, 23))
    (note,) = p.rows(select(Note.public_id))
    p.repay(note, 100_000_00, on=D(2019, 9, 1))
    since, until = Q4
    facts = {"opening_fen": 200_000_00, "closing_fen": 200_000_00, "days": 91}
    later = _line(p, since=since, until=until, claimed_fen=2_199_17, **facts)
    order = _ordered(p, _approved(p, _file(p, later, since=since, until=until)))
    assert (order.amount_fen, order.netted_fen) == (2_199_17 - 241_67, -241_67)
    assert "以前期间调整".encode() in order.file
    _paid(p, order)
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        facts_now = note_facts(ctx, ctx.on)
        (whole,) = figures(facts_now, Dimension.ALL)
        (by_bank,) = figures(facts_now, Dimension.BANK)
        (before,) = figures(note_facts(ctx, D(2019, 8, 31)), Dimension.ALL)
    assert (whole.balance_fen, whole.paid_fen) == (200_000_00, 3_335_00 + 2_199_17 - 241_67)
    assert whole.payable_fen == whole.paid_fen
    behind = drill_down(facts_now, Dimension.BANK, by_bank.key, "paid_fen")
    assert sum(row.paid_fen for row in behind) == by_bank.paid_fen
    assert (before.balance_fen, before.paid_fen) == (300_000_00, 0)
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        report = reports.claim_report(
            ctx, session.scalars(select(Claim).filter_by(since=since)).one()
        )
    full, total = report.summary[1:]
    assert (full[0], total[0], report.remitted_fen) == ("全额贴息", "合计", order.amount_fen)
    assert full[1:] == total[1:] and total[-5:] == ["2199.17", "2199.17", "0.00", "0.00", "1957.50"]


def test_the_budget_limits_a_year_s_remittances(quarter: Programme) -> None:
    p = quarter
    claim = _approved(p, _file(p, _line(p)))

    def budget(fen: int) -> None:
        p.do(p.finance.checker, "budgets.set",
             lambda ctx: remittance.set_budget(ctx, year=2019, amount_fen=fen,
                                               document="澄财预1号"))  # fmt: skip

    budget(3_334_99)
    with pytest.raises(Conflict, match="不足以拨付"):
        _ordered(p, claim)
    budget(3_335_00)
    assert _ordered(p, claim).amount_fen == 3_335_00


def test_an_account_is_changed_by_two_persons(quarter: Programme) -> None:
    p = quarter

    def agree(by: Any) -> Any:
        return p.do(by, "accounts.agree",
                    lambda ctx: accounts.agree(ctx, change_id=change.public_id))  # fmt: skip

    def ask(account: str) -> Any:
        return p.do(p.bank.both, "accounts.ask",
                    lambda ctx: accounts.ask(ctx, account=account, reason="更换"))  # fmt: skip

    change = ask("6222021234560000")
    p.do(p.bank.maker, "accounts.drop", lambda ctx: accounts.drop(ctx, change_id=change.public_id))
    with pytest.raises(Conflict, match="已经作废"):
        agree(p.bank.checker)
    change = ask("6222021234567890")
    with pytest.raises(NotPermitted):
        agree(p.bank.both)
    agree(p.bank.checker)
    order = _ordered(p, _approved(p, _file(p, _line(p))))
    assert order.account_masked == "************7890"
    assert ",bank B1,************7890,3335.00" in order.file.decode("utf-8-sig").splitlines()[1]


def test_a_claim_s_report_says_what_the_claim_says(quarter: Programme) -> None:
    p = quarter
    claim = _file(p, _line(p, claimed_fen=4_000_00, since=SINCE))
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        report = reports.claim_report(ctx, session.get_one(Claim, claim.id))
    assert report.summary[-1][0] == "合计"
    assert report.summary[-1][-5:] == ["4000.00", "3335.00", "0.00", "665.00", "0.00"]
    assert report.by_code[1:] == [["全额贴息", "R01", "1", "665.00"]]
