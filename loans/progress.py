"""Moving an application: the table's step, its record, and the working-day clocks (9.9).

Every step is recorded with the content it was taken on. A clock starts with the stage that has a
limit, stands while the file is with the applicant (补正), resumes, and ends with the decision.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from loans import outbox
from loans.access import needs_role
from loans.clocks import computed
from loans.context import Context
from loans.errors import Conflict
from loans.models import Application, ApplicationStep, Borrower, Clock, Proposal
from loans.money import fen_to_yuan
from loans.queries import steps_of
from loans.versions import law_of
from loans.workdays import WorkdayCalendar
from loans.workflow import CLOCKS, STATE_NAMES, Action, State, Step, next_step


def move(
    ctx: Context,
    application: Application,
    action: Action,
    *,
    reason: str,
    proposal: Proposal | None = None,
    details: dict[str, Any] | None = None,
) -> ApplicationStep:
    """Take one step of the table: check the role, record it, start, stop or end clocks."""
    before = application.state
    step = step_of(ctx, application, action)
    if step.by not in ctx.actor.roles:
        raise needs_role(ctx.actor, step.by)
    application.state = step.next_state
    application.version += 1
    _turn_clocks(ctx, application, before, action)
    if action is Action.SEND_BACK:
        application.returned_from = before
    if action is Action.RESUBMIT:
        application.returned_from = None
        application.round += 1
    return _record(ctx, application, before, action, reason, proposal, details or {})


def step_of(ctx: Context, application: Application, action: Action) -> Step:
    """The table's row for this file; the refusal names the file."""
    try:
        return next_step(
            application.kind, application.state, action, returned_from=application.returned_from
        )
    except Conflict as error:
        details = error.details | {"application": str(application.public_id)}
        message = f"{called(ctx, application)}，{error.message}"
        raise Conflict(error.code, message, details=details) from error


def called(ctx: Context, application: Application) -> str:
    """A file as a refusal names it: whose it is and how much is asked for."""
    borrower = ctx.session.get_one(Borrower, application.borrower_id)
    return f"{borrower.name_masked}申请的 {fen_to_yuan(application.amount_fen)} 元贷款"


def not_now(ctx: Context, application: Application, act: str, when: str) -> Conflict:
    """The refusal of an act that the table of steps does not hold: when it may be done."""
    return Conflict(
        "action-not-in-state",
        f"{called(ctx, application)}当前状态为“{STATE_NAMES[application.state]}”，"
        f"不能{act}；{when}",
        details={"state": application.state.value, "application": str(application.public_id)},
    )


def send_back(
    ctx: Context,
    application: Application,
    missing: Sequence[str],
    *,
    reason: str,
    proposal: Proposal | None = None,
) -> ApplicationStep:
    """补正: one list of all that is missing.

    What an earlier round of the same stage could have named and did not is marked as late.
    """
    demand_list(missing)
    earlier = [
        step
        for step in steps_of(ctx, application)
        if step.action is Action.SEND_BACK and step.from_state is application.state
    ]
    told = {item for step in earlier for item in step.details.get("missing", [])}
    details = {
        "missing": list(missing),
        "late": [item for item in missing if earlier and item not in told],
    }
    return move(
        ctx, application, Action.SEND_BACK, reason=reason, proposal=proposal, details=details
    )


def demand_list(missing: Sequence[str]) -> None:
    """补正 names what is missing, all at once; ``Conflict`` where it names nothing."""
    if not missing:
        raise Conflict("missing-not-named", "退回补正须一次性告知全部缺少的材料，请逐项列出")


def _record(
    ctx: Context,
    application: Application,
    before: State,
    action: Action,
    reason: str,
    proposal: Proposal | None,
    details: dict[str, Any],
) -> ApplicationStep:
    steps = select(func.count()).where(ApplicationStep.application_id == application.id)
    row = ApplicationStep(
        application_id=application.id,
        no=ctx.session.scalars(steps).one() + 1,
        round=application.round,
        action=action,
        from_state=before,
        to_state=application.state,
        by_person_id=ctx.actor.person_id,
        proposal_id=proposal.id if proposal else None,
        on=ctx.on,
        at=ctx.at,
        content_hash=application.content_hash,
        reason=reason,
        details=details,
    )
    ctx.session.add(row)
    outbox.emit(
        ctx,
        f"application.{action.value}",
        {"application": str(application.public_id), "state": application.state.value},
        to=application.bank_id,
    )
    return row


def _turn_clocks(ctx: Context, application: Application, before: State, action: Action) -> None:
    clock = _open_clock(ctx, application)
    if clock is not None:
        if action is Action.SEND_BACK:
            clock.stops = [*clock.stops, [ctx.on.isoformat(), None]]
        elif action is Action.RESUBMIT:
            clock.stops = [*clock.stops[:-1], [clock.stops[-1][0], ctx.on.isoformat()]]
            set_due(clock, ctx.calendar)
        elif application.state is not before:
            set_due(clock, ctx.calendar)  # judged by the notices known on this day
            clock.ended_on = ctx.on
    key = CLOCKS.get(application.state)
    if key is not None and action not in (Action.RESUBMIT, Action.SEND_BACK):
        book, on = law_of(ctx, application)
        clock = Clock(
            application_id=application.id,
            state=application.state,
            limit_days=book.at(key, on).number,
            started_on=ctx.on,
            stops=[],
        )
        set_due(clock, ctx.calendar)
        ctx.session.add(clock)


def _open_clock(ctx: Context, application: Application) -> Clock | None:
    return ctx.session.scalars(
        select(Clock).where(Clock.application_id == application.id, Clock.ended_on.is_(None))
    ).one_or_none()


def set_due(clock: Clock, calendar: WorkdayCalendar) -> None:
    """The due day by a calendar; a clock that stands keeps its last one until the file is back."""
    due = computed(clock, calendar)
    if due is not None:
        clock.due_on, clock.provisional = due.on, due.provisional
