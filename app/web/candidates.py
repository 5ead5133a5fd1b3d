"""批量预评估: a list of candidates is uploaded, answered on a page, or downloaded with its answers.

Nothing is stored: neither the file nor the answers.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from app.uploads import name_of
from app.web.edge import Post, Posted, Visit, refused, visit_to, visiting
from app.web.render import attachment
from loans import access
from loans.candidates import COLUMNS, OUTCOMES, answers, assess_candidates, open_findings
from loans.errors import FuminError
from loans.sheets import write_csv, write_workbook

router = APIRouter(include_in_schema=False)
OPERATION = "assessments.quote"
Asking = Annotated[Visit, visit_to(OPERATION)]

SHEET = "预评估结论"
LARGEST_SHOWN = 200


@router.get("/candidates")
def new(visit: Asking) -> Response:
    """The upload form."""
    return _form(visit)


@router.get("/candidates/template.xlsx")
def template(_visit: Asking) -> Response:
    """An empty list to fill in."""
    header = [column.header for column in COLUMNS.columns]
    return attachment(write_workbook({SHEET: [header]}), "candidates-template.xlsx")


@router.post("/candidates")
def assessed(post: Posted) -> Response:
    """The answers on the page; ``do`` asks for them as a workbook or as CSV."""
    access.require(post.who.actor, OPERATION)
    file = post.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _again(post, 422, fault="请选择名单文件（.xlsx 或 .csv）")
    data, name = file.file.read(), name_of(file, "candidates")
    try:
        with visiting(post.request, post.who, OPERATION) as visit:
            ctx = visit.ctx
            found, unread = assess_candidates(data, name, on=ctx.on, book=ctx.book)
            if post.form.get("do") == "xlsx":
                content = write_workbook({SHEET: answers(found, unread)})
                return attachment(content, "candidates.xlsx")
            if post.form.get("do") == "csv":
                return attachment(write_csv(answers(found, unread)), "candidates.csv")
            shown = found[:LARGEST_SHOWN]
            return _form(
                visit,
                name=name,
                found=[(one, open_findings(one.assessment)) for one in shown],
                total=len(found),
                unread=unread,
            )
    except FuminError as error:
        why = refused(error)
        return _again(post, why.status, problem=why.body)


def _form(visit: Visit, status: int = 200, **content: Any) -> Response:
    nothing = {"found": None, "problem": None, "fault": ""}
    return visit.show("candidates.html", status=status, outcomes=OUTCOMES, **(nothing | content))


def _again(post: Post, status: int, **content: Any) -> Response:
    with visiting(post.request, post.who, OPERATION) as visit:
        return _form(visit, status, **content)
