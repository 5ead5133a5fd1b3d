"""A small programme to test with: a seeded installation and short verbs for its commands.

Two banks, a guarantee company with a fund, the finance bureau and 人社. Every institution has a
maker, a checker and one person who holds both offices. Every verb is an ordinary command, run as
the application runs it; its clock, ids and keys are fixed, so a history repeats to the byte.

    with Programme.begin(database) as programme:
        note = programme.loan(amount_fen=300_000_00, on=date(2019, 4, 10))
        programme.day(date(2019, 5, 1))
        programme.close(date(2019, 4, 1))
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.bootstrap import Newcomer, first_administrators
from app.commands import perform
from app.db import make_sessions
from app.deps import Installation
from app.security import actor_of_login, hash_token
from loans import (
    access,
    agreements,
    applications,
    decisions,
    disbursements,
    fund,
    lifecycle,
    logins,
    parties,
    role_changes,
)
from loans.access import Actor, OrganisationKind, Role
from loans.applications import Asked, Facts, HireFact, LoanTerms
from loans.context import Context
from loans.models import ApiKey, Application, Hire, Note, Person, RoleChange
from loans.policy import PolicyBook, Scorecard, load_policy_book
from loans.schedule import Method
from loans.underwriting import CHECKLISTS, Card, Checked, Scored
from loans.vault import KEY_BYTES, Vault
from loans.wall import EVERY_BANK, admit
from loans.workdays import WorkdayCalendar, load_calendar
from loans.workflow import Action, BorrowerKind, State
from subsidy import monthend
from subsidy.models import AccrualLine, MonthLock
from tests.databases import Database
from tests.engines import engine_at

Result = TypeVar("Result")
FAR = datetime(2199, 1, 1, tzinfo=UTC)

# For tests that make their own databases: both engines, of which CI may skip neither.
ENGINES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
BEGIN = date(2019, 4, 1)
KEY, INDEX_KEY = bytes(range(KEY_BYTES)), bytes(range(32))
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
TERMS: dict[str, Any] = {
    "amount_fen": 300_000_00,
    "term_months": 12,
    "rate_ppm": 43_500,
    "penalty_rate_ppm": 65_250,
    "method": Method.BULLET,
    "purpose": "开店",
}
# What an unemployed applicant, or a firm for an unemployed hire, brings (9.6, 9.8).
PAPERS = (("就业创业证（失业登记）", "JY-1"), ("户口簿", "HK-1"))


@cache
def shipped_book() -> PolicyBook:
    """The law as shipped, read once a process."""
    return load_policy_book()


@cache
def shipped_calendar() -> WorkdayCalendar:
    """The State Council's calendar, read once a process."""
    return load_calendar()


