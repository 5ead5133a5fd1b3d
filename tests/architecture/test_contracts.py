"""The import contracts of pyproject.toml hold, and would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, PROJECT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source to spoil."""
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_module_without_a_place_breaks_the_contract(tree):
    (tree / "loans" / "utils.py").write_text('"""Whatever."""\n')
    status, output = lint(tree)
    assert status == 1
    assert "loans.utils" in output


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("loans/errors.py", "import subsidy", "app -> subsidy -> loans BROKEN"),
        ("loans/money.py", "import sqlalchemy", "no database BROKEN"),
        ("subsidy/notes.py", "import pandas", "no database BROKEN"),
        ("app/settings.py", "import app.commands", "Layers of app BROKEN"),
    ],
)
def test_an_import_upwards_breaks_the_contract(tree, path, line, broken):
    with (tree / path).open("a") as source:
        source.write(f"\n{line}\n")
    status, output = lint(tree)
    assert status == 1
    assert broken in " ".join(output.split())
