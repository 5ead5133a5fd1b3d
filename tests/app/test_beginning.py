"""What a new installation needs before its first loan: branches and agreements, by their pages."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from loans.access import OrganisationKind, Role
from tests.app.browsing import Person, signed_in
from tests.browser.office import PASSWORD, give_passwords
from tests.databases import Databases
from tests.programme import Institution, Programme

New = tuple[Programme, Institution, TestClient]


@pytest.fixture(scope="module")
def office(databases: Databases) -> Iterator[New]:
    """A third bank that has people and nothing else."""
    with databases.fresh("sqlite") as database, Programme.begin(database) as p:
        with p.at_once():
            bank = p.institution(OrganisationKind.BANK, "B3", Role.BANK_MAKER, Role.BANK_CHECKER)
        give_passwords(p)
        yield p, bank, TestClient(create_app(p.installation), raise_server_exceptions=False)


def _as(office: New, login: str) -> Person:
    return signed_in(office[2], login, PASSWORD)


def test_a_bank_opens_its_first_branch_on_its_page(office: New) -> None:
    maker, checker = _as(office, "B3-maker"), _as(office, "B3-checker")
    page = maker.get("/applications/new").text
    assert "还没有登记网点" in page and 'href="/branches"' in page
    select = page.split('name="branch_id"')[1].split("</select>")[0]
    assert select.count("<option") == 1, "no branch is nothing to answer with yes or no"
    assert "/branches/register" not in maker.get("/branches").text
    form = checker.form("/branches", "/register")
    sent = checker.send(form, "/branches", code="301", name="澄江支行")
    assert sent.headers["location"].startswith("/branches?done=")
    assert "网点已登记" in checker.get(sent.headers["location"]).text
    page = maker.get("/applications/new").text
    assert "301 澄江支行</option>" in page and "还没有登记网点" not in page
    again = checker.form("/branches", "/register")
    page = checker.send(again, "/branches", code="301", name="又一")
    assert page.status_code == 409 and "网点代码 301 已经登记" in page.text
    assert 'value="又一"' in page.text


def test_a_bank_registers_no_branch_of_another(office: New) -> None:
    checker, foreign = _as(office, "B3-checker"), str(office[0].bank.id)
    form = checker.form("/branches", "/register")
    page = checker.send(form, "/branches", bank_id=foreign, code="9", name="别行")
    assert page.status_code == 403 and "只能登记本行的网点" in page.text
    assert "营业部" not in checker.get("/branches").text
    assert "营业部" in _as(office, "system").get("/branches").text


def test_the_guarantee_company_agrees_with_a_bank_on_its_page(office: New) -> None:
    p, bank, _ = office
    approver = _as(office, "G-checker")
    form = approver.form("/fund", "/agree")
    asked = {"bank_id": str(bank.id), "since": str(p.today), "limit_fen": "5,000,000"}
    page = approver.send(form, "/fund", **asked, bank_share_pct="19")
    assert page.status_code == 409 and "20%" in page.text and "<q>" in page.text
    assert approver.send(form, "/fund", **asked, bank_share_pct="101").status_code == 422
    form = approver.form("/fund", "/agree")
    sent = approver.send(form, "/fund", **asked, bank_share_pct="25")
    assert sent.status_code == 303
    page = approver.get(sent.headers["location"]).text
    assert "协议已登记" in page and "25%" in page and "5,000,000.00" in page
    assert "/fund/agree" not in _as(office, "G-maker").get("/fund").text
