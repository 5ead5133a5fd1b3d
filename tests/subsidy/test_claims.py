"""A bank's quarterly claim: filed, recomputed, explained, reviewed, approved; never paid twice."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from loans.errors import BadFile, Conflict, NotFound, NotPermitted
from loans.models import Note, OutboxEvent
from loans.money import half_up
from loans.sheets import digest
from subsidy import claims
from subsidy.detail_sheet import DetailLine, write_detail_csv, write_detail_sheet, write_template
from subsidy.models import Claim, ClaimLine, ClaimState, EntryKind, SubsidyEntry
from subsidy.reconciliation import LineClass
from tests.programme import Programme
from tests.subsidy.bank_files import (
    SINCE,
    UNTIL,
    approve,
    careful_lines,
    causes_of,
    file_claim,
    lines_of,
    review,
)

D = date


def simple(fen: int, rate_ppm: int, days: int, share_pct: int = 100) -> int:
    """What a bank computes by act/360."""
    return half_up(fen * rate_ppm * days * share_pct, 1_000_000 * 360 * 100)


def on_sheet(lines: list[DetailLine], note_no: str, **facts: Any) -> list[DetailLine]:
    """The lines with other facts on one."""
    return [replace(line, **facts) if line.note_no == note_no else line for line in lines]


# --- what was filed -------------------------------------------------------------------------------


@pytest.mark.parametrize("as_csv", [False, True], ids=["xlsx", "csv"])
def test_a_careful_bank_s_file_matches_without_any_difference(
    quarter: Programme, as_csv: bool
) -> None:
    lines = careful_lines(quarter)
    claim = file_claim(quarter, lines, as_csv=as_csv)

    assert claim.state is ClaimState.RECEIVED
    assert [line.note_no for line in lines] == ["N1", "N2", "N3", "N4"]
    # 300000.00 × 4.35% × 92 ÷ 360; half of it; the firm's runs to maturity; 73 days of 100000.00
    assert [lines[0].claimed_fen, lines[1].claimed_fen] == [3_335_00, 1_667_50]
    assert lines[3].claimed_fen == simple(100_000_00, 43_500, 73) == 882_08
    total = sum(line.claimed_fen for line in lines)
    assert (claim.claimed_fen, claim.expected_fen, claim.payable_fen) == (total, total, total)
    assert claim.findings == []
    stored = lines_of(quarter, claim)
    assert {line.line_class for line in stored} == {LineClass.MATCHED}
    assert [line.payable_fen for line in stored] == [line.claimed_fen for line in lines]
    assert causes_of(quarter, claim) == {}
    assert all(line.findings == [] for line in stored)


def test_every_planted_error_is_found_with_its_code_and_its_fen(quarter: Programme) -> None:
    p = quarter
    with p.at_once():
        p.day(D(2019, 9, 22))
        (n1,) = p.rows(
            select(Note.public_id).where(
                Note.note_no == "N1", Note.bank_id == p.bank.maker.organisation_id
            )
        )
        p.report(n1, "stop_subsidy", on=D(2019, 9, 1), reason="misuse")
    honest = careful_lines(p)
    true = {line.note_no: line.claimed_fen for line in honest}
    whole = {"since": SINCE, "until": UNTIL, "days": 92}
    lines = on_sheet(honest, "N1", claimed_fen=3_335_00, **whole)
    lines = on_sheet(lines, "N2", claimed_fen=3_335_00, subsidy_class="FULL")
    lines = on_sheet(lines, "N4", claimed_fen=simple(100_000_00, 43_500, 92), **whole)
    lines = [line for line in lines if line.note_no != "N3"]
    stranger = replace(lines[0], note_no="N9", claimed_fen=100_00)
    lines += [stranger, lines[1]]

    claim = file_claim(p, lines)

    causes = causes_of(p, claim)
    assert causes == {
        "N1": {"R17": 3_335_00 - true["N1"]},
        "N2": {"R02": 1_667_50, "R07": 3_335_00},
        "N4": {"R03": simple(100_000_00, 43_500, 92) - true["N4"]},
        "N9": {"R08": 100_00},
    }
    found = {(f["kind"], f["code"], f.get("note_no")) for f in claim.findings}
    assert ("unclaimed", "R08", "N3") in found
    classes = [line.line_class for line in lines_of(p, claim)]
    assert classes.count(LineClass.DUPLICATE) == 1
    assert classes.count(LineClass.UNKNOWN) == 1
    difference = claim.claimed_fen - claim.expected_fen
    assert difference == sum(fen for named in causes.values() for fen in named.values())
    assert claim.payable_fen == true["N1"] + true["N2"] + true["N4"]


def test_balances_that_do_not_roll_and_wrong_totals_are_said(quarter: Programme) -> None:
    lines = on_sheet(careful_lines(quarter), "N1", closing_fen=1)
    data = write_detail_csv(lines)[0].decode("utf-8-sig")
    total = data.splitlines()[-1]
    wrong = total.rsplit(",", 2)  # …, 申请贴息额, 备注
    data = data.replace(total, ",".join([wrong[0], "1.00", wrong[2]]))

    claim = file_claim(quarter, data.encode("utf-8"), as_csv=True)

    (n1,) = [line for line in lines_of(quarter, claim) if line.note_no == "N1"]
    assert [finding["code"] for finding in n1.findings] == ["R09"]
    assert [f["code"] for f in claim.findings if f["kind"] == "file"] == ["R19"]
    assert n1.payable_fen == n1.claimed_fen, "a finding without money changes none"


def test_an_underclaim_is_paid_as_claimed(quarter: Programme) -> None:
    claim = file_claim(quarter, on_sheet(careful_lines(quarter), "N1", claimed_fen=3_000_00))
    (n1,) = [line for line in lines_of(quarter, claim) if line.note_no == "N1"]
    assert (n1.line_class, n1.expected_fen, n1.payable_fen) == (
        LineClass.UNDER, 3_335_00, 3_000_00,
    )  # fmt: skip


def test_a_file_with_bad_rows_is_kept_but_not_accepted_and_a_corrected_one_replaces_it(
    quarter: Programme,
) -> None:
    lines = careful_lines(quarter)
    bad = file_claim(quarter, on_sheet(lines, "N1", identity="320281199001010000"))

    assert bad.state is ClaimState.NOT_ACCEPTED
    (finding,) = [f for f in bad.findings if f["kind"] == "row"]
    assert (finding["row"], finding["code"]) == (2, "identity")
    with pytest.raises(Conflict) as refused:
        review(quarter, bad)
    assert refused.value.code == "claim-not-received"

    good = file_claim(quarter, lines)
    assert good.state is ClaimState.RECEIVED
    assert good.payable_fen == good.claimed_fen, "a refused file holds no day"
    assert quarter.row(Claim, bad.public_id).state is ClaimState.SUPERSEDED
    again = file_claim(quarter, lines)
    states = quarter.rows(select(Claim.state).order_by(Claim.id))
    assert states == [ClaimState.SUPERSEDED, ClaimState.SUPERSEDED, ClaimState.RECEIVED]
    assert again.payable_fen == good.payable_fen


def test_what_is_no_detail_sheet_is_refused_before_anything_is_stored(quarter: Programme) -> None:
    for data in (b"", b"a,b\n1,2\n", b"PK\x03\x04"):
        with pytest.raises(BadFile):
            file_claim(quarter, data, as_csv=not data.startswith(b"PK"))
    for empty in (write_template(), write_detail_sheet([])):  # the second with its 合计 row
        with pytest.raises(Conflict, match="没有一行明细"):
            file_claim(quarter, empty)
        with quarter.reading() as session, pytest.raises(Conflict, match="没有一行明细"):
            maker, vault = quarter.bank.maker, quarter.installation.vault
            ctx = quarter.installation.context(session, maker)
            sheet = claims.read_filing(empty, "空表.xlsx", vault=vault, on=quarter.today).sheet
            claims.compare(ctx, sheet=sheet, bank_id=maker.bank_id, since=SINCE, until=UNTIL)
    assert quarter.rows(select(Claim.id)) == []


def test_a_quarter_is_filed_after_its_settlement_day(programme: Programme) -> None:
    programme.loan(on=D(2019, 4, 10))
    programme.day(UNTIL - timedelta(days=1))
    lines = careful_lines(programme)
    with pytest.raises(Conflict) as early:
        file_claim(programme, lines)
    assert early.value.code == "quarter-not-over"
    with pytest.raises(Conflict):
        file_claim(programme, lines, since=UNTIL, until=SINCE)


def test_a_bank_claims_only_its_own_notes(quarter: Programme) -> None:
    """Both banks have a note N1; neither file touches the other's."""
    claim = file_claim(quarter, careful_lines(quarter), bank=quarter.other_bank)
    classes = {line.note_no: line.line_class for line in lines_of(quarter, claim)}
    assert {name for name, cls in classes.items() if cls is LineClass.UNKNOWN} == {
        "N2", "N3", "N4",
    }  # fmt: skip
    (n1,) = [line for line in lines_of(quarter, claim) if line.note_no == "N1"]
    assert {f["code"] for f in n1.findings} == {"R08"}, "another borrower, another contract"
    with pytest.raises(NotFound):
        quarter.do(
            quarter.bank.maker,
            "claims.read",
            lambda ctx: claims.one(ctx, Claim, claim.public_id),
        )


