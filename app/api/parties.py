"""Organisations, branches, people, and the agreements between guarantee company and bank."""

from datetime import date
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.api.application_bodies import IdNo
from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, Parties, PartyOut, bank_key, paged, plainly
from app.api.wire import (
    CLEAN,
    Body,
    Day,
    Id,
    Number,
    OneOf,
    Out,
    PublicId,
    Text,
    Yuan,
    YuanOut,
    fen,
)
from loans import agreements, logins, parties, queries
from loans.access import OrganisationKind, Role
from loans.context import Context
from loans.models import Agreement, Branch, Organisation, Person

journey = Journey("参与机构")


class OrganisationBody(Body):
    """一家银行、担保公司或部门。"""

    kind: OneOf[OrganisationKind] = Field(examples=["bank"])
    code: Number = Field(examples=["JYRCB"])
    name: Text = Field(examples=["江阴农村商业银行"])
    account: Annotated[str, Field(pattern=r"^[0-9]{8,32}$")] | None = Field(
        default=None, description="收取贴息的账号；加密保存。", examples=["32010012345678"]
    )


class OrganisationOut(Out):
    """机构。"""

    id: PublicId
    kind: OrganisationKind
    code: str
    name: str
    registered_on: date


class BranchBody(Body):
    """经办网点。"""

    bank_id: Id
    code: Number = Field(examples=["JYRCB-01"])
    name: Text = Field(examples=["澄江支行"])


class BranchOut(Out):
    """经办网点。"""

    id: PublicId
    bank: PartyOut
    code: str
    name: str


class PersonBody(Body):
    """一名工作人员。岗位待另一名管理员复核（fumin admin agree）后生效，初始密码届时产生。"""

    organisation_id: Id
    name: Annotated[str, Field(min_length=1, max_length=50), CLEAN] = Field(examples=["王芳"])
    login: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._\-]{2,63}$")] = Field(
        examples=["bank-a-maker"]
    )
    roles: list[OneOf[Role]] = Field(min_length=1, max_length=3, examples=[["bank_maker"]])
    id_no: IdNo | None = Field(
        default=None, description="证件号，只存盲索引：同一人的两个账号不能互为经办与复核。"
    )


class PersonOut(Out):
    """工作人员；岗位在复核之前为空。"""

    id: PublicId
    organisation: PartyOut
    name: str
    login: str
    roles: list[Role]
    active: bool


class AgreementBody(Body):
    """担保公司与银行的风险分担协议（9.11）。"""

    bank_id: Id
    since: Day
    until: Day | None = Field(
        default=None, description="不含该日；空为长期，可由明日或以后开始的新协议接替。"
    )
    bank_share_pct: int = Field(ge=0, le=100, examples=[20], description="银行承担的百分比。")
    limit: Yuan | None = Field(default=None, description="该行担保额度；空为不限。")
    compensates_interest: bool = Field(default=True, description="代偿范围是否含合同利息。")
    waiting_days: int | None = Field(
        default=None, ge=0, le=3650, description="可申请代偿的逾期天数；空为政策默认。"
    )


class AgreementOut(Out):
    """风险分担协议。"""

    id: PublicId
    bank: PartyOut
    since: date
    until: date | None
    bank_share_pct: int
    limit: YuanOut | None = fen("limit")
    compensates_interest: bool = Field(description="本金总在代偿范围；利息按此约定。")
    waiting_days: int | None = Field(description="可申请代偿的逾期天数；空为政策默认。")


@journey.write(
    "POST", "/organisations", "organisations.register", "登记机构",
    out=OrganisationOut, status=201,
)  # fmt: skip
def register_organisation(body: OrganisationBody, write: Write) -> Response:
    return write(
        lambda ctx: parties.register_organisation(
            ctx, kind=body.kind, code=body.code, name=body.name, account=body.account
        ),
        lambda _, row: OrganisationOut.of(row),
        body,
    )


@journey.read("/organisations", "programme.read", "机构列表")
def list_organisations(
    ctx: Read, kind: OrganisationKind | None = None, after: After = None, limit: Limit = 50
) -> PageOut[OrganisationOut]:
    rows = queries.organisations(ctx, kind=kind)
    page = queries.page(ctx, rows, Organisation, after=after, limit=limit)
    return paged(page, plainly(OrganisationOut))


@journey.write("POST", "/branches", "branches.register", "登记经办网点", out=BranchOut, status=201)
def register_branch(body: BranchBody, write: Write) -> Response:
    return write(
        lambda ctx: parties.register_branch(
            ctx, bank_id=body.bank_id, code=body.code, name=body.name
        ),
        lambda ctx, row: _branches(ctx, [row])[0],
        body,
    )


@journey.read("/branches", "programme.read", "经办网点列表")
def list_branches(
    ctx: Read, bank: Id | None = None, after: After = None, limit: Limit = 50
) -> PageOut[BranchOut]:
    rows = queries.branches(ctx, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Branch, after=after, limit=limit)
    return paged(page, lambda rows: _branches(ctx, rows))


@journey.write("POST", "/people", "people.register", "登记人员", out=PersonOut, status=201)
def register_person(body: PersonBody, write: Write) -> Response:
    return write(
        lambda ctx: logins.register_person(
            ctx,
            organisation_id=body.organisation_id,
            name=body.name,
            login=body.login,
            roles=frozenset(body.roles),
            id_no=body.id_no,
        ),
        lambda ctx, row: _people(ctx, [row])[0],
        body,
    )


@journey.read("/people", "people.read", "人员列表")
def list_people(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[PersonOut]:
    page = queries.page(ctx, queries.people(ctx), Person, after=after, limit=limit)
    return paged(page, lambda rows: _people(ctx, rows))


@journey.write(
    "POST", "/agreements", "agreements.register", "登记风险分担协议",
    out=AgreementOut, status=201,
)  # fmt: skip
def register_agreement(body: AgreementBody, write: Write) -> Response:
    return write(
        lambda ctx: agreements.register(
            ctx,
            bank_id=body.bank_id,
            since=body.since,
            until=body.until,
            bank_share_pct=body.bank_share_pct,
            limit_fen=body.limit,
            compensates_interest=body.compensates_interest,
            waiting_days=body.waiting_days,
        ),
        lambda ctx, row: _agreements(ctx, [row])[0],
        body,
    )


@journey.read("/agreements", "agreements.read", "风险分担协议列表")
def list_agreements(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[AgreementOut]:
    page = queries.page(ctx, queries.agreements(ctx), Agreement, after=after, limit=limit)
    return paged(page, lambda rows: _agreements(ctx, rows))


def _branches(ctx: Context, rows: list[Branch]) -> list[BranchOut]:
    found = Parties(ctx, rows)
    return [BranchOut.of(row, **found.of(row)) for row in rows]


def _agreements(ctx: Context, rows: list[Agreement]) -> list[AgreementOut]:
    found = Parties(ctx, rows)
    return [AgreementOut.of(row, **found.of(row)) for row in rows]


def _people(ctx: Context, rows: list[Person]) -> list[PersonOut]:
    found = queries.by_key(ctx, Organisation, (row.organisation_id for row in rows))
    return [PersonOut.of(row, organisation=PartyOut.of(found[row.organisation_id])) for row in rows]
