"""经办网点: where a bank takes applications (9.9a), and registering another."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.web.acts import Act, Failed, Offer, run, table, with_failure
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.fields import Choices, Field, Filled, Kind
from app.web.lists import listed
from loans import parties, queries
from loans.access import OrganisationKind
from loans.models import Branch, Organisation

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("programme.read")]

ACTS = table(
    Act(
        name="register",
        title="登记网点",
        operation="branches.register",
        hint="登记后即可在申请中选择；网点代码在本行内不能重复。",
        fields=(
            Field(name="bank_id", label="经办银行", kind=Kind.ID),
            Field(name="code", label="网点代码", longest=32),
            Field(name="name", label="网点名称"),
        ),
        done="网点已登记。",
        call=lambda ctx, _, v: parties.register_branch(ctx, **v),
    ),
)


@router.get("/branches")
def all_of(visit: Reading) -> Response:
    """A bank sees its own branches, the others those of all."""
    return _page(visit)


@router.post("/branches/{act}")
def do(post: Posted, act: str) -> Response:
    """Register one."""
    result = run(post, ACTS, act, None, "/branches")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "programme.read") as visit:
        return _page(visit, result)


def _page(visit: Visit, failed: Failed | None = None) -> Response:
    ctx, own = visit.ctx, visit.actor.bank_id
    page = listed(visit, queries.branches(ctx, bank_id=own), Branch)
    known = queries.organisations(ctx, kind=OrganisationKind.BANK).order_by(Organisation.code)
    banks = [bank for bank in ctx.session.scalars(known) if own in (None, bank.id)]
    choices: Choices = tuple((str(bank.public_id), bank.name) for bank in banks)
    start = Filled({"bank_id": choices[0][0]} if len(choices) == 1 else {})
    offers = [
        Offer(act, f"/branches/{act.name}", start, {"bank_id": choices})
        for act in ACTS.values()
        if visit.may(act.operation)
    ]
    return visit.show(
        "branches.html",
        status=failed.status if failed else 200,
        page=page,
        banks={bank.id: bank for bank in banks},
        offers=with_failure(offers, failed),
        failed=failed,
    )