def test_a_file_compared_again_after_filing_does_not_count_itself_as_claimed_before(
    quarter: Programme,
) -> None:
    p = quarter
    lines = careful_lines(p)
    data = write_detail_csv(lines)[0]
    bank_id = p.bank.maker.organisation_id
    filing = claims.read_filing(data, "a.csv", vault=p.installation.vault, on=UNTIL)

    def looked_at(*, as_filed: bool) -> set[LineClass]:
        with p.reading() as session:
            ctx = p.installation.context(session, p.finance.maker)
            filed = claims.filed_as(ctx, filing=filing, bank_id=bank_id)
            found = claims.compare(
                ctx,
                sheet=filing.sheet,
                bank_id=bank_id,
                since=SINCE,
                until=UNTIL,
                filed=filed if as_filed else None,
            )
            assert not (as_filed and found.findings)  # nor is its own 期末余额 the last one
            return set(found.line_class)

    claim = file_claim(p, lines, as_csv=True)
    assert claim.sha256 == digest(data)
    # Unapproved, filing again would replace it; approved, only this very claim is left out.
    assert looked_at(as_filed=False) == looked_at(as_filed=True) == {LineClass.MATCHED}
    review(p, claim)
    approve(p, claim)
    assert looked_at(as_filed=True) == {LineClass.MATCHED}
    assert looked_at(as_filed=False) == {LineClass.DUPLICATE}


