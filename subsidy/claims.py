"""Commands: a bank's quarterly claim, from file to approval.

Every line is recomputed; every difference is kept with its causes. The finance bureau's auditor
reviews, a second person approves, bound to the content both saw; approval makes it payable.
Source: rules.md §7; （九）9.6 财政部门给予全额贴息.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotPermitted
from loans.identity import canonical_credit_code, canonical_id
from loans.models import Organisation
from loans.money import fen_to_yuan
from loans.parties import ID_NO
from loans.queries import one
from loans.second_person import second_person
from loans.sheets import digest
from loans.vault import Vault
from subsidy.accrual import day
from subsidy.cases import open_cases
from subsidy.detail_sheet import DetailSheet, read_detail_sheet
from subsidy.filing import digest_of, file_findings, store_lines
from subsidy.models import Claim, ClaimLine, ClaimState
from subsidy.payable import make_payable
from subsidy.reconciliation import LineClass, Period, Reconciliation, Register, match
from subsidy.reexamination import Again, computed_again, take_up, told
from subsidy.register import (
    COUNTED,
    bank_facts,
    register_before,
    register_of,
    tolerance,
)

# The file as received names people: it is stored sealed.
FILE = "claim.file"
OPEN = (ClaimState.NOT_ACCEPTED, ClaimState.RECEIVED, ClaimState.REVIEWED)
_NAMED_BY = 500
UNDECIDED = (ClaimState.RECEIVED, ClaimState.REVIEWED)
# Where a claim stands and what may be done about it.
_STANDS = {
    ClaimState.NOT_ACCEPTED: "有不合要求的行，未被接收，请银行更正后重新报送",
    ClaimState.RECEIVED: "已接收、尚未审核，请先由审核岗审核",
    ClaimState.REVIEWED: "已审核，请由另一人批准",
    ClaimState.APPROVED: "已批准，请办理拨付；如有新事实请登记，差额在下次拨付中调整",
    ClaimState.SUPERSEDED: "已被银行后来的文件替换，请办理新的一份",
}


@dataclass(frozen=True)
class Filing:
    """A file as received and read; reading is done before any transaction is open."""

    name: str
    data: bytes
    sheet: DetailSheet


def read_filing(data: bytes, name: str, *, vault: Vault, on: date) -> Filing:
    """Read a detail sheet; ``BadFile`` if it is none. Identity numbers become blind indexes."""

    def key(number: str) -> str:
        try:
            canonical = canonical_credit_code(number)
        except ValueError:
            canonical = canonical_id(number, on=on)
        return vault.index(ID_NO, canonical).hex()

    return Filing(name, data, read_detail_sheet(data, name, borrower_key=key))


def receive(ctx: Context, *, filing: Filing, since: date, until: date) -> Claim:
    """Take a bank's file for the quarter ``[since, until)``: stored, recomputed, explained.

    A file with bad rows is kept with its findings but not accepted. A new file for a quarter
    that is not approved yet replaces the one before.
    """
    bank_id = ctx.actor.bank_id
    if bank_id is None:
        raise NotPermitted("banks-only", "贴息申报由经办银行报送")
    _check_quarter(ctx, since, until)
    _check_lines(filing.sheet)
    bank = ctx.session.scalars(
        select(Organisation).where(Organisation.id == bank_id).with_for_update()
    ).one()
    replaced = _open_claims(ctx, bank_id, since, until)
    for earlier in replaced:
        earlier.state = ClaimState.SUPERSEDED
    ctx.session.flush()
    register, rows = register_of(ctx, bank_id=bank_id, since=since)
    found = _compare(ctx, filing.sheet, register, since, until)
    claim = Claim(
        public_id=ctx.new_id(),
        bank_id=bank_id,
        since=since,
        until=until,
        state=ClaimState.RECEIVED if filing.sheet.is_clean else ClaimState.NOT_ACCEPTED,
        file_name=filing.name[:200],
        file=ctx.vault.seal_bytes(FILE, filing.data),
        sha256=digest(filing.data),
        content_hash=digest_of(
            zip(
                found.row,
                found.note_no,
                found.claimed_fen,
                found.payable_fen,
                [""] * len(found),
                strict=True,
            )
        ),
        received_on=ctx.on,
        received_at=ctx.at,
        received_by_id=ctx.actor.person_id,
        line_count=len(found),
        claimed_fen=int(found.claimed_fen.sum()),
        expected_fen=int(found.expected_fen.sum()),
        payable_fen=int(found.payable_fen.sum()),
        findings=[*file_findings(filing.sheet, found), *_repeated(ctx, bank_id, found)],
        supersedes_id=replaced[-1].id if replaced else None,
    )
    ctx.session.add(claim)
    ctx.session.flush()
    store_lines(ctx, claim, filing.sheet, found, rows)
    open_cases(ctx, claim, replaced)
    payload = {"claim": str(claim.public_id), "state": claim.state.value}
    outbox.emit(ctx, "claim.received", payload, to=bank.id)
    return claim


def _repeated(ctx: Context, bank_id: int, found: Reconciliation) -> list[dict[str, Any]]:
    """R07 for the file as a whole: the same content again, however it was saved or shuffled."""
    if not len(found) or set(found.line_class) != {LineClass.DUPLICATE}:
        return []
    some = sorted(set(found.note_no))[:_NAMED_BY]  # enough to name the claims by
    lines = select(ClaimLine.claim_id).where(ClaimLine.note_no.in_(some), ClaimLine.payable_fen > 0)
    rows = select(Claim).where(
        Claim.bank_id == bank_id, Claim.state.in_(COUNTED), Claim.id.in_(lines)
    )
    before = "、".join(_name(claim) for claim in ctx.session.scalars(rows.order_by(Claim.id)))
    return [
        {
            "kind": "file",
            "code": "R07",
            "amount": fen_to_yuan(int(found.claimed_fen.sum())),
            "message": f"全部 {len(found)} 行都已申报过，见 {before}；没有可支付的新天数，"
            "如只是另存或重报则无须再报",
        }
    ]


def review(ctx: Context, *, claim_id: UUID, comment: str) -> Claim:
    """The auditor has examined the differences; the amounts stand as recomputed today.

    What was recorded since the file came is taken up: a claim reviewed already is reviewed again
    where that has changed a line.
    """
    claim = one(ctx, Claim, claim_id, lock=True)
    again = computed_again(ctx, claim) if claim.state in UNDECIDED else None
    is_changed = again is not None and bool(again.changed())
    if claim.state is not ClaimState.RECEIVED and not is_changed:
        raise Conflict(
            "claim-not-received",
            f"只有已接收、尚未审核的申报可以审核；{_name(claim)}{_STANDS[claim.state]}",
        )
    if again is not None:
        take_up(ctx, again)
    claim.state = ClaimState.REVIEWED
    claim.reviewed_by_id, claim.reviewed_on = ctx.actor.person_id, ctx.on
    claim.review_comment = comment
    return claim


def approve(ctx: Context, *, claim_id: UUID, content_hash: str) -> Claim:
    """A second person approves exactly the content named; its lines become payable.

    ``Conflict`` for a claim that is not reviewed, another content than the one named, and facts
    recorded since the review that change a line.
    """
    claim = one(ctx, Claim, claim_id, lock=True)
    if claim.state is not ClaimState.REVIEWED:
        raise Conflict(
            "claim-not-reviewed",
            f"只有已审核的申报可以批准；{_name(claim)}{_STANDS[claim.state]}",
        )
    second_person(ctx, claim.reviewed_by_id)
    if content_hash != claim.content_hash:
        raise Conflict("content-changed", "所批准的内容与现有内容不一致，请刷新后重新核对")
    _lock_bank(ctx, claim.bank_id)
    again = computed_again(ctx, claim)
    if again.changed():
        raise Conflict(
            "facts-changed",
            f"{_name(claim)}收到或审核后登记的事实改变了重算结果：{told(again)}；"
            "请审核岗重新审核后再批准",
        )
    _check_days_unpaid(ctx, again)
    claim.state = ClaimState.APPROVED
    claim.approved_by_id, claim.approved_on = ctx.actor.person_id, ctx.on
    make_payable(ctx, claim)
    return claim


def _name(claim: Claim) -> str:
    return f"{claim.since} 至 {claim.until}（不含）的申报（文件 {claim.file_name}）"


def compare(
    ctx: Context,
    *,
    sheet: DetailSheet,
    bank_id: int,
    since: date,
    until: date,
    filed: Claim | None = None,
) -> Reconciliation:
    """The same comparison without storing anything: for a bank before filing, or a terminal.

    ``filed`` is the claim that this very sheet has become already, if it has: its own days are no
    claim made before. Otherwise it is the unapproved one of the quarter, which filing replaces.
    """
    _check_span(since, until)
    _check_lines(sheet)
    if filed is not None:
        register = register_before(ctx, bank_facts(ctx, bank_id=bank_id), filed)
    else:
        replaced = next(reversed(_open_claims(ctx, bank_id, since, until)), None)
        register, _ = register_of(ctx, bank_id=bank_id, since=since, without=replaced)
    return _compare(ctx, sheet, register, since, until)


def filed_as(ctx: Context, *, filing: Filing, bank_id: int) -> Claim | None:
    """The bank's claim that this very file has become, if it was accepted."""
    rows = select(Claim).where(
        Claim.bank_id == bank_id,
        Claim.sha256 == digest(filing.data),
        Claim.state.in_(COUNTED),
    )
    return ctx.session.scalars(rows.order_by(Claim.id).limit(1)).one_or_none()


