"""Options, seed and the one summary line of ``./run faults``."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

WRONG = ("torn", "lost", "dup", "stuck")
COUNTED = ("crash_points", "deaths", "kills", "cuts", "acked", "fuzzed", *WRONG)
BEGUN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="die at every boundary, on both engines")
    parser.addoption(
        "--fault-seed", default=secrets.token_hex(4), help="repeats the choices of a run"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[BEGUN] = time.monotonic()
    given = getattr(config, "workerinput", {}).get("fault_seed")
    config.option.fault_seed = given or config.getoption("fault_seed")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Every worker process draws from the run's one seed."""
    node.workerinput["fault_seed"] = node.config.getoption("fault_seed")  # type: ignore[attr-defined]


@dataclass
class Faults:
    """What a test of faults is given, and where it counts what it did and what went wrong."""

    seed: str
    full: bool
    counts: Counter[str] = field(default_factory=Counter)

    def random(self, *names: object) -> Random:
        """Choices that the seed repeats."""
        return Random(f"{self.seed} {names}")

    @property
    def wrong(self) -> dict[str, int]:
        """What must be empty at the end."""
        return {name: self.counts[name] for name in WRONG if self.counts[name]}


@pytest.fixture
def faults(request: pytest.FixtureRequest, record_property) -> Iterator[Faults]:
    """The run's seed and this test's counts, which end in the summary."""
    option = request.config.getoption
    made = Faults(option("fault_seed", "0"), option("full", False))
    yield made
    record_property("faults", dict(made.counts))  # plain: a worker process sends it


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                total.update(dict(report.user_properties).get("faults", {}))
    if total:
        figures = " ".join(f"{name}={total[name]}" for name in COUNTED)
        seconds = time.monotonic() - config.stash[BEGUN]
        seed = config.getoption("fault_seed")
        terminalreporter.write_line(f"faults seed={seed} {figures} seconds={seconds:.0f}")
