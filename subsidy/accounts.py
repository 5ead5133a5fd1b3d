"""Commands: where a bank's subsidy is remitted to; a change takes two persons.

The account is sealed; what is shown is its end. Source: rules.md §7 (account change needs two
persons).
"""

import re
from uuid import UUID

from sqlalchemy import select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotPermitted
from loans.models import Organisation
from loans.parties import ACCOUNT
from loans.queries import one
from loans.second_person import second_person
from subsidy.models import AccountChange

_ACCOUNT = re.compile(r"[0-9]{8,32}", re.ASCII)


def ask(ctx: Context, *, account: str, reason: str) -> AccountChange:
    """The bank's maker asks for another account."""
    if ctx.actor.bank_id is None:
        raise NotPermitted("banks-only", "收款账户由经办银行申请变更")
    if not _ACCOUNT.fullmatch(account):
        raise Conflict("account-form", "收款账号应为 8 至 32 位数字，请核对")
    pending = select(AccountChange).where(
        AccountChange.bank_id == ctx.actor.bank_id,
        AccountChange.agreed_on.is_(None),
        AccountChange.dropped_on.is_(None),
    )
    if ctx.session.scalars(pending).first():
        raise Conflict("change-pending", "已有一项账户变更待复核，请先办结或作废")
    row = AccountChange(
        public_id=ctx.new_id(),
        bank_id=ctx.actor.bank_id,
        account_sealed=ctx.vault.seal(ACCOUNT, account),
        account_masked=masked(account),
        reason=reason,
        asked_by_id=ctx.actor.person_id,
        asked_on=ctx.on,
    )
    ctx.session.add(row)
    return row


def agree(ctx: Context, *, change_id: UUID) -> AccountChange:
    """Another person agrees: the account is changed."""
    row = _pending(ctx, change_id)
    second_person(ctx, row.asked_by_id)
    bank = ctx.session.scalars(
        select(Organisation).where(Organisation.id == row.bank_id).with_for_update()
    ).one()
    bank.account_sealed = row.account_sealed
    row.agreed_by_id, row.agreed_on = ctx.actor.person_id, ctx.on
    payload = {"change": str(row.public_id), "account": row.account_masked}
    outbox.emit(ctx, "account.changed", payload, to=row.bank_id)
    return row


def drop(ctx: Context, *, change_id: UUID) -> AccountChange:
    """Who asked takes it back, or another of the bank refuses: the account stays."""
    row = _pending(ctx, change_id)
    row.dropped_by_id, row.dropped_on = ctx.actor.person_id, ctx.on
    return row


def _pending(ctx: Context, change_id: UUID) -> AccountChange:
    row = one(ctx, AccountChange, change_id, lock=True)
    if not row.is_pending:
        done = "复核" if row.agreed_on else "作废"
        raise Conflict("change-done", f"该账户变更已经{done}，如需变更请重新申请")
    return row


def account_masked(ctx: Context, bank_id: int) -> str | None:
    """The bank's account as it may be shown; None where none is registered."""
    bank = ctx.session.get_one(Organisation, bank_id)
    if bank.account_sealed is None:
        return None
    return masked(ctx.vault.open(ACCOUNT, bank.account_sealed))


def masked(account: str) -> str:
    """The last four digits.

    >>> masked("6222021234567890")
    '************7890'
    """
    return "*" * (len(account) - 4) + account[-4:]
