"""What an application form says, as ``Asked``; and a stored application as the form."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.web.application_fields import CONSENT_VERSION
from app.web.fields import Choices
from loans.applications import Asked, Facts, HireFact, LoanTerms, Upload
from loans.context import Context
from loans.daycount import DayCount
from loans.models import Application, Branch
from loans.money import fen_to_yuan, ppm_to_percent
from loans.policy import PolicyBook
from loans.queries import branches
from loans.schedule import Method
from loans.underwriting import Applicant, Category, Hire, Honour
from loans.workflow import BorrowerKind
from subsidy.quotes import LoanWanted


def choices(ctx: Context) -> dict[str, Choices]:
    """The choices that come from the register and from the law of the day."""
    rows = ctx.session.scalars(branches(ctx, bank_id=ctx.actor.bank_id).order_by(Branch.code))
    return {
        "branch_id": tuple((str(row.public_id), f"{row.code} {row.name}") for row in rows),
        **choices_of(ctx.book, ctx.on),
    }


def choices_of(book: PolicyBook, on: date) -> dict[str, Choices]:
    """The choices that the law of a day gives."""
    levels: Any = book.at("honour_levels", on).value
    return {
        "categories": _named(book, "group", on),
        "honour_kind": _named(book, "honour", on),
        "honour_level": tuple((level.code, level.name) for level in levels),
        "category": _named(book, "hire_group", on),
        "kind": tuple((paper, paper) for paper in _papers(book, on)),
    }


def _named(book: PolicyBook, family: str, on: date) -> Choices:
    return tuple((rule.code, rule.title) for rule in book.family(family, on))


def _papers(book: PolicyBook, on: date) -> dict[str, None]:
    """The documents that the groups of the law ask for, each once."""
    rules = (*book.family("group", on), *book.family("hire_group", on))
    return dict.fromkeys(paper for rule in rules for paper in getattr(rule.value, "evidence", ()))


def asked(kind: BorrowerKind, values: Mapping[str, Any]) -> Asked:
    """What a form without faults says."""
    return Asked(
        kind=kind,
        name=values["name"],
        id_no=values["id_no"],
        phone=values["phone"] or None,
        address=values["address"] or None,
        account=values["account"] or None,
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
        hires=tuple(HireFact(**hire) for hire in values.get("hires", ())),
        evidence=tuple(_document(line) for line in values["evidence"]),
        uploads=tuple(
            Upload(paper["kind"], paper["file"].name, paper["file"].sha256)
            for paper in values["uploads"]
        ),
    )


def _facts(values: Mapping[str, Any]) -> Facts:
    graduated_on = values.get("graduated_on")
    return Facts(
        business_division=values["business_division"] or None,
        local_hukou=values.get("local_hukou"),
        categories=values.get("categories", ()),
        graduated_on=graduated_on.isoformat() if graduated_on else None,
        employees=values.get("employees"),
        honours=_honours(values),
        is_small_firm=values.get("is_small_firm"),
        spouse_has_loan=values.get("spouse_has_loan"),
        own_firm_subsidised=values.get("own_firm_subsidised"),
    )


def applicant(kind: BorrowerKind, values: Mapping[str, Any]) -> Applicant:
    """The applicant as far as the form says by now: for an assessment while it is filled in."""
    facts = _facts(values)
    papers = [_document(line)[0] for line in values.get("evidence") or ()]
    papers += [paper["kind"] for paper in values.get("uploads") or ()]
    return Applicant(
        kind=kind,
        business_division=facts.business_division,
        local_hukou=facts.local_hukou,
        categories=tuple(Category(code=code) for code in facts.categories),
        graduated_on=values.get("graduated_on"),
        employees=facts.employees,
        honours=tuple(Honour(**honour) for honour in facts.honours),
        is_small_firm=facts.is_small_firm,
        evidence=tuple(papers),
        hires=tuple(
            Hire(
                reference=str(no),
                evidence=tuple(papers),
                **{name: hire[name] for name in _JUDGED if hire[name] is not None},
            )
            for no, hire in enumerate(values.get("hires") or (), 1)
        ),
    )


def wanted(values: Mapping[str, Any]) -> LoanWanted | None:
    """The loan as far as the form says by now; None where its terms are not all there."""
    if any(
        values.get(name) is None for name in ("amount_fen", "term_months", "rate_ppm", "method")
    ):
        return None
    return LoanWanted(
        amount_fen=values["amount_fen"],
        term_months=values["term_months"],
        rate_ppm=values["rate_ppm"],
        method=Method(values["method"]),
        every_months=int(values.get("every_months") or 1),
        day_count=DayCount(values["day_count"]) if values.get("day_count") else None,
        settlement=values.get("settlement"),
    )


def _honours(values: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    if not values.get("honour_kind"):
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
    "own_firm_subsidised", "is_small_firm",
)  # fmt: skip
_JUDGED = (
    "category",
    "local_hukou",
    "graduated_on",
    "contract_from",
    "contract_until",
    "open_ended",
)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
