"""What a person's application form says, as ``Asked``; and a stored application as the form."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.web.application_fields import CONSENT_VERSION
from app.web.fields import Choices
from loans.applications import Asked, Facts, LoanTerms
from loans.context import Context
from loans.models import Application, Branch
from loans.money import fen_to_yuan, ppm_to_percent
from loans.policy import PolicyBook
from loans.queries import branches
from loans.schedule import Method
from loans.workflow import BorrowerKind


def choices(ctx: Context) -> dict[str, Choices]:
    """The choices that come from the register and from the law of the day."""
    rows = ctx.session.scalars(branches(ctx, bank_id=ctx.actor.bank_id).order_by(Branch.code))
    return {
        "branch_id": tuple((str(row.public_id), f"{row.code} {row.name}") for row in rows),
        **_of_the_law(ctx.book, ctx.on),
    }


def _of_the_law(book: PolicyBook, on: date) -> dict[str, Choices]:
    levels: Any = book.at("honour_levels", on).value
    return {
        "categories": tuple((rule.code, rule.title) for rule in book.family("group", on)),
        "honour_kind": tuple((rule.code, rule.title) for rule in book.family("honour", on)),
        "honour_level": tuple((level.code, level.name) for level in levels),
    }


def asked(values: Mapping[str, Any]) -> Asked:
    """What a form without faults says."""
    return Asked(
        kind=BorrowerKind.INDIVIDUAL,
        name=values["name"],
        id_no=values["id_no"],
        phone=values["phone"] or None,
        branch_id=values["branch_id"],
        terms=LoanTerms(
            amount_fen=values["amount_fen"],
            term_months=values["term_months"],
            rate_ppm=values["rate_ppm"],
            penalty_rate_ppm=values["penalty_rate_ppm"],
            method=Method(values["method"]),
            every_months=int(values["every_months"]),
            day_count=values["day_count"],
            settlement=values["settlement"],
            purpose=values["purpose"],
        ),
        facts=_facts(values),
        consent_version=CONSENT_VERSION,
        evidence=tuple(_document(line) for line in values["evidence"]),
    )


def _facts(values: Mapping[str, Any]) -> Facts:
    graduated_on = values["graduated_on"]
    return Facts(
        business_division=values["business_division"] or None,
        local_hukou=values["local_hukou"],
        categories=values["categories"],
        graduated_on=graduated_on.isoformat() if graduated_on else None,
        employees=values["employees"],
        honours=_honours(values),
        spouse_has_loan=values["spouse_has_loan"],
        own_firm_subsidised=values["own_firm_subsidised"],
    )


def _honours(values: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    if not values["honour_kind"]:
        return ()
    return (
        {
            "kind": values["honour_kind"],
            "level": values["honour_level"],
            "project": values["honour_project"] or None,
            "holder": None,
            "year": values["honour_year"],
        },
    )


def _document(line: str) -> tuple[str, str]:
    kind, _, reference = line.partition(" ")
    return kind[:64], (reference.strip() or "无编号")[:200]


def texts_of(application: Application, branch: Branch) -> dict[str, Any]:
    """A stored application's content as the form shows it; name and number are typed again."""
    facts = application.facts
    honour: dict[str, Any] = next(iter(facts["honours"]), {})
    return {
        "branch_id": str(branch.public_id),
        "amount_fen": fen_to_yuan(application.amount_fen),
        "term_months": str(application.term_months),
        "rate_ppm": ppm_to_percent(application.rate_ppm),
        "penalty_rate_ppm": ppm_to_percent(application.penalty_rate_ppm),
        "method": application.method,
        "every_months": str(application.every_months),
        "settlement": application.settlement,
        "day_count": application.day_count,
        "purpose": application.purpose,
        "categories": list(facts["categories"]),
        **{f"honour_{name}": str(honour.get(name) or "") for name in _HONOUR},
        **{name: _shown(facts.get(name)) for name in _PLAIN},
    }


_HONOUR = ("kind", "level", "project", "year")
_PLAIN = (
    "business_division", "local_hukou", "graduated_on", "employees", "spouse_has_loan",
    "own_firm_subsidised",
)  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
