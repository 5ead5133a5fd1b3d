"""The API against its own document: Schemathesis with all its default checks (F1)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from loans.access import OrganisationKind, Role
from loans.models import Organisation
from tests.app.conftest import Api
from tests.app.isolation import NAMED
from tests.app.test_api_callers import NAMES
from tests.faults.test_kills import zygote
from tests.programme import Programme

EXAMPLES, EXAMPLES_IN_FULL = 5, 25  # of an operation, beside all cases of the coverage phase
SEED = "0"  # of the ordinary run, which everybody can repeat; --full draws another each time
PROJECT = Path(__file__).parents[2]
GENERATED = re.compile(r"^ *(\d+) generated", re.MULTILINE)


@pytest.mark.faults
def test_the_api_keeps_what_its_document_promises(databases, quarters, faults, tmp_path):
    original, programme = quarters["sqlite"]
    with databases.copy(original) as database, programme.moved(database) as p:
        with p.at_once():
            p.person(p._organisation(OrganisationKind.OBSERVER, "O"), "O-reader", Role.OBSERVER)
            p.person(p.bank.id, "B1-reader", Role.BANK_READER)
        api = Api(p, None, None)  # type: ignore[arg-type]
        for login in NAMES.values():
            api.as_(login)
        with zygote(database.url) as (port, _):
            examples, seed = (EXAMPLES_IN_FULL, faults.seed) if faults.full else (EXAMPLES, SEED)
            failed, told = schemathesis(port, examples, seed, ids_of(p), tmp_path)
    generated = GENERATED.search(told)
    assert generated and not failed, told
    faults.counts["fuzzed"] += int(generated[1])
    print(f"Schemathesis: {generated[1]} requests of {len(NAMES)} roles, 0 failures")


def ids_of(p: Programme) -> dict[str, list[str]]:
    """What there is to name, by the name of a parameter."""
    models = NAMED | {"bank_id": Organisation, "organisation_id": Organisation}
    found = {name: p.rows(select(model.public_id)) for name, model in models.items()}
    return {name: [str(each) for each in ids] for name, ids in found.items() if ids}


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
        "COLUMNS": "100",
    }
    told = folder / "told"
    with told.open("w") as output:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT,
            check=False,
        )  # fmt: skip
    return done.returncode, told.read_text()
