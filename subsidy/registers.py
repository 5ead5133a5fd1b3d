"""Commands: lists of other bureaus become a register that every claim line is checked against.

A file is read like any stranger's file; a list with a bad row is refused whole, with every bad
row named, so that no check ever runs on half a list. Numbers of people and firms are turned into
blind indexes at once. Source: rules.md §7 (R12–R18, R20); （九）9.13 加强信息共享.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select

from loans.context import Context
from loans.errors import BadFile
from loans.identity import canonical_credit_code, canonical_id
from loans.parties import ID_NO
from loans.sheets import Table, digest, load_columns, read_table, write_workbook
from loans.vault import Vault
from subsidy.models import RegisterEntry, RegisterFile, RegisterKind

_FOLDER: Final = Path(__file__).with_name("register_columns")
COLUMNS: Final = {kind: load_columns(_FOLDER / f"{kind.value}.toml") for kind in RegisterKind}
_MOST_SHOWN: Final = 20


@dataclass(frozen=True)
class Listed:
    """A list as read, before any transaction is open; ``rows`` are columns of register_entry."""

    kind: RegisterKind
    name: str
    sha256: str
    rows: tuple[dict[str, Any], ...]


def read_list(data: bytes, name: str, *, kind: RegisterKind, vault: Vault, on: date) -> Listed:
    """Read a list; ``BadFile`` with every bad row when it is not wholly readable."""
    table = read_table(data, name, COLUMNS[kind])
    problems = [(f.row, f"{f.column}：{f.message}") for f in table.findings]
    unread = {row for row, _ in problems}
    rows: list[dict[str, Any]] = []
    for row in table.rows():
        if row.number in unread:
            continue  # named already
        try:
            rows.append(_entry(row.number, row.values, vault, on))
        except ValueError as refused:
            problems.append((row.number, str(refused)))
    if problems:
        raise _refused(name, sorted(set(problems)))
    _check_days(name, table)
    return Listed(kind, name, digest(data), tuple(rows))


def load(ctx: Context, *, listed: Listed, source: str) -> RegisterFile:
    """Store a list; it replaces the one of the same kind from the same source."""
    before = ctx.session.scalars(
        select(RegisterFile)
        .where(
            RegisterFile.kind == listed.kind,
            RegisterFile.source == source,
            RegisterFile.replaced_by_id.is_(None),
        )
        .with_for_update()
    ).all()
    row = RegisterFile(
        public_id=ctx.new_id(),
        kind=listed.kind,
        source=source,
        file_name=listed.name[:200],
        sha256=listed.sha256,
        entries=len(listed.rows),
        loaded_on=ctx.on,
        loaded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    ctx.session.flush()
    for old in before:
        old.replaced_by_id = row.id
    if listed.rows:
        ctx.session.execute(
            insert(RegisterEntry), [entry | {"file_id": row.id} for entry in listed.rows]
        )
    return row


def write_list_template(kind: RegisterKind) -> bytes:
    """An empty workbook with the list's header row."""
    wanted = COLUMNS[kind]
    return write_workbook({wanted.title: [[column.header for column in wanted.columns]]})


def _entry(number: int, values: Any, vault: Vault, on: date) -> dict[str, Any]:
    if not values.get("subject") or values.get("since") is None:
        raise ValueError("证件号与日期不能为空")
    other = values.get("other")
    return {
        "row": number,
        "subject_index": _index(values["subject"], vault, on),
        "other_index": _index(other, vault, on) if other else None,
        "reference": (values.get("reference") or "")[:64],
        "since": values["since"],
        "until": values.get("until"),
        "detail": (values.get("detail") or "")[:200],
    }


def _index(number: str, vault: Vault, on: date) -> bytes:
    """Blind index of a person's or firm's number; ``IdentityText`` if it cannot exist."""
    try:
        canonical = canonical_credit_code(number)
    except ValueError:
        canonical = canonical_id(number, on=on)
    return vault.index(ID_NO, canonical)


def _check_days(name: str, table: Table) -> None:
    untils = table.columns.get("until", [None] * len(table))
    days = zip(table.row_numbers, table.columns["since"], untils, strict=True)
    backwards = [
        (number, f"终止日期 {until} 不晚于起始日期 {since}")
        for number, since, until in days
        if until is not None and until <= since
    ]
    if backwards:
        raise _refused(name, backwards)


def _refused(name: str, problems: list[tuple[int, str]]) -> BadFile:
    shown = "；".join(f"第 {row} 行 {text}" for row, text in problems[:_MOST_SHOWN])
    more = "" if len(problems) <= _MOST_SHOWN else f"；等共 {len(problems)} 处"
    return BadFile(
        "list-not-readable",
        f"名单“{name[:80]}”有 {len(problems)} 处问题，未载入：{shown}{more}",
        details={
            "rows": [row for row, _ in problems[:200]],
            "problems": [{"row": row, "message": text} for row, text in problems[:200]],
        },
    )