def _compare(
    ctx: Context, sheet: DetailSheet, register: Register, since: date, until: date
) -> Reconciliation:
    period = Period(day(since), day(until), f"{since} 至 {until}（不含）")
    return match(
        sheet.claimed,
        register,
        period,
        tolerance_fen=tolerance(ctx, since).number,
        file_findings=sheet.file_findings,
    )


def _check_lines(sheet: DetailSheet) -> None:
    """A claim is one row a note (§7): a sheet without any asks for nothing."""
    if not len(sheet.claimed):
        text = "文件中没有一行明细，未予接收：每笔借据填一行后重新提交；本期没有贴息贷款的不用报送"
        raise Conflict("no-lines", text)


def _check_span(since: date, until: date) -> None:
    if not since < until:
        raise Conflict("quarter-empty", f"申报期 {since} 至 {until} 不成立")


def _check_quarter(ctx: Context, since: date, until: date) -> None:
    _check_span(since, until)
    if ctx.on < until:
        raise Conflict(
            "quarter-not-over",
            f"申报期 {since} 至 {until}（不含）尚未结束（业务日期 {ctx.on}），请自 {until} 起报送",
        )


def _open_claims(ctx: Context, bank_id: int, since: date, until: date) -> list[Claim]:
    rows = select(Claim).where(
        Claim.bank_id == bank_id,
        Claim.since == since,
        Claim.until == until,
        Claim.state.in_(OPEN),
    )
    return list(ctx.session.scalars(rows.order_by(Claim.id)))