def id_number(n: int) -> str:
    """The ``n``-th person's number, with its check character."""
    digits = f"320281199001{1 + n // 1000:02d}{n % 1000:03d}"
    total = sum(int(d) * w for d, w in zip(digits, ID_WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def credit_code(n: int) -> str:
    """The ``n``-th firm's code, with its check character."""
    code = f"91320281{n:09d}"
    total = sum(CODE_ALPHABET.index(c) * 3**i % 31 for i, c in enumerate(code))
    return code + CODE_ALPHABET[-total % 31]


def filled_card(book: PolicyBook, card: Card, *, passed: bool = True) -> list[Scored]:
    """A scorecard with full marks for every item, or with none."""
    value = book.at(f"appraisal.{card}", BEGIN).value
    assert isinstance(value, Scorecard)
    return [
        Scored(item=item.code, points=item.weight if passed else 0, evidence="实地查看")
        for item in value.items
    ]


def answered_checklist(book: PolicyBook, state: State) -> list[Checked]:
    """The due-diligence checklist of a stage, every line done; empty where there is none."""
    key = CHECKLISTS.get(state)
    items = book.at(key, BEGIN).value if key else ()
    assert isinstance(items, tuple)
    return [Checked(item=item.code, met=True, evidence="已核") for item in items]


@dataclass(frozen=True)
class Institution:
    """One organisation with its maker, its checker, and one person who is both."""

    id: UUID
    maker: Actor
    checker: Actor
    both: Actor


def _installed(engine: Engine, book: PolicyBook, seed: int = 0) -> Installation:
    ids, seconds = Random(seed), count()
    return Installation(
        reads=make_sessions(engine, write=False),
        writes=make_sessions(engine),
        book=book,
        calendar=shipped_calendar(),
        vault=Vault({1: KEY}, INDEX_KEY),
        clock=lambda: datetime(2019, 4, 1, tzinfo=UTC) + timedelta(seconds=next(seconds)),
        new_id=lambda: UUID(int=ids.getrandbits(128), version=4),
    )


def keyring_in(folder: Path) -> Path:
    """The programme's keys as the file that a running copy reads."""
    ring = folder / "programme.keys"
    ring.write_text(json.dumps({"keys": {"1": KEY.hex()}, "index_key": INDEX_KEY.hex()}))
    return ring


@dataclass
class Programme:
    """A running installation; see the module's text."""

    installation: Installation
    system: Actor
    security: Actor
    bank: Institution = field(init=False)
    other_bank: Institution = field(init=False)
    guarantor: Institution = field(init=False)
    finance: Institution = field(init=False)
    verifier: Actor = field(init=False)
    branches: dict[UUID, UUID] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(101))
    engine: Engine = field(init=False)  # under its options for reads and for writes
    generation: int = 0  # how often it was copied: no copy repeats an id or a number
    _session: Session | None = None

    @classmethod
    @contextmanager
    def begin(
        cls,
        database: Database,
        *,
        book: PolicyBook | None = None,
        fund_fen: int = 10_000_000_00,
        limit_fen: int | None = None,
        on: date = BEGIN,
    ) -> Iterator["Programme"]:
        """Seed the installation of a freshly migrated database."""
        with engine_at(database.url) as engine:
            installation = _installed(engine, book or shipped_book())
            first = first_administrators(
                installation,
                {
                    Role.SYSTEM_ADMIN: Newcomer("系统", "system"),
                    Role.SECURITY_ADMIN: Newcomer("安全", "security"),
                    Role.AUDIT_ADMIN: Newcomer("审计", "audit"),
                },
            )
            programme = cls(installation, first[Role.SYSTEM_ADMIN], first[Role.SECURITY_ADMIN])
            programme.engine = engine
            with programme.at_once():
                programme._seed(on, fund_fen, limit_fen)
            yield programme

    @contextmanager
    def moved(self, to: Database) -> Iterator["Programme"]:
        """The same people in a copy of their database."""
        generation = self.generation + 1
        with engine_at(to.url) as engine:
            moved = copy(self)
            moved.installation = _installed(engine, self.installation.book, seed=generation)
            moved.engine, moved.generation = engine, generation
            moved.numbers = count(1_000 * generation + 101)
            yield moved

    def _seed(self, on: date, fund_fen: int, limit_fen: int | None) -> None:
        kind, role = OrganisationKind, Role
        self.day(on)
        self.bank = self.institution(kind.BANK, "B1", role.BANK_MAKER, role.BANK_CHECKER)
        self.other_bank = self.institution(kind.BANK, "B2", role.BANK_MAKER, role.BANK_CHECKER)
        self.guarantor = self.institution(
            kind.GUARANTOR, "G", role.GUARANTEE_REVIEWER, role.GUARANTEE_APPROVER
        )
        self.finance = self.institution(
            kind.FINANCE, "F", role.FINANCE_AUDITOR, role.FINANCE_APPROVER
        )
        bureau = self._organisation(kind.HUMAN_RESOURCES, "H")
        self.verifier = self.person(bureau, "H-verifier", role.VERIFIER)
        self.do(
            self.guarantor.checker,
            "fund.contribute",
            lambda ctx: fund.contribute(ctx, amount_fen=fund_fen, reason="首期"),
        )
        for bank in (self.bank, self.other_bank):
            self.branches[bank.id] = self.do(
                self.system,
                "branches.register",
                lambda ctx, bank=bank: parties.register_branch(
                    ctx, bank_id=bank.id, code="001", name="营业部"
                ),
            ).public_id
            self.agree(bank, limit_fen=limit_fen)

    # --- running commands -----------------------------------------------------------------------

    def do(self, actor: Actor, operation: str, call: Callable[[Context], Result]) -> Result:
        """One command; inside ``at_once`` without a transaction of its own."""
        if self._session is None:
            return perform(self.installation, actor, operation, call)
        access.require(actor, operation)
        with self._session.begin_nested():  # a refused command leaves nothing behind
            result = call(self.installation.context(self._session, actor))
            self._session.flush()
        return result

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Commands inside share one transaction: quicker, for what a test takes for granted."""
        if self._session is not None:
            yield
            return
        with self.installation.writes() as session, session.begin():
            self._session = session
            try:
                yield
            finally:
                self._session = None

    @contextmanager
    def rehearsed(self) -> Iterator[None]:
        """Commands inside share one transaction that leaves no trace."""
        with self.installation.writes() as session, session.begin() as transaction:
            self._session = session
            try:
                yield
            finally:
                self._session = None
                transaction.rollback()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that reads what is there now."""
        if self._session is not None:
            admit(self._session, EVERY_BANK)
            yield self._session
        else:
            with self.installation.reads() as session:
                admit(session, EVERY_BANK)
                yield session

    @contextmanager
    def tampering(self) -> Iterator[Session]:
        """A transaction past all commands, for what no command would do."""
        with self.installation.writes() as session, session.begin():
            admit(session, EVERY_BANK)
            yield session

    def rows(self, query: Any) -> list[Any]:
        """The rows of a query, each as its only column or as a tuple."""
        with self.reading() as session:
            found = session.execute(query).all()
        return [row[0] if len(row) == 1 else row for row in found]

    def row(self, model: Any, public_id: UUID) -> Any:
        """One row as it is now."""
        (found,) = self.rows(select(model).where(model.public_id == public_id))
        return found

    @property
    def today(self) -> date:
        """The business date."""
        with self.reading() as session:
            return self.installation.today(session)

    # --- parties --------------------------------------------------------------------------------

    def institution(
        self, kind: OrganisationKind, code: str, maker: Role, checker: Role
    ) -> Institution:
        """An organisation with its three people."""
        organisation = self._organisation(kind, code)
        return Institution(
            organisation,
            maker=self.person(organisation, f"{code}-maker", maker),
            checker=self.person(organisation, f"{code}-checker", checker),
            both=self.person(organisation, f"{code}-both", maker, checker),
        )

    def _organisation(self, kind: OrganisationKind, code: str) -> UUID:
        return self.do(
            self.system,
            "organisations.register",
            lambda ctx: parties.register_organisation(
                ctx, kind=kind, code=code, name=f"{kind.value} {code}"
            ),
        ).public_id

    def person(self, organisation: UUID, login: str, *roles: Role) -> Actor:
        """Someone new in an organisation."""
        with self.at_once():
            person = self.do(
                self.system,
                "people.register",
                lambda ctx: logins.register_person(
                    ctx,
                    organisation_id=organisation,
                    name=login,
                    login=login,
                    roles=frozenset(roles),
                ),
            )
            self.agree_account(person)
        with self.reading() as session:
            actor = actor_of_login(session, login)
        assert actor is not None
        return actor

    def key(self, login: str, sent: str, **more: Any) -> ApiKey:
        """A key of somebody's machine, agreed to; ``sent`` is what the machine sends."""
        more = {"label": "核心系统", "key_hash": hash_token(sent), "expires_at": FAR} | more
        with self.at_once():
            key = self.do(
                self.system, "keys.issue", lambda ctx: logins.issue_key(ctx, login=login, **more)
            )
            agreeing = partial(logins.agree_key, key_id=key.public_id)
            return self.do(self.security, "keys.agree", agreeing)

    def agree_account(self, person: Person, password_hash: str | None = None) -> None:
        """The security administrator agrees to what waits for somebody."""
        waiting = role_changes.pending().where(RoleChange.person_id == person.id)
        change_id = self.rows(waiting)[0].public_id
        self.do(
            self.security,
            "role_changes.agree",
            lambda ctx: role_changes.agree(ctx, change_id=change_id, password_hash=password_hash),
        )

    def agree(
        self, bank: Institution, *, share_pct: int = 20, limit_fen: int | None = None
    ) -> None:
        """Guarantee company and bank agree on the bank's share of a loss."""
        self.do(
            self.guarantor.checker,
            "agreements.register",
            lambda ctx: agreements.register(
                ctx,
                bank_id=bank.id,
                since=date(2019, 1, 1),
                until=None,
                bank_share_pct=share_pct,
                limit_fen=limit_fen,
            ),
        )

    def day(self, on: date) -> None:
        """Live on another day; never an earlier one."""
        self.do(self.system, "business_date.set", lambda ctx: parties.set_business_date(ctx, on=on))

    # --- an application's way -------------------------------------------------------------------

    def asked(
        self,
        *,
        who: int | None = None,
        bank: Institution | None = None,
        facts: dict[str, Any] | None = None,
        **terms: Any,
    ) -> Asked:
        """What a local unemployed person asks for; ``who`` names the same person again."""
        who = next(self.numbers) if who is None else who
        stated: dict[str, Any] = {
            "business_division": "320281",
            "local_hukou": True,
            "categories": ("unemployed",),
            "employees": 2,
            "spouse_has_loan": False,
            "own_firm_subsidised": False,
        }
        return Asked(
            kind=BorrowerKind.INDIVIDUAL,
            name=f"测试{who}",
            id_no=id_number(who),
            phone=f"138{who:08d}",
            branch_id=self.branches[(bank or self.bank).id],
            terms=LoanTerms(**{**TERMS, **terms}),
            facts=Facts(**{**stated, **(facts or {})}),
            consent_version="1",
            evidence=PAPERS,
        )

    def asked_firm(
        self, *, hires: int = 1, facts: dict[str, Any] | None = None, **terms: Any
    ) -> Asked:
        """What a small firm with newly hired local unemployed people asks for."""
        who = next(self.numbers)
        return Asked(
            kind=BorrowerKind.SMALL_FIRM,
            name=f"企业{who}",
            id_no=credit_code(who),
            phone=None,
            branch_id=self.branches[self.bank.id],
            terms=LoanTerms(**{**TERMS, "method": Method.LUMP_SUM, **terms}),
            facts=Facts(**({"business_division": "320281", "is_small_firm": True} | (facts or {}))),
            consent_version="1",
            hires=tuple(
                HireFact(
                    name=f"员工{n}",
                    id_no=id_number(n),
                    category="unemployed",
                    local_hukou=True,
                    graduated_on=None,
                    contract_from=date(2019, 1, 1),
                    contract_until=None,
                    open_ended=True,
                )
                for n in (next(self.numbers) for _ in range(hires))
            ),
            evidence=PAPERS,
        )

    def create(self, asked: Asked | None = None, *, bank: Institution | None = None) -> UUID:
        """A draft."""
        asked = asked or self.asked()
        return self.do(
            (bank or self.bank).maker,
            "applications.create",
            lambda ctx: applications.create(ctx, asked=asked),
        ).public_id

    def submit(self, application: UUID) -> Application:
        """The bank hands the file in."""
        return self._maker(application, "applications.submit", applications.submit)

    def resubmit(self, application: UUID) -> Application:
        """The file comes back from 补正."""
        return self._maker(application, "applications.resubmit", applications.resubmit)

    def withdraw(self, application: UUID) -> Application:
        """The applicant takes it back."""
        return self._maker(
            application, "applications.withdraw", applications.withdraw, reason="不需要了"
        )

    def lapse(self, application: UUID) -> Application:
        """The reservation's end, by two people of the bank."""
        return self.decide(application, self.bank_of(application), Action.LAPSE)

    def edit(self, application: UUID, asked: Asked) -> Application:
        """New content for a draft or a returned file."""
        version = self.row(Application, application).version
        return self._maker(
            application, "applications.edit", applications.edit, asked=asked, version=version
        )

    def _maker(self, application: UUID, operation: str, command: Any, **more: Any) -> Application:
        maker = self.bank_of(application).maker
        return self.do(
            maker, operation, lambda ctx: command(ctx, application_id=application, **more)
        )

    def bank_of(self, application: UUID) -> Institution:
        """The bank an application was made at."""
        mine = self.row(Application, application).bank_id == self.bank.maker.organisation_id
        return self.bank if mine else self.other_bank

    def accept(self, application: UUID, desk: Actor | None = None) -> Application:
        """受理."""
        return self.do(
            desk or self.desk_of(application),
            "applications.accept",
            lambda ctx: applications.accept(ctx, application_id=application),
        )

    def desk_of(self, application: UUID) -> Actor:
        """Who takes an application in."""
        person = self.row(Application, application).kind is BorrowerKind.INDIVIDUAL
        return (self.guarantor if person else self.finance).maker

    def return_at_intake(self, application: UUID) -> Application:
        """补正 before acceptance."""
        return self.do(
            self.desk_of(application),
            "applications.send_back",
            lambda ctx: applications.return_at_intake(
                ctx, application_id=application, reason="缺件", missing=("租赁合同",)
            ),
        )

    def verify(self, application: UUID, *, passed: bool = True) -> Application:
        """人社 examines every claimed group or hire."""
        row = self.row(Application, application)
        subjects = [*row.facts["categories"]]
        if row.kind is BorrowerKind.SMALL_FIRM:
            hires = select(Hire.public_id).where(Hire.application_id == row.id)
            subjects = [str(hire) for hire in self.rows(hires)]
        results = [(subject, passed, "登记") for subject in subjects]
        return self.do(
            self.verifier,
            "applications.verify",
            lambda ctx: decisions.verify(ctx, application_id=application, results=results),
        )

    def appraise(
        self,
        application: UUID,
        *,
        card: Card = Card.RAISED_CAP,
        passed: bool = True,
        approvable_fen: int | None = None,
    ) -> Any:
        """综合评估, with full marks or none."""
        return self.do(
            self.guarantor.maker,
            "applications.appraise",
            lambda ctx: decisions.appraise(
                ctx,
                application_id=application,
                card=card,
                items=filled_card(ctx.book, card, passed=passed),
                approvable_fen=approvable_fen,
                comment="",
            ),
        )

    def propose(
        self, application: UUID, by: Actor, action: Action = Action.PASS, **more: Any
    ) -> Any:
        """A maker's opinion, with its checklist or its list of what is missing."""
        if action is Action.PASS:
            more.setdefault("checklist", self.answered(application))
        if action is Action.SEND_BACK:
            more.setdefault("missing", ("租赁合同",))
        return self.do(
            by,
            "applications.propose",
            lambda ctx: decisions.propose(
                ctx, application_id=application, action=action, reason="意见", **more
            ),
        )

    def answered(self, application: UUID) -> list[Checked]:
        """The checklist of an application's stage, every line done."""
        return answered_checklist(self.installation.book, self.row(Application, application).state)

    def agree_to(self, application: UUID, by: Actor, *, agree: bool = True) -> Application:
        """A checker's decision."""
        return self.do(
            by,
            "applications.decide",
            lambda ctx: decisions.decide(ctx, application_id=application, agree=agree),
        )

    def decide(
        self, application: UUID, at: Institution, action: Action = Action.PASS, **more: Any
    ) -> Application:
        """Maker and checker of one institution."""
        self.propose(application, at.maker, action, **more)
        return self.agree_to(application, at.checker)

    def submitted(self, asked: Asked | None = None, *, bank: Institution | None = None) -> UUID:
        """An application that waits for acceptance."""
        application = self.create(asked, bank=bank)
        self.submit(application)
        return application

    def under_review(self, asked: Asked | None = None, *, bank: Institution | None = None) -> UUID:
        """A person's application, accepted and verified, before the guarantee review decides."""
        application = self.submitted(asked, bank=bank)
        self.accept(application)
        if self.row(Application, application).facts["categories"]:
            self.verify(application)
        else:
            self.appraise(application)
        return application

    def guaranteed(self, asked: Asked | None = None, *, bank: Institution | None = None) -> UUID:
        """A person's application that waits for the bank's decision."""
        application = self.under_review(asked, bank=bank)
        self.decide(application, self.guarantor)
        return application

    def approved(self, asked: Asked | None = None, *, bank: Institution | None = None) -> UUID:
        """An approved application, whichever way it goes."""
        if asked is not None and asked.kind is BorrowerKind.SMALL_FIRM:
            application = self.submitted(asked)
            self.accept(application)
            self.verify(application)
            self.decide(application, self.finance)
            return application
        application = self.guaranteed(asked, bank=bank)
        self.decide(application, bank or self.bank)
        return application

    # --- a loan's life --------------------------------------------------------------------------

    def request(
        self,
        application: UUID,
        *,
        amount_fen: int,
        on: date,
        note_no: str | None = None,
        by: Actor | None = None,
        signed_on: date | None = None,
    ) -> UUID:
        """The maker asks for a drawing, under the application's one contract."""
        row = self.row(Application, application)
        number = note_no or f"JJ-{next(self.numbers):05d}"
        return self.do(
            by or self.bank_of(application).maker,
            "disbursements.request",
            lambda ctx: disbursements.request(
                ctx,
                application_id=application,
                contract_no=f"HT-{row.id}",
                note_no=number,
                amount_fen=amount_fen,
                signed_on=signed_on or row.decided_on,
                disbursed_on=on,
            ),
        ).public_id

    def confirm(self, drawing: UUID, by: Actor | None = None) -> UUID:
        """The checker confirms it: the note."""
        return self.do(
            by or self.bank.checker,
            "disbursements.confirm",
            lambda ctx: disbursements.confirm(ctx, disbursement_id=drawing),
        ).public_id

    def draw(self, application: UUID, *, amount_fen: int, on: date, **more: Any) -> UUID:
        """A drawing by two people of the application's bank: the note."""
        drawing = self.request(application, amount_fen=amount_fen, on=on, **more)
        return self.confirm(drawing, by=self.bank_of(application).checker)

    def loan(self, asked: Asked | None = None, *, on: date | None = None, **terms: Any) -> UUID:
        """The note of an application approved and wholly drawn on one day."""
        with self.at_once():
            if on is not None and on > self.today:
                self.day(on)
            asked = asked or self.asked(**terms)
            application = self.approved(asked)
            return self.draw(application, amount_fen=asked.terms.amount_fen, on=on or self.today)

    def report(self, note: UUID, what: str, by: Actor | None = None, **more: Any) -> Any:
        """A report on a note: ``what`` is a command of ``loans.lifecycle``."""
        operation = {"agree_extension": "extend"}.get(what, what)
        command = getattr(lifecycle, what)
        usual = {"agree_extension": self.guarantor.checker, "reverse": self.bank.checker}
        return self.do(
            by or usual.get(what, self.bank.maker),
            f"notes.{operation}",
            lambda ctx: command(ctx, note_id=note, **more),
        )

    def repay(self, note: UUID, amount_fen: int, *, on: date) -> Any:
        """Principal came back."""
        return self.report(note, "repay", on=on, amount_fen=amount_fen)

    def note(self, note: UUID) -> Note:
        """A note as it stands."""
        return self.row(Note, note)

    # --- months ---------------------------------------------------------------------------------

    def close(self, month: date) -> MonthLock:
        """Lock a month."""
        return self.do(
            self.finance.checker, "months.close", lambda ctx: monthend.close(ctx, month=month)
        )

    def lines(self, lock: MonthLock | None = None) -> list[AccrualLine]:
        """The locked lines, of one month or of all, in the order they were stored."""
        query = select(AccrualLine).order_by(AccrualLine.id)
        return self.rows(query if lock is None else query.where(AccrualLine.month_id == lock.id))


# By engine: a database and the programme that was seeded in it.
Seeded = dict[str, tuple[Database, Programme]]
QUARTER_BEGINS, QUARTER_ENDS = date(2019, 6, 21), date(2019, 9, 21)


def lend_for_a_quarter(p: Programme) -> None:
    """Notes N1 to N4 of the first bank, N1 of the other; then the day after the settlement day."""
    with p.at_once():
        p.day(date(2019, 4, 10))
        for number, facts in (("N1", {}), ("N2", {"categories": ()})):
            application = p.approved(p.asked(facts=facts))
            p.draw(application, amount_fen=300_000_00, on=p.today, note_no=number)
        firm = p.approved(p.asked_firm(hires=3, amount_fen=500_000_00, settlement="quarterly-20"))
        p.draw(firm, amount_fen=500_000_00, on=p.today, note_no="N3")
        abroad = p.approved(p.asked(bank=p.other_bank), bank=p.other_bank)
        p.draw(abroad, amount_fen=300_000_00, on=p.today, note_no="N1")
        later = p.approved(p.asked(amount_fen=100_000_00))
        p.day(date(2019, 7, 10))
        p.draw(later, amount_fen=100_000_00, on=p.today, note_no="N4")
        p.day(QUARTER_ENDS)
