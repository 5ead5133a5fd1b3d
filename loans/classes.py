"""What a note's subsidy is: class, share, rate, end, and the principal it is paid on.

（九）: FULL 财政部门给予全额贴息; HALF 对其他城乡劳动者经综合评估后给予50%的贴息; SMALL_FIRM
按基准利率给予50%的贴息, 期限不超过2年. The terms are those of the rules in force when the loan was
issued and never change afterwards; the class itself was frozen at acceptance.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from loans.daycount import add_years
from loans.errors import PolicyGap
from loans.policy import (
    LprTenor,
    PolicyBook,
    RateBasis,
    Rule,
    VersionDay,
    benchmark_ppm,
    lpr_ppm,
)


class SubsidyClass(StrEnum):
    """贴息类别."""

    FULL = "full"
    HALF = "half"
    SMALL_FIRM = "small_firm"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyTerms:
    """Subsidy terms of one note.

    ``subsidy_ends_on`` is the first day without subsidy. The subsidised rate on a day is the
    fixed ``benchmark_ppm`` if given, else max(0, min(contract rate, ``ceiling_ppm`` if given)
    − ``floor_ppm``), the floor being the borrower's own part. ``rules`` are what was read.
    """

    subsidy_class: SubsidyClass
    share_pct: int
    subsidy_ends_on: date
    rate_basis: RateBasis
    benchmark_ppm: int | None
    ceiling_ppm: int | None
    floor_ppm: int
    policy_version: str
    rules: tuple[Rule, ...]


def share_rule(subsidy_class: SubsidyClass, on: date, book: PolicyBook) -> Rule | None:
    """The share [percent] of a class for loans issued on a day; None for class NONE."""
    return None if subsidy_class is SubsidyClass.NONE else book.at(f"share.{subsidy_class}", on)


def subsidy_terms(
    subsidy_class: SubsidyClass,
    *,
    signed_on: date,
    first_disbursed_on: date,
    matures_on: date,
    contract_matures_on: date | None = None,
    lpr_tenor: LprTenor | None = None,
    book: PolicyBook,
) -> SubsidyTerms:
    """The terms of a note of a loan signed and first disbursed on two days.

    ``matures_on`` is the note's original maturity. The benchmark's term band is that of the
    contract: first disbursement to ``contract_matures_on`` (default: the note's maturity). The
    LPR is that of the day of signing. Raises ``PolicyGap`` where a rule or rate is missing.
    """
    version_day = book.at("version_day", first_disbursed_on)
    pinned = signed_on if version_day.value is VersionDay.SIGNING else first_disbursed_on
    firm = subsidy_class is SubsidyClass.SMALL_FIRM
    years = book.at("firm_subsidy_years" if firm else "individual_term_years", pinned)
    share = share_rule(subsidy_class, pinned, book)
    basis = book.at("firm_rate_basis" if firm else "individual_rate_basis", pinned)
    benchmark = ceiling = lpr = discount = None
    if basis.value is RateBasis.BENCHMARK:
        term_end = contract_matures_on or matures_on
        benchmark = benchmark_ppm(book, signed_on, term_end, starts_on=first_disbursed_on)
    elif basis.value is RateBasis.MIN_CEILING:
        ceiling = _ceiling(pinned, book)
    elif basis.value is RateBasis.ABOVE_LPR:
        lpr = _lpr(signed_on, lpr_tenor, book)
        discount = book.at("borrower_floor_discount", pinned)
    read = (version_day, years, share, basis, benchmark, ceiling, lpr, discount)
    return SubsidyTerms(
        subsidy_class=subsidy_class,
        share_pct=share.number if share else 0,
        subsidy_ends_on=min(matures_on, add_years(first_disbursed_on, years.number)),
        rate_basis=RateBasis(basis.text),
        benchmark_ppm=benchmark.number if benchmark else None,
        ceiling_ppm=ceiling.number if ceiling else None,
        floor_ppm=max(0, lpr.number - discount.number) if lpr and discount else 0,
        policy_version=book.version,
        rules=tuple(rule for rule in read if rule is not None),
    )


def _ceiling(on: date, book: PolicyBook) -> Rule:
    rule = book.at("rate_ceiling", on)
    if rule.value is None:
        raise PolicyGap(
            "rate-ceiling-missing",
            f"{on} 的贴息利率以上限为基础，但该日未设上限；请在政策文件中补充 rate_ceiling",
            cites=rule.cites,
            details={"key": rule.key, "on": on.isoformat()},
        )
    return rule


def _lpr(signed_on: date, tenor: LprTenor | None, book: PolicyBook) -> Rule:
    if tenor is None:
        raise PolicyGap(
            "lpr-tenor-missing",
            f"{signed_on} 签订的合同按LPR减点贴息，但未登记LPR期限品种；"
            "请在合同中补充（1年期或5年期以上）",
            details={"signed_on": signed_on.isoformat()},
        )
    return lpr_ppm(book, signed_on, tenor)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBalance:
    """A note's end-of-day balance as steps ``(on, balance_fen)``, first step on disbursement."""

    note_no: str
    disbursed_on: date
    balances: tuple[tuple[date, int], ...]


def subsidised_balances(
    notes: Iterable[NoteBalance], caps: Sequence[tuple[date, int]]
) -> dict[str, tuple[tuple[date, int], ...]]:
    """The principal of each note that earns a subsidy, as steps ``(on, subsidised_fen)``.

    On each day the borrower's cap [fen] is filled by earliest disbursement, then note number: so
    the sum is min(sum of balances, cap). ``caps`` are steps ``(on, cap_fen)``, oldest first, the
    first holding from the beginning: 30万 or 50万 for a person, min(10万·n, 300万) for all live
    loans of a firm, with a step where the hires were re-counted. A step is given only where the
    subsidised principal changes; the first is on the note's first day.
    """
    queue = sorted(notes, key=lambda note: (note.disbursed_on, note.note_no))
    days = {on for note in queue for on, _ in note.balances} | {on for on, _ in caps[1:]}
    steps: dict[str, list[tuple[date, int]]] = {note.note_no: [] for note in queue}
    for on in sorted(days):
        left = _level(caps, on, before=caps[0][1])
        for note in queue:
            if on < note.balances[0][0]:
                continue
            subsidised = min(_level(note.balances, on, before=0), left)
            left -= subsidised
            taken = steps[note.note_no]
            if not taken or taken[-1][1] != subsidised:
                taken.append((on, subsidised))
    return {note_no: tuple(taken) for note_no, taken in steps.items()}


def _level(steps: Sequence[tuple[date, int]], on: date, *, before: int) -> int:
    """The value of the last step on or before a day."""
    last = bisect_right(steps, on, key=lambda step: step[0]) - 1
    return steps[last][1] if last >= 0 else before
