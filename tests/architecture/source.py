"""The project's own source, parsed once, for the rules that no linter knows."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("app", "loans", "subsidy")


@dataclass(frozen=True)
class Module:
    """One file: its path from the project's root, its lines and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def is_in(self, places: tuple[str, ...]) -> bool:
        """Is it one of these files, or below one of these folders (``loans/policy/``)?"""
        return any(
            self.path == place or (place.endswith("/") and self.path.startswith(place))
            for place in places
        )

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the three packages."""
    return tuple(
        Module(str(path.relative_to(PROJECT)), text := path.read_text("utf-8"), ast.parse(text))
        for package in PACKAGES
        for path in sorted((PROJECT / package).rglob("*.py"))
    )


@cache
def committed_files() -> tuple[str, ...]:
    """Every file of the repository, and every new one that git would take."""
    if not (PROJECT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listed.stdout.split("\0") if (PROJECT / name).is_file())
