"""What may be done to a case, as acts offered to the right people of both sides."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Choices, Field, Filled, Kind
from app.web.render import yuan
from app.web.words import word
from subsidy import cases
from subsidy.models import CaseState, Claim, ClaimCase, ClaimCause, ClaimLine, ClaimState

DECISIONS: Choices = tuple((state.value, word(state)) for state in cases.DECIDED)
LONGEST_CITATION = 500

ACTS = table(
    Act(
        name="decision",
        title="作出决定",
        operation="cases.decide",
        fields=(
            Field(name="decision", label="决定", kind=Kind.CHOICE, choices=DECISIONS),
            Field(
                name="amount_fen",
                label="认定额（元）",
                kind=Kind.MONEY,
                needed=False,
                hint="不填则按规则：认可按申请额，核减按重算额，退回不付",
            ),
            Field(
                name="cites",
                label="所依据的条款",
                needed=False,
                longest=LONGEST_CITATION,
                hint="核减必填",
            ),
            Field(name="reason", label="理由", kind=Kind.LONG, longest=200),
        ),
        done="决定已记录；未批准的申报须按新的核定额重新审核。",
        call=lambda ctx, target, v: cases.decide(
            ctx,
            case_id=target,
            decision=CaseState(v["decision"]),
            reason=v["reason"],
            cites=v["cites"],
            amount_fen=v["amount_fen"],
        ),
    ),
    Act(
        name="comment",
        title="说明或补充依据",
        operation="cases.comment",
        hint="双方都能看到；记录后不能修改。",
        fields=(
            Field(name="text", label="说明", kind=Kind.LONG, longest=200),
            Field(name="evidence", label="依据（凭证名称与编号）", needed=False, longest=100),
        ),
        done="说明已记录。",
        call=lambda ctx, target, v: cases.comment(ctx, case_id=target, **v),
    ),
    Act(
        name="owner",
        title="指定跟进人",
        operation="cases.assign",
        fields=(Field(name="owner_login", label="跟进人", kind=Kind.CHOICE),),
        done="已指定跟进人。",
        call=lambda ctx, target, v: cases.assign(ctx, case_id=target, **v),
    ),
)


def offers(
    visit: Visit, case: ClaimCase, claim: Claim, line: ClaimLine, causes: list[ClaimCause]
) -> list[Offer]:
    """The acts this person may do to the case now."""
    if case.state is not CaseState.OPEN:
        return []
    decidable = (*cases.UNDECIDED_CLAIMS, ClaimState.APPROVED)
    people: Choices = ()
    if visit.may("cases.assign"):
        people = tuple((person.login, person.name) for person in cases.owners(visit.ctx))
    starts = {
        "decision": {"cites": _cited(causes)},
        "comment": {},
        "owner": {"owner_login": _owner(visit, case)},
    }
    return [
        Offer(
            act,
            f"/cases/{case.public_id}/{act.name}",
            Filled(starts[act.name]),
            {"owner_login": people},
        )
        for act in ACTS.values()
        if visit.may(act.operation) and (act.name != "decision" or claim.state in decidable)
    ]


def most(visit: Visit, line: ClaimLine) -> str:
    """What may be allowed at most, in words."""
    return f"{yuan(cases.ceiling_fen(visit.ctx, line))} 元"


def _cited(causes: list[ClaimCause]) -> str:
    """The sentence behind the largest cause: what a disallowance would rest on."""
    cited = [cause for cause in causes if cause.cites]
    if not cited:
        return ""
    return max(cited, key=lambda cause: abs(cause.amount_fen)).cites[:LONGEST_CITATION]


def _owner(visit: Visit, case: ClaimCase) -> str:
    """The owner if there is one, else whoever looks at it."""
    key = case.owner_id or visit.actor.person_id
    return next((p.login for p in cases.owners(visit.ctx) if p.id == key), "")
