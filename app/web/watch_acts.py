"""Acts of looking after the guarantee: releasing a bank's standing, signing an exemption case."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Field, Filled, Kind
from loans import exemptions, standing
from loans.models import ExemptionCase, StandingKind
from loans.standing import CompensationRate

RELEASE = table(
    Act(
        name="release",
        title="解除预警或暂停",
        operation="standing.release",
        hint="解除由担保公司说明理由后作出，记入该银行的记录。",
        fields=(Field(name="reason", label="理由", kind=Kind.LONG, longest=200),),
        done="已解除。",
        call=lambda ctx, target, v: standing.release(ctx, bank_id=target, **v),
    ),
)

SIGN = table(
    Act(
        name="sign",
        title="签署认定",
        operation="exemptions.sign",
        hint="两人意见一致方为有效，意见不一致的重新签署；参与该笔授信的人员不签署。",
        fields=(
            Field(
                name="granted",
                label="决定",
                kind=Kind.CHOICE,
                choices=(("yes", "同意免责"), ("no", "不予免责")),
            ),
            Field(name="reason", label="理由", kind=Kind.LONG, longest=500),
        ),
        done="已签署。",
        call=lambda ctx, target, v: exemptions.sign(
            ctx, case_id=target, granted=v["granted"] == "yes", reason=v["reason"]
        ),
    ),
)


def release_offers(visit: Visit, rates: list[CompensationRate]) -> dict[int, Offer]:
    """Where this person may release a bank now, by the bank's key."""
    act = RELEASE["release"]
    if not visit.may(act.operation):
        return {}
    return {
        row.bank.id: Offer(act, f"/standing/{row.bank.public_id}/{act.name}")
        for row in rates
        if row.standing in (StandingKind.WARNED, StandingKind.SUSPENDED)
    }


def sign_offers(visit: Visit, case: ExemptionCase) -> list[Offer]:
    """Whether this person may sign the case now: nobody twice, nobody on a decision of his own."""
    act = SIGN["sign"]
    before = {case.opened_by_id, case.first_signed_by_id} | exemptions.deciders(visit.ctx, case)
    decided = case.second_signed_by_id is not None
    if decided or not visit.may(act.operation) or visit.actor.person_id in before:
        return []
    return [Offer(act, f"/exemptions/{case.public_id}/{act.name}", Filled({}))]
