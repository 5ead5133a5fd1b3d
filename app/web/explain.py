"""A recomputation as an auditor with a pocket calculator reads it: formulas from exact integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.web.render import percent, yuan
from subsidy.steps import Step

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
