"""Four eyes: the second of the two people a decision needs is another human being.

Compared are accounts, and behind them the identity a person was registered with, so that two
accounts of one person are one person. Nothing switches this off.
"""

from sqlalchemy import select

from loans.context import Context
from loans.errors import NotPermitted
from loans.models import Person


def second_person(ctx: Context, first_person_id: int | None) -> None:
    """Refuse an actor who is, under whatever account, the first of the two."""
    if first_person_id is not None and is_one_person(ctx, first_person_id, ctx.actor.person_id):
        raise NotPermitted("same-person", "经办与复核不能是同一人，请由另一人办理")


def is_one_person(ctx: Context, one_id: int, other_id: int) -> bool:
    """Whether two accounts are one, or were registered with the same identity."""
    if one_id == other_id:
        return True
    rows = select(Person.identity_index).where(
        Person.id.in_((one_id, other_id)), Person.identity_index.is_not(None)
    )
    found = list(ctx.session.scalars(rows))
    return len(found) == 2 and found[0] == found[1]
