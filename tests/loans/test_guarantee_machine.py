"""Random histories of the guarantee on both engines, with every invariant after every step."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.loans.guarantee_machine import GuaranteeMachine
from tests.programme import ENGINES, Programme

RUNS, STEPS = 12, 20


@pytest.mark.parametrize("engine", ENGINES)
def test_no_history_breaks_an_invariant(databases, engine) -> None:
    with databases.fresh(engine) as database, Programme.begin(database, fund_fen=800_000_00) as p:
        machine = type("Machine", (GuaranteeMachine,), {"programme": p, "runs": 0, "steps": 0})
        machine.reached, machine.refused = machine.reached.copy(), machine.refused.copy()
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=RUNS,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=True,  # the shares that are asserted must not depend on luck
                suppress_health_check=list(HealthCheck),
            ),
        )
    reached = {name: f"{100 * n // machine.runs}%" for name, n in machine.reached.most_common()}
    print(f"{engine}: {machine.runs} runs, {machine.steps} steps, reached {reached}")
    print(f"refused: {dict(machine.refused.most_common())}")
    paid = machine.reached["compensation"]
    assert 10 * paid >= 3 * machine.runs, f"compensation in {paid} of {machine.runs} runs only"
