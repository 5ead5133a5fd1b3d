"""No dead parameter among those that watch loans: one story, asked again under another value.

The story is written once; every scene is asked inside a transaction that leaves no trace, first
under the shipped book, then under the same book with one other value: what came of it differs, and
what was said of it names the parameter.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from loans import dunning, parties, readiness, signals, standing
from loans.context import Context
from loans.models import BankStanding, Note
from loans.payouts import Ground
from subsidy import claims
from tests import guarantee as g
from tests.databases import Databases
from tests.loans import test_policy_perturbed as core
from tests.loans import test_policy_perturbed_shell as shell
from tests.loans.test_policy_perturbed_shell import Scene, Seen, reading, refused
from tests.programme import Programme, shipped_book
from tests.subsidy.bank_files import careful_lines, write_detail_csv

START, DUE = date(2019, 4, 10), date(2019, 6, 20)
SETTLED = date(2019, 9, 21)
BOOK = shipped_book()


@pytest.fixture(scope="module")
def story(databases: Databases) -> Iterator[Programme]:
    """A loan in default; one repaid in June; two a month apart just below the threshold."""
    with databases.fresh("sqlite") as database, Programme.begin(database) as p:
        with p.at_once():
            p.day(START)
            for n in (1, 2, 3):
                p.submitted(replace(p.asked(who=n), address="江阴市长江路1号"))
            p.loan(p.asked(who=4, amount_fen=99_000_00), on=START)
            lost, other = (p.loan(amount_fen=fen, on=START) for fen in (100_000_00, 300_000_00))
            p.day(START + timedelta(days=30))
            p.loan(p.asked(who=4, amount_fen=99_000_00), on=p.today)
            p.day(date(2019, 6, 3))
            p.repay(other, 300_000_00, on=p.today)
        g.default(p, lost, due_on=DUE)
        yield p


def _lost(p: Programme) -> UUID:
    return p.rows(select(Note.public_id).where(Note.principal_fen == 100_000_00))[0]


def _due(on: date) -> Scene:
    """The list of a day: each note's kind and class."""

    def scene(p: Programme) -> Seen:
        p.day(on)
        rows = reading(p, dunning.due_list)
        found = [(row.note.note_no, row.kind, row.arrear.due_on, row.loan_class) for row in rows]
        return found, [row.rules for row in rows]

    return scene


def _lacking(p: Programme) -> Seen:
    def live_book(ctx: Context) -> list[readiness.Readiness]:
        return readiness.readiness(ctx, list(ctx.session.scalars(readiness.checked(ctx))))

    rows = [item for row in reading(p, live_book) for item in row.missing]
    return [item.code for item in rows], [item.detail for item in rows]


def _requested(p: Programme) -> Seen:
    return refused(lambda: bool(g.request(p, _lost(p))))


def _ground(code: str) -> Scene:
    """Whether a payout may be refused, and whether it may be reduced, for this reason."""

    def scene(p: Programme) -> Seen:
        payout = g.request(p, _lost(p))
        whole = Ground(code=code, reason="试")
        part = replace(whole, amount_fen=1_00)
        answers = [
            refused(
                lambda passes=passes, ground=ground: bool(
                    g.examine(p, payout, passes=passes, grounds=(ground,))
                )
            )
            for passes, ground in ((False, whole), (True, part))
        ]
        return [found for found, _ in answers], [said for _, said in answers]

    return scene


def _revealed(p: Programme) -> Seen:
    def ask() -> Any:
        return p.do(
            p.bank.maker,
            "borrowers.reveal",
            lambda ctx: parties.reveal(ctx, note_id=_lost(p), purpose="催收"),
        ).on

    answers = [refused(ask) for _ in range(2)]
    return [found for found, _ in answers], [said for _, said in answers]


def _judged(p: Programme) -> Seen:
    g.compensated(p, _lost(p))
    rows = p.rows(select(BankStanding))
    return [row.kind for row in rows], [row.reason for row in rows]


