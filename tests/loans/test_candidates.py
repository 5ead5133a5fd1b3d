"""A list of candidates with odd rows: each is told what is wrong, none gains by it."""

from datetime import date

import pytest

from loans.candidates import Candidate, assess_candidates
from loans.sheets import RowFinding
from tests.programme import shipped_book

HEAD = (
    "编号,申请金额,贷款期限（月）,经营地区划代码,本市户籍,人群类别,人社核验,雇用人数,提高额度评估,"
    "其他已批准额度,类型,所属企业编号,小微企业,劳动合同起始日,无固定期限,其他贷款贴息基数,其他贷款吸纳人数"
)
PERSON = "{},500000,36,320281,,,,{},通过,{},,,,,,,"
FIRM = "{},2000000,24,320281,,,,,,,小微企业,,是,,,{},{}"
HIRE = "{},,,,是,本市户籍失业人员（新招用）,是,,,,新招用人员,{},,2019-02-01,是,,"


def _asked(*rows: str) -> tuple[list[Candidate], list[RowFinding]]:
    data = "\n".join([HEAD, *rows]).encode()
    return assess_candidates(data, "名单.csv", on=date(2019, 6, 30), book=shipped_book())


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (PERSON.format("1", -3, 0), "雇用人数"),
        (PERSON.format("1", 6, "-100000.00"), "其他已批准额度"),
        (FIRM.format("F1", "-0.01", 0), "其他贷款贴息基数"),
        (FIRM.format("F1", 0, -1), "其他贷款吸纳人数"),
    ],
)
def test_nothing_counted_is_below_zero(row: str, column: str) -> None:
    """A loan of less than nothing would raise the cap above 500000.00."""
    answered, findings = _asked(row)
    assert answered == []
    assert [(finding.row, finding.column) for finding in findings] == [(2, column)]


def test_a_reference_names_one_row() -> None:
    """Two firms of one reference would share hires; one hire would support two firms."""
    answered, findings = _asked(
        FIRM.format("F1", 0, 0), HIRE.format("h1", "F1"), HIRE.format("h1", "F2"),
        FIRM.format("F2", 0, 0), PERSON.format("P", 6, 0), PERSON.format("P", 6, 0),
    )  # fmt: skip
    assert [(c.reference, c.assessment.hires_counted) for c in answered] == [("F1", 0), ("F2", 0)]
    assert [(finding.row, finding.column) for finding in findings] == [
        (row, "编号") for row in (3, 4, 6, 7)
    ]


def test_rows_with_references_of_their_own_are_answered() -> None:
    answered, findings = _asked(
        PERSON.format("P", 6, 0), FIRM.format("F1", 0, 0), HIRE.format("h1", "F1")
    )
    assert findings == []
    assert [c.assessment.cap_fen for c in answered] == [500_000_00, 100_000_00]
