"""Pages of filing: the empty template, a check before filing that stores nothing, the filing."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from app.uploads import name_of
from app.web.edge import DONE, Post, Posted, Refused, Visit, go, refused, visit_to, visiting
from app.web.fields import Field, Filled, Kind, read, texts_of
from app.web.render import attachment, day_before
from loans import access
from loans.errors import FuminError, NotPermitted
from loans.settlement import QUARTERLY_20, period_starts
from loans.sheets import digest
from subsidy import claims as commands
from subsidy import prechecks
from subsidy.detail_sheet import write_template
from subsidy.reconciliation import CODES, Reconciliation

router = APIRouter(include_in_schema=False)
Filing = Annotated[Visit, visit_to("claims.receive")]
Checking = Annotated[Visit, visit_to("claims.precheck")]

FIELDS = (Field(name="quarter", label="申报的季度", kind=Kind.DUE_DAY),)
LARGEST_SHOWN = 500
DONE["claim-received"] = "文件已接收并逐行重算，结果如下。"


@router.get("/claims/new")
def new(visit: Filing) -> Response:
    """The upload form."""
    return _form(visit, Filled({"quarter": ""}))


@router.get("/claims/check")
def check(visit: Checking) -> Response:
    """The form of the check before filing."""
    return _form(visit, Filled({"quarter": ""}), is_check=True)


@router.get("/claims/template.xlsx")
def template(_visit: Checking) -> Response:
    """An empty detail sheet to fill in."""
    return attachment(write_template(), "claim-template.xlsx")


@router.post("/claims/new")
def receive(post: Posted) -> Response:
    """Read the file, then take it in one command."""
    filled = _filled(post)
    if filled.faults:
        return _again(post, filled, 422)
    name, data = _file(post)
    since, until = _asked(post)
    installation = post.installation
    with installation.reads() as session:
        on = installation.today(session)
    try:
        filing = commands.read_filing(data, name, vault=installation.vault, on=on)
    except FuminError as error:
        return _refused(post, filled, refused(error))
    result = post.run(
        "claims.receive",
        lambda ctx: commands.receive(ctx, filing=filing, since=since, until=until),
        lambda _, claim: f"/claims/{claim.public_id}?done=claim-received",
        content=[since.isoformat(), name, digest(data)],
    )
    return go(result) if isinstance(result, str) else _refused(post, filled, result)


@router.post("/claims/check")
def checked(post: Posted) -> Response:
    """What the check of a filed claim would find; ``do`` asks for the corrected workbook."""
    access.require(post.who.actor, "claims.precheck")
    filled = _filled(post)
    if filled.faults:
        return _again(post, filled, 422, is_check=True)
    try:
        with visiting(post.request, post.who, "claims.precheck") as visit:
            filing, found = _compared(visit, post)
            if post.form.get("do") == "workbook":
                content = prechecks.corrected_workbook(filing.sheet, found)
                return attachment(content, "corrected.xlsx")
            return _form(visit, filled, is_check=True, result=_result(filing, found))
    except FuminError as error:
        return _refused(post, filled, refused(error), is_check=True)


def _compared(visit: Visit, post: Post) -> tuple[commands.Filing, Reconciliation]:
    bank_id = visit.actor.bank_id
    if bank_id is None:
        raise NotPermitted("banks-only", "预检由经办银行使用")
    name, data = _file(post)
    since, until = _asked(post)
    filing = commands.read_filing(data, name, vault=visit.ctx.vault, on=visit.ctx.on)
    return filing, commands.compare(
        visit.ctx, sheet=filing.sheet, bank_id=bank_id, since=since, until=until
    )


def _result(filing: commands.Filing, found: Reconciliation) -> dict[str, Any]:
    """The check's answer as the page shows it."""
    headers, *rows = prechecks.exceptions(filing.sheet, found)
    return {
        "name": filing.name,
        "passes": prechecks.passes(filing.sheet, found),
        "lines": len(found),
        "claimed_fen": int(found.claimed_fen.sum()),
        "expected_fen": int(found.expected_fen.sum()),
        "classes": {kind: n for kind, n in found.count_by_class().items() if n},
        "codes": found.amount_by_code(),
        "convention": found.convention,
        "rows": [dict(zip(headers, row, strict=True)) for row in rows[:LARGEST_SHOWN]],
        "left_out": max(len(rows) - LARGEST_SHOWN, 0),
    }


def _filled(post: Post) -> Filled:
    """What was sent, with what is missing."""
    faults = dict(read(FIELDS, post.form).faults)
    file = post.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        faults["file"] = "请选择申报文件（.xlsx 或 .csv）"
    return Filled(texts_of(FIELDS, post.form), faults)


def _file(post: Post) -> tuple[str, bytes]:
    file = post.form["file"]
    assert isinstance(file, UploadFile)
    return name_of(file, "file"), file.file.read()


def _asked(post: Post) -> tuple[date, date]:
    """The quarter ``[since, until)`` that was chosen."""
    since: date = read(FIELDS, post.form).values["quarter"]
    return since, _end(since)


def _form(
    visit: Visit, filled: Filled, status: int = 200, *, is_check: bool = False, result: Any = None
) -> Response:
    return visit.show(
        "claim_form.html",
        status=status,
        is_check=is_check,
        result=result,
        codes=CODES,
        field=FIELDS[0],
        filled=filled,
        choices=tuple((d.isoformat(), _quarter(d)) for d in _quarters(visit.ctx.on)),
    )


def _refused(post: Post, filled: Filled, why: Refused, *, is_check: bool = False) -> Response:
    return _again(post, Filled(filled.texts, {}, why.body), why.status, is_check=is_check)


def _again(post: Post, filled: Filled, status: int, *, is_check: bool = False) -> Response:
    operation = "claims.precheck" if is_check else "claims.receive"
    with visiting(post.request, post.who, operation) as visit:
        return _form(visit, filled, status, is_check=is_check)


def _quarters(on: date) -> list[date]:
    """First days of the quarters that are over, the newest first."""
    starts = period_starts(QUARTERLY_20, on - timedelta(days=4 * 366), on + timedelta(days=1))
    return starts[-2::-1]


def _quarter(since: date) -> str:
    return f"{since} 至 {day_before(_end(since))}"


def _end(since: date) -> date:
    """The first day after the quarter that begins on a day."""
    return period_starts(QUARTERLY_20, since + timedelta(days=1), since + timedelta(days=100))[0]
