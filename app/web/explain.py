"""A recomputation as an auditor with a pocket calculator reads it: formulas from exact integers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.web.render import percent, yuan
from app.web.words import SUBSIDY_CLASSES
from loans.models import Contract, Note
from subsidy.detail_sheet import COLUMNS
from subsidy.models import ClaimLine
from subsidy.steps import Step

HEADERS: Final = {column.name: column.header for column in COLUMNS.columns}

PPM = 1_000_000
# Exact amounts are shown to a hundred-thousandth of a yuan, cut, never rounded.
PLACES = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One piece in words; ``counts`` says that it belongs to the sum asked for."""

    step: Step
    counts: bool
    interest: str
    subsidy: str
    interest_exact: str
    subsidy_exact: str


def lines(steps: Sequence[Step], *, since: date) -> list[Line]:
    """The pieces as lines; those before ``since`` only explain the rounding of their period."""
    return [
        Line(
            step,
            step.start >= since,
            _interest(step),
            _subsidy(step),
            _exact(step.interest_numerator, step.interest_denominator),
            _exact(step.subsidy_numerator, step.subsidy_denominator),
        )
        for step in steps
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """What the bank said of a thing beside what the register says; ``agrees`` None: not judged."""

    name: str
    claimed: str
    registered: str
    agrees: bool | None


def beside(
    line: ClaimLine, note: Note, contract: Contract, counted: Sequence[Step]
) -> list[Compared]:
    """The facts of a claim line beside the register's; a cell that was left empty is not judged."""
    eligible = [step for step in counted if step.eligible and step.share_pct]
    rates = {step.subsidy_rate_ppm for step in eligible}
    facts: list[tuple[str, Any, Any, Callable[[Any], str]]] = [
        ("contract_no", line.cells.get("contract_no"), contract.contract_no, str),
        ("subsidy_class", _class(line.subsidy_class), _class(contract.subsidy_class), str),
        ("principal_fen", line.cells.get("principal_fen"), note.principal_fen, yuan),
        ("signed_on", line.cells.get("signed_on"), contract.signed_on.isoformat(), str),
        ("disbursed_on", line.cells.get("disbursed_on"), note.disbursed_on.isoformat(), str),
        ("matures_on", line.cells.get("matures_on"), note.matures_on.isoformat(), str),
        ("rate_ppm", line.cells.get("rate_ppm"), contract.rate_ppm, percent),
        ("subsidy_rate_ppm", line.cells.get("subsidy_rate_ppm"), *_one_of(rates), percent),
        ("days", line.cells.get("days"), sum(step.days for step in eligible), "{} 天".format),
        (
            "interest_paid_fen",
            line.cells.get("interest_paid_fen"),
            sum(step.interest_fen for step in counted),
            yuan,
        ),
        ("claimed_fen", line.claimed_fen, line.expected_fen, yuan),
    ]
    return [_compared(*fact) for fact in facts]


def _compared(name: str, said: Any, found: Any, shown: Callable[[Any], str]) -> Compared:
    claimed = "未填" if said is None else shown(said)
    registered = "—" if found is None else shown(found)
    return Compared(HEADERS[name], claimed, registered, _agrees(said, found))


def _agrees(said: Any, found: Any) -> bool | None:
    return None if said is None or found is None else bool(said == found)


def _one_of(rates: set[int]) -> tuple[int | None]:
    """The rate that earns the subsidy, where it is one."""
    return (rates.pop() if len(rates) == 1 else None,)


def _class(code: str | None) -> str | None:
    return None if code is None else SUBSIDY_CLASSES[code.lower()]


def _interest(step: Step) -> str:
    year = step.interest_denominator // PPM
    return f"{yuan(step.balance_fen)} × {percent(step.rate_ppm)} × {step.days} ÷ {year}"


def _subsidy(step: Step) -> str:
    if not step.share_pct:
        return "不贴息"
    if not step.eligible:
        return "这些天不贴息"
    year = step.interest_denominator // PPM
    return (
        f"{yuan(step.subsidised_fen)} × {percent(step.subsidy_rate_ppm)} × {step.days} ÷ {year}"
        f" × {step.share_pct}%"
    )


def _exact(numerator: int, denominator: int) -> str:
    """Yuan to five places, cut; the mark says whether anything was cut off."""
    whole, rest = divmod(numerator * PLACES, denominator)
    fen, thousandths = divmod(whole, PLACES)
    return f"{yuan(fen)}{thousandths:03d}{'…' if rest else ''}"
