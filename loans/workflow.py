"""The way of an application and of a note: two transition tables and their questions.

Workflow is a table, not code: ``(state, action) -> Step``. A decision is made by two people of
one institution: the maker *proposes*, the checker *decides*; the table names both roles.
Source: （九）9.9 担保机构、经办银行应分别在5个工作日内完成担保审核、贷款审批; rules.md §4 States.
"""

from dataclasses import dataclass
from enum import StrEnum

from loans.access import Role
from loans.errors import Conflict


class State(StrEnum):
    """States of an application."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    GUARANTEE_REVIEW = "guarantee_review"
    LOAN_APPROVAL = "loan_approval"
    HIRE_VERIFICATION = "hire_verification"
    SUBSIDY_APPROVAL = "subsidy_approval"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


STATE_NAMES: dict[State, str] = {
    State.DRAFT: "草稿",
    State.SUBMITTED: "待受理",
    State.GUARANTEE_REVIEW: "担保审核中",
    State.LOAN_APPROVAL: "贷款审批中",
    State.HIRE_VERIFICATION: "吸纳人员核验中",
    State.SUBSIDY_APPROVAL: "贴息审批中",
    State.RETURNED: "退回补正",
    State.APPROVED: "已批准",
    State.REJECTED: "已驳回",
    State.WITHDRAWN: "已撤回",
    State.LAPSED: "已失效",
}

OPEN_STATES = frozenset(
    {
        State.SUBMITTED,
        State.GUARANTEE_REVIEW,
        State.LOAN_APPROVAL,
        State.HIRE_VERIFICATION,
        State.SUBSIDY_APPROVAL,
        State.RETURNED,
    }
)


class Action(StrEnum):
    """What can be done to an application."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    VERIFY = "verify"
    PASS = "pass"
    SEND_BACK = "send_back"
    RESUBMIT = "resubmit"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


