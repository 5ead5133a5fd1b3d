"""No dead parameter among those that the commands read: another value, another result."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loans.errors import Conflict
from loans.models import Application, Clock, Movement, MovementKind
from loans.policy import PolicyBook, Scorecard, load_policy_book
from loans.riskshare import bank_share_pct
from loans.underwriting import Card, checked, score
from loans.workflow import State
from subsidy.forecast import budget
from tests import guarantee
from tests.databases import Databases
from tests.programme import Programme, answered_checklist, filled_card

BOOK = load_policy_book()
DAY = date(2019, 4, 1)

Scene = Callable[[Programme], Any]


def _due(state: State) -> Scene:
    def scene(p: Programme) -> Any:
        p.guaranteed()
        return p.rows(select(Clock.due_on).where(Clock.state == state))

    return scene


def _decided(call: Callable[[Programme], Any]) -> Scene:
    """The result of a command, or the code of its refusal."""

    return lambda p: _refused(lambda: call(p))


def _reviewed(p: Programme) -> Any:
    return p.row(Application, p.guaranteed()).approved_fen


def _share(p: Programme) -> Any:
    """The share of a bank that agreed on none, for a loan of 60000.00."""
    book = p.installation.book
    return bank_share_pct(
        principal_fen=60_000_00,
        agreed_pct=0,
        threshold_fen=book.at("bank_share_threshold", DAY).number,
        minimum_pct=book.at("bank_share_min", DAY).number,
    )


def _convention(column: Any) -> Scene:
    """What an application says where its contract says nothing."""
    return lambda p: p.rows(select(column).where(Application.public_id == p.create()))


def _lapsed(p: Programme) -> Any:
    application = p.approved()
    p.day(DAY + timedelta(days=90))
    return p.lapse(application).state


def _extended(p: Programme) -> Any:
    return p.report(p.loan(), "request_extension", until=date(2021, 4, 1), reason="延后").until


def _stopped(reason: str) -> Scene:
    def scene(p: Programme) -> Any:
        p.report(p.loan(), "stop_subsidy", on=p.today, reason=reason)
        return p.rows(select(Movement.kind).order_by(Movement.id))[-1]

    return scene


def _compensated(p: Programme) -> Any:
    note = p.loan()
    guarantee.default(p, note, due_on=date(2019, 6, 20))
    guarantee.compensated(p, note)
    kinds = select(Movement.kind).where(Movement.kind == MovementKind.SUBSIDY_STOPPED)
    return p.rows(kinds)


def _funded(p: Programme) -> Any:
    p.loan()
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        return [(line.city_fen, line.central_fen) for line in budget(ctx, since=DAY, months=2)]


def _card(card: Card) -> Scene:
    def scene(p: Programme) -> Any:
        book = p.installation.book
        rule = book.at(f"appraisal.{card}", DAY)
        # The shipped card filled with 80 points in a hundred.
        filled = filled_card(BOOK, card)
        return _refused(lambda: score(rule, [_less(line) for line in filled]))

    return scene


def _less(line: Any) -> Any:
    return type(line)(item=line.item, points=line.points * 8 // 10, evidence="流水")


def _checked(state: State) -> Scene:
    def scene(p: Programme) -> Any:
        rule = p.installation.book.at(f"due_diligence.{state}", DAY)
        return _refused(lambda: checked(rule, answered_checklist(BOOK, state)))

    return scene


def _refused(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Conflict as refusal:
        return refusal.code


def _stricter(card: Card) -> Scorecard:
    value = BOOK.at(f"appraisal.{card}", DAY).value
    assert isinstance(value, Scorecard)
    return replace(value, pass_mark=90)


OTHER_CHECK = [{"code": "luck", "title": "另一项目"}]

# key -> (what is done, another value)
SCENES: dict[str, tuple[Scene, Any]] = {
    "guarantee_review_workdays": (_due(State.GUARANTEE_REVIEW), 4),
    "loan_approval_workdays": (_due(State.LOAN_APPROVAL), 6),
    "fund_leverage": (_decided(_reviewed), 0),
    "bank_share_min": (_decided(lambda p: p.agree(p.bank, share_pct=15)), 10),
    "bank_share_threshold": (_share, 50_000_00),
    "day_count": (_convention(Application.day_count), "act/365"),
    "settlement": (_convention(Application.settlement), "monthly-20"),
    "reservation_days": (_decided(_lapsed), 91),
    "extension_max_years": (_decided(_extended), 0),
    "stop_event.deregistered": (_stopped("deregistered"), False),
    "stop_event.other_employment": (_stopped("other_employment"), False),
    "stop_event.legal_representative": (_stopped("legal_representative"), True),
    "stop_event.misuse": (_stopped("misuse"), False),
    "stop_event.compensation": (_compensated, False),
    "funding_split": (_funded, {"central": 40, "province": 0, "city": 60}),
    "appraisal.raised_cap": (_card(Card.RAISED_CAP), _stricter(Card.RAISED_CAP)),
    "appraisal.half": (_card(Card.HALF), _stricter(Card.HALF)),
    "due_diligence.guarantee_review": (_checked(State.GUARANTEE_REVIEW), OTHER_CHECK),
    "due_diligence.loan_approval": (_checked(State.LOAN_APPROVAL), OTHER_CHECK),
}


def _seen(databases: Databases, book: PolicyBook, scene: Scene) -> Any:
    with (
        databases.fresh("sqlite") as database,
        Programme.begin(database, book=book) as programme,
        programme.at_once(),
    ):
        return scene(programme)


@pytest.mark.parametrize("key", SCENES)
def test_another_value_changes_what_the_command_does(databases: Databases, key: str) -> None:
    scene, value = SCENES[key]
    assert _seen(databases, BOOK, scene) != _seen(databases, BOOK.replaced(key, value), scene)
