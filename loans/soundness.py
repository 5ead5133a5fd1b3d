"""Sums that must agree whatever happened: what is stored beside what it is the sum of.

Run after a restore, and whenever somebody doubts. A finding here is a broken invariant, not a
business "no": nothing may be paid before it is explained.
"""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loans import ledger
from loans.models import Contract, FundEntry, GuaranteeFund, Movement, Note
from loans.money import fen_to_yuan

TOTALS = ("balance_fen", "reserved_fen", "outstanding_fen")


def unsound(session: Session) -> Iterator[str]:
    """In Chinese, one sentence for each sum that does not agree; nothing where all do."""
    yield from _funds(session)
    yield from _notes(session)


def _funds(session: Session) -> Iterator[str]:
    for fund in session.scalars(select(GuaranteeFund)):
        sums = [func.coalesce(func.sum(getattr(FundEntry, name)), 0) for name in TOTALS]
        entered = session.execute(select(*sums).where(FundEntry.fund_id == fund.id)).one()
        for name, total in zip(TOTALS, entered, strict=True):
            if getattr(fund, name) != int(total):
                stored, sum_of = fen_to_yuan(getattr(fund, name)), fen_to_yuan(int(total))
                yield f"担保基金“{fund.name}”的 {name} 为 {stored} 元，各笔之和为 {sum_of} 元"


def _notes(session: Session) -> Iterator[str]:
    """Every note's balance and state are the fold of its movements, its group its contract's."""
    rows = session.execute(select(Contract.id, Contract.rate_ppm, Contract.category))
    contracts = {row.id: row for row in rows}
    movements: dict[int, list[Movement]] = defaultdict(list)
    for movement in session.scalars(select(Movement)):
        movements[movement.note_id].append(movement)
    for note in session.scalars(select(Note).order_by(Note.id)):
        contract = contracts[note.contract_id]
        folded = ledger.position(note.principal_fen, contract.rate_ppm, movements[note.id])
        if (note.balance_fen, note.state) != (folded.balance_fen, folded.state):
            stored, fold = fen_to_yuan(note.balance_fen), fen_to_yuan(folded.balance_fen)
            yield (
                f"借据 {note.note_no} 的余额为 {stored} 元（{note.state}），"
                f"由各笔变动得出 {fold} 元（{folded.state}）"
            )
        if note.category != contract.category:
            yield f"借据 {note.note_no} 的人群为 {note.category}，其合同为 {contract.category}"
