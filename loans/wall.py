"""The second wall around a bank's rows: PostgreSQL's row security, told who asks.

``queries.visible_to`` is the first wall. Behind it every table with rows of a bank has a policy
(``app.rights.walls``) that admits the rows of the bank named in this transaction, or of every bank
for those who are none; a transaction in which nobody is named sees none. SQLite has no row
security: there the first wall stands alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loans.access import Actor
from loans.context import Context

SETTING = "fumin.bank"
EVERY_BANK = 0  # no organisation has this key


def stand(session: Session, actor: Actor) -> None:
    """From here to the end of the transaction: the rows that this actor may see."""
    admit(session, actor.bank_id or EVERY_BANK)


def admit(session: Session, bank_id: int) -> None:
    """From here to the end of the transaction: one bank's rows, or with ``EVERY_BANK`` all."""
    session.info[SETTING] = bank_id
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.set_config(SETTING, str(bank_id), True)))


@contextmanager
def every_bank(ctx: Context) -> Iterator[None]:
    """The rows of all banks, for a rule that counts across them: a borrower's loans elsewhere.

    What is decided inside may name amounts, never whose they are. The wall stands again after it,
    also when a rule refused; a lost transaction takes its setting with it.
    """
    before = ctx.session.info[SETTING]
    if before == EVERY_BANK:
        yield
        return
    admit(ctx.session, EVERY_BANK)
    try:
        yield
    except DBAPIError:
        ctx.session.info[SETTING] = before
        raise
    except BaseException:
        admit(ctx.session, before)
        raise
    admit(ctx.session, before)
