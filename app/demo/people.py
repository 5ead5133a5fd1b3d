"""Who takes part in the demo, and numbers for borrowers that are valid but nobody's.

The region 329999 is in no table of administrative divisions, so no real ID number begins with it;
no Chinese telephone number has eleven digits that begin with 12000.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from loans.access import OrganisationKind, Role
from loans.identity import IdentityText, canonical_credit_code, canonical_id

PASSWORD = "fumin-demo-2019"
NOWHERE = "329999"
_CHECKS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BORN_BEFORE = date(2019, 1, 1)


@dataclass(frozen=True, slots=True)
class Login:
    """One person of an organisation: what they may do, and the name they sign in with."""

    login: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class House:
    """One organisation with its people; a bank also with its branches and its risk share."""

    code: str
    name: str
    kind: OrganisationKind
    people: tuple[Login, ...]
    branches: tuple[str, ...] = ()
    share_pct: int = 0


def _bank(letter: str, title: str, share_pct: int, *branches: str) -> House:
    return House(
        code=letter.upper(),
        name=f"演示{title}银行",
        kind=OrganisationKind.BANK,
        people=(
            Login(f"bank-{letter}-maker", f"{title}行经办", Role.BANK_MAKER),
            Login(f"bank-{letter}-checker", f"{title}行复核", Role.BANK_CHECKER),
            Login(f"bank-{letter}-reader", f"{title}行查询", Role.BANK_READER),
        ),
        branches=branches,
        share_pct=share_pct,
    )


BANKS = (
    _bank("a", "甲", 20, "营业部", "城东支行", "城西支行"),
    _bank("b", "乙", 25, "营业部", "城南支行"),
    _bank("c", "丙", 30, "营业部", "城北支行"),
)
GUARANTOR = House(
    "DB",
    "演示融资担保公司",
    OrganisationKind.GUARANTOR,
    (
        Login("guarantee-reviewer", "担保审核员", Role.GUARANTEE_REVIEWER),
        Login("guarantee-approver", "担保审批人", Role.GUARANTEE_APPROVER),
    ),
)
FINANCE = House(
    "CZ",
    "演示财政局",
    OrganisationKind.FINANCE,
    (
        Login("finance-auditor", "财政审核员", Role.FINANCE_AUDITOR),
        Login("finance-approver", "财政审批人", Role.FINANCE_APPROVER),
    ),
)
HUMAN_RESOURCES = House(
    "RS",
    "演示人力资源和社会保障局",
    OrganisationKind.HUMAN_RESOURCES,
    (Login("verifier", "人社核验员", Role.VERIFIER),),
)
CENTRAL_BANK = House(
    "RH",
    "演示人民银行支行",
    OrganisationKind.OBSERVER,
    (Login("observer", "人民银行查询员", Role.OBSERVER),),
)
HOUSES = (*BANKS, GUARANTOR, FINANCE, HUMAN_RESOURCES, CENTRAL_BANK)

ADMINISTRATORS = (
    Login("system", "系统管理员", Role.SYSTEM_ADMIN),
    Login("security", "安全管理员", Role.SECURITY_ADMIN),
    Login("audit", "审计管理员", Role.AUDIT_ADMIN),
)


def person_number(born_on: date, sequence: int) -> str:
    """A valid resident ID number of the region that is nowhere; an odd ``sequence`` is a man."""
    stem = f"{NOWHERE}{born_on:%Y%m%d}{sequence:03d}"
    return _completed(stem, lambda text: canonical_id(text, on=_BORN_BEFORE))


def firm_number(sequence: int) -> str:
    """A valid unified social credit code of the region that is nowhere."""
    return _completed(f"91{NOWHERE}MADEM{sequence:04d}", canonical_credit_code)


def phone_number(sequence: int) -> str:
    """Eleven digits that no telephone has."""
    return f"12000{sequence:06d}"


def _completed(stem: str, canonical: Callable[[str], str]) -> str:
    """The stem with the one check character that the kernel accepts."""
    for check in _CHECKS:
        try:
            return canonical(stem + check)
        except IdentityText:
            continue
    raise AssertionError(f"no check character completes {stem}")
