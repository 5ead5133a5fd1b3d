"""收款账户与预算: changes that take two persons, and the year's limit."""

from datetime import date
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, Parties, PartyOut, paged
from app.api.wire import AS_DIGITS, Body, Id, Out, PublicId, Reason, Text, Yuan, YuanOut
from loans import queries
from loans.context import Context
from subsidy import accounts, lists, remittance
from subsidy.models import AccountChange

journey = Journey("收款账户与预算")
Year = Annotated[int, Path(ge=2019, le=2199, description="公历年度。"), AS_DIGITS]


class AccountBody(Body):
    """新的收款账户。"""

    account: Annotated[str, Field(pattern=r"^[0-9]{8,32}$")] = Field(examples=["6222021234567890"])
    reason: Reason = Field(examples=["开户行更换"])


class AccountChangeOut(Out):
    """一项账户变更；账号脱敏。"""

    id: PublicId
    bank: PartyOut
    account: str = Field(validation_alias="account_masked")
    reason: str
    asked_on: date
    agreed_on: date | None
    dropped_on: date | None = Field(description="申请人撤回，或复核人不同意。")


class BudgetBody(Body):
    """年度预算。"""

    amount: Yuan
    document: Text = Field(description="预算文件号。", examples=["澄财预〔2019〕1号"])


class BudgetOut(Out):
    """年度预算及已拨付额；未设预算时 amount 为空。"""

    year: int
    amount: YuanOut | None
    document: str | None
    remitted: YuanOut


@journey.write(
    "POST", "/account-changes", "accounts.ask", "申请变更收款账户",
    out=AccountChangeOut, status=201,
)  # fmt: skip
def ask(body: AccountBody, write: Write) -> Response:
    return write(
        lambda ctx: accounts.ask(ctx, account=body.account, reason=body.reason), _one, body
    )


@journey.write(
    "POST", "/account-changes/{change_id}/agreement", "accounts.agree",
    "复核账户变更（另一人）", out=AccountChangeOut,
)  # fmt: skip
def agree(change_id: Id, write: Write) -> Response:
    return write(lambda ctx: accounts.agree(ctx, change_id=change_id), _one)


@journey.write(
    "POST", "/account-changes/{change_id}/withdrawal", "accounts.drop",
    "作废账户变更（撤回或不同意）", out=AccountChangeOut,
)  # fmt: skip
def drop(change_id: Id, write: Write) -> Response:
    return write(lambda ctx: accounts.drop(ctx, change_id=change_id), _one)


@journey.read("/account-changes", "accounts.read", "账户变更列表")
def list_changes(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[AccountChangeOut]:
    page = queries.page(ctx, lists.account_changes(ctx), AccountChange, after=after, limit=limit)
    return paged(page, lambda rows: _shown(ctx, rows))


@journey.write("PUT", "/budgets/{year}", "budgets.set", "设定年度贴息预算", out=BudgetOut)
def set_budget(year: Year, body: BudgetBody, write: Write) -> Response:
    return write(
        lambda ctx: remittance.set_budget(
            ctx, year=year, amount_fen=body.amount, document=body.document
        ),
        lambda ctx, row: _budget(ctx, year),
        body,
    )


@journey.read("/budgets/{year}", "budgets.read", "年度贴息预算")
def show_budget(year: Year, ctx: Read) -> BudgetOut:
    return _budget(ctx, year)


def _budget(ctx: Context, year: int) -> BudgetOut:
    row = remittance.budget_of(ctx, year)
    return BudgetOut(
        year=year,
        amount=row.amount_fen if row else None,
        document=row.document if row else None,
        remitted=remittance.remitted_fen(ctx, year),
    )


def _one(ctx: Context, row: AccountChange) -> AccountChangeOut:
    return _shown(ctx, [row])[0]


def _shown(ctx: Context, rows: list[AccountChange]) -> list[AccountChangeOut]:
    found = Parties(ctx, rows)
    return [AccountChangeOut.of(row, **found.of(row)) for row in rows]