def _warned(p: Programme) -> Seen:
    """Nobody is suspended, so that a warning shows."""
    book = p.installation.book.replaced("compensation_rate.suspend", 1_000_000)
    p.installation = replace(p.installation, book=book)
    return _judged(p)


def _rates(p: Programme) -> Seen:
    rows = reading(p, standing.rates)
    return [(row.since, row.rate_ppm) for row in rows], [row.rule for row in rows]


def _signals(p: Programme) -> Seen:
    found = reading(p, signals.found)
    return sorted(row.rule for row in found), [(row.rule, row.detail) for row in found]


def _half_a_minute(p: Programme) -> Seen:
    """An opinion agreed to after thirty seconds: how many approvals were too quick."""
    application = p.under_review()
    p.propose(application, p.guarantor.maker)
    clock = p.installation.clock
    p.installation = replace(p.installation, clock=lambda: clock() + timedelta(seconds=30))
    p.agree_to(application, p.guarantor.checker)
    found = reading(p, signals.found)
    return len(found), [each.rule for each in found]


def _claimed(p: Programme) -> Seen:
    """A line one fen above its recomputation: accepted as rounding, or not."""
    p.day(SETTLED)
    lines = careful_lines(p)
    lines[0] = replace(lines[0], claimed_fen=lines[0].claimed_fen + 1)
    data = write_detail_csv(lines)[0]
    sheet = claims.read_filing(data, "明细.csv", vault=p.installation.vault, on=p.today).sheet
    with p.reading() as session:
        ctx = p.installation.context(session, p.bank.maker)
        found = claims.compare(
            ctx, sheet=sheet, bank_id=p.bank.maker.organisation_id,
            since=date(2019, 6, 21), until=SETTLED,
        )  # fmt: skip
    said = [cause.message for cause in found.causes[0]]
    return (found.line_class[0], int(found.payable_fen[0])), said


LADDER = [{"code": "normal", "name": "正常", "days": 0}, {"code": "late", "name": "迟", "days": 1}]

# key -> (what is asked, another value)
SCENES: dict[str, tuple[Scene, Any]] = {
    "due_list_days.early": (_due(date(2019, 11, 20)), 29),
    "due_list_days.near": (_due(date(2019, 12, 13)), 6),
    "loan_classes": (_due(date(2019, 9, 19)), LADDER),
    "dunning_interval_days": (_lacking, 19),
    "payout_evidence": (_requested, [{"code": "luck", "title": "另一材料"}]),
    "payout_waiting_days": (_requested, 92),
    **{
        rule.key: (_ground(rule.code), "reduce" if rule.value != "reduce" else "refuse")
        for rule in BOOK.family("payout_ground", START)
    },
    "reveals_per_day": (_revealed, 1),
    "compensation_rate.months": (_rates, 1),
    "compensation_rate.warn": (_warned, 1_000_000),
    "compensation_rate.suspend": (_judged, 1_000_000),
    "signal.sharing": (_signals, 4),
    "signal.structuring_margin": (_signals, 1_000_00),
    "signal.structuring_days": (_signals, 29),
    "signal.early_overdue_months": (_signals, 2),
    "signal.quick_approval_seconds": (_half_a_minute, 29),
    "claim_tolerance": (_claimed, 0),
}


@pytest.mark.parametrize("key", SCENES)
def test_another_value_changes_what_is_found(story: Programme, key: str) -> None:
    scene, value = SCENES[key]
    shell.changes_and_is_named(story, key, scene, value)


def test_every_parameter_of_the_book_has_its_scene() -> None:
    """A new key without a scene fails here: nothing in the law may be decoration."""
    by_the_core = set(core.KEYS) - set(core.READ_BY_THE_SHELL)
    assert set(BOOK.keys()) == by_the_core | set(shell.SCENES) | set(SCENES)
