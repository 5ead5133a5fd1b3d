"""One command, one transaction: the only place where anything is committed.

``execute`` runs one domain call. In the same transaction it claims the caller's idempotency key,
applies the change, appends the audit record and stores the answer; all of it commits together,
before the answer leaves. A refusal (a business "no") rolls the change back to a savepoint taken
after the key, and then key, answer and the audit of the refusal commit. Who may not do this at all
takes no key and reads no stored answer, for both are the whole organisation's; the audit tells of
it. A dry run leaves its link in the audit chain and nothing else: what it answers may tell of a
borrower's loans elsewhere. Commands take turns, in the order in which they came; should PostgreSQL
still report a lost race (serialization failure, deadlock), the command is run again from the start.
A value without the form it should have (``IdentityText``, ``MoneyText``) is no refusal: it
passes through, and the key stays free.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app import link, problems
from app.db import take_turn
from app.deps import Installation
from loans import access, audit, keys, wall
from loans.access import Actor
from loans.context import Context
from loans.errors import Conflict, FuminError, NotPermitted
from loans.vault import Vault

Result = TypeVar("Result")

REHEARSED = "rehearsed"  # outcome in the audit chain of a dry run that would be accepted
RETRIES = 8
# serialization_failure, deadlock_detected: PostgreSQL asks to run the transaction again.
RETRYABLE = {"40001", "40P01"}


class Ended(Exception):
    """What the caller came with was revoked while the command waited: nothing was done."""


class Busy(Exception):
    """Too many commands were waiting already: nothing was done, the same key may be sent again."""


def always(_session: Session) -> bool:
    """Of a caller whom nobody can send away meanwhile."""
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked: an operation of the access table, the caller's key, its fingerprint.

    ``stands``: whether the caller is still who they were when they asked (``Ended`` otherwise).
    """

    operation: str
    key: str
    fingerprint: bytes = b""
    status: int = 200
    dry_run: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    stands: Callable[[Session], bool] = always

    @property
    def told(self) -> dict[str, Any]:
        """What the audit chain is told beside operation and outcome."""
        return self.details | ({"dry_run": True} if self.dry_run else {})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON bytes; ``replayed`` when they were stored by an earlier call."""

    status: int
    body: bytes
    replayed: bool = False


def fingerprint_of(vault: Vault, *parts: object) -> bytes:
    """Keyed digest of a request's canonical content, whatever the order of its fields.

    Keyed, because it is stored: nobody who sees it can try out passwords or ID numbers.
    """
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return vault.index("fingerprint", text)


def to_json(content: Any) -> bytes:
    """The bytes an answer is made of."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def execute(
    installation: Installation,
    actor: Actor,
    command: Command,
    call: Callable[[Context], Result],
    render: Callable[[Context, Result], Any],
) -> Answer:
    """Run one domain call and give its answer; see the module's text."""
    try:
        access.require(actor, command.operation)
    except NotPermitted as error:
        _note_refusal(installation, actor, command, error)
        return _problem(error)
    stored = _replay(installation, actor, command)
    if stored is not None:
        return stored
    return _in_turn(installation, lambda: _attempt(installation, actor, command, call, render))


def perform(
    installation: Installation, actor: Actor, operation: str, call: Callable[[Context], Result]
) -> Result:
    """``execute`` for callers in this process: gives the result itself, raises the refusal."""
    command = Command(operation=operation, key=str(uuid4()))

    def once() -> Result:
        with installation.writes() as session, session.begin():
            take_turn(session)
            ctx = installation.context(session, actor)
            row = keys.claim(
                session,
                actor=actor,
                operation=operation,
                key=command.key,
                fingerprint=b"",
                at=ctx.at,
            )
            access.require(actor, operation)
            result = call(ctx)
            session.flush()
            audit.record(ctx, operation=operation, target_id=_target(result))
            row.status, row.answer = 200, b""
            return result

    try:
        return _in_turn(installation, once)
    except FuminError as error:
        _note_refusal(installation, actor, command, error)
        raise