ACTION_NAMES: dict[Action, str] = {
    Action.SUBMIT: "提交",
    Action.ACCEPT: "受理",
    Action.VERIFY: "核验",
    Action.PASS: "通过",
    Action.SEND_BACK: "退回补正",
    Action.RESUBMIT: "补正后重新提交",
    Action.REJECT: "驳回",
    Action.WITHDRAW: "撤回",
    Action.LAPSE: "失效",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: the next state, who acts, who (if anyone) proposed, the new clock.

    ``deadline`` is the policy key of the working-day limit that starts in the next state.
    """

    next_state: State
    by: Role
    proposed_by: Role | None = None
    deadline: str | None = None


_GUARANTEE = (Role.GUARANTEE_APPROVER, Role.GUARANTEE_REVIEWER)
_BANK = (Role.BANK_CHECKER, Role.BANK_MAKER)
_FINANCE = (Role.FINANCE_APPROVER, Role.FINANCE_AUDITOR)

INDIVIDUAL_STEPS: dict[tuple[State, Action], Step] = {
    (State.DRAFT, Action.SUBMIT): Step(State.SUBMITTED, Role.BANK_MAKER),
    (State.SUBMITTED, Action.ACCEPT): Step(
        State.GUARANTEE_REVIEW, Role.GUARANTEE_REVIEWER, deadline="guarantee_review_workdays"
    ),
    (State.SUBMITTED, Action.SEND_BACK): Step(State.RETURNED, Role.GUARANTEE_REVIEWER),
    (State.GUARANTEE_REVIEW, Action.PASS): Step(
        State.LOAN_APPROVAL, *_GUARANTEE, deadline="loan_approval_workdays"
    ),
    (State.GUARANTEE_REVIEW, Action.SEND_BACK): Step(State.RETURNED, *_GUARANTEE),
    (State.GUARANTEE_REVIEW, Action.REJECT): Step(State.REJECTED, *_GUARANTEE),
    (State.LOAN_APPROVAL, Action.PASS): Step(State.APPROVED, *_BANK),
    (State.LOAN_APPROVAL, Action.SEND_BACK): Step(State.RETURNED, *_BANK),
    (State.LOAN_APPROVAL, Action.REJECT): Step(State.REJECTED, *_BANK),
}

FIRM_STEPS: dict[tuple[State, Action], Step] = {
    (State.DRAFT, Action.SUBMIT): Step(State.SUBMITTED, Role.BANK_MAKER),
    (State.SUBMITTED, Action.ACCEPT): Step(State.HIRE_VERIFICATION, Role.FINANCE_AUDITOR),
    (State.SUBMITTED, Action.SEND_BACK): Step(State.RETURNED, Role.FINANCE_AUDITOR),
    (State.HIRE_VERIFICATION, Action.VERIFY): Step(State.SUBSIDY_APPROVAL, Role.VERIFIER),
    (State.HIRE_VERIFICATION, Action.SEND_BACK): Step(State.RETURNED, Role.VERIFIER),
    (State.HIRE_VERIFICATION, Action.REJECT): Step(State.REJECTED, Role.VERIFIER),
    (State.SUBSIDY_APPROVAL, Action.PASS): Step(State.APPROVED, *_FINANCE),
    (State.SUBSIDY_APPROVAL, Action.SEND_BACK): Step(State.RETURNED, *_FINANCE),
    (State.SUBSIDY_APPROVAL, Action.REJECT): Step(State.REJECTED, *_FINANCE),
}

# The stage whose working-day clock a state runs, with its policy key (9.9); others run none.
CLOCKS: dict[State, str] = {
    State.GUARANTEE_REVIEW: "guarantee_review_workdays",
    State.LOAN_APPROVAL: "loan_approval_workdays",
}

WITHDRAWABLE = OPEN_STATES | {State.DRAFT}


class BorrowerKind(StrEnum):
    """A person (9.2–9.7) or a small firm (9.8)."""

    INDIVIDUAL = "individual"
    SMALL_FIRM = "small_firm"


def next_step(
    kind: BorrowerKind, state: State, action: Action, *, returned_from: State | None = None
) -> Step:
    """The table's row for an action in a state; ``Conflict`` if there is none.

    ``returned_from`` is the stage that sent the file back: resubmission leads there again.
    """
    if action is Action.RESUBMIT and state is State.RETURNED and returned_from is not None:
        return Step(returned_from, Role.BANK_MAKER)
    if action is Action.WITHDRAW and state in WITHDRAWABLE:
        return Step(State.WITHDRAWN, Role.BANK_MAKER)
    if action is Action.LAPSE and _holds_something(kind, state, returned_from):
        return Step(State.LAPSED, *_BANK)
    table = INDIVIDUAL_STEPS if kind is BorrowerKind.INDIVIDUAL else FIRM_STEPS
    step = table.get((state, action))
    if step is None:
        raise Conflict(
            "action-not-in-state",
            f"申请当前状态为“{STATE_NAMES[state]}”，不能“{ACTION_NAMES[action]}”；"
            f"{_when(kind, action)}",
            details={"state": state.value, "action": action.value},
        )
    return step


def _when(kind: BorrowerKind, action: Action) -> str:
    """In which states an action may be done, as a refusal says it."""
    if action is Action.WITHDRAW:
        return "批准以前可以撤回"
    if action is Action.LAPSE:
        return "额度预留到期、尚未放款的可以失效"
    if action is Action.RESUBMIT:
        return f"“{STATE_NAMES[State.RETURNED]}”的申请可以重新提交"
    table = INDIVIDUAL_STEPS if kind is BorrowerKind.INDIVIDUAL else FIRM_STEPS
    states = "、".join(STATE_NAMES[state] for state, other in table if other is action)
    return f"此项在以下状态办理：{states or '（此类申请没有这一步）'}"


def _holds_something(kind: BorrowerKind, state: State, returned_from: State | None) -> bool:
    """Capacity is reserved from the guarantee review on, wherever the file lies then."""
    if state is State.APPROVED:
        return True
    stage = returned_from if state is State.RETURNED else state
    return kind is BorrowerKind.INDIVIDUAL and stage is State.LOAN_APPROVAL


class NoteState(StrEnum):
    """States of a note (借据)."""

    ACTIVE = "active"
    OVERDUE = "overdue"
    EXTENDED = "extended"
    SETTLED = "settled"
    PAYOUT_REQUESTED = "payout_requested"
    COMPENSATED = "compensated"
    IN_RECOVERY = "in_recovery"
    WRITTEN_OFF = "written_off"


NOTE_STATE_NAMES: dict[NoteState, str] = {
    NoteState.ACTIVE: "正常",
    NoteState.OVERDUE: "逾期",
    NoteState.EXTENDED: "展期",
    NoteState.SETTLED: "结清",
    NoteState.PAYOUT_REQUESTED: "代偿申请中",
    NoteState.COMPENSATED: "已代偿",
    NoteState.IN_RECOVERY: "追偿中",
    NoteState.WRITTEN_OFF: "已核销",
}

# Bank reports (repayments, overdue, …) are taken only on these notes.
LIVE_NOTE_STATES = frozenset({NoteState.ACTIVE, NoteState.OVERDUE, NoteState.EXTENDED})

# Money may still come in: what the bank receives before a payout lowers it.
REPAYABLE_NOTE_STATES = LIVE_NOTE_STATES | {NoteState.PAYOUT_REQUESTED}
# The fund has stood in: no more drawings, no subsidy; the claim on the borrower remains.
COMPENSATED_NOTE_STATES = frozenset(
    {NoteState.COMPENSATED, NoteState.IN_RECOVERY, NoteState.WRITTEN_OFF}
)


class NoteAction(StrEnum):
    """What moves a note beyond its repayment (代偿、追偿、核销)."""

    REQUEST_PAYOUT = "request_payout"
    REFUSE_PAYOUT = "refuse_payout"
    COMPENSATE = "compensate"
    RECOVER = "recover"
    WRITE_OFF = "write_off"


NOTE_ACTION_NAMES: dict[NoteAction, str] = {
    NoteAction.REQUEST_PAYOUT: "申请代偿",
    NoteAction.REFUSE_PAYOUT: "不予代偿",
    NoteAction.COMPENSATE: "代偿",
    NoteAction.RECOVER: "追偿",
    NoteAction.WRITE_OFF: "核销",
}

_REQUESTED, _RECOVERY = NoteState.PAYOUT_REQUESTED, NoteState.IN_RECOVERY
# None: what the note's repayments make of it (overdue again, or settled).
NOTE_STEPS: dict[tuple[NoteState, NoteAction], NoteState | None] = {
    (NoteState.OVERDUE, NoteAction.REQUEST_PAYOUT): _REQUESTED,
    (_REQUESTED, NoteAction.REFUSE_PAYOUT): None,
    (_REQUESTED, NoteAction.COMPENSATE): NoteState.COMPENSATED,
    (NoteState.COMPENSATED, NoteAction.RECOVER): _RECOVERY,
    (_RECOVERY, NoteAction.RECOVER): _RECOVERY,
    (NoteState.WRITTEN_OFF, NoteAction.RECOVER): NoteState.WRITTEN_OFF,
    (NoteState.COMPENSATED, NoteAction.WRITE_OFF): NoteState.WRITTEN_OFF,
    (_RECOVERY, NoteAction.WRITE_OFF): NoteState.WRITTEN_OFF,
}


def next_note_state(state: NoteState, action: NoteAction) -> NoteState | None:
    """The table's row for an action on a note in a state; ``Conflict`` if there is none."""
    if (state, action) not in NOTE_STEPS:
        raise Conflict(
            "note-action-not-in-state",
            f"当前状态为“{NOTE_STATE_NAMES[state]}”，不能“{NOTE_ACTION_NAMES[action]}”；此项须在以下"
            f"状态办理：{'、'.join(NOTE_STATE_NAMES[s] for s, a in NOTE_STEPS if a is action)}",
            details={"state": state.value, "action": action.value},
        )
    return NOTE_STEPS[state, action]
