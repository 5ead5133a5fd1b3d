"""Four eyes: the second of the two people a decision needs is another human being.

Compared are accounts, and behind them the identity a person was registered with, so that two
accounts of one person are one person. Nothing switches this off.
"""

from sqlalchemy import Select, or_, select

from loans.context import Context
from loans.errors import NotPermitted
from loans.models import Person


def second_person(ctx: Context, first_person_id: int | None) -> None:
    """Refuse an actor who is, under whatever account, the first of the two."""
    if first_person_id is not None and is_one_person(ctx, first_person_id, ctx.actor.person_id):
        raise NotPermitted("same-person", "经办与复核不能是同一人，请由另一人办理")


def is_one_person(ctx: Context, one_id: int, other_id: int) -> bool:
    """Whether two accounts are one, or were registered with the same identity."""
    found = accounts_of(one_id).where(Person.id == other_id)
    return ctx.session.scalars(found).first() is not None


def accounts_of(person_id: int) -> Select[int]:
    """The keys of all accounts of the human being behind one of them."""
    identity = select(Person.identity_index).where(Person.id == person_id).scalar_subquery()
    return select(Person.id).where(or_(Person.id == person_id, Person.identity_index == identity))