def _note_refusal(
    installation: Installation, actor: Actor, command: Command, error: FuminError
) -> None:
    """A link of the audit chain for what was refused and left nothing, no key either."""

    def once() -> None:
        with installation.writes() as session, session.begin():
            take_turn(session)
            audit.record(
                installation.context(session, actor),
                operation=command.operation,
                outcome=error.code,
                fingerprint=command.fingerprint,
                details=command.told,
            )

    _in_turn(installation, once)


def _replay(installation: Installation, actor: Actor, command: Command) -> Answer | None:
    """The stored answer: a replay is only a read."""
    if command.dry_run:
        return None
    with installation.reads() as session:
        wall.stand(session, actor)
        try:
            stored = keys.stored_answer(
                session,
                actor=actor,
                operation=command.operation,
                key=command.key,
                fingerprint=command.fingerprint,
            )
        except Conflict as error:
            return _problem(error)
    return Answer(stored.status, stored.body, replayed=True) if stored else None


def _attempt(
    installation: Installation,
    actor: Actor,
    command: Command,
    call: Callable[[Context], Result],
    render: Callable[[Context, Result], Any],
) -> Answer:
    with installation.writes() as session:
        transaction = session.begin()
        take_turn(session)
        if not command.stands(session):
            raise Ended
        ctx = installation.context(session, actor)
        row = None
        if not command.dry_run:
            row = _claim(session, ctx, command)
            if row is None:  # another request with this key committed first
                transaction.rollback()
                return _replay(installation, actor, command) or _in_flight()
        rehearsal = session.begin_nested() if row is None else None
        answer, outcome, target = _outcome(session, ctx, command, call, render)
        if rehearsal is not None:
            rehearsal.rollback()
            target, outcome = None, REHEARSED if outcome == audit.ACCEPTED else outcome
        audit.record(
            ctx,
            operation=command.operation,
            outcome=outcome,
            target_id=target,
            fingerprint=command.fingerprint,
            details=command.told,
        )
        if row is not None:
            row.status, row.answer = answer.status, answer.body
        transaction.commit()
        return answer


def _claim(session: Session, ctx: Context, command: Command) -> Any:
    savepoint = session.begin_nested()
    try:
        row = keys.claim(
            session,
            actor=ctx.actor,
            operation=command.operation,
            key=command.key,
            fingerprint=command.fingerprint,
            at=ctx.at,
        )
        savepoint.commit()
    except IntegrityError:
        savepoint.rollback()
        return None
    return row


def _outcome(
    session: Session,
    ctx: Context,
    command: Command,
    call: Callable[[Context], Result],
    render: Callable[[Context, Result], Any],
) -> tuple[Answer, str, Any]:
    """Answer, outcome for the audit, target: the effect stays only if the call succeeded."""
    savepoint = session.begin_nested()
    try:
        result = call(ctx)
        session.flush()
        answer = Answer(command.status, to_json(render(ctx, result)))
        savepoint.commit()
        return answer, audit.ACCEPTED, _target(result)
    except FuminError as error:
        savepoint.rollback()
        return _problem(error), error.code, None
    except IntegrityError:
        savepoint.rollback()
        taken = Conflict(
            "already-exists", "相同编号的记录已经存在，或所引用的记录已变化；请核对后重新提交"
        )
        return _problem(taken), taken.code, None


def _target(result: Any) -> Any:
    return getattr(result, "public_id", None)


def _in_flight() -> Answer:
    return _problem(
        Conflict("key-in-flight", "同一 Idempotency-Key 的请求正在处理，请稍后用同一个键重试")
    )


def _problem(error: FuminError) -> Answer:
    status, body = problems.problem(error)
    return Answer(status, to_json(body))


def _in_turn(installation: Installation, attempt: Callable[[], Result]) -> Result:
    """Wait for this process's turn, without a connection, so that reads go on.

    ``Busy`` when it does not come before the request's deadline.
    """
    left_s = link.left_s()
    if not installation.turn.acquire(timeout=-1 if left_s is None else left_s):
        raise Busy
    try:
        return retried(attempt)
    finally:
        installation.turn.release()


def retried(attempt: Callable[[], Result]) -> Result:
    """Run again after a lost race, with a growing random pause."""
    for lost in range(RETRIES):
        try:
            return attempt()
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in RETRYABLE or lost == RETRIES - 1:
                raise
            time.sleep(random.uniform(0, 0.01 * 2**lost))
    raise AssertionError("unreachable")
