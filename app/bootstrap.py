"""The first people of an empty installation: nobody could register them, for nobody is there yet.

Three administrators who watch each other, in one operating organisation: the system (parties and
dates), security (people and keys) and audit (the record of all). Everyone else is registered by
them, with ordinary commands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.deps import Installation
from app.security import hash_password
from loans import audit
from loans.access import Actor, OrganisationKind, Role
from loans.errors import Conflict
from loans.models import Organisation, Person

OPERATION = "installation.begin"
ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person to register; without a password they cannot sign in until they are given one."""

    name: str
    login: str
    password: str | None = None


def first_administrators(
    installation: Installation,
    people: Mapping[Role, Newcomer],
    *,
    code: str = "operator",
    name: str = "富民贷款平台运营单位",
) -> dict[Role, Actor]:
    """Create the operator with one person for each of ``ADMINISTRATORS``, in one transaction.

    Refuses with ``Conflict`` where any organisation is registered already.
    """
    assert set(people) == set(ADMINISTRATORS), "one person each, never one person with two offices"
    hashes = {role: hash_password(new.password) if new.password else None
              for role, new in people.items()}  # fmt: skip
    with installation.writes() as session, session.begin():
        on = installation.today(session)
        operator = _operator(session, installation, code=code, name=name)
        actors = {}
        for role in ADMINISTRATORS:
            person = Person(
                public_id=installation.new_id(),
                organisation_id=operator.id,
                name=people[role].name,
                login=people[role].login,
                password_hash=hashes[role],
                roles=[role.value],
                registered_on=on,
            )
            session.add(person)
            session.flush()
            actors[role] = Actor(
                person_id=person.id,
                public_id=person.public_id,
                name=person.name,
                organisation_id=operator.id,
                organisation_kind=operator.kind,
                roles=frozenset({role}),
            )
        ctx = installation.context(session, actors[Role.SYSTEM_ADMIN])
        audit.record(ctx, operation=OPERATION, target_id=operator.public_id)
        return actors


def _operator(
    session: Session, installation: Installation, *, code: str, name: str
) -> Organisation:
    if session.scalars(select(Organisation.id).limit(1)).first() is not None:
        raise Conflict("already-begun", "本系统已有登记的机构；新的人员请由安全管理员登记")
    operator = Organisation(
        public_id=installation.new_id(),
        kind=OrganisationKind.OPERATOR,
        code=code,
        name=name,
        registered_on=installation.today(session),
    )
    session.add(operator)
    session.flush()
    return operator
