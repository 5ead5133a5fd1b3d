"""预检与报告: what a bank learns before it files, and a claim's reports on paper."""

from datetime import date
from typing import Annotated

from fastapi import File, Form, Response, UploadFile
from pydantic import Field

from app.api.edge import Read
from app.api.journey import Journey
from app.api.wire import Day, Id, Out
from app.uploads import name_of
from loans import queries
from loans.context import Context
from loans.errors import NotPermitted
from subsidy import claims, prechecks, printing, reports
from subsidy.models import Claim
from subsidy.reconciliation import Reconciliation

journey = Journey("贴息申报")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Sheet = Annotated[UploadFile, File(description="明细表（.xlsx 或 .csv），不超过 20 MB。")]
Since = Annotated[Day, Form(description="申报期第一天。")]
Until = Annotated[Day, Form(description="申报期最后一天的次日。")]


class PrecheckOut(Out):
    """预检结果；passes 为真的文件，正式报送时不会因计算被退回。"""

    passes: bool
    lines: int
    classes: dict[str, int]
    headers: list[str]
    exceptions: list[list[str]] = Field(description="差异清单，一行一项，列名见 headers。")


@journey.ask("/claim-pre-checks", "claims.precheck", "申报前预检（不保存）")
def precheck(ctx: Read, file: Sheet, since: Since, until: Until) -> PrecheckOut:
    filing, found = _compared(ctx, file, since, until)
    header, *rows = prechecks.exceptions(filing.sheet, found)
    return PrecheckOut(
        passes=prechecks.passes(filing.sheet, found),
        lines=len(found),
        classes={name.value: count for name, count in found.count_by_class().items() if count},
        headers=header,
        exceptions=rows,
    )


@journey.ask(
    "/claim-pre-checks/workbook", "claims.precheck", "申报前预检：下载更正后的明细表与差异清单",
    response_class=Response, response_model=None,
)  # fmt: skip
def corrected(ctx: Read, file: Sheet, since: Since, until: Until) -> Response:
    filing, found = _compared(ctx, file, since, until)
    content = prechecks.corrected_workbook(filing.sheet, found)
    headers = {"Content-Disposition": 'attachment; filename="corrected.xlsx"'}
    return Response(content, headers=headers, media_type=WORKBOOK)


@journey.read(
    "/claims/{claim_id}/report.xlsx", "claims.read", "差异报告（工作簿）",
    response_class=Response, response_model=None,
)  # fmt: skip
def workbook(claim_id: Id, ctx: Read) -> Response:
    claim = queries.one(ctx, Claim, claim_id)
    headers = {"Content-Disposition": f'attachment; filename="claim-{claim.public_id}.xlsx"'}
    content = reports.workbook(reports.claim_report(ctx, claim))
    return Response(content, headers=headers, media_type=WORKBOOK)


@journey.read(
    "/claims/{claim_id}/report.pdf", "claims.read", "差异报告（可打印）",
    response_class=Response, response_model=None,
)  # fmt: skip
def form(claim_id: Id, ctx: Read) -> Response:
    claim = queries.one(ctx, Claim, claim_id)
    headers = {"Content-Disposition": f'attachment; filename="claim-{claim.public_id}.pdf"'}
    content = printing.difference_form(reports.claim_report(ctx, claim))
    return Response(content, headers=headers, media_type="application/pdf")


def _compared(
    ctx: Context, file: UploadFile, since: date, until: date
) -> tuple[claims.Filing, Reconciliation]:
    bank_id = ctx.actor.bank_id
    if bank_id is None:
        raise NotPermitted("banks-only", "预检由经办银行使用")
    data, name = file.file.read(), name_of(file, "claim")
    filing = claims.read_filing(data, name, vault=ctx.vault, on=ctx.on)
    found = claims.compare(ctx, sheet=filing.sheet, bank_id=bank_id, since=since, until=until)
    return filing, found
