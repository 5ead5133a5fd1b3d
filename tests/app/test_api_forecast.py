"""The subsidy budget with a supposed share or cap, over HTTP and as a command; a note's costs."""

from contextlib import nullcontext
from datetime import date

import pytest
import typer
from typer.testing import CliRunner

from app.commandline.forecast import forecast
from app.commandline.serving import close
from loans.errors import NotPermitted


def test_the_bureau_sees_the_budget_and_what_a_change_would_cost(api, programme):
    note = programme.loan(on=date(2019, 4, 10))
    bureau = api.as_("F-maker")

    (may,) = bureau.get("/forecast", since="2019-05", months="1", full="60", cap="400000.00")

    # 300000.00 at 4.35% for 31 days: 1123.75; 60% of 52 days 1131.00 − 60% of 21 days 456.75.
    assert (may["month"], may["subsidy_class"], may["notes"]) == ("2019-05-01", "full", 1)
    assert (may["interest"], may["subsidy"], may["supposed"]) == ("1123.75", "1123.75", "674.25")
    assert (may["central"], may["provincial"], may["city"]) == ("0.00", "0.00", "1123.75")
    api.as_("B1-maker").get("/forecast", status=403)
    bureau.get("/forecast", status=422, half="101")

    periods = api.as_("B1-maker").get(f"/notes/{note}/forecast")
    assert [x["interest"] for x in periods] == [
        "2610.00", "3335.00", "3298.75", "3298.75", "725.00",
    ]  # fmt: skip
    assert {x["borrower"] for x in periods} == {"0.00"}
    application = programme.guaranteed()
    costs = api.as_("B1-maker").get(f"/applications/{application}/forecast")
    assert [x["borrower"] for x in costs] == ["0.00"] * len(costs)
    programme.decide(application, programme.bank)
    programme.draw(application, amount_fen=300_000_00, on=programme.today)
    # The guarantee of its own note leaves no less room for it.
    assert api.as_("B1-maker").get(f"/applications/{application}/forecast") == costs


@pytest.fixture
def command(programme, monkeypatch):
    """Commands on the programme's database; no terminal says how wide it is."""
    for module in ("forecast", "serving"):
        monkeypatch.setattr(
            f"app.commandline.{module}.opened", lambda demo: nullcontext(programme.installation)
        )
    told = typer.Typer()
    for verb in (forecast, close):
        told.command()(verb)
    return lambda *words: CliRunner().invoke(told, [*words])


def test_the_command_shows_every_figure_that_the_interface_answers(api, programme, command):
    programme.loan(on=date(2019, 4, 10))
    programme.loan(programme.asked(facts={"categories": ()}))

    result = command(
        "forecast", "--as", "F-maker", "--since", "2019-05", "--share", "half=60", "--cap", "400000"
    )

    cells = [[cell.strip() for cell in row.split("│")] for row in result.stdout.splitlines()]
    asked = {"since": "2019-05", "half": "60", "cap": "400000"}
    lines = api.as_("F-maker").get("/forecast", **asked)
    columns = ("interest", "subsidy", "central", "provincial", "city", "supposed")
    assert [row[4:10] for row in cells if row[1:] and row[1].startswith("20")] == [
        [line[column] for column in columns] for line in lines
    ]
    assert any(line["supposed"] != line["subsidy"] for line in lines)

    # What no bank may preview over HTTP, no bank's person previews by command.
    asked = ("close", "2019-04", "--preview", "--as")
    assert "2 行" in command(*asked, "F-maker").stdout
    refusal = command(*asked, "B1-maker")
    assert isinstance(refusal.exception, NotPermitted) and not refusal.stdout
