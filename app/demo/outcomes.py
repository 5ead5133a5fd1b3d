"""Applications by outcome, each with the sentence that decided it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.demo.facts import Decided
from loans.classes import SubsidyClass
from loans.models import Application
from loans.policy import PolicyBook
from loans.underwriting import Outcome, Topic
from loans.workflow import State

_GRANTED = {
    SubsidyClass.FULL: ("批准：全额贴息", "group."),
    SubsidyClass.HALF: ("批准：50%贴息", "share.half"),
    SubsidyClass.SMALL_FIRM: ("批准：小微企业贴息", "firm_per_hire"),
    SubsidyClass.NONE: ("批准：不贴息", "half_needs_appraisal"),
}
_RAISED, _RAISED_CAP = "批准：最高50万元额度", "individual_raised_cap"
_REFUSED = {
    "programme_area": "驳回：经营地不在本市",
    "individual_cap": "驳回：超过最高额度",
    "individual_term_years": "驳回：超过最长期限",
    "firm_per_hire": "驳回：没有符合条件的新招用人员",
}
_BY_BANK = "驳回：银行审批未通过"
_ENDED = {State.WITHDRAWN: "申请人撤回", State.LAPSED: "批准后到期未用，失效"}
_OPEN = "年末仍在办理"
_ORDER = (
    *(label for label, _ in _GRANTED.values()), _RAISED, *_REFUSED.values(), _BY_BANK,
    *_ENDED.values(), _OPEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """One outcome: how many applications, and the sentence behind the first of them."""

    label: str
    count: int
    cite: str


def endings(decided: Iterable[Decided], book: PolicyBook) -> Iterator[Ending]:
    """All outcomes that occurred, granted ones first."""
    counts: dict[str, int] = {}
    cites: dict[str, str] = {}
    for one in decided:
        label, cite = _ending(one, book)
        counts[label] = counts.get(label, 0) + 1
        cites.setdefault(label, cite)
    for label in _ORDER:
        if label in counts:
            yield Ending(label, counts[label], cites[label])


def _ending(one: Decided, book: PolicyBook) -> tuple[str, str]:
    row = one.application
    if row.state is State.APPROVED:
        return _granted(row)
    if row.state is State.REJECTED:
        assert one.refusal is not None
        found = _finding(row, Topic.ELIGIBILITY, Outcome.NO)
        if found is None:
            return _BY_BANK, one.refusal.reason
        return _REFUSED.get(found["rule"], "驳回"), one.refusal.details["cites"][0]
    if row.state is State.LAPSED:
        assert row.decided_on is not None
        return _ENDED[row.state], book.at("reservation_days", row.decided_on).cites[0]
    return _ENDED.get(row.state, _OPEN), ""


def _granted(row: Application) -> tuple[str, str]:
    assert row.assessment is not None
    if _finding(row, Topic.ELIGIBILITY, Outcome.YES, _RAISED_CAP):
        limits = row.assessment["limits"]
        cites = next(limit["cites"] for limit in limits if limit["rule"] == _RAISED_CAP)
        return _RAISED, cites[0]
    label, rule = _GRANTED[SubsidyClass(row.subsidy_class or SubsidyClass.NONE)]
    findings = row.assessment["findings"]
    best = sorted(
        (finding for finding in findings if finding["rule"].startswith(rule)),
        key=lambda finding: finding["outcome"] != Outcome.YES,
    )
    return label, best[0]["cites"][0] if best else ""


def _finding(
    row: Application, topic: Topic, outcome: Outcome, rule: str | None = None
) -> dict[str, Any] | None:
    findings = (row.assessment or {}).get("findings", [])
    return next(
        (
            finding
            for finding in findings
            if (finding["topic"], finding["outcome"]) == (topic, outcome)
            and (rule is None or finding["rule"] == rule)
        ),
        None,
    )
