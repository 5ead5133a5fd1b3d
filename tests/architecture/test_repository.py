"""What the repository holds: pinned requirements, no addresses, one line of migrations."""

import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from app.db import alembic_config
from tests.architecture.source import PROJECT, committed_files

SHIPPED = ("app/", "loans/", "subsidy/", "migrations/")
REQUIREMENTS = sorted((PROJECT / "requirements").glob("*.txt"))

PIN = re.compile(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}")
DATED = re.compile(r"\d{4}_\d\d_\d\d_[a-z0-9_]+\.py")

# Written in pieces, for this file is searched too.
ADDRESSES = re.compile(
    "|".join(
        [
            "py" + r"pi\.org",
            "python" + "hosted",
            "npm" + r"js\.(org|com)",
            "deb" + r"ian\.org",
            "--index" + "-url",
            "--find" + "-links",
        ]
    )
)
MACHINE_PATHS = re.compile("/" + r"(root|home|work|Users)/[A-Za-z0-9._-]")


def texts() -> list[tuple[str, str]]:
    read = []
    for name in committed_files():
        content = (PROJECT / name).read_bytes()
        if b"\0" not in content:
            read.append((name, content.decode("utf-8", errors="replace")))
    return read


@pytest.mark.parametrize("pattern", [ADDRESSES, MACHINE_PATHS])
def test_no_file_names_a_registry_or_a_machine(pattern):
    allowed = {"requirements/compile"} if pattern is ADDRESSES else set()
    found = [
        f"{name}: {match.group()}"
        for name, text in texts()
        if name not in allowed and (match := pattern.search(text))
    ]
    assert not found


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_exact_and_hashed(path):
    pins = path.read_text().replace("\\\n", " ").splitlines()
    assert pins
    assert [pin for pin in pins if not PIN.match(pin)] == []


def test_larger_sets_hold_the_smaller_ones_at_the_same_versions():
    run, test, bench = (
        set(re.findall(r"^[a-z0-9-]+==\S+", path.read_text(), re.MULTILINE))
        for path in (PROJECT / f"requirements/{name}.txt" for name in ("run", "test", "bench"))
    )
    assert run <= test <= bench


def test_there_is_one_line_of_migrations_with_dated_names():
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    names = [Path(revision.path).name for revision in script.walk_revisions()]
    assert [name for name in names if not DATED.fullmatch(name)] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    if find_spec("hatchling") is None:
        pytest.skip("the build backend is not installed here")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.required_in_ci
def test_the_wheel_ships_every_file_of_the_packages_and_nothing_else(wheel):
    wanted = {name for name in committed_files() if name.startswith(SHIPPED)}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


@pytest.mark.required_in_ci
def test_an_unpacked_wheel_migrates_and_reads_its_law(wheel, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "cwd").mkdir()
    wheel.extractall(tmp_path / "site")
    script = (
        "import app.db, loans.policy, loans.workdays;"
        "assert 'site' in app.db.__file__, app.db.__file__;"
        "app.db.migrate('sqlite:///fumin.db');"
        "loans.policy.load_policy_book(); loans.workdays.load_calendar()"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "cwd",
        env={"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        timeout=120,
    )
    assert (tmp_path / "cwd" / "fumin.db").exists()
