"""Pages of registers: the lists of other bureaus in force, loading one, what a list says."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from app.uploads import name_of
from app.web.edge import DONE, Post, Posted, Refused, Visit, go, refused, visit_to, visiting
from app.web.fields import Field, Filled, Kind, read, texts_of
from app.web.lists import ROWS, Filter, Part, listed
from app.web.render import attachment
from app.web.words import word
from loans import access, queries
from loans.errors import FuminError
from loans.models import Person
from loans.sheets import digest
from subsidy import lists, registers
from subsidy.models import RegisterFile, RegisterKind

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("registers.read")]

KINDS = tuple((kind.value, word(kind)) for kind in RegisterKind)
FIELDS = (
    Field(name="kind", label="名单种类", kind=Kind.CHOICE, choices=KINDS),
    Field(name="source", label="提供名单的部门", hint="同一部门的同类旧名单会被整份替换"),
)
# What each list is checked for (rules.md §7).
CHECKS = {
    RegisterKind.EXCLUSION: "R12 期间内列入不予贴息名单",
    RegisterKind.DEREGISTERED: "R13 经营主体注销",
    RegisterKind.OWNERS: "R13 法定代表人变更；R14 本人与本企业同时贴息",
    RegisterKind.SPOUSES: "R14 配偶同时享受贴息",
    RegisterKind.OTHER_SUBSIDIES: "R16 同一贷款享受其他财政贴息",
    RegisterKind.HIRES_LEFT: "R15 所雇人员离职",
    RegisterKind.EARLIER_LOANS: "R07 上线前已申报的天数；R14 享受次数",
}
DONE["register-loaded"] = "名单已载入，以后报送的每一行都按它核对。"


@router.get("/registers")
def all_of(visit: Reading) -> Response:
    """The lists in force by kind, and every list that was loaded."""
    return _list(visit, Filled())


@router.get("/registers/templates/{kind}.xlsx")
def template(_visit: Reading, kind: RegisterKind) -> Response:
    """An empty list to fill in."""
    return attachment(registers.write_list_template(kind), f"{kind.value}-template.xlsx")


@router.post("/registers")
def load(post: Posted) -> Response:
    """Read a list, then load it in one command; a list with a bad row is refused whole."""
    access.require(post.who.actor, "registers.load")
    reading = read(FIELDS, post.form)
    faults = dict(reading.faults)
    file = post.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        faults["file"] = "请选择名单文件（.xlsx 或 .csv）"
    filled = Filled(texts_of(FIELDS, post.form), faults)
    if faults:
        return _again(post, filled, 422)
    assert isinstance(file, UploadFile)
    kind, source = RegisterKind(reading.values["kind"]), reading.values["source"]
    result = _load(post, file, kind, source)
    if isinstance(result, Refused):
        return _again(post, Filled(filled.texts, {}, result.body), result.status)
    return go(result)


@router.get("/registers/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """What a list says on a day, masked: who of it is a borrower of the programme."""
    ctx = visit.ctx
    row = queries.one(ctx, RegisterFile, id)
    on = _day(visit.request.query_params.get("on", ""))
    part, mine = Part.asked(visit), Filter.of(visit, "ours", "范围", [("1", "只看本项目借款人")])
    rows = lists.register_entries(
        ctx, row, on=on, ours=mine.value is not None, skip=part.skip, limit=ROWS + 1
    )
    newer = ctx.session.get(RegisterFile, row.replaced_by_id) if row.replaced_by_id else None
    return visit.show(
        "register.html",
        row=row,
        on=on,
        newer=newer,
        person=ctx.session.get_one(Person, row.by_person_id),
        checks=CHECKS,
        filters=[mine],
        page=part.of(visit, rows),
    )


def _load(post: Post, file: UploadFile, kind: RegisterKind, source: str) -> str | Refused:
    data, name = file.file.read(), name_of(file, "list")
    installation = post.installation
    with installation.reads() as session:
        on = installation.today(session)
    try:
        found = registers.read_list(data, name, kind=kind, vault=installation.vault, on=on)
    except FuminError as error:
        return refused(error)
    return post.run(
        "registers.load",
        lambda ctx: registers.load(ctx, listed=found, source=source),
        lambda _, row: f"/registers/{row.public_id}?done=register-loaded",
        content=[kind.value, source, name, digest(data)],
    )


def _again(post: Post, filled: Filled, status: int) -> Response:
    with visiting(post.request, post.who, "registers.load") as visit:
        return _list(visit, filled, status)


def _list(visit: Visit, filled: Filled, status: int = 200) -> Response:
    ctx = visit.ctx
    kind = Filter.of(visit, "kind", "名单种类", list(KINDS))
    wanted = RegisterKind(kind.value) if kind.value else None
    page = listed(visit, lists.registers(kind=wanted), RegisterFile)
    in_force: dict[RegisterKind, list[RegisterFile]] = {each: [] for each in RegisterKind}
    for row in lists.registers_in_force(ctx):
        in_force[row.kind].append(row)
    return visit.show(
        "registers.html",
        status=status,
        page=page,
        in_force=in_force,
        checks=CHECKS,
        filters=[kind],
        fields=FIELDS,
        filled=filled,
        people=queries.by_key(ctx, Person, (row.by_person_id for row in page.rows)),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
