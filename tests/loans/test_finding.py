"""Finding by what somebody has in hand: exactly, masked, and never another bank's."""

from collections.abc import Callable
from datetime import date

import pytest

from loans import finding
from loans.access import Actor
from loans.finding import Found, find
from tests.programme import Programme, id_number


@pytest.fixture
def ask(programme: Programme) -> Callable[[Actor, str], Found]:
    """A person asks; the first borrower has a note at the first bank."""
    with programme.at_once():
        programme.loan(programme.asked(who=301), on=date(2019, 4, 10))
        programme.submitted(programme.asked(who=302, bank=programme.other_bank),
                            bank=programme.other_bank)  # fmt: skip

    def asked(actor: Actor, text: str) -> Found:
        with programme.reading() as session:
            return find(programme.installation.context(session, actor), text)

    return asked


WAYS = ("测试301", id_number(301), id_number(301).lower(), f" {id_number(301)} ", "13800000301")


def test_a_borrower_is_found_by_name_number_and_phone(ask, programme: Programme) -> None:
    for text in WAYS:
        found = ask(programme.guarantor.maker, text)
        assert len(found.notes) == len(found.applications) == 1, text
        (borrower,) = found.borrowers.values()
        assert borrower.name_masked == "测****"


def test_only_the_whole_name_or_number_finds(ask, programme: Programme) -> None:
    for text in ("测试", "测试3011", id_number(301)[:17], "1380000030", "%", "测%", "", " "):
        found = ask(programme.guarantor.maker, text)
        assert not found.notes and not found.applications, text


def test_another_banks_borrower_is_not_found(ask, programme: Programme) -> None:
    for text in WAYS:
        found = ask(programme.other_bank.maker, text)
        assert not found.notes and not found.applications and not found.borrowers, text
    assert len(ask(programme.other_bank.maker, "测试302").applications) == 1


def test_a_note_is_found_by_its_own_and_its_contracts_number(ask, programme: Programme) -> None:
    (note,) = ask(programme.bank.maker, "测试301").notes
    (contract,) = ask(programme.bank.maker, note.note_no).contracts.values()
    assert [n.id for n in ask(programme.bank.maker, contract.contract_no).notes] == [note.id]


def test_another_banks_borrowers_fill_up_nobodys_search(
    ask, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_ALIKE", 1)  # 测试301 of the first bank is masked alike
    assert len(ask(programme.other_bank.maker, "测试302").applications) == 1
