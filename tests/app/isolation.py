"""Every place in which a bank's request may name a record, and the table of what it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select

from loans.access import Role
from loans.models import (
    Agreement,
    Application,
    BankStanding,
    Branch,
    Disbursement,
    ExemptionCase,
    Hire,
    Movement,
    Note,
    Payout,
    Recovery,
    Reveal,
)
from subsidy.models import AccountChange, Claim, ClaimCase, Remittance
from tests.app.operations import Operation, operations
from tests.programme import Programme

BANKERS = {Role.BANK_MAKER, Role.BANK_CHECKER, Role.BANK_READER}
# By the name of a parameter or field.
NAMED: dict[str, Any] = {
    "application_id": Application,
    "branch_id": Branch,
    "change_id": AccountChange,
    "claim": Claim,
    "claim_id": Claim,
    "disbursement_id": Disbursement,
    "hire_id": Hire,
    "movement_id": Movement,
    "note_id": Note,
    "payout_id": Payout,
    "recovery_id": Recovery,
    "remittance_id": Remittance,
    "reveal_id": Reveal,
}
# By the last part of the path: what a list continues after, and the two kinds of case.
LISTED: dict[str, Any] = {
    "account-changes": AccountChange,
    "agreements": Agreement,
    "applications": Application,
    "cases": ClaimCase,
    "claims": Claim,
    "disbursements": Disbursement,
    "due-list": Note,
    "exemptions": ExemptionCase,
    "lines": Note,
    "notes": Note,
    "payout-readiness": Note,
    "payouts": Payout,
    "remittances": Remittance,
    "reservations": Application,
    "standings": BankStanding,
}
# Everybody knows the organisations, their branches, and which months are closed.
KNOWN_TO_ALL = {"bank", "bank_id", "organisation_id"}
KNOWN_LISTS = {"organisations", "branches", "months"}


@dataclass(frozen=True)
class Place:
    """One id that one operation takes: in its path, its query or (dotted) its body."""

    operation: Operation
    kind: str
    name: str

    @property
    def model(self) -> Any:
        """The table of what is named; None where the tests know of none."""
        parts = [part for part in self.operation.path.split("/") if part[:1] != "{"]
        lists = [part for part in parts if part in LISTED]
        if self.name in ("after", "case_id"):
            return LISTED[lists[-1]] if lists else None
        return NAMED.get(self.name.rpartition(".")[2])

    @property
    def is_public(self) -> bool:
        """Whether there is nothing to hide."""
        last = self.operation.path.rpartition("/")[2]
        return self.name in KNOWN_TO_ALL or (self.name == "after" and last in KNOWN_LISTS)


def places(app: FastAPI) -> Iterator[Place]:
    """All of them, of the operations that a bank may call."""
    for operation in operations(app):
        if "x-operation" in operation.content and operation.roles & BANKERS:
            for kind in ("path", "query"):
                for name, parameter in operation.parameters(kind).items():
                    if any(_ids(operation, parameter["schema"], name)):
                        yield Place(operation, kind, name)
            bodies = operation.content.get("requestBody", {}).get("content", {})
            for body in bodies.values():
                for name in _ids(operation, body["schema"], ""):
                    yield Place(operation, "body", name)


def _ids(operation: Operation, schema: dict[str, Any], path: str) -> Iterator[str]:
    """The dotted names of the ids in a schema."""
    if "$ref" in schema:
        schema = operation.components[schema["$ref"].rpartition("/")[2]]
    if schema.get("format") == "uuid":
        yield path
    for part in schema.get("anyOf", []):
        yield from _ids(operation, part, path)
    for name, part in schema.get("properties", {}).items():
        yield from _ids(operation, part, f"{path}.{name}".strip("."))
    if "items" in schema:
        yield from _ids(operation, schema["items"], path)


def foreign_to(p: Programme, bank_id: int, model: Any) -> list[str]:
    """The records of a table that do not name this bank as theirs, the oldest first."""
    rows = p.rows(select(model).order_by(model.id))
    owners = ((row, getattr(row, "bank_id", getattr(row, "organisation_id", None))) for row in rows)
    return [str(row.public_id) for row, owner in owners if owner != bank_id]
