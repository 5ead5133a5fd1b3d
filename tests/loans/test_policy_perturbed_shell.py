"""No dead parameter among those that the commands read: another value, another result, named.

A scene answers with what came of it and with everything that was said of it: refusals, findings,
citations, rule keys. Every scene is asked in a transaction that leaves no trace.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loans import clocks, decisions, payouts
from loans.errors import Conflict
from loans.models import Application, Contract, Movement, Note
from loans.policy import PolicyBook, Scorecard
from loans.schedule import Method
from loans.underwriting import Applicant, BorrowerKind, Card, Exposure
from loans.workflow import Action, State
from subsidy.forecast import budget
from subsidy.quotes import LoanWanted, quote
from tests import guarantee
from tests.databases import Databases
from tests.programme import Programme, answered_checklist, filled_card, shipped_book

BOOK = shipped_book()
DAY = date(2019, 4, 1)

# (what came of it, all that was said of it)
Seen = tuple[Any, Any]
Scene = Callable[[Programme], Seen]


def reading(p: Programme, call: Callable[[Any], Any]) -> Any:
    """A read by the guarantee company."""
    with p.reading() as session:
        return call(p.installation.context(session, p.guarantor.maker))


def refused(call: Callable[[], Any]) -> Seen:
    """What a command answers, or its refusal: the code, and every word of it."""
    try:
        return call(), ""
    except Conflict as refusal:
        return refusal.code, [refusal.message, refusal.cites, refusal.details]


def asked(p: Programme, book: PolicyBook, scene: Scene) -> Seen:
    """What a scene shows under a book."""
    shipped = p.installation
    p.installation = replace(shipped, book=book)
    try:
        with p.rehearsed():
            return scene(p)
    finally:
        p.installation = shipped


def changes_and_is_named(p: Programme, key: str, scene: Scene, value: Any) -> None:
    """Another value gives another result, and one of the two explanations names its parameter."""
    (was, said), (now, says) = (asked(p, book, scene) for book in (BOOK, BOOK.replaced(key, value)))
    assert was != now, f"{key} = {value}"
    words = json.dumps([said, says], ensure_ascii=False, default=str)
    title = BOOK.rules(key)[0].title
    assert f'"{key}"' in words or title in words, f"{key}（{title}）: {words}"


def _due(state: State) -> Scene:
    def scene(p: Programme) -> Seen:
        p.guaranteed() if state is State.LOAN_APPROVAL else p.under_review()
        lists = reading(p, clocks.due_lists)
        found = [row for row in (*lists.today, *lists.tomorrow, *lists.later) if row.state is state]
        return [row.due_on for row in found], [row.rule for row in found]

    return scene


def _reviewed(p: Programme) -> Seen:
    return refused(lambda: p.row(Application, p.guaranteed()).approved_fen)


def _shared(p: Programme) -> Seen:
    """A loan of 60000.00 whose bank agreed to bear 20%, under a law that asks for 30."""
    book = p.installation.book.replaced("bank_share_min", 30)
    p.installation = replace(p.installation, book=book)
    note = p.row(Note, p.loan(amount_fen=60_000_00))
    said = reading(p, lambda ctx: payouts.share_basis_of(ctx, note))
    return p.rows(select(Contract.bank_share_pct)), said


def _quoted(p: Programme) -> Seen:
    """What a loan costs where its contract says nothing of settlement or of the day count."""
    person = Applicant(kind=BorrowerKind.INDIVIDUAL, business_division="320281")
    wanted = LoanWanted(
        amount_fen=100_000_00, term_months=12, rate_ppm=43_500, method=Method.BULLET
    )
    known = Exposure(other_approved_fen=0)
    found = quote(person, wanted, known, on=DAY, book=p.installation.book)
    return found.costs, [rule.key for rule in found.rules]


def _lapsed(p: Programme) -> Seen:
    application = p.approved()
    p.day(DAY + timedelta(days=90))
    return refused(lambda: p.lapse(application).state)


def _extended(p: Programme) -> Seen:
    note = p.loan()
    return refused(
        lambda: p.report(note, "request_extension", until=date(2021, 4, 1), reason="延后").until
    )


def _last_movement(p: Programme) -> Seen:
    row = p.rows(select(Movement).order_by(Movement.id))[-1]
    return row.kind, row.rule


def _stopped(reason: str) -> Scene:
    def scene(p: Programme) -> Seen:
        p.report(p.loan(), "stop_subsidy", on=p.today, reason=reason)
        return _last_movement(p)

    return scene


def _paid_out(p: Programme) -> Seen:
    note = p.loan()
    guarantee.default(p, note, due_on=date(2019, 6, 20))
    guarantee.compensated(p, note)
    return _last_movement(p)


def _funded(p: Programme) -> Seen:
    p.loan()
    lines = [line for line, _ in reading(p, lambda ctx: budget(ctx, since=DAY, months=2))]
    return [(line.city_fen, line.central_fen) for line in lines], [line.rule for line in lines]


def _appraised(card: Card) -> Scene:
    """The shipped card filled with 80 points in a hundred; what the findings say then."""
    items = [replace(line, points=line.points * 8 // 10) for line in filled_card(BOOK, card)]

    def scene(p: Programme) -> Seen:
        application = p.submitted(p.asked(facts={"categories": (), "employees": 6}))
        p.do(
            p.guarantor.maker,
            "applications.appraise",
            lambda ctx: decisions.appraise(ctx, application_id=application, card=card, items=items),
        )
        found = p.row(Application, application).assessment
        return (found["cap_fen"], found["subsidy_class"]), found["findings"]

    return scene


def _checked(state: State) -> Scene:
    def scene(p: Programme) -> Seen:
        office = p.guarantor if state is State.GUARANTEE_REVIEW else p.bank
        application = p.under_review()
        if state is State.LOAN_APPROVAL:
            p.decide(application, p.guarantor)
        answers = answered_checklist(BOOK, state)
        return refused(
            lambda: p.propose(application, office.maker, Action.PASS, checklist=answers).action
        )

    return scene


def _stricter(card: Card) -> Scorecard:
    value = BOOK.at(f"appraisal.{card}", DAY).value
    assert isinstance(value, Scorecard)
    return replace(value, pass_mark=90)


OTHER_CHECK = [{"code": "luck", "title": "另一项目"}]

# key -> (what is done, another value)
SCENES: dict[str, tuple[Scene, Any]] = {
    "guarantee_review_workdays": (_due(State.GUARANTEE_REVIEW), 4),
    "loan_approval_workdays": (_due(State.LOAN_APPROVAL), 6),
    "fund_leverage": (_reviewed, 0),
    "bank_share_min": (lambda p: refused(lambda: p.agree(p.bank, share_pct=15)), 10),
    "bank_share_threshold": (_shared, 50_000_00),
    "day_count": (_quoted, "act/365"),
    "settlement": (_quoted, "monthly-20"),
    "reservation_days": (_lapsed, 91),
    "extension_max_years": (_extended, 0),
    "stop_event.deregistered": (_stopped("deregistered"), False),
    "stop_event.other_employment": (_stopped("other_employment"), False),
    "stop_event.legal_representative": (_stopped("legal_representative"), True),
    "stop_event.misuse": (_stopped("misuse"), False),
    "stop_event.compensation": (_paid_out, False),
    "funding_split": (_funded, {"central": 40, "province": 0, "city": 60}),
    "appraisal.raised_cap": (_appraised(Card.RAISED_CAP), _stricter(Card.RAISED_CAP)),
    "appraisal.half": (_appraised(Card.HALF), _stricter(Card.HALF)),
    "due_diligence.guarantee_review": (_checked(State.GUARANTEE_REVIEW), OTHER_CHECK),
    "due_diligence.loan_approval": (_checked(State.LOAN_APPROVAL), OTHER_CHECK),
}


@pytest.fixture(scope="module")
def beginning(databases: Databases) -> Iterator[Programme]:
    """A programme without an application."""
    with databases.fresh("sqlite") as database, Programme.begin(database) as programme:
        yield programme


@pytest.mark.parametrize("key", SCENES)
def test_another_value_changes_what_the_command_does(beginning: Programme, key: str) -> None:
    scene, value = SCENES[key]
    changes_and_is_named(beginning, key, scene, value)
