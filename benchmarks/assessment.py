"""How long a certain answer takes: one assessment, one quote, a list of 10,000 candidates.

Run by itself (``python -m benchmarks.assessment``) or with ``./run bench``; times are of this
machine, now, and nothing fails for being slow.
"""

from collections.abc import Callable
from datetime import date
from functools import partial

from benchmarks.measuring import ROUNDS, in_turn
from loans.candidates import COLUMNS, assess_candidates
from loans.policy import PolicyBook, load_policy_book
from loans.sheets import write_csv
from loans.underwriting import Applicant, BorrowerKind, Category, Exposure, Terms, assess
from subsidy.quotes import LoanWanted, quote

ON = date(2019, 6, 30)
CANDIDATES = 10_000
REPEATED = 100  # a single assessment is too short to be timed alone
PERSON = Applicant(
    kind=BorrowerKind.INDIVIDUAL,
    business_division="320281",
    local_hukou=True,
    categories=(Category(code="graduate", verified=True),),
    graduated_on=date(2015, 6, 30),
    employees=6,
)
ALONE = Exposure(other_approved_fen=0, subsidised_loans=0, spouse_has_loan=False)


def measure() -> None:
    """Print the median of each."""
    book = load_policy_book()
    contenders: dict[str, Callable[[], object]] = {
        "one assessment": partial(_repeated, partial(_assess, book)),
        "one quote (assessment, plan, 12 months)": partial(_repeated, partial(_quote, book)),
        f"{CANDIDATES:,} candidates (CSV read in its own process)": partial(_list, book),
    }
    print(f"assessment: median of {ROUNDS} rounds in turn; aims: 5 ms, and 5 s for the list")
    for name, timing in in_turn(contenders).items():
        whole = name.startswith(f"{CANDIDATES:,}")
        shown = (
            f"{timing.seconds:8.2f} s" if whole else f"{timing.seconds / REPEATED * 1e3:8.3f} ms"
        )
        print(f"  {name:58}{shown} ± {timing.noise:.0%}", flush=True)


def _repeated(run: Callable[[], object]) -> None:
    for _ in range(REPEATED):
        run()


def _assess(book: PolicyBook) -> object:
    terms = Terms.lasting(amount_fen=300_000_00, disbursed_on=ON, months=12)
    return assess(PERSON, terms, ALONE, on=ON, book=book)


def _quote(book: PolicyBook) -> object:
    wanted = LoanWanted(amount_fen=300_000_00, term_months=12, rate_ppm=43_500)
    return quote(PERSON, wanted, ALONE, on=ON, book=book)


def _list(book: PolicyBook) -> object:
    found, findings = assess_candidates(_table(), "candidates.csv", on=ON, book=book)
    assert (len(found), findings) == (CANDIDATES, [])
    return found


def _table() -> bytes:
    """The list as a file: amounts, terms and groups in turn."""
    cells: dict[str, Callable[[int], str]] = {
        "reference": lambda n: f"甲{n}",
        "amount_fen": lambda n: f"{50_000 + n % 30 * 10_000}.00",
        "term_months": lambda n: str(12 + n % 3 * 12),
        "business_division": lambda n: "320281",
        "local_hukou": lambda n: "是" if n % 4 else "否",
        "categories": lambda n: ("本市户籍失业人员", "毕业5年内高校毕业生", "")[n % 3],
        "verified": lambda n: "是",
        "graduated_on": lambda n: "2015-06-30",
        "employees": lambda n: str(n % 9),
        "other_approved_fen": lambda n: "0.00",
    }
    columns = [column for column in COLUMNS.columns if column.name in cells]
    header = [column.header for column in columns]
    rows = ([cells[column.name](n) for column in columns] for n in range(CANDIDATES))
    return write_csv([header, *rows])


if __name__ == "__main__":
    measure()
