"""The API against its own document: Schemathesis with all its default checks (F1)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import security
from tests.app.people import NAMES
from tests.faults.serving import served
from tests.faults.world import names, populate
from tests.passwords import CHEAP

EXAMPLES = 25  # of an operation, beside all cases of the coverage phase
SEED = "0"  # of the ordinary run, which everybody can repeat; --full draws another each time
ANSWERS = "answers.json"
PROJECT = Path(__file__).parents[2]
GENERATED = re.compile(r"^ *(\d+) generated", re.MULTILINE)


@pytest.mark.faults
@pytest.mark.xdist_group("requests")
def test_the_api_keeps_what_its_document_promises(databases, seeded, faults, tmp_path, monkeypatch):
    monkeypatch.setattr(security, "_HASHER", CHEAP)  # hundreds of passwords, all of them drawn
    original, programme = seeded["sqlite"]
    with databases.copy(original) as database, programme.moved(database) as p:
        populate(p)
        with served(p) as (port, _):
            seed = faults.seed if faults.full else SEED
            failed, told = schemathesis(port, EXAMPLES, seed, names(p), tmp_path)
    generated = GENERATED.search(told)
    assert generated and not failed, told
    faults.counts["fuzzed"] += int(generated[1])
    answers = json.loads((tmp_path / ANSWERS).read_text())
    never = sorted(name for name, statuses in answers.items() if min(statuses) >= "300")
    print(
        f"Schemathesis: {generated[1]} requests of {len(NAMES)} roles, 0 failures;"
        f" of {len(answers)} operations {len(never)} were never done: {', '.join(never)}"
    )


def schemathesis(
    port: int, examples: int, seed: str, ids: dict[str, list[str]], folder: Path
) -> tuple[int, str]:
    """Its exit status and what it tells."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={Path(__file__).with_suffix('.toml')}",
        "run",
        f"http://127.0.0.1:{port}/openapi.json",
        "--phases=examples,coverage,fuzzing,stateful",
        f"--max-examples={examples}",
        f"--seed={int(seed, 16)}",
        "--continue-on-failure",
        "--no-shrink",
        "--generation-allow-x00=false",  # the hostile requests have it, and the refusal is theirs
    ]
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "SCHEMATHESIS_HOOKS": "tests.faults.fuzzing",
        "FUMIN_FUZZ_SEED": seed,
        "FUMIN_FUZZ_IDS": json.dumps(ids),
        "FUMIN_FUZZ_TOLD": str(folder / ANSWERS),
        "COLUMNS": "100",
    }
    told = folder / "told"
    with told.open("w") as output:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT,
            check=False,
        )  # fmt: skip
    return done.returncode, told.read_text()
