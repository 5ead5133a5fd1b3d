"""The same days claimed in every cut, order and form, through the real filing: paid once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from subsidy.detail_sheet import DetailLine
from subsidy.models import ClaimLine, SubsidyEntry
from tests.programme import Programme
from tests.subsidy.bank_files import SINCE, UNTIL, approve, careful_lines, file_claim, review


@pytest.mark.parametrize("quarter", ["sqlite"], indirect=True)
def test_however_content_is_cut_and_filed_no_note_is_paid_more_than_its_days(
    quarter: Programme,
) -> None:
    """Files of whole lines, parts that overlap, too much and too little, in any order and form;
    an honest file in the end is paid what is left of the notes that were never cut."""
    p, honest = quarter, careful_lines(quarter)
    worth = {line.note_no: line.claimed_fen for line in honest}
    days = (UNTIL - SINCE).days

    def paid() -> dict[str, int]:
        rows = select(ClaimLine.note_no, func.sum(SubsidyEntry.amount_fen)).join(
            SubsidyEntry, SubsidyEntry.claim_line_id == ClaimLine.id
        )
        return {row[0]: int(row[1]) for row in p.rows(rows.group_by(ClaimLine.note_no))}

    @given(st.data())
    @settings(max_examples=5)
    def is_paid_once(data: st.DataObject) -> None:
        cut: set[str] = set()
        with p.rehearsed():
            for _ in range(data.draw(st.integers(1, 2))):
                lines = _cut(data, honest, days, cut)
                filed = file_claim(p, lines, as_csv=data.draw(st.booleans()))
                approve(p, review(p, filed))
                assert [note for note, fen in paid().items() if fen > worth[note]] == []
            approve(p, review(p, file_claim(p, honest, as_csv=True)))
            final = paid()
            assert [note for note, fen in final.items() if fen > worth[note]] == []
            whole = worth.keys() - cut
            assert {note: final[note] for note in whole} == {note: worth[note] for note in whole}

    is_paid_once()


def _cut(
    data: st.DataObject, honest: list[DetailLine], days: int, cut: set[str]
) -> list[DetailLine]:
    """Some of the lines, some of them in two parts that overlap; names of those go to ``cut``."""
    lines: list[DetailLine] = []
    for line in data.draw(st.lists(st.sampled_from(honest), min_size=1, max_size=3)):
        claimed = line.claimed_fen * data.draw(st.sampled_from([50, 100, 100, 130])) // 100
        at = SINCE + timedelta(days=data.draw(st.integers(1, days - 1)))
        if data.draw(st.booleans()) or not line.since < at < line.until:
            lines.append(replace(line, claimed_fen=claimed))
            continue
        cut.add(line.note_no)
        overlap = timedelta(days=data.draw(st.integers(0, 9)))
        first = replace(line, until=min(at + overlap, line.until), claimed_fen=claimed)
        lines += [first, replace(line, since=at, claimed_fen=claimed)]
    return data.draw(st.permutations(lines))