def test_nothing_is_compared_over_a_span_without_days(quarter: Programme) -> None:
    p = quarter
    data = write_detail_csv(careful_lines(p))[0]
    filing = claims.read_filing(data, "a.csv", vault=p.installation.vault, on=UNTIL)
    with p.reading() as session, pytest.raises(Conflict, match="不成立"):
        claims.compare(
            p.installation.context(session, p.finance.maker),
            sheet=filing.sheet,
            bank_id=p.bank.maker.organisation_id,
            since=UNTIL,
            until=UNTIL,
        )


def test_a_bank_is_told_that_its_file_was_received(quarter: Programme) -> None:
    claim = file_claim(quarter, careful_lines(quarter))
    newest = quarter.rows(select(OutboxEvent).order_by(OutboxEvent.id.desc()))[0]
    assert newest.payload == {"claim": str(claim.public_id), "state": "received"}


# --- two people -----------------------------------------------------------------------------------


def test_a_second_person_approves_exactly_what_both_saw(quarter: Programme) -> None:
    p = quarter
    claim = file_claim(p, careful_lines(p))
    with pytest.raises(Conflict, match="只有已审核的申报可以批准"):
        approve(p, claim)
    review(p, claim, by=p.finance.both)
    with pytest.raises(NotPermitted) as same:
        approve(p, claim, by=p.finance.both)
    assert same.value.code == "same-person"
    with pytest.raises(NotPermitted):
        approve(p, claim, by=p.finance.maker)
    with pytest.raises(Conflict) as other:
        approve(p, claim, content_hash="0" * 64)
    assert other.value.code == "content-changed"
    assert p.rows(select(SubsidyEntry.id)) == []

    approved = approve(p, claim)

    assert approved.state is ClaimState.APPROVED
    entries = p.rows(select(SubsidyEntry).where(SubsidyEntry.kind == EntryKind.PAYABLE))
    assert sum(entry.amount_fen for entry in entries) == claim.payable_fen
    assert len(entries) == 4
    with pytest.raises(Conflict):
        approve(p, claim)


def test_a_replaced_claim_cannot_be_approved_and_other_content_has_another_hash(
    quarter: Programme,
) -> None:
    p = quarter
    first = file_claim(p, careful_lines(p))
    review(p, first)
    second = file_claim(p, on_sheet(careful_lines(p), "N1", claimed_fen=3_000_00))
    assert second.content_hash != first.content_hash
    with pytest.raises(Conflict):
        approve(p, first)


