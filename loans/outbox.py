"""Events for the outside, stored in the transaction of the change that caused them."""

from typing import Any

from loans.context import Context
from loans.models import OutboxEvent


def emit(ctx: Context, topic: str, payload: dict[str, Any], *, to: int | None = None) -> None:
    """Queue an event for one organisation (or, with ``to`` None, for the programme's own log).

    The payload holds public ids and amounts, never personal data; its first value is the object
    that the event is about.
    """
    ctx.session.add(
        OutboxEvent(
            public_id=ctx.new_id(),
            organisation_id=to,
            topic=topic,
            subject=str(next(iter(payload.values()))),
            payload=payload,
            at=ctx.at,
        )
    )
