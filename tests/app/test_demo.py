"""``fumin demo``: a year on synthetic people, small enough here to live through one quarter."""

from collections import Counter
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

import app.commandline.demo as command
from app.cli import build
from app.demo import making
from app.demo.defaulting import COST_FEN, RECEIPT_FEN
from app.demo.errors import Planted
from app.demo.facts import Checked, Facts, Found, Guarantee
from app.demo.folder import DemoFolder
from app.demo.making import Watch, make
from app.demo.office import APPROVER, AUDITOR, PAYER, REVIEWER, VERIFIER
from app.demo.outcomes import endings
from app.demo.people import BANKS, PASSWORD
from app.demo.quarters import Claimed
from app.demo.script import Fate, Scale, Story, Turn, write
from app.security import actor_of_login, sign_in
from app.start import open_installation
from loans import audit
from loans.identity import canonical_credit_code, canonical_id
from loans.models import Note, Payout, PayoutState, Recovery
from loans.overview import worklist
from loans.policy import load_policy_book
from loans.workflow import BorrowerKind, NoteState

QUARTER = Scale(people=30, firms=4, until=date(2019, 7, 1))
BANKERS = [person.login for bank in BANKS for person in bank.people[:2]]
MONTH = Scale(people=3, firms=1, until=date(2019, 5, 1), desks=False)
BOOK = load_policy_book()
SILENT = Watch(day=lambda on: None, month=lambda lock: None)


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoFolder, Facts]:
    """A small demo, made once: its folder, and what came of it."""
    folder = DemoFolder(tmp_path_factory.mktemp("a demo"))
    return folder, make(folder, QUARTER, SILENT)


def run(*arguments: str) -> tuple[int, str]:
    """The command on a screen that is no terminal: exit code and what it printed."""
    result = CliRunner().invoke(build([command.demo, command.demo]), ["demo", *arguments])
    return result.exit_code, result.output


def test_every_planted_error_is_found_to_the_fen_and_none_is_invented(
    quarter: tuple[DemoFolder, Facts],
) -> None:
    _, facts = quarter
    planted = [error for claim in facts.claims for error in claim.claimed.planted]
    assert len(planted) == 9
    assert len({error.title for error in planted}) == 9
    assert facts.is_exact


def test_a_finding_nobody_planted_and_an_error_nobody_found_both_fail() -> None:
    right, other = Found("N-1", "R02", 100, ""), Found("N-2", "R09", 0, "")
    assert is_exact(right)
    assert not is_exact()
    assert not is_exact(Found("N-1", "R02", 99, ""))
    assert not is_exact(right, other)
    assert not is_exact(right, right)


def test_what_is_payable_is_paid_and_three_months_are_closed_with_one_adjustment(
    quarter: tuple[DemoFolder, Facts],
) -> None:
    _, facts = quarter
    assert all(claim.payable_fen == claim.paid_fen > 0 for claim in facts.claims)
    assert [month.since.month for month in facts.months] == [4, 5, 6]
    assert sum(len(month.adjustments) for month in facts.months) == 1
    for month in facts.months:
        assert month.interest_fen == month.subsidy_fen + month.borrower_fen


def test_every_refusal_names_its_sentence(quarter: tuple[DemoFolder, Facts]) -> None:
    found = {ending.label: ending for ending in endings(quarter[1].applications, BOOK)}
    others = QUARTER.people + QUARTER.firms
    assert sum(ending.count for ending in found.values()) == others + found["年末仍在办理"].count
    assert "期限最长不超过3年" in found["驳回：超过最长期限"].cite
    assert "我市行政区域内" in found["驳回：经营地不在本市"].cite


