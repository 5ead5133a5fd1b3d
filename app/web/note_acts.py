"""What may be reported about a note, as acts; and which of them this person may do now."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Choices, Field, Filled, Kind
from app.web.render import yuan
from app.web.words import word
from loans import lifecycle
from loans.access import OrganisationKind
from loans.lifecycle import STOP_REASONS
from loans.models import Contract, ExtensionRequest, Instalment, Movement, MovementKind, Note
from loans.schedule import HIGHEST_RATE_PPM
from loans.workflow import LIVE_NOTE_STATES, NoteState

ON = Field(name="on", label="起息日", kind=Kind.DAY, hint="利息从这一天起按变动后的情况计算")
REASON = Field(name="reason", label="理由", kind=Kind.LONG, longest=200)
FIXED = frozenset({MovementKind.DISBURSED, MovementKind.REVERSED})

ACTS = table(
    Act(
        name="repay",
        title="登记归还本金",
        operation="notes.repay",
        fields=(ON, Field(name="amount_fen", label="归还本金（元）", kind=Kind.MONEY)),
        done="归还本金已登记，余额和担保责任随之减少。",
        call=lambda ctx, target, v: lifecycle.repay(ctx, note_id=target, **v),
    ),
    Act(
        name="interest",
        title="登记收到利息",
        operation="notes.receive_interest",
        fields=(
            Field(name="on", label="收到日", kind=Kind.DAY),
            Field(name="amount_fen", label="实收利息（元）", kind=Kind.MONEY),
        ),
        done="实收利息已登记。",
        call=lambda ctx, target, v: lifecycle.receive_interest(ctx, note_id=target, **v),
    ),
    Act(
        name="reprice",
        title="登记利率调整",
        operation="notes.reprice",
        fields=(
            ON,
            Field(
                name="rate_ppm", label="新年利率（%）", kind=Kind.RATE, bounds=(0, HIGHEST_RATE_PPM)
            ),
        ),
        done="利率调整已登记。",
        call=lambda ctx, target, v: lifecycle.reprice(ctx, note_id=target, **v),
    ),
    Act(
        name="overdue",
        title="登记逾期",
        operation="notes.mark_overdue",
        hint="应还款日终了仍未还的，自次日起为逾期；逾期的天数不贴息。",
        fields=(Field(name="due_on", label="未还的应还款日", kind=Kind.DUE_DAY),),
        done="逾期已登记。",
        call=lambda ctx, target, v: lifecycle.mark_overdue(ctx, note_id=target, **v),
    ),
    Act(
        name="cure",
        title="登记逾期结清",
        operation="notes.cure",
        fields=(Field(name="on", label="结清日", kind=Kind.DAY),),
        done="逾期已结清。",
        call=lambda ctx, target, v: lifecycle.cure(ctx, note_id=target, **v),
    ),
    Act(
        name="extend",
        title="申请展期",
        operation="notes.request_extension",
        hint="只能展期一次；原到期日以后的天数不贴息。有担保的贷款须由担保公司同意。",
        fields=(Field(name="until", label="展期至", kind=Kind.DAY), REASON),
        done="展期申请已提出，等待同意。",
        call=lambda ctx, target, v: lifecycle.request_extension(ctx, note_id=target, **v),
    ),
    Act(
        name="agree",
        title="同意展期",
        operation="notes.extend",
        done="已同意展期。",
        call=lambda ctx, target, _: lifecycle.agree_extension(ctx, note_id=target),
    ),
    Act(
        name="stop",
        title="报告停止贴息事项",
        operation="notes.stop_subsidy",
        fields=(
            Field(name="on", label="发生日", kind=Kind.DAY),
            Field(
                name="reason",
                label="事项",
                kind=Kind.CHOICE,
                choices=tuple(STOP_REASONS.items()),
            ),
        ),
        done="事项已登记。",
        call=lambda ctx, target, v: lifecycle.stop_subsidy(ctx, note_id=target, **v),
    ),
    Act(
        name="reverse",
        title="冲正一笔登记",
        operation="notes.reverse",
        hint="登记有误时由另一人冲正；原登记和冲正都保留。",
        fields=(Field(name="movement_id", label="要冲正的登记", kind=Kind.ID), REASON),
        done="已冲正。",
        call=lambda ctx, target, v: lifecycle.reverse(ctx, note_id=target, **v),
    ),
)


def offers(
    visit: Visit,
    note: Note,
    contract: Contract,
    *,
    plan: list[Instalment],
    movements: list[Movement],
    extension: ExtensionRequest | None,
) -> list[Offer]:
    """The acts this person may do to the note now, with what their forms start with."""
    choices = {"due_on": _due_days(visit, note, plan), "movement_id": _reversible(visit, movements)}
    found = []
    for act in ACTS.values():
        if visit.may(act.operation) and _is_open(
            visit, act.name, note, contract, extension, choices
        ):
            found.append(Offer(act, f"/notes/{note.public_id}/{act.name}", _starts(visit), choices))
    return found


def _is_open(
    visit: Visit,
    name: str,
    note: Note,
    contract: Contract,
    extension: ExtensionRequest | None,
    choices: dict[str, Choices],
) -> bool:
    live = note.state in LIVE_NOTE_STATES
    match name:
        case "overdue":
            return live and note.state is not NoteState.OVERDUE and bool(choices["due_on"])
        case "cure":
            return note.state is NoteState.OVERDUE
        case "extend":
            return live and note.extended_to is None and extension is None
        case "agree":
            by = OrganisationKind.GUARANTOR if contract.guaranteed else OrganisationKind.BANK
            mine = visit.actor.organisation_kind is by
            return extension is not None and mine and extension.made_by_id != visit.actor.person_id
        case "reverse":
            return bool(choices["movement_id"])
        case "interest" | "stop":
            return True
        case _:
            return live


def _starts(visit: Visit) -> Filled:
    return Filled({"on": visit.ctx.on.isoformat()})


def _due_days(visit: Visit, note: Note, plan: list[Instalment]) -> Choices:
    """Due days that have passed, the newest first."""
    days = {row.due_on for row in plan} | {note.extended_to or note.matures_on}
    past = sorted((day for day in days if day < visit.ctx.on), reverse=True)
    return tuple((day.isoformat(), day.isoformat()) for day in past)


def _reversible(visit: Visit, movements: list[Movement]) -> Choices:
    """Movements that stand and that another person reported, the newest first."""
    undone = {movement.reverses_id for movement in movements}
    return tuple(
        (str(m.public_id), f"{m.on} {word(m.kind)} {_amount(m)}".strip())
        for m in reversed(movements)
        if m.kind not in FIXED and m.id not in undone and m.by_person_id != visit.actor.person_id
    )


def _amount(movement: Movement) -> str:
    return f"{yuan(movement.amount_fen)} 元" if movement.amount_fen else ""
