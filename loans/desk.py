"""On whose desk an application lies: who has to act next, read from the table of steps."""

from sqlalchemy import select

from loans.access import Role
from loans.context import Context
from loans.decisions import latest_proposal
from loans.models import Application, Verification
from loans.workflow import Action, BorrowerKind, State, next_step

# The step that a file in this state waits for; a closed file waits for none.
AWAITED: dict[State, Action] = {
    State.DRAFT: Action.SUBMIT,
    State.SUBMITTED: Action.ACCEPT,
    State.GUARANTEE_REVIEW: Action.PASS,
    State.HIRE_VERIFICATION: Action.VERIFY,
    State.SUBSIDY_APPROVAL: Action.PASS,
    State.LOAN_APPROVAL: Action.PASS,
    State.RETURNED: Action.RESUBMIT,
}


def waiting_for(ctx: Context, application: Application) -> tuple[Role, ...]:
    """The roles that have to act next; empty once the file is decided.

    Where two people decide: the maker until there is an opinion on the present content, then the
    checker. 人社 comes first while a person's categories are not verified.
    """
    action = AWAITED.get(application.state)
    if action is None:
        return ()
    step = next_step(
        application.kind, application.state, action, returned_from=application.returned_from
    )
    if application.state is State.GUARANTEE_REVIEW and _unverified(ctx, application):
        return (Role.VERIFIER,)
    if step.proposed_by is None:
        return (step.by,)
    opinion = latest_proposal(ctx, application)
    current = opinion is not None and opinion.content_hash == application.content_hash
    return (step.by if current else step.proposed_by,)


def _unverified(ctx: Context, application: Application) -> bool:
    if application.kind is not BorrowerKind.INDIVIDUAL:
        return False
    rows = select(Verification.subject).where(Verification.application_id == application.id)
    return bool(set(application.facts["categories"]) - set(ctx.session.scalars(rows)))
