"""Over HTTP: the subsidy budget with a supposed share or cap, and one note's periods."""

from datetime import date


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
