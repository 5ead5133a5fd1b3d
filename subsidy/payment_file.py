"""拨付清单: one row a payable entry, the canonical CSV that an order is signed over.

It names the payee, so that the digest which two people look at covers where the money goes.
"""

from collections.abc import Sequence

from sqlalchemy import select

from loans.context import Context
from loans.money import fen_to_yuan
from loans.sheets import write_csv
from subsidy.models import ClaimLine, EntryReason, SubsidyEntry

HEADERS = ("借据号", "贴息起日", "贴息止日（不含）", "事项", "收款银行", "收款账号", "拨付额")
REASONS = {
    EntryReason.CLAIMED: "本期贴息",
    EntryReason.DECIDED: "差异认可补付",
    EntryReason.ADJUSTED: "以前期间调整",
    EntryReason.RETURNED: "退款",
}


def payment_file(
    ctx: Context, entries: Sequence[SubsidyEntry], *, bank: str, account: str | None
) -> bytes:
    """The claim's lines in their order, then what is paid late and what is netted.

    ``account``: masked, as it was registered when the order was made.
    """
    wanted = select(ClaimLine).where(ClaimLine.id.in_([entry.claim_line_id for entry in entries]))
    lines = {line.id: line for line in ctx.session.scalars(wanted)}
    order = list(EntryReason)
    rows = [
        (lines[entry.claim_line_id], entry)
        for entry in sorted(entries, key=lambda e: (order.index(e.reason), e.id))
    ]
    return write_csv(
        [
            HEADERS,
            *(
                (
                    line.note_no,
                    f"{line.since}",
                    f"{line.until}",
                    REASONS[entry.reason],
                    bank,
                    account or "未登记",
                    fen_to_yuan(entry.amount_fen),
                )
                for line, entry in rows
            ),
        ]
    )
