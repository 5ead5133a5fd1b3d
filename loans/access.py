"""Who may do what: roles by kind of organisation, and one table of operations.

The table drives the checks and the tests: an operation that is not in it does not exist.
Source: （九）9.9 (guarantee company and bank decide separately), 9.13, 9.14 (the bureaus).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from loans.errors import NotPermitted


class OrganisationKind(StrEnum):
    """Kinds of organisation that take part in the programme (9.14)."""

    BANK = "bank"
    GUARANTOR = "guarantor"
    FINANCE = "finance"
    HUMAN_RESOURCES = "human_resources"
    OBSERVER = "observer"
    OPERATOR = "operator"


class Role(StrEnum):
    """What a person may do inside an organisation."""

    BANK_MAKER = "bank_maker"
    BANK_CHECKER = "bank_checker"
    BANK_READER = "bank_reader"
    GUARANTEE_REVIEWER = "guarantee_reviewer"
    GUARANTEE_APPROVER = "guarantee_approver"
    FINANCE_AUDITOR = "finance_auditor"
    FINANCE_APPROVER = "finance_approver"
    VERIFIER = "verifier"
    OBSERVER = "observer"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


ROLES_OF: dict[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.BANK: frozenset({Role.BANK_MAKER, Role.BANK_CHECKER, Role.BANK_READER}),
    OrganisationKind.GUARANTOR: frozenset({Role.GUARANTEE_REVIEWER, Role.GUARANTEE_APPROVER}),
    OrganisationKind.FINANCE: frozenset({Role.FINANCE_AUDITOR, Role.FINANCE_APPROVER}),
    OrganisationKind.HUMAN_RESOURCES: frozenset({Role.VERIFIER}),
    OrganisationKind.OBSERVER: frozenset({Role.OBSERVER}),
    OrganisationKind.OPERATOR: frozenset(
        {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}
    ),
}


ROLE_NAMES: dict[Role, str] = {
    Role.BANK_MAKER: "银行经办",
    Role.BANK_CHECKER: "银行复核",
    Role.BANK_READER: "银行查询",
    Role.GUARANTEE_REVIEWER: "担保审核",
    Role.GUARANTEE_APPROVER: "担保审批",
    Role.FINANCE_AUDITOR: "财政审核",
    Role.FINANCE_APPROVER: "财政审批",
    Role.VERIFIER: "人社核验",
    Role.OBSERVER: "查询",
    Role.SYSTEM_ADMIN: "系统管理",
    Role.SECURITY_ADMIN: "安全管理",
    Role.AUDIT_ADMIN: "审计管理",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling: one person (or machine) of one organisation, with roles."""

    person_id: int
    public_id: UUID
    name: str
    organisation_id: int
    organisation_kind: OrganisationKind
    roles: frozenset[Role]
    only: frozenset[str] | None = None  # a key's operations; None: all of the roles'

    @property
    def bank_id(self) -> int | None:
        """The organisation's id if it is a bank: what its rows are scoped by."""
        return self.organisation_id if self.organisation_kind is OrganisationKind.BANK else None

    def may(self, operation: str) -> bool:
        """Whether one of the roles is allowed this operation, and the key covers it."""
        covered = self.only is None or operation in self.only
        return covered and not self.roles.isdisjoint(ALLOWED[operation])


_BANK = frozenset({Role.BANK_MAKER, Role.BANK_CHECKER, Role.BANK_READER})
_GUARANTOR = frozenset({Role.GUARANTEE_REVIEWER, Role.GUARANTEE_APPROVER})
_FINANCE = frozenset({Role.FINANCE_AUDITOR, Role.FINANCE_APPROVER})
_ADMINS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
_BUSINESS = _BANK | _GUARANTOR | _FINANCE | {Role.VERIFIER, Role.OBSERVER}
_EVERYONE = _BUSINESS | _ADMINS

