"""The append-only record of commands: one link a command, chained by a keyed code.

A link's code is the keyed MAC of the previous code and this record's canonical bytes, so a
changed, deleted, inserted or re-ordered record breaks the chain at the first place it touches.
What the key alone cannot show, a new chain or a cut-off end, the bureau's anchors do.
Every command ends by writing the head row: commands run one after another (``app.commands``).
"""

import json
from collections.abc import Iterable
from contextlib import closing
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loans.anchors import Anchor
from loans.context import Context
from loans.models import AuditHead, AuditRecord
from loans.vault import Vault

GENESIS = b"\0" * 32
ACCEPTED = "accepted"


def record(
    ctx: Context,
    *,
    operation: str,
    outcome: str = ACCEPTED,
    target_id: UUID | None = None,
    fingerprint: bytes = b"",
    details: dict[str, Any] | None = None,
) -> AuditRecord:
    """Append one record to the chain, in the command's own transaction."""
    entry = AuditRecord(
        at=ctx.at,
        on=ctx.on,
        person_id=ctx.actor.person_id,
        organisation_id=ctx.actor.organisation_id,
        operation=operation,
        outcome=outcome,
        target_id=target_id,
        fingerprint=fingerprint,
        details=details or {},
    )
    return append(ctx.session, ctx.vault, entry)


def append(session: Session, vault: Vault, entry: AuditRecord) -> AuditRecord:
    """Tie a record to the chain's end, in the caller's transaction."""
    head = session.scalars(select(AuditHead).with_for_update()).one()
    entry.seq = head.seq + 1
    entry.code = link(vault, head.code, entry)
    head.seq, head.code = entry.seq, entry.code
    session.add(entry)
    return entry


def link(vault: Vault, previous: bytes, entry: AuditRecord) -> bytes:
    """The code that ties a record to the one before it."""
    content = json.dumps(
        [
            entry.seq,
            entry.at.isoformat(),
            entry.on.isoformat(),
            entry.person_id,
            entry.organisation_id,
            entry.operation,
            entry.outcome,
            str(entry.target_id),
            entry.fingerprint.hex(),
            entry.details,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return vault.mac(previous + content.encode())


def first_broken(session: Session, vault: Vault, anchors: Iterable[Anchor] = ()) -> int | None:
    """Seq of the first record that does not follow from the one before it; None if all do.

    With the bureau's anchors also the first anchored record that is another one, or missing: the
    chain was written anew, or its end was cut off, between it and the anchor before.
    """
    anchored: dict[int, set[bytes]] = {}
    for each in anchors:  # of one record there may be several: a quiet day's is the day's before
        anchored.setdefault(each.seq, set()).add(each.code)
    previous, expected = GENESIS, 1
    records = select(AuditRecord).order_by(AuditRecord.seq).execution_options(yield_per=1_000)
    with closing(session.scalars(records)) as entries:
        for entry in entries:
            if entry.seq != expected or entry.code != link(vault, previous, entry):
                return expected
            if not anchored.get(entry.seq, set()) <= {entry.code}:
                return entry.seq
            previous, expected = entry.code, expected + 1
    head = session.scalars(select(AuditHead)).one()
    is_whole = (head.seq, head.code) == (expected - 1, previous)
    return None if is_whole and max(anchored, default=0) < expected else expected


def is_keyed_by(session: Session, vault: Vault) -> bool:
    """Whether the chain was written with this key ring, by its first link or its last.

    Two of them, for one that was tampered with is ``first_broken``'s to tell. An empty chain is
    anybody's.
    """
    last = session.scalars(select(AuditHead)).one().seq
    codes = select(AuditRecord.seq, AuditRecord.code).where(AuditRecord.seq == last - 1)
    previous = {1: GENESIS} | {seq + 1: code for seq, code in session.execute(codes)}
    ends = session.scalars(select(AuditRecord).where(AuditRecord.seq.in_(previous)))
    return last == 0 or any(row.code == link(vault, previous[row.seq], row) for row in ends)


def anchor(ctx: Context) -> Anchor:
    """Where the chain stands now, for the bureau to keep."""
    head = ctx.session.scalars(select(AuditHead)).one()
    return Anchor(on=ctx.on, seq=head.seq, code=head.code)
