"""The calendar of this installation: the shipped notices and those loaded since.

A loaded notice recomputes the due day of every running clock; a clock that has ended keeps the day
it was judged by. Source: （九）9.9; the State Council's notices.
"""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from loans.context import Context
from loans.errors import Conflict
from loans.models import Clock, WorkdayNotice
from loans.notices import Notice, parse_notice
from loans.progress import set_due
from loans.sheets import digest
from loans.workdays import WorkdayCalendar


def loaded_notices(session: Session) -> tuple[Notice, ...]:
    """The notices loaded into this installation, in the order of loading."""
    rows = session.scalars(select(WorkdayNotice.content).order_by(WorkdayNotice.id))
    return tuple(_parsed(content) for content in rows)


def load(ctx: Context, *, content: bytes, name: str) -> WorkdayNotice:
    """Store a notice and recompute what runs; ``BadFile`` if it cannot be read.

    A notice of a later day than today is not known yet, and one that is known changes nothing.
    """
    notice = parse_notice(content, name=name)
    if notice.announced_on > ctx.on:
        raise Conflict(
            "notice-not-announced-yet",
            f"“{notice.title}”发文于 {notice.announced_on}，晚于业务日期 {ctx.on}，请届时再加载",
        )
    if notice in ctx.calendar.notices:
        raise Conflict("notice-known", f"“{notice.title}”（{notice.announced_on}）已经加载")
    row = WorkdayNotice(
        public_id=ctx.new_id(),
        sha256=digest(content),
        title=notice.title,
        announced_on=notice.announced_on,
        content=content.decode("utf-8-sig"),
        loaded_on=ctx.on,
        loaded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    recompute(ctx, ctx.calendar.with_notices([notice]))
    return row


def recompute(ctx: Context, calendar: WorkdayCalendar | None = None) -> list[Clock]:
    """Set the due days of all running clocks by the calendar known today; those that moved.

    A clock that stands has no due day; it gets one when the file is back.
    """
    moved = []
    for clock in running(ctx):
        before = clock.due_on, clock.provisional
        set_due(clock, calendar or ctx.calendar)
        if (clock.due_on, clock.provisional) != before:
            moved.append(clock)
    return moved


def running(ctx: Context) -> list[Clock]:
    """All clocks that have not ended, those that stand among them."""
    return list(ctx.session.scalars(select(Clock).where(Clock.ended_on.is_(None))))


@lru_cache(maxsize=64)
def _parsed(content: str) -> Notice:
    return parse_notice(content.encode(), name="已加载的通知")
