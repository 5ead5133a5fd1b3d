"""The public page: what an applicant is entitled to, by the sentences of the law. No login.

The answers to a handful of questions go through the same quote as the API's, and nowhere else:
they come in the body of a form, so no address and no log line has them, and nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.web.edge import Form, installation_of, refused
from app.web.entitlement_questions import COUNTS, FIELDS, GROUPS, HERE, PERSON
from app.web.fields import Choices, Filled, read, texts_of
from app.web.render import render
from loans.dossier import as_json
from loans.errors import Conflict
from loans.policy import PolicyBook
from loans.schedule import LONGEST_TERM, Method
from loans.underwriting import (
    APPRAISAL,
    VERIFICATION,
    Applicant,
    Category,
    Exposure,
    Hire,
    Honour,
    remedies,
)
from loans.workflow import BorrowerKind
from subsidy.quotes import LoanWanted, Quote, quote

router = APIRouter(include_in_schema=False)
ELSEWHERE = "外地"  # outside of the area, wherever that is
MOST_HIRES = 500
LOOKED_UP = "查询结果"
ANSWER_COST = 20  # of 1200 a minute: 60 answers


@dataclass(frozen=True, slots=True)
class Law:
    """The rules by which the page answers: the book in force and the business date."""

    book: PolicyBook
    on: date


@router.get("/entitlement")
def ask(request: Request) -> Response:
    """The questions."""
    return _page(request, Filled({field.name: field.start for field in FIELDS}))


@router.post("/entitlement")
def answer(request: Request, form: Form) -> Response:
    """The answer; nothing is kept of it. Anybody may ask, so one address may ask only so often."""
    buckets = installation_of(request).buckets
    if buckets and request.client:
        buckets.take(request.client.host, ANSWER_COST)
    reading = read(FIELDS, form)
    filled = Filled(texts_of(FIELDS, form), reading.faults)
    faults = reading.faults | _too_much(reading.values)
    if faults:
        return _page(request, Filled(filled.texts, faults), status=422)
    law = _law(request)
    try:
        found = quote(
            _applicant(reading.values, law),
            _wanted(reading.values),
            _exposure(reading.values),
            on=law.on,
            book=law.book,
        )
    except Conflict as error:  # an amount or a rate beyond all reason
        problem = refused(error).body
        return _page(request, Filled(filled.texts, {}, problem), status=422)
    return _page(request, filled, found=found)


def _too_much(values: Mapping[str, Any]) -> dict[str, str]:
    """What the calculation does not take."""
    faults = {}
    if values.get("amount_fen") == 0:
        faults["amount_fen"] = "“想贷多少”须大于 0 元"
    term = values.get("term_months")
    if term is not None and not 1 <= term <= LONGEST_TERM:
        faults["term_months"] = f"“期限”应在 1 至 {LONGEST_TERM} 个月之间"
    for name in (*COUNTS, "other_hires"):
        if (values.get(name) or 0) > MOST_HIRES:
            faults[name] = f"人数最多填 {MOST_HIRES} 人"
    return faults


def _law(request: Request) -> Law:
    installation = installation_of(request)
    with installation.reads() as session:
        return Law(installation.law(session), installation.today(session))


def _wanted(values: Mapping[str, Any]) -> LoanWanted:
    return LoanWanted(
        amount_fen=values["amount_fen"],
        term_months=values["term_months"],
        rate_ppm=values["rate_ppm"],
        method=Method(values["method"]),
    )


def _applicant(values: Mapping[str, Any], law: Law) -> Applicant:
    here = values["here"]
    return Applicant(
        kind=BorrowerKind(values["kind"]),
        business_division=None if here is None else HERE if here else ELSEWHERE,
        local_hukou=values["local_hukou"],
        categories=tuple(Category(code=code) for code in values["categories"]),
        graduated_on=values["graduated_on"],
        employees=values["employees"],
        honours=(
            (Honour(kind=values["honour_kind"], level=values["honour_level"] or None),)
            if values["honour_kind"]
            else ()
        ),
        is_small_firm=values["is_small_firm"],
        hires=tuple(_hires(values, law.on)),
    )


def _exposure(values: Mapping[str, Any]) -> Exposure:
    """What else runs; a question left blank is not known, never none."""
    others = values["other_hires"]
    return Exposure(
        other_approved_fen=values["other_approved_fen"],
        other_bases_fen=values["other_bases_fen"],
        other_hires=None if others is None else tuple(f"在贷{n}" for n in range(1, others + 1)),
        spouse_has_loan=values["spouse_has_loan"],
        own_firm_subsidised=values["own_firm_subsidised"],
        subsidised_loans=0,
        earlier_overdue=False,
    )


def _hires(values: Mapping[str, Any], on: date) -> list[Hire]:
    """The hires a firm counts: each as the questions describe them, hired today for good."""
    return [
        Hire(
            reference=f"新招用第 {no} 人",
            category=category,
            local_hukou=True,
            graduated_on=on,
            contract_from=on,
            open_ended=True,
        )
        for no, category in enumerate(
            (code for name, code in COUNTS.items() for _ in range(values[name] or 0)), 1
        )
    ]


def _page(
    request: Request, filled: Filled, *, found: Quote | None = None, status: int = 200
) -> Response:
    law = _law(request)
    assessment = found.assessment if found else None
    papers = _documents(found) if found else []
    content: dict[str, Any] = {
        "groups": GROUPS,
        "choices": _choices(law),
        "filled": filled,
        "on": law.on,
        "unconfirmed": [
            document
            for document in law.book.documents
            if document.effective_from <= law.on and not document.confirmed
        ],
        "answer": as_json(assessment) if assessment else None,
        "for_firm": filled.texts.get("kind") != PERSON,
        "months": found.attainable_months if found else (),
        "ways": remedies(assessment, law.book) if assessment else (),
        "documents": [paper for paper in papers if _is_brought(paper[0])],
        "by_offices": [paper for paper in papers if not _is_brought(paper[0])],
    }
    env = installation_of(request).env
    return HTMLResponse(render("entitlement.html", env=env, **content), status)


def _documents(found: Quote) -> list[tuple[str, tuple[str, ...]]]:
    """Each document to bring, and the sentences that ask for it."""
    assessment = found.assessment
    wanted: dict[str, dict[str, None]] = {}
    for finding in assessment.findings:
        for need in finding.needs:
            wanted.setdefault(need, {}).update(dict.fromkeys(finding.cites))
    for need in assessment.cap_needs:
        wanted.setdefault(need, {})
    return [(need, tuple(cites)) for need, cites in wanted.items()]


def _is_brought(need: str) -> bool:
    """What an office looks up, verifies or appraises is no document to bring."""
    return need not in (VERIFICATION, APPRAISAL) and not need.endswith(LOOKED_UP)


def _choices(law: Law) -> dict[str, Choices]:
    book, on = law.book, law.on
    levels: Any = book.at("honour_levels", on).value
    return {
        "categories": tuple((rule.code, rule.title) for rule in book.family("group", on)),
        "honour_kind": tuple((rule.code, rule.title) for rule in book.family("honour", on)),
        "honour_level": tuple((level.code, level.name) for level in levels),
    }