def _lock_bank(ctx: Context, bank_id: int) -> None:
    ctx.session.scalars(
        select(Organisation).where(Organisation.id == bank_id).with_for_update()
    ).one()


def _check_days_unpaid(ctx: Context, again: Again) -> None:
    """No note-day is payable twice, whatever the files were called (the bank's row is locked).

    The comparison leaves out the days of every approved claim, so what it makes payable is new. A
    line on which more was allowed may not touch such days, but those of an under-claim: what that
    was paid is off its amount.
    """
    claim = again.claim
    computed = again.found.payable_fen.tolist()
    mine = [line for line, fen in zip(again.lines, computed, strict=True) if line.payable_fen > fen]
    other = (
        select(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id == claim.bank_id,
            Claim.state == ClaimState.APPROVED,
            Claim.id != claim.id,
            ClaimLine.payable_fen > 0,
            ClaimLine.note_id.in_({line.note_id for line in mine}),
        )
    )
    paid: dict[int | None, list[ClaimLine]] = {}
    for line in ctx.session.scalars(other):
        paid.setdefault(line.note_id, []).append(line)
    for line in mine:
        _check_line_unpaid(line, paid.get(line.note_id, []))


def _check_line_unpaid(line: ClaimLine, before: list[ClaimLine]) -> None:
    assert line.since and line.until
    overlapping = [
        b for b in before if b.since and b.until and line.since < b.until and b.since < line.until
    ]
    corrected = [b for b in overlapping if _is_corrected(b, line)]
    if len(corrected) < len(overlapping) or line.deducted_fen != sum(
        b.payable_fen for b in corrected
    ):
        first = max(line.since, min(b.since for b in overlapping if b.since))
        raise Conflict(
            "note-day-paid",
            f"借据 {line.note_no} 在 {first} 起的贴息日已在另一份申报中批准，请银行重新报送",
        )


def _is_corrected(before: ClaimLine, line: ClaimLine) -> bool:
    assert before.since and before.until and line.since and line.until
    is_within = line.since <= before.since and before.until <= line.until
    return is_within and before.line_class is LineClass.UNDER


def forget_files(ctx: Context, *, before: date) -> None:
    """Empty the files of claims received before a day: they name borrowers whose time is over."""
    nothing = ctx.vault.seal_bytes(FILE, b"")
    ctx.session.execute(update(Claim).where(Claim.received_on < before).values(file=nothing))
