"""登记册: lists of other bureaus that every claim line is checked against."""

from datetime import date
from typing import Annotated

from fastapi import File, Form, Response, UploadFile
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, paged
from app.api.wire import Out, PublicId, Text
from app.uploads import name_of
from loans import access, queries
from loans.sheets import digest
from subsidy import lists, registers
from subsidy.models import RegisterFile, RegisterKind

journey = Journey("登记册")
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class RegisterOut(Out):
    """一份已载入的名单；号码只以不可逆的索引保存。"""

    id: PublicId
    kind: RegisterKind
    source: str
    file_name: str
    sha256: str
    entries: int
    loaded_on: date
    replaced: bool = Field(description="已被同一来源的新名单替换。")


@journey.write(
    "POST", "/registers", "registers.load", "载入名单（替换同类、同一来源的旧名单）",
    out=RegisterOut, status=201,
)  # fmt: skip
def load(
    file: Annotated[UploadFile, File(description="名单（.xlsx 或 .csv）。")],
    kind: Annotated[RegisterKind, Form(description="名单种类。")],
    source: Annotated[Text, Form(description="提供名单的部门。")],
    write: Write,
) -> Response:
    access.require(write.actor, "registers.load")
    installation = write.installation
    with installation.reads() as session:
        on = installation.today(session)
    data, name = file.file.read(), name_of(file, "list")
    listed = registers.read_list(data, name, kind=kind, vault=installation.vault, on=on)
    asked = {"file": digest(data), "kind": kind.value, "source": source}
    return write(
        lambda ctx: registers.load(ctx, listed=listed, source=source),
        lambda ctx, row: _shown(row),
        asked,
    )


@journey.read("/registers", "registers.read", "名单列表")
def list_registers(
    ctx: Read, kind: RegisterKind | None = None, after: After = None, limit: Limit = 50
) -> PageOut[RegisterOut]:
    page = queries.page(ctx, lists.registers(kind=kind), RegisterFile, after=after, limit=limit)
    return paged(page, lambda rows: [_shown(row) for row in rows])


@journey.read(
    "/registers/templates/{kind}", "registers.read", "名单模板",
    response_class=Response, response_model=None,
)  # fmt: skip
def template(_ctx: Read, kind: RegisterKind) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{kind.value}-template.xlsx"'}
    return Response(registers.write_list_template(kind), headers=headers, media_type=WORKBOOK)


def _shown(row: RegisterFile) -> RegisterOut:
    return RegisterOut.of(row, replaced=row.replaced_by_id is not None)
