"""Reads: what is due and unpaid on notes today, from their plans and what was reported.

Principal falls due by the plan; interest is what the contract's rate booked on the real balance
up to the due day, so a prepayment lowers it. After an extension the last instalment is due on the
new maturity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from loans.arrears import Arrear, Due, unpaid
from loans.context import Context
from loans.daycount import DayCount
from loans.interest import Change, contract_interest_fen
from loans.ledger import standing
from loans.models import Contract, Instalment, Movement, MovementKind, Note
from loans.queries import by_key
from loans.workflow import REPAYABLE_NOTE_STATES


@dataclass(frozen=True, slots=True)
class Account:
    """A note with what it was agreed to pay and what it paid."""

    note: Note
    contract: Contract
    plan: Sequence[Instalment]
    movements: Sequence[Movement]

    @property
    def matures_on(self) -> date:
        """The maturity that holds: the extended one after an extension."""
        return self.note.extended_to or self.note.matures_on

    def due_on(self, row: Instalment) -> date:
        """The day on which an instalment of the plan is to be paid."""
        return self.matures_on if row.due_on == self.note.matures_on else row.due_on

    def total_fen(self, kind: MovementKind) -> int:
        """The sum of the standing movements of a kind."""
        return sum(m.amount_fen for m in self.movements if m.kind is kind)

    def interest_fen(self, until: date) -> int:
        """Interest at the contract rate for the days before ``until``; never a penalty."""
        return contract_interest_fen(
            principal_fen=self.note.principal_fen,
            rate_ppm=self.contract.rate_ppm,
            day_count=DayCount(self.contract.day_count),
            settlement=self.note.settlement,
            disbursed_on=self.note.disbursed_on,
            matures_on=self.note.matures_on,
            changes=self._changes(),
            until=until,
        )

    def unpaid_interest_fen(self, until: date) -> int:
        """What of that interest the borrower has not paid."""
        received_fen = self.total_fen(MovementKind.INTEREST_RECEIVED)
        return max(0, self.interest_fen(until) - received_fen)

    def unpaid(self, on: date) -> tuple[Arrear, ...]:
        """The instalments that are not wholly paid, oldest first, those to come included."""
        return unpaid(
            (self._due(row) for row in self.plan),
            principal_paid_fen=self.total_fen(MovementKind.PRINCIPAL_REPAID),
            interest_paid_fen=self.total_fen(MovementKind.INTEREST_RECEIVED),
            on=on,
        )

    def open_days(self) -> dict[int, date]:
        """The due day of each instalment that is not wholly paid, by its number, while it runs."""
        if self.note.state not in REPAYABLE_NOTE_STATES:
            return {}
        return {row.no: row.due_on for row in self.unpaid(self.note.disbursed_on)}

    def _due(self, row: Instalment) -> Due:
        last = row.due_on == self.note.matures_on
        due_on = self.due_on(row)
        # Interest settled on the 20th includes that day; at a due day or the maturity it does not.
        inclusive = not last and not self.note.settlement.startswith("due-")
        until = due_on + timedelta(days=1) if inclusive else due_on
        principal_fen = self.note.principal_fen - row.balance_after_fen
        return Due(row.no, due_on, principal_fen, self.interest_fen(until))

    def _changes(self) -> Iterable[Change]:
        for m in self.movements:
            if m.kind is MovementKind.PRINCIPAL_REPAID:
                yield Change(m.on, repaid_fen=m.amount_fen)
            elif m.kind is MovementKind.RATE_CHANGED and m.on < self.matures_on:
                yield Change(m.on, rate_ppm=m.rate_ppm)  # a later one is the penalty's


def accounts(ctx: Context, notes: Sequence[Note]) -> list[Account]:
    """The accounts of some notes, in their order, in three reads."""
    keys = [note.id for note in notes]
    contracts = by_key(ctx, Contract, (note.contract_id for note in notes))
    plans: dict[int, list[Instalment]] = {key: [] for key in keys}
    rows = select(Instalment).where(Instalment.note_id.in_(keys))
    for row in ctx.session.scalars(rows.order_by(Instalment.note_id, Instalment.no)):
        plans[row.note_id].append(row)
    moved: dict[int, list[Movement]] = {key: [] for key in keys}
    for movement in ctx.session.scalars(
        select(Movement).where(Movement.note_id.in_(keys)).order_by(Movement.id)
    ):
        moved[movement.note_id].append(movement)
    return [
        Account(note, contracts[note.contract_id], plans[note.id], standing(moved[note.id]))
        for note in notes
    ]


def keep_open_days(account: Account) -> None:
    """Write down which instalments are open, after a movement or with a new plan."""
    days = account.open_days()
    for row in account.plan:
        row.open_due_on = days.get(row.no)


def account_of(ctx: Context, note: Note) -> Account:
    """One note's account."""
    (account,) = accounts(ctx, [note])
    return account
