"""Which acts a person may do to an application now, and what their forms start with.

The table of steps and the access table decide; the domain decides again when the act is run.
"""

from typing import Any

from app.web.acts import Offer
from app.web.application_acts import ACTS
from app.web.edge import Visit
from app.web.fields import Choices, Filled
from loans import reservations
from loans.access import Role
from loans.applications import EDITABLE
from loans.decisions import APPRAISABLE, VERIFIABLE, latest_proposal
from loans.errors import Conflict
from loans.models import Application, Disbursement, Hire, Proposal
from loans.money import fen_to_yuan
from loans.underwriting import CHECKLISTS, Card
from loans.versions import law_of
from loans.workflow import WITHDRAWABLE, Action, BorrowerKind, State, next_step


def offers(
    visit: Visit, application: Application, *, hires: list[Hire], drawings: list[Disbursement]
) -> list[Offer]:
    """The acts this person may do to the application now, with what their forms start with."""
    path = f"/applications/{application.public_id}"
    subjects = _subjects(visit, application, hires)
    choices = {"result": subjects, "hire": subjects, **_lists(visit, application)}
    found = []
    for act in ACTS.values():
        if visit.may(act.operation) and _is_open(visit, application, act.name, drawings):
            filled = Filled(_starts(visit, application, act.name, drawings))
            found.append(Offer(act, f"{path}/{act.name}", filled, choices))
    return found


def _is_open(
    visit: Visit, application: Application, name: str, drawings: list[Disbursement]
) -> bool:
    state, kind = application.state, application.kind
    roles = visit.actor.roles
    desk = Role.GUARANTEE_REVIEWER if kind is BorrowerKind.INDIVIDUAL else Role.FINANCE_AUDITOR
    match name:
        case "submit":
            return state is State.DRAFT
        case "resubmit":
            return state is State.RETURNED
        case "withdraw":
            return state in WITHDRAWABLE
        case "lapse":
            return (
                Role.BANK_MAKER in roles
                and _current_opinion(visit, application) is None
                and reservations.has_ended(visit.ctx, application)
            )
        case "hire-left":
            return kind is BorrowerKind.SMALL_FIRM and state is State.APPROVED
        case "draw":
            return state is State.APPROVED and _left(application, drawings) > 0
        case "accept" | "return":
            return state is State.SUBMITTED and desk in roles
        case "verify":
            return state in VERIFIABLE
        case "decide-verification":
            return state is State.HIRE_VERIFICATION
        case "appraise-raised_cap":
            ordinary = visit.ctx.book.at("individual_cap", visit.ctx.on).number
            return _is_appraisable(application) and application.amount_fen > ordinary
        case "appraise-half":
            return _is_appraisable(application)
        case _:
            return _is_my_decision(visit, application, name)


def _is_appraisable(application: Application) -> bool:
    return application.state in APPRAISABLE and application.kind is BorrowerKind.INDIVIDUAL


def _is_my_decision(visit: Visit, application: Application, name: str) -> bool:
    """Whether this person makes ("propose") or checks ("decide") the opinion of this stage."""
    opinion = _current_opinion(visit, application)
    try:
        step = next_step(
            application.kind,
            application.state,
            opinion.action if opinion else Action.PASS,
            returned_from=application.returned_from,
        )
    except Conflict:
        return False
    if opinion is None:
        return name == "propose" and step.proposed_by in visit.actor.roles
    mine = opinion.by_person_id == visit.actor.person_id
    return name == "decide" and step.by in visit.actor.roles and not mine


def _current_opinion(visit: Visit, application: Application) -> Proposal | None:
    """The opinion that waits for its checker; none where the content has changed since."""
    opinion = latest_proposal(visit.ctx, application)
    changed = opinion is not None and opinion.content_hash != application.content_hash
    return None if changed else opinion


def _left(application: Application, drawings: list[Disbursement]) -> int:
    return (application.approved_fen or 0) - sum(drawing.amount_fen for drawing in drawings)


def _starts(
    visit: Visit, application: Application, name: str, drawings: list[Disbursement]
) -> dict[str, Any]:
    today = visit.ctx.on.isoformat()
    if name == "propose":
        asked = application.approved_fen or application.amount_fen
        return {"action": Action.PASS.value, "approved_fen": fen_to_yuan(asked)}
    if name == "return":
        return {"missing": "\n".join(_missing(application))}
    if name == "draw":
        first = drawings[0] if drawings else None
        return {
            "amount_fen": fen_to_yuan(_left(application, drawings)),
            "contract_no": first.contract_no if first else "",
            "signed_on": first.signed_on.isoformat() if first else today,
            "disbursed_on": today,
        }
    return {}


def _missing(application: Application) -> list[str]:
    found = (application.assessment or {}).get("findings", [])
    return list(dict.fromkeys(need for finding in found for need in finding["needs"]))


def _subjects(visit: Visit, application: Application, hires: list[Hire]) -> Choices:
    """What 人社 gives its word on: the claimed groups, or every hire."""
    book, on = law_of(visit.ctx, application)
    family = "group" if application.kind is BorrowerKind.INDIVIDUAL else "hire_group"
    groups = {rule.code: rule.title for rule in book.family(family, on)}
    if application.kind is BorrowerKind.INDIVIDUAL:
        return tuple((code, groups.get(code, code)) for code in application.categories)
    return tuple(
        (
            str(hire.public_id),
            f"{hire.name_masked} {hire.id_masked} {groups.get(hire.category, hire.category)}",
        )
        for hire in hires
    )


def _lists(visit: Visit, application: Application) -> dict[str, Choices]:
    """The lines of its version's scorecards and of the stage's due-diligence checklist (9.12)."""
    book, on = law_of(visit.ctx, application)
    found: dict[str, Choices] = {}
    for card in Card:
        items: Any = book.at(f"appraisal.{card}", on).value
        found[card.value] = tuple(
            (item.code, f"{item.title}（0–{item.weight} 分）") for item in items.items
        )
    key = CHECKLISTS.get(application.state)
    lines: Any = book.at(key, on).value if key else ()
    return found | {"checklist": tuple((line.code, line.title) for line in lines)}


def is_editable(visit: Visit, application: Application) -> bool:
    """Whether this person may change the application's content now."""
    return visit.may("applications.edit") and application.state in EDITABLE
