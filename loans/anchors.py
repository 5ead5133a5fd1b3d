"""Anchors: where the audit chain stood on a day, kept by the bureau and not by this programme.

The chain's keyed codes show a changed, missing or added record to whoever holds the key. Who holds
the key and the database could write a new chain, or cut its end off and let the head follow. An
anchor on paper or in the bureau's own files cannot follow: the chain must lead through it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from loans.errors import BadFile
from loans.vault import Vault


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last record of a day: its number (0: none yet) and its code."""

    on: date
    seq: int
    code: bytes


def to_line(vault: Vault, anchor: Anchor) -> str:
    """One line of the bureau's file, sealed so that a slip of the pen there is not taken for fraud
    here."""
    content = {"on": anchor.on.isoformat(), "seq": anchor.seq, "code": anchor.code.hex()}
    return json.dumps(content | {"seal": _seal(vault, content)})


def from_lines(vault: Vault, text: str) -> list[Anchor]:
    """The anchors of the bureau's file; raises ``BadFile`` naming the line that was altered."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadFile("no-anchors", "锚点文件是空的；请用财政部门保存的原文件核对")
    return [_anchor(vault, number, line) for number, line in enumerate(lines, 1)]


def latest_before(anchors: Iterable[Anchor], seq: int) -> Anchor | None:
    """The last anchor before a record: up to there the chain is what it was on that day."""
    return max((a for a in anchors if a.seq < seq), key=lambda a: a.seq, default=None)


def _anchor(vault: Vault, number: int, line: str) -> Anchor:
    try:
        content = json.loads(line)
        seal = content.pop("seal")
        anchor = Anchor(
            on=date.fromisoformat(content["on"]),
            seq=int(content["seq"]),
            code=bytes.fromhex(content["code"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadFile("not-an-anchor", f"锚点文件第 {number} 行不是锚点，请核对文件") from None
    if seal != _seal(vault, content):
        raise BadFile(
            "anchor-altered",
            f"锚点文件第 {number} 行被改动过，或不是本系统的锚点；请取出财政部门保存的原件核对",
        )
    return anchor


def _seal(vault: Vault, content: dict[str, object]) -> str:
    return vault.mac(b"anchor\0" + json.dumps(content, sort_keys=True).encode()).hex()
