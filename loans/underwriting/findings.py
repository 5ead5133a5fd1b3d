"""What an assessment says: cited findings with three outcomes, limits, and the whole.

YES: the rule is met. NO: it is not. UNKNOWN: a document is missing, and ``needs`` names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from loans.classes import SubsidyClass
from loans.policy import Rule
from loans.workflow import BorrowerKind

# What an authority does, not a document that the applicant brings.
VERIFICATION = "人力资源社会保障部门核验"
APPRAISAL = "综合评估"


class Outcome(StrEnum):
    """The answer of a rule."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Topic(StrEnum):
    """What a finding decides: only ELIGIBILITY can refuse; a WARNING is left to the reviewer."""

    ELIGIBILITY = "eligibility"
    CAP = "cap"
    SUBSIDY = "subsidy"
    HIRE = "hire"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule applied to one applicant.

    ``rule`` is the policy key; ``value`` the value in force and ``observed`` what was found, both
    as a person reads them; ``subject`` the category, honour or hire it is about; ``also`` other
    policy keys that were read for it.
    """

    topic: Topic
    rule: str
    outcome: Outcome
    sentence: str
    observed: str
    value: str
    since: date
    cites: tuple[str, ...]
    needs: tuple[str, ...] = ()
    subject: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One upper limit of the amount; ``binding`` where no other is lower."""

    rule: str
    amount_fen: int
    sentence: str
    since: date
    cites: tuple[str, ...]
    binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The whole answer for one application on one day.

    Two columns run through it: what is *proved* by the facts at hand, and what is *attainable*
    once every missing document is in and good. ``cap_fen`` is the largest amount proved
    approvable (persons) or the largest subsidised base (firms); ``base_fen`` the base of this
    loan (firms). ``cap_needs``: the documents between the two caps. ``latest_maturity_on`` None:
    the opinion sets no limit to the loan's term.
    """

    kind: BorrowerKind
    on: date
    amount_fen: int
    disbursed_on: date
    matures_on: date
    eligible: Outcome
    findings: tuple[Finding, ...]
    limits: tuple[Limit, ...]
    cap_fen: int
    attainable_cap_fen: int
    cap_needs: tuple[str, ...]
    latest_maturity_on: date | None
    subsidy_class: SubsidyClass
    share_pct: int
    attainable_class: SubsidyClass
    base_fen: int | None = None
    hires_counted: int | None = None
    policy_version: str

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a reviewer must accept with a comment, or cannot see yet."""
        return tuple(
            f for f in self.findings if f.topic is Topic.WARNING and f.outcome is not Outcome.YES
        )

    @property
    def decisive(self) -> tuple[Finding, ...]:
        """The findings that refuse this application."""
        return tuple(
            f for f in self.findings if f.topic is Topic.ELIGIBILITY and f.outcome is Outcome.NO
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """All that is still missing before eligibility and class are settled, each once."""
        settled = (Topic.ELIGIBILITY, Topic.SUBSIDY)
        return merged(
            *(f.needs for f in self.findings if f.topic in settled and f.outcome is Outcome.UNKNOWN)
        )

    @property
    def documents(self) -> tuple[str, ...]:
        """The part of ``needs`` that the applicant brings: without it the file is incomplete."""
        return tuple(need for need in self.needs if need not in (VERIFICATION, APPRAISAL))

    @property
    def preconditions(self) -> tuple[str, ...]:
        """The part of ``needs`` that authorities do: 人社's verification, the appraisal."""
        return tuple(need for need in self.needs if need in (VERIFICATION, APPRAISAL))


def judged(
    topic: Topic,
    rule: Rule,
    outcome: Outcome,
    sentence: str,
    *,
    observed: str,
    needs: tuple[str, ...] = (),
    subject: str = "",
    also: tuple[Rule, ...] = (),
) -> Finding:
    """A finding that carries its rule's value and day, and the citations of all it rests on."""
    return Finding(
        topic=topic,
        rule=rule.key,
        outcome=outcome,
        sentence=sentence,
        observed=observed,
        value=rule.shown,
        since=rule.since,
        cites=merged(rule.cites, *(other.cites for other in also)) if also else rule.cites,
        needs=needs if outcome is Outcome.UNKNOWN else (),
        subject=subject,
        also=tuple(other.key for other in also),
    )


def yes_if(met: bool) -> Outcome:
    """YES if met, else NO."""
    return Outcome.YES if met else Outcome.NO


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """NO if any is NO, else UNKNOWN if any is, else YES (so for none)."""
    found = set(outcomes)
    return next((o for o in (Outcome.NO, Outcome.UNKNOWN) if o in found), Outcome.YES)


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """YES if any is YES, else UNKNOWN if any is, else NO (so for none)."""
    found = set(outcomes)
    return next((o for o in (Outcome.YES, Outcome.UNKNOWN) if o in found), Outcome.NO)


def merged(*lists: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of several lists, each once, in order."""
    return tuple(dict.fromkeys(text for texts in lists for text in texts))