def test_the_year_s_default_is_paid_by_both_and_partly_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the whole cast only the borrower who never repays lives through the year."""
    monkeypatch.setattr(making, "write", lambda scale: tuple(s for s in write(scale) if _fails(s)))
    folder = DemoFolder(tmp_path / "demo")
    facts = make(folder, Scale(desks=False), SILENT)
    assert facts.is_exact
    opened = open_installation(folder.settings)
    with opened.installation.reads() as session:
        (payout,) = session.scalars(select(Payout))
        (note,) = session.scalars(select(Note))
        sums = session.execute(select(func.sum(Recovery.bank_fen), func.sum(Recovery.fund_fen)))
        assert (note.state, payout.state) == (NoteState.IN_RECOVERY, PayoutState.PAID)
        assert payout.bank_fen + payout.fund_fen == payout.compensated_fen > note.principal_fen
        assert sum(sums.one()) == RECEIPT_FEN - COST_FEN
    opened.engine.dispose()


def _fails(story: Story) -> bool:
    return story.turn is Turn.UNPAID and story.applies_on == date(2019, 5, 6)


def test_work_is_left_on_every_desk(quarter: tuple[DemoFolder, Facts]) -> None:
    opened = open_installation(quarter[0].settings)
    with opened.installation.reads() as session:
        for login in (REVIEWER, APPROVER, VERIFIER, AUDITOR, PAYER, *BANKERS):
            actor = actor_of_login(session, login)
            assert actor is not None
            assert worklist(opened.installation.context(session, actor)).count >= 1, login
    opened.engine.dispose()


def test_its_people_can_sign_in_and_its_record_is_unbroken(
    quarter: tuple[DemoFolder, Facts],
) -> None:
    folder, _ = quarter
    opened = open_installation(folder.settings)
    try:
        signed_in = sign_in(opened.installation, "bank-a-maker", PASSWORD)
        assert signed_in.actor.name == BANKS[0].people[0].name
        with opened.installation.reads() as session:
            assert audit.first_broken(session, opened.installation.vault) is None
    finally:
        opened.engine.dispose()


def test_a_second_run_changes_nothing_and_says_how_to_begin_again(
    quarter: tuple[DemoFolder, Facts],
) -> None:
    folder, _ = quarter
    before = contents(folder.path)
    code, said = run(str(folder.path))
    assert code == 0
    assert "未作任何改动" in said and "--fresh" in said and "serve --demo" in said
    assert "finance-approver" in said and PASSWORD in said
    assert contents(folder.path) == before


def test_the_printed_command_is_the_one_the_caller_can_type(
    quarter: tuple[DemoFolder, Facts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUMIN_RUN", "./run")
    _, said = run(str(quarter[0].path))
    assert f"./run serve --demo '{quarter[0].path}'" in said


def test_fresh_makes_it_anew_and_leaves_what_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "Scale", lambda: MONTH)
    assert run(str(tmp_path))[0] == 0
    first = (tmp_path / "fumin.keys").read_bytes()
    (tmp_path / "claims" / "my notes.txt").write_text("keep")
    assert run(str(tmp_path), "--fresh")[0] == 0
    assert (tmp_path / "fumin.keys").read_bytes() != first
    assert (tmp_path / "claims" / "my notes.txt").read_text() == "keep"


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "fumin.db").write_text("someone else's")
    for arguments in ([str(tmp_path)], [str(tmp_path), "--fresh"]):
        code, said = run(*arguments)
        assert code == 1
        assert "未作任何改动" in said
    assert contents(tmp_path) == {"fumin.db": b"someone else's"}


def test_a_demo_cut_short_says_so(tmp_path: Path) -> None:
    DemoFolder(tmp_path).begin()
    code, said = run(str(tmp_path))
    assert code == 1
    assert "没有建完" in said and "--fresh" in said


def test_the_whole_cast_is_large_varied_and_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    stories = write(Scale())
    assert stories == write(Scale())
    kinds = Counter(story.kind for story in stories)
    assert kinds[BorrowerKind.INDIVIDUAL] >= 200 and kinds[BorrowerKind.SMALL_FIRM] >= 20
    assert {story.fate for story in stories} == set(Fate)
    assert {story.turn for story in stories if story.fate is Fate.GRANTED} == set(Turn)
    assert len({story.id_no for story in stories}) == len(stories)
    for story in stories:
        assert story.name.startswith(("测试", "演示"))
        assert "329999" in story.id_no and not story.phone.startswith("1" + "3")
        if story.kind is BorrowerKind.INDIVIDUAL:
            assert canonical_id(story.id_no, on=date(2019, 1, 1)) == story.id_no
        else:
            assert canonical_credit_code(story.id_no) == story.id_no


def is_exact(*found: Found) -> bool:
    """Whether these findings are exactly the one error planted on note N-1."""
    planted = (Planted("", "N-1", "R02", 100),)
    claimed = Claimed(UUID(int=1), 0, date(2019, 3, 21), date(2019, 6, 21), Path(), planted)
    claim = Checked(claimed, 1, 0, 0, 0, found)
    return Facts((), {}, Guarantee(1, 0, 0, 5), (), (claim,)).is_exact


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
