"""What may be done to a claim, as acts offered to the right people."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Field, Filled, Kind
from app.web.remittance_acts import payment_offers
from subsidy import claims, remittance
from subsidy.models import Claim, ClaimState, Remittance, RemittanceState

COMMENT = Field(name="comment", label="审核意见", kind=Kind.LONG, longest=500)

ACTS = table(
    Act(
        name="review",
        title="审核通过差异",
        operation="claims.review",
        hint="金额以审核当天的重算数为准，收到文件后登记的事实一并计入；审核后由另一人批准。",
        fields=(COMMENT,),
        done="已审核，等待另一人批准。",
        call=lambda ctx, target, v: claims.review(ctx, claim_id=target, comment=v["comment"]),
    ),
    Act(
        name="review-again",
        title="按现有事实重新审核",
        operation="claims.review",
        hint="只在审核后登记的事实改变了重算额时需要；受影响的差异须重新决定。",
        fields=(COMMENT,),
        done="已按现有事实重新审核，等待另一人批准。",
        call=lambda ctx, target, v: claims.review(ctx, claim_id=target, comment=v["comment"]),
    ),
    Act(
        name="approve",
        title="批准",
        operation="claims.approve",
        hint="批准与此刻的内容绑定；批准后各行核定额成为应付贴息。",
        fields=(Field(name="content_hash", label="内容摘要", kind=Kind.HIDDEN, longest=64),),
        done="已批准，核定额成为应付贴息。",
        call=lambda ctx, target, v: claims.approve(
            ctx, claim_id=target, content_hash=v["content_hash"]
        ),
    ),
    Act(
        name="order",
        title="制作拨付单",
        operation="remittances.order",
        hint="支付尚未拨付的应付贴息，扣减以前期间的调减；由另一人确认付款。",
        done="拨付单已制作，等待另一人确认付款。",
        call=lambda ctx, target, _: remittance.order(ctx, claim_id=target),
        to=lambda _, row: f"/remittances/{row.public_id}",
    ),
)


def offers(visit: Visit, claim: Claim, paid_by: Remittance | None) -> list[Offer]:
    """The acts this person may do now to a claim, and to the remittance that pays it."""
    path = f"/claims/{claim.public_id}"
    me = visit.actor.person_id
    is_open = {
        "review": claim.state is ClaimState.RECEIVED,
        "review-again": claim.state is ClaimState.REVIEWED,
        "approve": claim.state is ClaimState.REVIEWED and claim.reviewed_by_id != me,
        "order": claim.state is ClaimState.APPROVED
        and (paid_by is None or paid_by.state is RemittanceState.RETURNED)
        and claim.payable_fen > 0,
    }
    found = [
        Offer(act, f"{path}/{act.name}", Filled({"content_hash": claim.content_hash}))
        for act in ACTS.values()
        if visit.may(act.operation) and is_open[act.name]
    ]
    return found + (payment_offers(visit, paid_by) if paid_by is not None else [])
