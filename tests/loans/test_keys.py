"""Idempotency: a write is done once, its answer is kept with it, a refusal leaves no effect."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from app.commands import Answer, Command, execute, fingerprint_of
from loans import audit, fund, parties
from loans.access import Actor
from loans.identity import IdentityText
from loans.models import AuditRecord, FundEntry, IdempotencyKey, OutboxEvent
from tests.programme import Programme

KEY = "7f1c"


def contribute(
    p: Programme,
    fen: int,
    *,
    key: str = KEY,
    actor: Actor | None = None,
    dry_run: bool = False,
    calls: list[int] | None = None,
) -> Answer:
    """Pay money into the fund, as the edge would."""

    def call(ctx: Any) -> Any:
        if calls is not None:
            calls.append(1)
        return fund.contribute(ctx, amount_fen=fen, reason="补充")

    command = Command(
        operation="fund.contribute",
        key=key,
        fingerprint=fingerprint_of(p.installation.vault, fen),
        status=201,
        dry_run=dry_run,
    )
    return execute(
        p.installation,
        actor or p.guarantor.checker,
        command,
        call,
        lambda ctx, entry: {"id": str(entry.public_id), "on": ctx.on.isoformat()},
    )


def counts(p: Programme) -> tuple[int, ...]:
    """Rows of the fund's ledger, the keys, the audit record, the outbox."""
    models = (FundEntry.id, IdempotencyKey.id, AuditRecord.seq, OutboxEvent.id)
    return tuple(p.rows(select(func.count(column)))[0] for column in models)


def test_the_same_request_again_gets_the_stored_bytes_and_no_second_effect(
    programme: Programme,
) -> None:
    calls: list[int] = []
    first = contribute(programme, 1_00, calls=calls)
    after = counts(programme)

    again = contribute(programme, 1_00, calls=calls)

    assert (first.status, first.replayed) == (201, False)
    assert (again.status, again.body, again.replayed) == (201, first.body, True)
    assert len(calls) == 1
    assert counts(programme) == after


def test_a_key_with_other_content_is_refused(programme: Programme) -> None:
    contribute(programme, 1_00)
    after = counts(programme)
    other = contribute(programme, 2_00)
    assert (other.status, json.loads(other.body)["code"]) == (422, "key-reused")
    assert counts(programme) == after


def test_a_key_belongs_to_one_organisation_and_one_operation(programme: Programme) -> None:
    contribute(programme, 1_00)
    refused = contribute(programme, 1_00, actor=programme.bank.checker)
    assert (refused.status, refused.replayed) == (403, False)
    assert contribute(programme, 1_00, actor=programme.guarantor.both).replayed


def test_a_refusal_is_stored_and_recorded_and_its_effect_is_rolled_back(
    programme: Programme,
) -> None:
    before = counts(programme)
    refused = contribute(programme, 0)
    after = counts(programme)

    assert (refused.status, json.loads(refused.body)["code"]) == (409, "amount-not-positive")
    assert [b - a for a, b in zip(before, after, strict=True)] == [0, 1, 1, 0]
    newest = programme.rows(select(AuditRecord).order_by(AuditRecord.seq.desc()))[0]
    assert (newest.operation, newest.outcome) == ("fund.contribute", "amount-not-positive")
    assert (newest.person_id, newest.target_id) == (programme.guarantor.checker.person_id, None)
    assert contribute(programme, 0) == Answer(409, refused.body, replayed=True)
    assert counts(programme) == after


def test_an_effect_before_a_refusal_does_not_stay(programme: Programme) -> None:
    """A command that wrote before it was refused leaves key, answer and audit, nothing else."""
    before = counts(programme)

    def call(ctx: Any) -> Any:
        fund.contribute(ctx, amount_fen=1_00, reason="先写")
        ctx.session.flush()
        return fund.contribute(ctx, amount_fen=-1, reason="后拒")

    command = Command(operation="fund.contribute", key=KEY)
    answer = execute(
        programme.installation, programme.guarantor.checker, command, call, lambda ctx, _: {}
    )

    assert answer.status == 409
    assert [b - a for a, b in zip(before, counts(programme), strict=True)] == [0, 1, 1, 0]


def test_a_dry_run_answers_and_leaves_nothing_but_its_link(programme: Programme) -> None:
    """What it tells may be about a borrower's loans elsewhere: nobody asks without a trace (T6)."""
    before = counts(programme)
    for _ in range(2):
        answer = contribute(programme, 1_00, dry_run=True)
        assert (answer.status, answer.replayed) == (201, False)
    assert contribute(programme, 0, dry_run=True).status == 409
    stranger = contribute(programme, 1_00, dry_run=True, actor=programme.bank.maker)
    assert stranger.status == 403
    assert [b - a for a, b in zip(before, counts(programme), strict=True)] == [0, 0, 4, 0]
    links = programme.rows(select(AuditRecord).order_by(AuditRecord.seq.desc()).limit(4))
    assert [link.outcome for link in links] == [
        "role-not-allowed", "amount-not-positive", "rehearsed", "rehearsed",
    ]  # fmt: skip
    assert {(link.target_id, *link.details) for link in links} == {(None, "dry_run")}
    assert not contribute(programme, 1_00).replayed, "the key is still free"


def test_a_value_without_its_form_passes_through_and_the_key_stays_free(
    programme: Programme,
) -> None:
    before = counts(programme)

    def call(ctx: Any) -> Any:
        raise IdentityText("身份证号的校验位不符")

    command = Command(operation="fund.contribute", key=KEY)
    with pytest.raises(IdentityText):
        execute(
            programme.installation, programme.guarantor.checker, command, call, lambda ctx, _: {}
        )
    assert counts(programme) == before
    assert contribute(programme, 1_00).status == 201


def test_a_failure_in_the_middle_leaves_nothing_at_all(programme: Programme) -> None:
    before = counts(programme)

    def call(ctx: Any) -> Any:
        fund.contribute(ctx, amount_fen=1_00, reason="")
        raise ZeroDivisionError

    command = Command(operation="fund.contribute", key=KEY)
    with pytest.raises(ZeroDivisionError):
        execute(
            programme.installation, programme.guarantor.checker, command, call, lambda ctx, _: {}
        )
    assert counts(programme) == before


def test_a_number_that_is_taken_is_a_conflict_and_not_a_crash(programme: Programme) -> None:
    command = Command(operation="branches.register", key=KEY)

    def call(ctx: Any) -> Any:
        # Past the command's own check, as the loser of a race would come.
        row = parties.register_branch(ctx, bank_id=programme.bank.id, code="009", name="新网点")
        ctx.session.flush()
        row.code = "001"
        return row

    answer = execute(
        programme.installation, programme.system, command, call, lambda ctx, row: row.code
    )
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "already-exists")


def test_eight_retries_at_once_are_one_effect_and_one_answer(programme: Programme) -> None:
    start = Barrier(8)

    def send(_: int) -> Answer:
        start.wait()
        return contribute(programme, 1_00)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {answer.body for answer in answers} == {answers[0].body}
    assert [answer.replayed for answer in answers].count(False) == 1
    reasons = programme.rows(select(FundEntry.reason))
    assert reasons.count("补充") == 1
    with programme.reading() as session:
        assert audit.first_broken(session, programme.installation.vault) is None


def test_the_fingerprint_does_not_depend_on_the_order_of_fields(programme: Programme) -> None:
    vault = programme.installation.vault
    assert fingerprint_of(vault, {"a": 1, "b": 2}) == fingerprint_of(vault, {"b": 2, "a": 1})
    assert fingerprint_of(vault, {"a": 1}) != fingerprint_of(vault, {"a": "1"})
