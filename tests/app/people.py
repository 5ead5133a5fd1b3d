"""One person in every role, by login: whom the tests of all roles call."""

from loans.access import Role

NAMES = {
    Role.BANK_MAKER: "B1-maker",
    Role.BANK_CHECKER: "B1-checker",
    Role.BANK_READER: "B1-reader",
    Role.GUARANTEE_REVIEWER: "G-maker",
    Role.GUARANTEE_APPROVER: "G-checker",
    Role.FINANCE_AUDITOR: "F-maker",
    Role.FINANCE_APPROVER: "F-checker",
    Role.VERIFIER: "H-verifier",
    Role.OBSERVER: "O-reader",
    Role.SYSTEM_ADMIN: "system",
    Role.SECURITY_ADMIN: "security",
    Role.AUDIT_ADMIN: "audit",
}
