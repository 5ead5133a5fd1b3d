"""Every desk of the programme in one place: who acts, and how an act becomes a command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar
from uuid import UUID

from app.bootstrap import Newcomer, first_administrators
from app.commands import perform
from app.demo.people import ADMINISTRATORS, BANKS, HOUSES, PASSWORD, House
from app.demo.script import FIRST_DAY, Story
from app.deps import Installation
from app.security import actor_of_login, hash_password
from loans import agreements, fund, logins, parties, role_changes
from loans.access import Actor
from loans.context import Context
from loans.models import RoleChange
from loans.schedule import Instalment

Result = TypeVar("Result")

REVIEWER, APPROVER = "guarantee-reviewer", "guarantee-approver"
AUDITOR, PAYER = "finance-auditor", "finance-approver"
VERIFIER = "verifier"
AGREED_SINCE = date(2019, 1, 1)
FIRST_CONTRIBUTION_FEN = 10_000_000_00


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """One note as its bank knows it: whose it is, and what it pays when."""

    story: Story
    contract_no: str
    note_no: str
    note_id: UUID
    principal_fen: int
    disbursed_on: date
    matures_on: date
    plan: tuple[Instalment, ...]

    @property
    def maker(self) -> str:
        """The login of the bank's maker."""
        return login_of(self.story, "maker")

    @property
    def checker(self) -> str:
        """The login of the bank's checker."""
        return login_of(self.story, "checker")


@dataclass(slots=True)
class Office:
    """The installation, its people, and what its banks know of their notes."""

    installation: Installation
    actors: dict[str, Actor] = field(default_factory=dict)
    bank_ids: list[UUID] = field(default_factory=list)
    branch_ids: list[list[UUID]] = field(default_factory=list)
    loans: dict[str, Loan] = field(default_factory=dict)
    today: date = FIRST_DAY
    acts: int = 0
    has_default: bool = False

    def do(self, login: str, operation: str, call: Callable[[Context], Result]) -> Result:
        """One command of one person, in its own transaction."""
        self.acts += 1
        return perform(self.installation, self.actors[login], operation, call)

    def read(self, login: str, call: Callable[[Context], Result]) -> Result:
        """What one person sees."""
        with self.installation.reads() as session:
            return call(self.installation.context(session, self.actors[login]))

    def set_date(self, on: date) -> None:
        """The business date moves on."""
        self.today = on
        self.do("system", "business_date.set", lambda ctx: parties.set_business_date(ctx, on=on))

    def workday(self, on: date, ahead: int = 0) -> date:
        """``on`` or the next working day; or the ``ahead``-th working day after it."""
        calendar = self.installation.calendar
        if ahead:
            return calendar.add_workdays(on, ahead).on
        return on if calendar.is_workday(on) else calendar.add_workdays(on, 1).on


def login_of(story: Story, desk: str) -> str:
    """The login of a desk of the bank that the story's borrower goes to."""
    return f"bank-{BANKS[story.bank].code.lower()}-{desk}"


def open_office(installation: Installation) -> Office:
    """Register everyone, endow the fund, agree with the banks: the programme can begin."""
    administrators = first_administrators(
        installation,
        {new.role: Newcomer(new.name, new.login, PASSWORD) for new in ADMINISTRATORS},
        code="YY",
        name="演示平台运营单位",
    )
    office = Office(installation)
    for new in ADMINISTRATORS:
        office.actors[new.login] = administrators[new.role]
    office.set_date(FIRST_DAY)
    # One hash for all: the password is printed anyway.
    password_hash = hash_password(PASSWORD)
    for house in HOUSES:
        _join(office, house, password_hash)
    _endow(office)
    return office


def _join(office: Office, house: House, password_hash: str) -> None:
    """An organisation with its branches and people."""
    organisation = office.do(
        "system",
        "organisations.register",
        partial(parties.register_organisation, kind=house.kind, code=house.code, name=house.name),
    )
    if house in BANKS:
        office.bank_ids.append(organisation.public_id)
        office.branch_ids.append(_branches(office, house, organisation.public_id))
    for new in house.people:
        person = office.do(
            "system",
            "people.register",
            partial(
                logins.register_person,
                organisation_id=organisation.public_id,
                name=new.name,
                login=new.login,
                roles=frozenset({new.role}),
            ),
        )
        with office.installation.reads() as session:
            waiting = role_changes.pending().where(RoleChange.person_id == person.id)
            change_id = session.scalars(waiting).one().public_id
        office.do(
            "security",
            "role_changes.agree",
            partial(role_changes.agree, change_id=change_id, password_hash=password_hash),
        )
        with office.installation.reads() as session:
            actor = actor_of_login(session, new.login)
        assert actor is not None
        office.actors[new.login] = actor


def _branches(office: Office, house: House, bank_id: UUID) -> list[UUID]:
    """The bank's counters, in the order of the cast."""
    rows = (
        office.do(
            "system",
            "branches.register",
            partial(parties.register_branch, bank_id=bank_id, code=f"{no:03d}", name=name),
        )
        for no, name in enumerate(house.branches, 1)
    )
    return [row.public_id for row in rows]


def _endow(office: Office) -> None:
    """The fund's first money, and each bank's share of a loss."""
    contribute(office, FIRST_CONTRIBUTION_FEN, "首期注资")
    for house, bank_id in zip(BANKS, office.bank_ids, strict=True):
        office.do(
            APPROVER,
            "agreements.register",
            partial(
                agreements.register,
                bank_id=bank_id,
                since=AGREED_SINCE,
                until=None,
                bank_share_pct=house.share_pct,
                limit_fen=None,
            ),
        )


def contribute(office: Office, amount_fen: int, reason: str) -> None:
    """Money is paid into the guarantee fund."""
    office.do(
        APPROVER,
        "fund.contribute",
        lambda ctx: fund.contribute(ctx, amount_fen=amount_fen, reason=reason),
    )
