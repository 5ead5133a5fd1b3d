"""Every write operation dies at its SQL boundaries, or its COMMIT is lost (A1, A4).

Every boundary on SQLite, by what its files hold there, and a drawn fifth of each operation's by a
death; on PostgreSQL, where only a death tells, a drawn third; with ``--full`` all die.
"""

import pytest

from tests.app.operations import operations
from tests.app.story import live_through
from tests.faults.crashing import Crashes
from tests.programme import ENGINES

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("deaths")]
DYING = {"sqlite": 1 / 5, "postgresql": 1 / 3}


@pytest.mark.parametrize("kind", ENGINES)
def test_every_write_is_done_wholly_or_not_at_all(kind, databases, seeded, faults):
    share = 1.0 if faults.full else DYING[kind]
    with Crashes.on(seeded[kind], databases, faults, share=share) as api:
        live_through(api)
    writes = {operation.name for operation in operations(api.app) if operation.writes}
    assert set(api.covered) == writes, "the story has a scene for every write"
    print(
        f"{kind}: {len(writes)} write operations with {sum(api.covered.values())} boundaries,"
        f" {faults.counts['crash_points']} crashes, {faults.counts['deaths']} deaths of a process,"
        f" {faults.counts['cuts']} lost commits or answers"
    )
    assert faults.wrong == {}
