"""`scripts/setup.sh` on machines that lack something; small scripts play the pythons and uv."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REAL = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
TOOLS = ("sh", "dirname", "env")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the Makefile is for POSIX systems")


class Machine:
    """A checkout in a folder with a space, and a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "basis lab"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.root.mkdir()
        for name in ("pyproject.toml", "uv.lock", "requirements.txt", "requirements-docs.txt"):
            shutil.copy(ROOT / name, self.root)
        shutil.copytree(ROOT / "scripts", self.root / "scripts")

    def command(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def python(self, name: str, version: str, *, has_venv: bool = True) -> None:
        """Answer the questions of setup.sh as a Python of this version would."""
        answers = f"*version_info*) echo {version} ;; *ensurepip*) exit {int(not has_venv)} ;;"
        self.command(name, f'case "$2" in {answers} *) echo "ran $2" ;; esac')

    def real_python_and_uv(self) -> None:
        """This interpreter, and a uv that counts its calls and makes an empty environment."""
        self.command("python3", f'exec "{REAL}" "$@"')
        self.command(
            "uv",
            f'echo "$@" >> "{self.root}/calls"\n[ ! -e "{self.root}/broken" ] || exit 2\n'
            f'[ -x .venv/bin/python ] || exec "{REAL}" -m venv --without-pip .venv',
        )

    def setup(self, *groups: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.root / "scripts" / "setup.sh"), *groups],
            env={"PATH": str(self.bin), "HOME": str(self.root)} | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> int:
        path = self.root / "calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "basislab-stamp.json"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refusal(machine: Machine, **env: str) -> str:
    """The one line that a failing setup prints."""
    done = machine.setup(**env)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert not (machine.root / ".venv").exists()
    return line


def test_missing_python_names_the_remedy(machine: Machine) -> None:
    line = refusal(machine)
    assert line.startswith("setup: no python3 found; install Python 3.11, 3.12 or 3.13")
    assert "apt install python3 python3-venv" in line


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_python_out_of_range_is_named(machine: Machine, version: str) -> None:
    machine.python("python3", version)
    line = refusal(machine)
    assert f"python3 is Python {version}, basislab needs 3.11 to 3.13" in line


def test_missing_venv_module_names_the_package(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=False)
    line = refusal(machine)
    assert "python3 has no venv or ensurepip module" in line
    assert "apt install python3-venv" in line


@pytest.mark.parametrize(
    ("asked", "claim"),
    [("nowhere", "PYTHON=nowhere does not run"), ("old", "PYTHON=old is Python 3.10")],
)
def test_asked_python_is_used_or_refused(machine: Machine, asked: str, claim: str) -> None:
    """`PYTHON=` is an order: no other interpreter takes its place."""
    machine.real_python_and_uv()
    machine.python("old", "3.10")
    assert claim in refusal(machine, PYTHON=asked)


def test_another_python_on_the_path_stands_in(machine: Machine) -> None:
    """`python3` too new and `python3.12` without venv are passed over for `python3.11`."""
    machine.python("python3", "3.14")
    machine.python("python3.12", "3.12", has_venv=False)
    machine.python("python3.11", "3.11")
    assert machine.setup().stdout == "ran scripts/setup_env.py\n"


def test_uv_finds_a_python_where_the_path_has_none(machine: Machine) -> None:
    """uv keeps interpreters of its own; here it knows 3.12 alone."""
    machine.python("kept", "3.12")
    kept = machine.bin / "kept"
    machine.command("uv", f'case "$*" in "python find"*" 3.12") echo "{kept}" ;; *) exit 2 ;; esac')
    assert machine.setup().stdout == "ran scripts/setup_env.py\n"


def test_current_environment_is_left_alone(machine: Machine) -> None:
    machine.real_python_and_uv()
    assert machine.setup().returncode == 0
    assert json.loads(machine.stamp.read_text())["root"] == str(machine.root)
    second = machine.setup()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls() == 1


