"""Rules of the house that a machine can keep: clock, commit, imports, floats, size, docstrings."""

import ast
import re
import statistics
from fnmatch import fnmatch

import pytest

from tests.architecture.source import PACKAGES, PROJECT, Module, modules

CLOCK = ("app/deps.py",)
COMMITS = ("app/commands.py", "app/deps.py", "app/db.py")

PURE = (
    *(f"loans/{name}.py" for name in ["access", "arrears", "capitals", "classes", "daycount"]),
    *(f"loans/{name}.py" for name in ["errors", "identity", "interest", "money", "notices"]),
    *(f"loans/{name}.py" for name in ["riskshare", "schedule", "settlement", "workdays"]),
    "loans/totp.py",
    "loans/workflow.py",
    "loans/policy/",
    "loans/underwriting/",
    *(f"subsidy/{name}.py" for name in ["accrual", "arrays", "caps", "columns", "conventions"]),
    *(
        f"subsidy/{name}.py"
        for name in ["levels", "notes", "portfolio", "running", "steps", "timeline"]
    ),
    "subsidy/reconciliation/",
)

# Where a binary float may appear, and why it never becomes an amount by arithmetic.
FLOATS = (
    "loans/sheets/cells.py",  # exact decimals of a cell's text
    "loans/untrusted/workbook.py",  # a cell's number, to the 15 digits that Excel keeps
    "subsidy/book_files.py",  # how alike two column names are
    "subsidy/accrual.py",  # integers below a proved bound of 2^53: docs/adr/0005
    "subsidy/running.py",
    "subsidy/reconciliation/choices.py",  # bounds of an integer search
)

NAMES_THAT_SAY_NOTHING = {
    *("utils", "util", "helpers", "helper", "common", "base", "misc"),
    *("manager", "service", "services", "repository"),
}


def offences(found: list[tuple[Module, ast.AST]]) -> list[str]:
    return [f"{module.path}:{getattr(node, 'lineno', 0)}" for module, node in found]


def calls(module: Module) -> list[tuple[Module, ast.Call, str]]:
    """Calls of ``something.name(...)`` as ("something.name")."""
    return [
        (module, node, ast.unparse(node.func))
        for node in module.nodes(ast.Call)
        if isinstance(node.func, ast.Attribute)
    ]


def test_there_is_one_clock():
    reads = ("date.today", "datetime.now", "datetime.utcnow", "datetime.today")
    reads += ("time.time", "time.time_ns", "time.localtime", "time.gmtime")
    found = [
        (module, node)
        for module in modules()
        if not module.is_in(CLOCK)
        for _, node, name in calls(module)
        if name.endswith(reads)
    ]
    assert not offences(found)


def test_only_the_edge_commits():
    """A session's commit takes no argument; `fund.commit(ctx, …)` is another thing."""
    found = [
        (module, node)
        for module in modules()
        if not module.is_in(COMMITS)
        for _, node, name in calls(module)
        if name.endswith((".commit", ".rollback")) and not node.args and not node.keywords
    ]
    assert not offences(found)


def test_the_domain_never_opens_a_transaction():
    found = [
        (module, node)
        for module in modules()
        if not module.path.startswith("app/")
        for _, node, name in calls(module)
        if name.endswith((".begin", ".begin_nested", ".connect"))
    ]
    assert not offences(found)


def test_nothing_is_imported_inside_a_function():
    found = [
        (module, inner)
        for module in modules()
        for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        for inner in ast.walk(function)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert not offences(found)


def test_no_float_touches_money():
    """No float literal, no `float`, no Float or Numeric column in loans and subsidy."""
    names = {"float", "Float", "Numeric", "Decimal", "Double"}
    found = [
        (module, node)
        for module in modules()
        if not module.path.startswith("app/") and not module.is_in(FLOATS)
        for node in module.nodes(ast.Constant, ast.Name)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id in names)
    ]
    assert not offences(found)


def test_modules_are_chapters():
    sizes = {module.path: module.lines for module in modules()}
    assert [path for path, lines in sizes.items() if lines > 400] == []
    assert statistics.median(sizes.values()) < 200


def test_no_module_has_a_name_that_says_nothing():
    parts = {part for module in modules() for part in module.path.removesuffix(".py").split("/")}
    assert not parts & NAMES_THAT_SAY_NOTHING


def test_every_module_says_what_it_is():
    assert [module.path for module in modules() if not ast.get_docstring(module.tree)] == []


def test_public_functions_and_classes_of_the_core_are_documented():
    found = [
        (module, node)
        for module in modules()
        if module.is_in(PURE)
        for node in module.tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not offences(found)


@pytest.mark.parametrize("place", [*CLOCK, *COMMITS, *PURE, *FLOATS])
def test_the_lists_above_name_real_files(place):
    assert any(module.is_in((place,)) for module in modules())


def _on_the_map() -> dict[str, set[str]]:
    """By package: the modules and folders that docs/architecture.md names in its house."""
    named: dict[str, set[str]] = {}
    for line in (PROJECT / "docs/architecture.md").read_text().split("```")[1].splitlines():
        if not line.startswith(" "):
            inside = named.setdefault(line.partition("/")[0], set())
        else:
            inside |= set(re.findall(r"(?<![\w/])[a-z_]+\*?(?:\.py|/)(?![\w.])", line))
    return named


def test_the_map_names_what_is_in_each_package_and_nothing_else():
    named = _on_the_map()
    for package in PACKAGES:
        folder = PROJECT / package
        here = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
        here |= {f"{path.name}/" for path in folder.iterdir() if any(path.glob("*.*"))}
        here -= {"__pycache__/"}
        missing = {n for n in here if not any(fnmatch(n, each) for each in named[package])}
        gone = {each for each in named[package] if not any(fnmatch(n, each) for n in here)}
        assert (missing, gone) == (set(), set())