ALLOWED: dict[str, frozenset[Role]] = {
    # the programme's parties
    "organisations.register": frozenset({Role.SYSTEM_ADMIN}),
    "branches.register": frozenset({Role.SYSTEM_ADMIN, Role.BANK_CHECKER}),
    "people.register": frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    "role_changes.ask": frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    "role_changes.agree": frozenset({Role.SECURITY_ADMIN}),
    "role_changes.drop": frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    "people.disable": frozenset({Role.SECURITY_ADMIN}),
    "people.enable": frozenset({Role.SECURITY_ADMIN}),
    "people.reset": frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    "keys.issue": frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    "keys.agree": frozenset({Role.SECURITY_ADMIN}),
    "keys.revoke": frozenset({Role.SECURITY_ADMIN}),
    "webhooks.register": frozenset({Role.SECURITY_ADMIN}),
    "webhooks.remove": frozenset({Role.SECURITY_ADMIN}),
    "vault.reseal": frozenset({Role.SECURITY_ADMIN}),
    "borrowers.hold": frozenset({Role.SECURITY_ADMIN}),
    "borrowers.erase": frozenset({Role.SECURITY_ADMIN}),
    "passwords.change": _EVERYONE,
    "second_factor.begin": _EVERYONE,
    "second_factor.confirm": _EVERYONE,
    "business_date.set": frozenset({Role.SYSTEM_ADMIN}),
    "policies.load": frozenset({Role.SYSTEM_ADMIN}),
    "calendar.load": frozenset({Role.SYSTEM_ADMIN}),
    "agreements.register": frozenset({Role.GUARANTEE_APPROVER}),
    "fund.contribute": frozenset({Role.GUARANTEE_APPROVER}),
    "fund.earn": frozenset({Role.GUARANTEE_APPROVER}),
    "fund.withdraw": frozenset({Role.GUARANTEE_APPROVER}),
    "standing.release": frozenset({Role.GUARANTEE_APPROVER}),
    # an application's way
    "applications.create": frozenset({Role.BANK_MAKER}),
    "applications.edit": frozenset({Role.BANK_MAKER}),
    "applications.submit": frozenset({Role.BANK_MAKER}),
    "applications.resubmit": frozenset({Role.BANK_MAKER}),
    "applications.withdraw": frozenset({Role.BANK_MAKER}),
    "applications.accept": frozenset({Role.GUARANTEE_REVIEWER, Role.FINANCE_AUDITOR}),
    "applications.send_back": frozenset({Role.GUARANTEE_REVIEWER, Role.FINANCE_AUDITOR}),
    "applications.verify": frozenset({Role.VERIFIER}),
    "applications.decide_verification": frozenset({Role.VERIFIER}),
    "applications.appraise": frozenset({Role.GUARANTEE_REVIEWER}),
    "applications.propose": frozenset(
        {Role.GUARANTEE_REVIEWER, Role.BANK_MAKER, Role.FINANCE_AUDITOR}
    ),
    "applications.decide": frozenset(
        {Role.GUARANTEE_APPROVER, Role.BANK_CHECKER, Role.FINANCE_APPROVER}
    ),
    "applications.hire_left": frozenset({Role.BANK_MAKER, Role.VERIFIER}),
    "assessments.quote": _BUSINESS,
    # a loan's life
    "disbursements.request": frozenset({Role.BANK_MAKER}),
    "disbursements.confirm": frozenset({Role.BANK_CHECKER}),
    "disbursements.withdraw": frozenset({Role.BANK_MAKER}),
    "notes.repay": frozenset({Role.BANK_MAKER}),
    "notes.receive_interest": frozenset({Role.BANK_MAKER}),
    "notes.reprice": frozenset({Role.BANK_MAKER}),
    "notes.request_extension": frozenset({Role.BANK_MAKER}),
    "notes.extend": frozenset({Role.GUARANTEE_APPROVER, Role.BANK_CHECKER}),
    "notes.mark_overdue": frozenset({Role.BANK_MAKER}),
    "notes.cure": frozenset({Role.BANK_MAKER}),
    "notes.stop_subsidy": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "notes.reverse": frozenset({Role.BANK_CHECKER}),
    # overdue: dunning, compensation, recovery
    "dunning.log": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "borrowers.reveal": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "evidence.file": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "payouts.request": frozenset({Role.BANK_MAKER}),
    "payouts.examine": frozenset({Role.GUARANTEE_REVIEWER}),
    "payouts.decide": frozenset({Role.GUARANTEE_APPROVER}),
    "payouts.pay": frozenset({Role.GUARANTEE_REVIEWER}),
    "payouts.write_off": frozenset({Role.GUARANTEE_APPROVER}),
    "recoveries.enter_cost": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "recoveries.receive": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "recoveries.reverse": frozenset({Role.BANK_CHECKER, Role.GUARANTEE_APPROVER}),
    "exemptions.open": frozenset({Role.BANK_MAKER, Role.GUARANTEE_REVIEWER}),
    "exemptions.sign": frozenset({Role.BANK_CHECKER, Role.GUARANTEE_APPROVER}),
    # interest subsidy
    "months.close": frozenset({Role.FINANCE_APPROVER}),
    "claims.receive": frozenset({Role.BANK_MAKER}),
    "claims.review": frozenset({Role.FINANCE_AUDITOR}),
    "claims.approve": frozenset({Role.FINANCE_APPROVER}),
    "claims.precheck": frozenset({Role.BANK_MAKER, Role.BANK_CHECKER}),
    "cases.assign": frozenset({Role.FINANCE_AUDITOR}),
    "cases.comment": frozenset({Role.BANK_MAKER, Role.BANK_CHECKER}) | _FINANCE,
    "cases.decide": frozenset({Role.FINANCE_AUDITOR}),
    "registers.load": frozenset({Role.FINANCE_AUDITOR}),
    "budgets.set": frozenset({Role.FINANCE_APPROVER}),
    "accounts.ask": frozenset({Role.BANK_MAKER}),
    "accounts.agree": frozenset({Role.BANK_CHECKER}),
    "accounts.drop": frozenset({Role.BANK_MAKER, Role.BANK_CHECKER}),
    "remittances.order": frozenset({Role.FINANCE_AUDITOR}),
    "remittances.confirm": frozenset({Role.FINANCE_APPROVER}),
    "remittances.give_back": frozenset({Role.FINANCE_AUDITOR}),
    # reads
    "programme.read": _EVERYONE,
    "people.read": _ADMINS,
    "keys.read": _ADMINS,
    "webhooks.read": _ADMINS,
    "agreements.read": _BANK | _GUARANTOR | _FINANCE | {Role.OBSERVER},
    "applications.read": _BUSINESS,
    "notes.read": _BUSINESS,
    "fund.read": _GUARANTOR | _FINANCE | {Role.OBSERVER},
    "dunning.read": _BANK | _GUARANTOR,
    "payouts.read": _BANK | _GUARANTOR | _FINANCE | {Role.OBSERVER},
    "standing.read": _BANK | _GUARANTOR | _FINANCE | {Role.OBSERVER},
    "exemptions.read": _BANK | _GUARANTOR,
    "signals.read": _GUARANTOR | _FINANCE,
    "months.preview": _FINANCE,
    "forecast.read": _FINANCE,
    "months.read": _BANK | _GUARANTOR | _FINANCE | {Role.OBSERVER},
    "claims.read": _BANK | _FINANCE | {Role.OBSERVER},
    "registers.read": _FINANCE,
    "accounts.read": _BANK | _FINANCE,
    "budgets.read": _FINANCE | {Role.OBSERVER},
    "statistics.read": _BUSINESS,
    "audit.read": frozenset({Role.AUDIT_ADMIN}),
    "sign_ins.read": frozenset({Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}),
}


def require(actor: Actor, operation: str) -> None:
    """Raise ``NotPermitted`` unless one of the actor's roles is allowed this operation."""
    if actor.roles.isdisjoint(ALLOWED[operation]):
        raise needs_role(actor, *ALLOWED[operation], operation=operation)
    if not actor.may(operation):
        raise NotPermitted(
            "key-not-allowed",
            f"这个密钥不能用于“{operation}”；请换用为此签发的密钥，或由安全管理员另行签发",
            details={"operation": operation},
        )


def needs_role(actor: Actor, *roles: Role, operation: str = "") -> NotPermitted:
    """The refusal of an actor who has none of these roles: his own, and whose affair it is."""
    mine = "、".join(ROLE_NAMES[role] for role in Role if role in actor.roles)
    theirs = "、".join(ROLE_NAMES[role] for role in Role if role in roles)
    details: dict[str, object] = {"needs": sorted(role.value for role in roles)}
    return NotPermitted(
        "role-not-allowed",
        f"{actor.name}（{mine or '没有岗位'}）无权办理此项，请由以下岗位的人员办理：{theirs}",
        details=details | ({"operation": operation} if operation else {}),
    )
