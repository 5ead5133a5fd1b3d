"""批量预评估: a list of candidates in a file, answered row by row, as JSON or as a file again."""

from typing import Annotated, Literal

from fastapi import File, Query, Response, UploadFile
from pydantic import Field

from app.api.assessments import FindingOut
from app.api.edge import Read
from app.api.journey import Journey
from app.api.wire import Day, Out, YuanOut, fen
from app.uploads import name_of
from loans.candidates import COLUMNS, Candidate, answers, assess_candidates, open_findings
from loans.sheets import RowFinding, write_csv, write_workbook
from loans.underwriting import Outcome

journey = Journey("预评估")

MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
SHEET = "预评估结论"


class CandidateOut(Out):
    """名单中一行的结论。"""

    row: int = Field(validation_alias="row_no")
    reference: str
    eligible: Outcome
    cap: YuanOut = fen("cap")
    attainable_cap: YuanOut = fen("attainable_cap")
    subsidy_class: str
    attainable_class: str
    refusals: list[str] = Field(description="不符合之处。")
    cites: list[str] = Field(description="不符合之处的依据。")
    findings: list[FindingOut] = Field(description="不符合或尚待材料的逐条结论。")
    needs: list[str] = Field(description="尚缺材料。")


class UnreadOut(Out):
    """名单中不能读取的一处。"""

    row: int
    column: str
    message: str


class CandidatesOut(Out):
    """名单的结论：可读的行逐行作答，不可读的行指出哪一格、怎样改。"""

    policy_version: str
    items: list[CandidateOut]
    unread: list[UnreadOut]


@journey.ask(
    "/assessments/candidates", "assessments.quote", "批量预评估（不保存任何内容）",
    response_model=CandidatesOut,
)  # fmt: skip
def candidates(
    file: Annotated[UploadFile, File(description="候选名单（.xlsx 或 .csv），模板见 template。")],
    ctx: Read,
    on: Annotated[Day | None, Query(description="按哪一天的规定；空为当前业务日期。")] = None,
    answer: Annotated[
        Literal["json", "xlsx", "csv"], Query(alias="as", description="答复的形式。")
    ] = "json",
) -> CandidatesOut | Response:
    found, unread = assess_candidates(
        file.file.read(), name_of(file, "candidates"), on=on or ctx.on, book=ctx.book
    )
    if answer != "json":
        return _file(answers(found, unread), answer)
    return CandidatesOut(
        policy_version=ctx.book.version,
        items=[_shown(candidate) for candidate in found],
        unread=[_unread(finding) for finding in unread],
    )


@journey.read(
    "/assessments/candidates/template", "assessments.quote", "候选名单模板",
    response_class=Response, response_model=None,
)  # fmt: skip
def template(_ctx: Read) -> Response:
    return _file([[column.header for column in COLUMNS.columns]], "xlsx")


def _shown(candidate: Candidate) -> CandidateOut:
    found = candidate.assessment
    return CandidateOut.of(
        found,
        row_no=candidate.row,
        reference=candidate.reference,
        subsidy_class=found.subsidy_class.value,
        attainable_class=found.attainable_class.value,
        refusals=[finding.sentence for finding in found.decisive],
        cites=list(dict.fromkeys(cite for finding in found.decisive for cite in finding.cites)),
        needs=list(found.needs),
        findings=[FindingOut.of(finding) for finding in open_findings(found)],
    )


def _unread(finding: RowFinding) -> UnreadOut:
    return UnreadOut(row=finding.row, column=finding.column, message=finding.message)


def _file(rows: list[list[str]], form: str) -> Response:
    data = write_workbook({SHEET: rows}) if form == "xlsx" else write_csv(rows)
    headers = {"Content-Disposition": f'attachment; filename="candidates.{form}"'}
    return Response(data, headers=headers, media_type=MEDIA[form])
