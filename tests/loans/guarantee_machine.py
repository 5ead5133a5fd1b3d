"""The guarantee as a state machine: from the application to the last fen that comes back.

A run lends once or twice, then mixes: the natural next step of some subject, and everything that
may come between. After every step the invariants of the fund (G), the ledger (L) and compensation
(C) hold. A refused command is an outcome like any other: it must leave nothing behind.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from loans import fund
from loans.dues import Account
from loans.errors import FuminError
from loans.ledger import position, standing
from loans.models import (
    Application,
    Contract,
    FundEntry,
    FundEntryKind,
    GuaranteeFund,
    Instalment,
    Movement,
    MovementKind,
    Note,
    Payout,
    PayoutState,
    Recovery,
    RecoveryKind,
)
from loans.payouts import Ground
from loans.workflow import Action, NoteState, State
from tests import guarantee as g
from tests.programme import Programme

LEVERAGE = 5
AMOUNTS = st.sampled_from([50_000_00, 99_999_99, 100_000_00, 100_000_01, 200_000_00, 300_000_00])
PICK = st.integers(0, 1_000_000)
MONEY = (
    FundEntryKind.CONTRIBUTION,
    FundEntryKind.INCOME,
    FundEntryKind.WITHDRAWAL,
    FundEntryKind.COMPENSATION,
    FundEntryKind.RECOVERY,
)


class GuaranteeMachine(RuleBasedStateMachine):
    """One run in one transaction that leaves no trace; ``programme`` is set by the test."""

    programme: ClassVar[Programme]
    reached: ClassVar[Counter[str]] = Counter()
    refused: ClassVar[Counter[str]] = Counter()
    runs: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.p = self.programme
        self._until_the_end = ExitStack()
        self._until_the_end.enter_context(self.p.rehearsed())
        self._seen: set[str] = set()
        self._entries: list[tuple[object, ...]] = []
        type(self).runs += 1

    def teardown(self) -> None:
        self._until_the_end.close()
        type(self).reached.update(self._seen)

    # --- the rules ----------------------------------------------------------------------------

    @initialize(first_fen=AMOUNTS, second_fen=st.none() | AMOUNTS)
    def lend(self, first_fen: int, second_fen: int | None) -> None:
        self.p.loan(amount_fen=first_fen)
        if second_fen is not None:
            self.p.loan(amount_fen=second_fen)

    @rule(amount_fen=AMOUNTS)
    def apply(self, amount_fen: int) -> None:
        self.p.under_review(self.p.asked(amount_fen=amount_fen))

    @rule(pick=PICK)
    def go_on(self, pick: int) -> None:
        """The natural next step of one subject; of the one that has come furthest, mostly."""
        open_ones = [*self._open_applications(), *self._open_notes()]
        if open_ones:
            at = -1 if pick % 4 else pick % len(open_ones)
            for _ in range(2 + pick % 3):
                self._try(lambda: self._next(self._again(open_ones[at]), pick))

    @rule(pick=PICK)
    def go_further(self, pick: int) -> None:
        self.go_on(pick | 1)

    @rule(pick=PICK)
    def go_furthest(self, pick: int) -> None:
        self.go_on(pick | 1)

    @rule(pick=PICK)
    def give_up(self, pick: int) -> None:
        """An application goes another way than to its loan, and perhaps comes back."""
        p, files = self.p, [*self._open_applications(), *self._returned()]
        if not files:
            self._try(lambda: p.guaranteed(p.asked(amount_fen=50_000_00)))
            files = self._open_applications()
        ways = (
            p.withdraw,
            self._lapse,
            lambda key: p.decide(key, p.bank, Action.REJECT),
            lambda key: p.decide(key, p.bank, Action.SEND_BACK),
            p.resubmit,
        )
        for way in ways[pick % 5 :][:2] if files else ():
            self._try(lambda way=way: way(files[pick % len(files)].public_id))

    @rule(days=st.integers(1, 60))
    def wait(self, days: int) -> None:
        self.p.day(self.p.today + timedelta(days=days))

    @rule(pick=PICK, part=st.integers(1, 4))
    def repay(self, pick: int, part: int) -> None:
        notes = [note for note in self._notes() if note.balance_fen]
        if notes:
            note = notes[pick % len(notes)]
            amount = max(1, note.balance_fen // part)
            self._try(lambda: self.p.repay(note.public_id, amount, on=self.p.today))

    @rule(amount_fen=st.sampled_from([1, 10_000_00, 60_000_00]))
    def put_in(self, amount_fen: int) -> None:
        self._fund("earn", amount_fen)

    @rule(amount_fen=st.sampled_from([1, 10_000_00, 150_000_00]))
    def take_out(self, amount_fen: int) -> None:
        self._fund("withdraw", amount_fen)

    @rule()
    def take_out_all_that_can_be_spared(self) -> None:
        (row,) = self.p.rows(select(GuaranteeFund))
        used_fen = row.outstanding_fen + row.reserved_fen
        if (spare_fen := row.balance_fen + used_fen // -LEVERAGE) > 0:
            self._fund("withdraw", spare_fen)

    @precondition(lambda self: bool(self._payouts()))
    @rule(pick=PICK, amount_fen=st.sampled_from([1, 1, 2, 7_00, 10_000_00, 500_000_00]))
    def recover(self, pick: int, amount_fen: int) -> None:
        payout = self._payouts()[pick % len(self._payouts())]
        self._try(lambda: g.receive(self.p, payout.public_id, amount_fen))

    @precondition(lambda self: bool(self._payouts()))
    @rule(pick=PICK, amount_fen=st.sampled_from([1, 5_00]))
    def cost(self, pick: int, amount_fen: int) -> None:
        payout = self._payouts()[pick % len(self._payouts())]
        self._try(lambda: g.cost(self.p, payout.public_id, amount_fen))

    @precondition(lambda self: bool(self._payouts()))
    @rule(pick=PICK)
    def reverse(self, pick: int) -> None:
        rows = self.p.rows(select(Recovery).order_by(Recovery.id))
        if rows:
            wrong = rows[pick % len(rows)]
            (payout,) = self.p.rows(select(Payout).where(Payout.id == wrong.payout_id))
            self._try(
                lambda: g.reverse(
                    self.p, payout.public_id, wrong.public_id, by=self.p.guarantor.checker
                )
            )

    @rule(pick=PICK)
    def undo_a_report(self, pick: int) -> None:
        rows = self.p.rows(select(Movement).order_by(Movement.id))
        wrong = rows[pick % len(rows)]
        (note,) = self.p.rows(select(Note).where(Note.id == wrong.note_id))
        self._try(
            lambda: self.p.report(
                note.public_id, "reverse", movement_id=wrong.public_id, reason="误记"
            )
        )

    def _lapse(self, application: UUID) -> None:
        self.p.day(self.p.today + timedelta(days=90))
        self.p.lapse(application)

    # --- the next step of a subject -----------------------------------------------------------

    def _next(self, subject: Application | Note, pick: int) -> None:
        if isinstance(subject, Application):
            self._next_of_application(subject, pick)
        else:
            self._next_of_note(subject, pick)

    def _next_of_application(self, row: Application, pick: int) -> None:
        p, key = self.p, row.public_id
        if row.state is State.GUARANTEE_REVIEW:
            p.decide(key, p.guarantor)
        elif row.state is State.LOAN_APPROVAL:
            assert row.approved_fen is not None
            p.decide(key, p.bank, approved_fen=max(1, row.approved_fen - pick % 3))
        else:
            part = 1 + pick % 2
            p.draw(key, amount_fen=max(1, self._undrawn(row) // part), on=p.today)

    def _next_of_note(self, note: Note, pick: int) -> None:
        p, key = self.p, note.public_id
        payouts = self.p.rows(select(Payout).where(Payout.note_id == note.id).order_by(Payout.id))
        if note.state in (NoteState.ACTIVE, NoteState.EXTENDED):
            due_on = next(self._due_days(note))
            waited = max(g.WAITING, (p.today - due_on).days)
            p.day(due_on + timedelta(days=waited))
            p.report(key, "mark_overdue", due_on=due_on)
            g.file_documents(p, key)
        elif note.state is NoteState.OVERDUE:
            explained = [("dunning_bank", "失联"), ("dunning_guarantor", "失联")]
            g.request(p, key, explanations=explained)
        elif payouts[-1].state is PayoutState.REQUESTED:
            grounds = (Ground(code="not_covered", amount_fen=pick % 5),) if pick % 5 else ()
            g.examine(p, payouts[-1].public_id, grounds=grounds)
        elif payouts[-1].state in (PayoutState.EXAMINED, PayoutState.APPROVED):
            step = g.decide if payouts[-1].state is PayoutState.EXAMINED else g.pay
            try:
                step(p, payouts[-1].public_id)
            except FuminError as refusal:
                if refusal.code == "fund-short":  # taken out before: now it is needed
                    self._fund("earn", 300_000_00)
                elif refusal.code == "content-changed":
                    g.examine(p, payouts[-1].public_id)
                else:
                    raise
        elif pick % 3:
            g.receive(p, payouts[-1].public_id, 1 + pick % 3)
        else:
            g.write_off(p, payouts[-1].public_id)

    def _again(self, subject: Application | Note) -> Application | Note:
        return self.p.row(type(subject), subject.public_id)

    def _due_days(self, note: Note):
        """The days on which something is unpaid, however far away."""
        for month in range(1, 14):
            on = date(note.disbursed_on.year + (note.disbursed_on.month + month - 1) // 12,
                      (note.disbursed_on.month + month - 1) % 12 + 1, 20)  # fmt: skip
            if on.month % 3 == 0 and on > note.disbursed_on:
                yield on

    def _try(self, call) -> None:
        before = len(self.p.rows(select(FundEntry.id)))
        try:
            with self.p._session.begin_nested():
                call()
        except FuminError as refusal:
            type(self).refused[refusal.code] += 1
            assert len(self.p.rows(select(FundEntry.id))) == before

    def _fund(self, what: str, amount_fen: int) -> None:
        command = getattr(fund, what)
        self._try(
            lambda: self.p.do(
                self.p.guarantor.checker,
                f"fund.{what}",
                lambda ctx: command(ctx, amount_fen=amount_fen, reason="变动"),
            )
        )

    # --- what there is ------------------------------------------------------------------------

    def _notes(self) -> list[Note]:
        return self.p.rows(select(Note).order_by(Note.id))

    def _payouts(self) -> list[Payout]:
        paid = (PayoutState.PAID, PayoutState.CLOSED, PayoutState.WRITTEN_OFF)
        return self.p.rows(select(Payout).where(Payout.state.in_(paid)).order_by(Payout.id))

    def _open_applications(self) -> list[Application]:
        states = (State.GUARANTEE_REVIEW, State.LOAN_APPROVAL, State.APPROVED)
        rows = self.p.rows(select(Application).where(Application.state.in_(states)))
        return [row for row in rows if row.state is not State.APPROVED or self._undrawn(row)]

    def _returned(self) -> list[Application]:
        """What the bank sent back: its guarantee is still held."""
        sent = (Application.state == State.RETURNED, Application.approved_fen.is_not(None))
        return self.p.rows(select(Application).where(*sent).order_by(Application.id))

    def _open_notes(self) -> list[Note]:
        done = (NoteState.SETTLED, NoteState.WRITTEN_OFF)
        order = list(NoteState)
        rows = [note for note in self._notes() if note.state not in done]
        return sorted(rows, key=lambda note: order.index(note.state))

    def _undrawn(self, row: Application) -> int:
        query = (
            select(Note.principal_fen)
            .join(Contract, Contract.id == Note.contract_id)
            .where(Contract.application_id == row.id)
        )
        assert row.approved_fen is not None
        return row.approved_fen - sum(self.p.rows(query))

    # --- what always holds --------------------------------------------------------------------

    @invariant()
    def the_fund_is_the_sum_of_its_entries(self) -> None:
        type(self).steps += 1
        rows = self.p.rows(select(FundEntry).order_by(FundEntry.id))
        (row,) = self.p.rows(select(GuaranteeFund))
        balance = reserved = outstanding = 0
        for entry in rows:
            balance += entry.balance_fen
            reserved += entry.reserved_fen
            outstanding += entry.outstanding_fen
            assert min(balance, reserved, outstanding) >= 0
            if entry.kind in (FundEntryKind.RESERVATION, FundEntryKind.WITHDRAWAL):  # G1
                assert outstanding + reserved <= LEVERAGE * balance
            assert (entry.balance_fen != 0) == (entry.kind in MONEY)  # G2
        assert (row.balance_fen, row.reserved_fen, row.outstanding_fen) == (
            balance, reserved, outstanding,
        )  # fmt: skip
        if outstanding + reserved > LEVERAGE * balance:
            self._seen.add("passive breach")
        told = [(e.id, e.kind, e.balance_fen, e.reserved_fen, e.outstanding_fen) for e in rows]
        assert told[: len(self._entries)] == self._entries  # L4: nothing is edited
        self._entries = told

    @invariant()
    def what_is_reserved_and_outstanding_is_what_runs(self) -> None:
        (row,) = self.p.rows(select(GuaranteeFund))
        assert row.outstanding_fen == sum(note.balance_fen for note in self._notes())
        held = (State.LOAN_APPROVAL, State.APPROVED)
        files = self.p.rows(select(Application).where(Application.state.in_(held)))
        files += self._returned()
        assert row.reserved_fen == sum(self._undrawn(file) for file in files)  # G3
        for state in self.p.rows(select(Application.state).distinct()):
            self._seen.add(f"application {state.value}")

    @invariant()
    def every_note_is_the_fold_of_its_movements(self) -> None:
        for note in self._notes():
            rows = self.p.rows(select(Movement).where(Movement.note_id == note.id))
            (contract,) = self.p.rows(select(Contract).where(Contract.id == note.contract_id))
            now = position(note.principal_fen, contract.rate_ppm, rows)
            assert (now.balance_fen, now.state) == (note.balance_fen, note.state)  # L3
            assert 0 <= note.balance_fen <= note.principal_fen <= contract.principal_fen  # L2
            plan = self.p.rows(select(Instalment).where(Instalment.note_id == note.id))
            days = Account(note, contract, plan, standing(rows)).open_days()
            assert {i.no: i.open_due_on for i in plan if i.open_due_on} == days
            self._seen.add(note.state.value)

    @invariant()
    def every_payout_is_shared_to_the_fen(self) -> None:
        paid_notes = [row.note_id for row in self._payouts()]
        assert len(paid_notes) == len(set(paid_notes))  # C3: once a note
        for row in self.p.rows(select(Payout)):
            assert row.bank_fen + row.fund_fen == row.compensated_fen  # C1
            assert min(row.bank_fen, row.fund_fen) >= 0
            (contract,) = self.p.rows(
                select(Contract)
                .join(Note, Note.contract_id == Contract.id)
                .where(Note.id == row.note_id)
            )
            if contract.principal_fen > 100_000_00:
                assert row.bank_fen >= (20 * row.compensated_fen + 99) // 100  # C2
            self._seen.add(f"payout {row.state.value}")
            if row.paid_on is not None:
                self._seen.add("compensation")
            self._check_recoveries(row)
        stopped = self.p.rows(
            select(Movement.note_id).where(Movement.kind == MovementKind.SUBSIDY_STOPPED)
        )
        assert set(stopped) == set(paid_notes)  # C5

    def _check_recoveries(self, payout: Payout) -> None:
        rows = self.p.rows(select(Recovery).where(Recovery.payout_id == payout.id))
        bank, returned = (sum(getattr(r, f"{who}_fen") for r in rows) for who in ("bank", "fund"))
        assert 0 <= bank <= payout.bank_fen and 0 <= returned <= payout.fund_fen  # C4
        assert sum(row.costs_fen for row in rows) >= 0
        for row in rows:
            if row.kind is RecoveryKind.RECEIPT:
                shared = row.bank_fen + row.fund_fen + row.surplus_fen
                assert row.received_fen == shared - row.costs_fen
            self._seen.add(f"recovery {row.kind.value}")
