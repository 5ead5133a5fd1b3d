"""The business date, and the rules in force on a day with their sentences."""

from datetime import date

from fastapi import Response
from pydantic import Field

from app.api.edge import Copy, Read, Write
from app.api.journey import Journey
from app.api.wire import Body, Day, Out
from app.deps import Installation
from loans import parties
from loans.context import Context
from loans.errors import NotPermitted
from loans.models import BusinessDate

journey = Journey("规则与日期")


class BusinessDateBody(Body):
    """新的业务日期，只能向后。"""

    on: Day


class BusinessDateOut(Out):
    """业务日期。"""

    on: date


class RuleOut(Out):
    """一条有效的规定及其原文。"""

    key: str = Field(examples=["individual_cap"])
    title: str = Field(examples=["个人借款人最高贷款额度"])
    unit: str
    shown: str = Field(examples=["300000.00元"])
    since: date
    until: date | None
    cites: list[str]


class DocumentOut(Out):
    """政策文件。"""

    name: str
    title: str
    issued_by: str
    effective_from: date
    confirmed: bool = Field(description="施行日期是否已由本市确认。")


class PolicyOut(Out):
    """某日有效的全部规定。"""

    on: date
    version: str
    documents: list[DocumentOut]
    rules: list[RuleOut]


@journey.read("/business-date", "programme.read", "业务日期")
def business_date(ctx: Read) -> BusinessDateOut:
    return BusinessDateOut(on=ctx.on)


@journey.write(
    "PUT", "/business-date", "business_date.set", "设置业务日期（生产环境拒绝）",
    out=BusinessDateOut,
)  # fmt: skip
def set_business_date(body: BusinessDateBody, installation: Copy, write: Write) -> Response:
    return write(
        lambda ctx: _set(installation, ctx, body.on), lambda _, row: BusinessDateOut.of(row), body
    )


@journey.read("/policy", "programme.read", "有效的政策规定")
def policy(ctx: Read, on: Day | None = None) -> PolicyOut:
    day = on or ctx.on
    found = (parameter.at(day) for parameter in ctx.book.parameters.values())
    return PolicyOut(
        on=day,
        version=ctx.book.version,
        documents=[DocumentOut.of(document) for document in ctx.book.documents],
        rules=[RuleOut.of(rule) for rule in found if rule is not None],
    )


def _set(installation: Installation, ctx: Context, on: date) -> BusinessDate:
    """Only the edge knows where it runs: real loans live on real days."""
    if installation.production:
        raise NotPermitted("production", "生产环境的业务日期就是当天，不能设置")
    return parties.set_business_date(ctx, on=on)
