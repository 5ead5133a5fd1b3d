"""Moving an application: the table's step, its record, and the working-day clocks (9.9).

Every step is recorded with the content it was taken on. A clock starts with the stage that has a
limit, stands while the file is with the applicant (补正), resumes, and ends with the decision.
"""

from datetime import date
from typing import Any

from sqlalchemy import func, select

from loans import outbox
from loans.context import Context
from loans.errors import NotPermitted
from loans.models import Application, ApplicationStep, Clock, Proposal
from loans.workflow import ACTION_NAMES, CLOCKS, Action, State, next_step


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
    step = next_step(application.kind, before, action, returned_from=application.returned_from)
    if step.by not in ctx.actor.roles:
        raise NotPermitted(
            "role-not-allowed",
            f"“{ACTION_NAMES[action]}”须由 {step.by.value} 岗位办理",
            details={"needs": step.by.value},
        )
    application.state = step.next_state
    application.version += 1
    _turn_clocks(ctx, application, before, action)
    if action is Action.SEND_BACK:
        application.returned_from = before
    if action is Action.RESUBMIT:
        application.returned_from = None
        application.round += 1
    return _record(ctx, application, before, action, reason, proposal, details or {})


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
            _set_due(ctx, clock)
        elif application.state is not before:
            clock.ended_on = ctx.on
    key = CLOCKS.get(application.state)
    if key is not None and action not in (Action.RESUBMIT, Action.SEND_BACK):
        clock = Clock(
            application_id=application.id,
            state=application.state,
            limit_days=ctx.book.at(key, ctx.on).number,
            started_on=ctx.on,
            stops=[],
        )
        _set_due(ctx, clock)
        ctx.session.add(clock)


def _open_clock(ctx: Context, application: Application) -> Clock | None:
    return ctx.session.scalars(
        select(Clock).where(Clock.application_id == application.id, Clock.ended_on.is_(None))
    ).one_or_none()


def _set_due(ctx: Context, clock: Clock) -> None:
    stops = [
        (date.fromisoformat(out), date.fromisoformat(back) if back else None)
        for out, back in clock.stops
    ]
    due = ctx.calendar.due_day(clock.started_on, clock.limit_days, stops)
    assert due is not None, "the clock runs: its file is back"
    clock.due_on, clock.provisional = due.on, due.provisional
