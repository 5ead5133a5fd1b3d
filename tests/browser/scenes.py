"""A scene for every page: its route, who looks at it, and the address with the office's ids."""

from typing import NamedTuple
from uuid import UUID

from app.web import pages
from loans import parties
from subsidy import registers
from subsidy.models import RegisterKind
from subsidy.registers import COLUMNS
from tests.browser.office import Office, claimed, default

DOOR = ""  # nobody is signed in


class Scene(NamedTuple):
    """One picture."""

    route: str
    login: str
    address: str


def _own(login: str, *routes: str) -> list[Scene]:
    """Pages whose address is their route."""
    return [Scene(route, login, route) for route in routes]


SCENES = [
    *_own(DOOR, "/sign-in", "/entitlement"),
    Scene("/", "G-maker", "/"),
    Scene("/", "G-maker", "/?on=2019-08-31"),
    Scene("/", "B1-maker", "/"),
    Scene("/", "F-maker", "/"),
    Scene("/", "H-verifier", "/"),
    Scene("/", "system", "/"),
    *_own("G-maker", "/applications", "/notes", "/maturities", "/dunning", "/payouts", "/standing",
          "/signals", "/clocks", "/exemptions", "/fund", "/reservations", "/policy", "/account",
          "/search"),
    *_own("B1-maker", "/hires", "/branches", "/candidates", "/applications/new", "/claims/new",
          "/claims/check", "/readiness", "/accounts"),
    *_own("F-maker", "/claims", "/cases", "/remittances", "/ledger", "/budgets", "/registers",
          "/months", "/statistics"),
    *_own("F-checker", "/months/preview"),
    Scene("/applications", "B1-maker", "/applications?on=2019-08-31"),
    Scene("/applications/{id}", "B1-maker", "/applications/{draft}"),
    Scene("/applications/{id}", "B1-maker", "/applications/{approved}"),
    Scene("/applications/{id}", "G-maker", "/applications/{reviewed}"),
    Scene("/applications/{id}", "H-verifier", "/applications/{firm}"),
    Scene("/applications/{id}/edit", "B1-maker", "/applications/{draft}/edit"),
    Scene("/notes", "G-maker", "/notes?standing=late&on=2019-09-30"),
    Scene("/notes/{id}", "B1-maker", "/notes/{overdue}"),
    Scene("/notes/{id}", "F-maker", "/notes/{note}"),
    Scene("/maturities", "G-maker", "/maturities?month=2019-11"),
    Scene("/dunning/{id}", "B1-maker", "/dunning/{overdue}"),
    Scene("/reveals/{id}", "B1-maker", "/reveals/{reveal}"),
    Scene("/payouts/{id}", "G-maker", "/payouts/{payout}"),
    Scene("/exemptions/{id}", "B1-maker", "/exemptions/{exemption}"),
    Scene("/claims/{id}", "F-maker", "/claims/{claim}"),
    Scene("/claims/{id}/today", "F-maker", "/claims/{claim}/today"),
    Scene("/claims/{id}/comparison", "F-maker", "/claims/{claim}/comparison"),
    Scene("/claims/{id}/lines/{line_id}", "F-maker", "/claims/{claim}/lines/{line}"),
    Scene("/cases/{id}", "F-maker", "/cases/{case}"),
    Scene("/remittances/{id}", "F-checker", "/remittances/{order}"),
    Scene("/registers/{id}", "F-maker", "/registers/{register}"),
    Scene("/months/{month}", "F-maker", "/months/2019-08"),
    Scene("/forecast", "F-maker", "/forecast?since=2019-09&months=6&full=60&cap=100000"),
    Scene("/statistics", "F-maker", "/statistics?by=bank"),
    Scene("/statistics/notes", "F-maker", "/statistics/notes?figure=balance"),
]  # fmt: skip


def page_routes() -> set[str]:
    """The routes of all pages: every GET but those that answer with a file."""
    routes = {route.path for module in pages.MODULES for route in module.router.routes
              if "GET" in route.methods}  # fmt: skip
    return {path for path in routes if "." not in path and not path.startswith("/static/")}


def ids_of(office: Office) -> dict[str, object]:
    """Something of every kind to look at, by the names that the addresses use."""
    p = office.programme
    return (
        vars(office)
        | default(office)
        | claimed(office)
        | {
            "register": _listed(office),
            "reveal": p.do(
                p.bank.maker,
                "borrowers.reveal",
                lambda ctx: parties.reveal(ctx, note_id=office.overdue, purpose="电话催收"),
            ).public_id,
        }
    )


def _listed(office: Office) -> UUID:
    """An empty register of deregistered firms, as it came from its bureau."""
    p, kind = office.programme, RegisterKind.DEREGISTERED
    header = ",".join(column.header for column in COLUMNS[kind].columns) + "\n"
    with p.reading() as session:
        on = p.installation.today(session)
    listed = registers.read_list(
        header.encode(), "注销名单.csv", kind=kind, vault=p.installation.vault, on=on
    )
    return p.do(
        p.finance.maker,
        "registers.load",
        lambda ctx: registers.load(ctx, listed=listed, source="市场监督管理局"),
    ).public_id
