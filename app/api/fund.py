"""创业担保基金: what is in it, what is guaranteed with it, and every entry that made it so."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, Parties, PartyOut, bank_key, paged
from app.api.wire import Body, Day, Id, Out, PublicId, Reason, Yuan, YuanOut, fen
from loans import fund, queries
from loans.context import Context
from loans.models import FundEntry, FundEntryKind

journey = Journey("担保基金")

On = Annotated[Day | None, Query(description="该日终了时的状况；空为今日。")]


class ContributionBody(Body):
    """注资。"""

    amount: Yuan = Field(examples=["10000000.00"])
    reason: Reason = Field(examples=["市财政2019年度注资"])


class IncomeBody(Body):
    """基金的收入：存款利息、担保费等。"""

    amount: Yuan = Field(examples=["12345.67"])
    reason: Reason = Field(examples=["存款利息"])


class WithdrawalBody(Body):
    """提取：提取后仍须足以承担在保与预留的担保责任。"""

    amount: Yuan = Field(examples=["100000.00"])
    reason: Reason = Field(examples=["市财政调出"])


class FundEntryOut(Out):
    """基金的一笔变动：各列是余额、预占、在保的增减。"""

    id: PublicId
    kind: FundEntryKind
    balance: YuanOut = fen("balance")
    reserved: YuanOut = fen("reserved")
    outstanding: YuanOut = fen("outstanding")
    bank: PartyOut | None = None
    reason: str
    on: date
    at: datetime


class FundOut(Out):
    """基金在一日终了的状况：在保余额加预占不超过基金余额乘放大倍数。"""

    id: PublicId
    name: str
    on: date
    balance: YuanOut = fen("balance")
    reserved: YuanOut = fen("reserved")
    outstanding: YuanOut = fen("outstanding")
    free: YuanOut = fen("free")
    breach: YuanOut = fen("breach")
    leverage: str = Field(description="已用放大倍数：（在保＋预占）÷余额。", examples=["1.07"])
    leverage_limit: int = Field(examples=[5])
    cites: list[str]


@journey.write(
    "POST", "/fund/contributions", "fund.contribute", "担保基金注资", out=FundEntryOut, status=201
)
def contribute(body: ContributionBody, write: Write) -> Response:
    return write(
        lambda ctx: fund.contribute(ctx, amount_fen=body.amount, reason=body.reason),
        lambda ctx, row: _entries(ctx, [row])[0],
        body,
    )


@journey.write("POST", "/fund/income", "fund.earn", "担保基金收入", out=FundEntryOut, status=201)
def earn(body: IncomeBody, write: Write) -> Response:
    return write(
        lambda ctx: fund.earn(ctx, amount_fen=body.amount, reason=body.reason),
        lambda ctx, row: _entries(ctx, [row])[0],
        body,
    )


@journey.write(
    "POST", "/fund/withdrawals", "fund.withdraw", "担保基金提取", out=FundEntryOut, status=201
)
def withdraw(body: WithdrawalBody, write: Write) -> Response:
    return write(
        lambda ctx: fund.withdraw(ctx, amount_fen=body.amount, reason=body.reason),
        lambda ctx, row: _entries(ctx, [row])[0],
        body,
    )


@journey.read("/fund", "fund.read", "担保基金状况")
def position(ctx: Read, on: On = None) -> FundOut:
    return FundOut.of(fund.position(ctx, on=on))


@journey.read("/fund/entries", "fund.read", "担保基金明细")
def entries(
    ctx: Read, bank: Id | None = None, after: After = None, limit: Limit = 50
) -> PageOut[FundEntryOut]:
    rows = queries.fund_entries(ctx, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, FundEntry, after=after, limit=limit)
    return paged(page, lambda rows: _entries(ctx, rows))


def _entries(ctx: Context, rows: list[FundEntry]) -> list[FundEntryOut]:
    found = Parties(ctx, rows)
    return [FundEntryOut.of(row, **found.of(row)) for row in rows]