# --- never twice ----------------------------------------------------------------------------------


def _approved(p: Programme) -> Claim:
    claim = file_claim(p, careful_lines(p))
    review(p, claim)
    return approve(p, claim)


def _disguised(p: Programme) -> dict[str, dict[str, Any]]:
    """The same content in other shapes."""
    lines, middle = careful_lines(p), D(2019, 8, 1)
    halves = [
        half
        for line in lines
        for half in (
            replace(line, until=middle + timedelta(days=9), claimed_fen=1_00),
            replace(line, since=middle, claimed_fen=1_00),
        )
        if half.since < half.until
    ]
    return {
        "same": {"lines": lines},
        "csv": {"lines": lines, "as_csv": True},
        "shuffled": {"lines": lines[::-1]},
        "split": {"lines": halves},
        "other period": {"lines": lines, "since": SINCE + timedelta(days=1), "until": UNTIL},
    }


def test_a_note_day_is_never_payable_twice(quarter: Programme) -> None:
    p = quarter
    paid = _approved(p)
    for facts in _disguised(p).values():
        with p.rehearsed():
            again = file_claim(p, **facts)

            assert again.payable_fen == 0
            assert {line.line_class for line in lines_of(p, again)} == {LineClass.DUPLICATE}
            codes = {code for named in causes_of(p, again).values() for code in named}
            assert codes == {"R07"}
            (whole,) = [f for f in again.findings if f["code"] == "R07"]
            assert paid.file_name in whole["message"] and "都已申报过" in whole["message"]
            approve(p, review(p, again))
            payable = select(SubsidyEntry.amount_fen).where(SubsidyEntry.kind == EntryKind.PAYABLE)
            assert sum(p.rows(payable)) == paid.payable_fen


def test_a_line_split_with_an_overlap_is_paid_once(quarter: Programme) -> None:
    p = quarter
    (line, *_) = careful_lines(p)
    first = replace(line, until=D(2019, 8, 10), days=50, claimed_fen=simple(300_000_00, 43_500, 50))
    second = replace(line, since=D(2019, 8, 1), days=51, claimed_fen=simple(300_000_00, 43_500, 51))
    claim = file_claim(p, [second, first])
    assert claim.payable_fen == 3_335_00
    overlap = simple(300_000_00, 43_500, 9)  # 08-01 to 08-09
    (found,) = causes_of(p, claim).values()
    assert found == {"R07": overlap}


def test_days_that_two_open_claims_hold_are_not_approved_twice(quarter: Programme) -> None:
    """Were a line's days freed behind the comparison's back, the approval still looks."""
    p = quarter
    first = file_claim(p, careful_lines(p))
    second = file_claim(p, careful_lines(p), since=SINCE + timedelta(days=1))
    with p.tampering() as session:
        session.execute(
            update(ClaimLine).where(ClaimLine.claim_id == second.id).values(payable_fen=1_00)
        )
    first, second = review(p, first), review(p, second)
    approve(p, first)
    with pytest.raises(Conflict) as refused:
        approve(p, second)
    assert refused.value.code == "note-day-paid"


def test_the_next_quarter_goes_on_where_the_last_one_ended(quarter: Programme) -> None:
    p = quarter
    _approved(p)
    p.day(D(2019, 12, 21))
    lines = careful_lines(p, since=UNTIL, until=D(2019, 12, 21))
    claim = file_claim(p, lines, since=UNTIL, until=D(2019, 12, 21))
    assert claim.payable_fen == claim.claimed_fen == sum(line.claimed_fen for line in lines)
    assert all(line.findings == [] for line in lines_of(p, claim))
    p.day(D(2019, 12, 22))
    wrong = on_sheet(lines, "N1", opening_fen=1, closing_fen=1)
    claim = file_claim(p, wrong, since=UNTIL, until=D(2019, 12, 21))
    (n1,) = [line for line in lines_of(p, claim) if line.note_no == "N1"]
    assert [f["code"] for f in n1.findings] == ["R09"], "期初 is not the last 期末"


# --- personal data --------------------------------------------------------------------------------


def test_a_stored_line_names_nobody(quarter: Programme) -> None:
    claim = file_claim(quarter, careful_lines(quarter))
    for line in lines_of(quarter, claim):
        assert "identity" not in line.cells
        assert "borrower" not in line.cells