@pytest.mark.parametrize("name", ["uv.lock", "requirements.txt"])
def test_changed_lock_is_installed(machine: Machine, name: str) -> None:
    machine.real_python_and_uv()
    machine.setup()
    with (machine.root / name).open("a") as file:
        file.write("# changed\n")
    assert machine.setup().returncode == 0
    assert machine.calls() == 2


def test_tool_settings_need_no_installation(machine: Machine) -> None:
    """An edit to ruff's line length changes pyproject.toml, yet nothing that is installed."""
    machine.real_python_and_uv()
    machine.setup()
    path = machine.root / "pyproject.toml"
    path.write_text(path.read_text().replace("line-length = 100", "line-length = 99"))
    machine.setup()
    assert machine.calls() == 1


def test_moved_environment_is_made_anew(machine: Machine) -> None:
    """Scripts in an environment hold its absolute path: a moved checkout starts afresh."""
    machine.real_python_and_uv()
    machine.setup()
    (machine.root / ".venv" / "left-over").touch()
    moved = machine.root.with_name("moved")
    machine.root.rename(moved)
    machine.root = moved
    machine.real_python_and_uv()
    assert machine.setup().returncode == 0
    assert not (moved / ".venv" / "left-over").exists()
    assert json.loads(machine.stamp.read_text())["root"] == str(moved)


def test_interrupted_setup_starts_afresh(machine: Machine) -> None:
    """A failure leaves no stamp, and what it left behind is not built upon."""
    machine.real_python_and_uv()
    machine.setup()
    with (machine.root / "uv.lock").open("a") as file:
        file.write("# changed\n")
    (machine.root / "broken").touch()
    failed = machine.setup()
    assert failed.returncode == 1
    assert "setup: uv sync failed" in failed.stderr.splitlines()[-1]
    assert not machine.stamp.exists()
    (machine.root / ".venv" / "left-over").touch()
    (machine.root / "broken").unlink()
    assert machine.setup().returncode == 0
    assert not (machine.root / ".venv" / "left-over").exists()


def test_lost_interpreter_is_noticed(machine: Machine) -> None:
    """The Python under an environment may be upgraded away."""
    machine.real_python_and_uv()
    machine.setup()
    for link in (machine.root / ".venv" / "bin").glob("python*"):
        link.unlink()
    (machine.root / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    assert machine.setup().returncode == 0
    assert (machine.root / ".venv" / "bin" / "python").resolve().exists()


def engine(machine: Machine, script: str) -> None:
    """Let the next setup find this script as the program that compiles the kernels."""
    machine.setup()
    program = machine.root / ".venv" / "bin" / "basislab"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with (machine.root / "uv.lock").open("a") as file:
        file.write("# changed\n")


def test_the_engine_is_compiled_with_plain_lines(machine: Machine) -> None:
    """Nobody's PYTHONPATH decides which kernels are compiled."""
    machine.real_python_and_uv()
    engine(machine, 'echo "compiling ($1, ${PYTHONPATH:-own sources})" >&2')
    done = machine.setup(PYTHONPATH="/elsewhere")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-2:] == [
        "setup: compiling (warm, own sources)",
        "setup: done",
    ]
    again = machine.setup()
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize("script", ["echo no LLVM >&2; exit 3", None])
def test_a_failed_compilation_is_said_and_breaks_nothing(
    machine: Machine, script: str | None
) -> None:
    """The environment is complete; the first command that needs a kernel compiles it."""
    machine.real_python_and_uv()
    engine(machine, script or "")
    if script is None:
        (machine.root / ".venv" / "bin" / "basislab").unlink()
    done = machine.setup()
    assert done.returncode == 0
    assert "setup: the engine could not be compiled now (" in done.stderr.splitlines()[-2]
    assert ("setup: no LLVM" in done.stderr) == (script is not None)
    assert (machine.setup().stderr, machine.calls()) == ("", 2)


def test_docs_group_is_added_once_and_kept(machine: Machine) -> None:
    machine.real_python_and_uv()
    machine.setup()
    machine.setup("docs")
    machine.setup("docs")
    machine.setup()
    calls = (machine.root / "calls").read_text().splitlines()
    assert [line.endswith("--group docs") for line in calls] == [False, True]
