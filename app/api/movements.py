"""What a bank reports about a note after disbursement; each report is one movement."""

from typing import Literal

from fastapi import Response
from pydantic import Field

from app.api.edge import Write
from app.api.journey import Journey
from app.api.note_views import ExtensionOut, ReportOut, extension, report
from app.api.wire import Body, Day, Id, Percent, Reason, Yuan
from loans import lifecycle

journey = Journey("贷后")


class AmountBody(Body):
    """某日的一笔金额。"""

    on: Day = Field(description="起息日（实际发生日）。")
    amount: Yuan = Field(examples=["100000.00"])


class RateBody(Body):
    """自某日起的新利率。"""

    on: Day
    rate: Percent = Field(examples=["4.75"])


class OverdueBody(Body):
    """某应还款日当日终了未还。"""

    due_on: Day


class DayBody(Body):
    """发生日。"""

    on: Day


class StopBody(Body):
    """停止贴息的事由。"""

    on: Day
    reason: Literal["deregistered", "other_employment", "legal_representative", "misuse"] = Field(
        examples=["deregistered"]
    )


class ExtensionBody(Body):
    """展期申请。"""

    until: Day = Field(description="展期后的到期日。")
    reason: Reason = Field(examples=["季节性回款延后"])


class ReversalBody(Body):
    """冲正一笔登记错误的记录。"""

    movement_id: Id
    reason: Reason = Field(examples=["金额录入错误"])


@journey.write(
    "POST", "/notes/{note_id}/repayments", "notes.repay", "归还本金", out=ReportOut, status=201
)
def repay(note_id: Id, body: AmountBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.repay(ctx, note_id=note_id, on=body.on, amount_fen=body.amount),
        report,
        body,
    )


@journey.write(
    "POST", "/notes/{note_id}/interest-receipts", "notes.receive_interest", "收到利息",
    out=ReportOut, status=201,
)  # fmt: skip
def receive_interest(note_id: Id, body: AmountBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.receive_interest(
            ctx, note_id=note_id, on=body.on, amount_fen=body.amount
        ),
        report,
        body,
    )


@journey.write(
    "POST", "/notes/{note_id}/rate-changes", "notes.reprice", "利率调整",
    out=ReportOut, status=201,
)  # fmt: skip
def reprice(note_id: Id, body: RateBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.reprice(ctx, note_id=note_id, on=body.on, rate_ppm=body.rate),
        report,
        body,
    )


@journey.write(
    "POST", "/notes/{note_id}/overdue", "notes.mark_overdue", "登记逾期",
    out=ReportOut, status=201,
)  # fmt: skip
def mark_overdue(note_id: Id, body: OverdueBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.mark_overdue(ctx, note_id=note_id, due_on=body.due_on), report, body
    )


@journey.write(
    "POST", "/notes/{note_id}/cures", "notes.cure", "逾期结清", out=ReportOut, status=201
)
def cure(note_id: Id, body: DayBody, write: Write) -> Response:
    return write(lambda ctx: lifecycle.cure(ctx, note_id=note_id, on=body.on), report, body)


@journey.write(
    "POST", "/notes/{note_id}/stops", "notes.stop_subsidy", "报告停止贴息的事由",
    out=ReportOut, status=201,
)  # fmt: skip
def stop_subsidy(note_id: Id, body: StopBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.stop_subsidy(ctx, note_id=note_id, on=body.on, reason=body.reason),
        report,
        body,
    )


@journey.write(
    "POST", "/notes/{note_id}/extensions", "notes.request_extension", "申请展期",
    out=ExtensionOut, status=201,
)  # fmt: skip
def request_extension(note_id: Id, body: ExtensionBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.request_extension(
            ctx, note_id=note_id, until=body.until, reason=body.reason
        ),
        extension,
        body,
    )


@journey.write(
    "POST", "/notes/{note_id}/extension-agreement", "notes.extend", "同意展期",
    out=ReportOut, status=201,
)  # fmt: skip
def agree_extension(note_id: Id, write: Write) -> Response:
    return write(lambda ctx: lifecycle.agree_extension(ctx, note_id=note_id), report)


@journey.write(
    "POST", "/notes/{note_id}/reversals", "notes.reverse", "冲正", out=ReportOut, status=201
)
def reverse(note_id: Id, body: ReversalBody, write: Write) -> Response:
    return write(
        lambda ctx: lifecycle.reverse(
            ctx, note_id=note_id, movement_id=body.movement_id, reason=body.reason
        ),
        report,
        body,
    )
