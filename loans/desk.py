"""On whose desk an application lies: who has to act next, read from the table of steps."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CompoundSelect, select
from sqlalchemy.orm import aliased

from loans.access import Actor, Role
from loans.context import Context
from loans.errors import Conflict
from loans.models import Application, Proposal, Verification
from loans.workflow import Action, BorrowerKind, State, next_step

Keys = list[int] | CompoundSelect[int]

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


def states_of(actor: Actor) -> set[State]:
    """The states in which a file may wait for one of the actor's roles."""
    return {
        state
        for state, action in AWAITED.items()
        for kind in BorrowerKind
        if not actor.roles.isdisjoint(_doers(kind, state, action))
    }


def lying_with(actor: Actor) -> CompoundSelect[int]:
    """The keys of the files that may wait for one of the actor's roles, or a lapse's checker.

    Of two kinds, each found by its index: as one condition it would read the whole table.
    """
    file = aliased(Application)
    in_state = select(file.id).where(file.state.in_(states_of(actor)))
    lapsing = (
        select(Proposal.application_id)
        .join(file, file.id == Proposal.application_id)
        .where(
            Proposal.action == Action.LAPSE,
            Proposal.state == file.state,
            Proposal.round == file.round,
        )
    )
    return in_state.union(lapsing)


def waiting_for(
    ctx: Context, rows: Sequence[Any], among: CompoundSelect[int] | None = None
) -> dict[int, tuple[Role, ...]]:
    """The roles that have to act next on some files, by key; none on a decided one.

    Where two people decide: the maker until there is an opinion on the present content, then the
    checker. 人社 comes first while a person's categories are not verified; a lapse that is proposed
    waits for its checker in whatever state (``lying_with``). Two queries in all.
    ``rows``: applications, or rows with those of their columns that decide. ``among``: a query of
    keys with all of theirs, for a list so long that its keys would make a slow statement.
    """
    keys = [row.id for row in rows] if among is None else among
    opinions, verified = _current_opinions(ctx, keys), _verified(ctx, keys)
    return {row.id: _roles(row, verified.get(row.id, set()), opinions) for row in rows}


def _doers(kind: BorrowerKind, state: State, action: Action) -> set[Role | None]:
    try:
        step = next_step(kind, state, action, returned_from=State.SUBMITTED)
    except Conflict:
        return set()
    word: set[Role | None] = {Role.VERIFIER} if state is State.GUARANTEE_REVIEW else set()
    return word | {step.by, step.proposed_by}


def _roles(
    row: Any, verified: set[str], opinions: dict[tuple[int, State, int, str], Action]
) -> tuple[Role, ...]:
    said = opinions.get((row.id, row.state, row.round, row.content_hash))
    action = said if said is Action.LAPSE else AWAITED.get(row.state)
    if action is None:
        return ()
    step = next_step(row.kind, row.state, action, returned_from=row.returned_from)
    person = row.kind is BorrowerKind.INDIVIDUAL
    unverified = person and not set(row.categories) <= verified
    if unverified and row.state is State.GUARANTEE_REVIEW:
        return (Role.VERIFIER,)
    if step.proposed_by is None:
        return (step.by,)
    return (step.by if said else step.proposed_by,)


def _verified(ctx: Context, keys: Keys) -> dict[int, set[str]]:
    """What 人社 has spoken about, by application."""
    found: dict[int, set[str]] = {}
    rows = select(Verification.application_id, Verification.subject)
    for key, subject in ctx.session.execute(rows.where(Verification.application_id.in_(keys))):
        found.setdefault(key, set()).add(subject)
    return found


def _current_opinions(ctx: Context, keys: Keys) -> dict[tuple[int, State, int, str], Action]:
    """What was last said in each stage and round about each content."""
    rows = (
        select(
            Proposal.application_id,
            Proposal.state,
            Proposal.round,
            Proposal.content_hash,
            Proposal.action,
        )
        .where(Proposal.application_id.in_(keys))
        .order_by(Proposal.no)
    )
    return {
        (key, state, no, digest): action
        for key, state, no, digest, action in ctx.session.execute(rows)
    }
