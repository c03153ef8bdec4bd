"""Build or refresh ``.venv/``: with uv where it is installed, else with venv and pip.

Run by ``scripts/setup.sh``, which finds the interpreter; only the standard library is assumed.
``.venv/basislab-stamp.json`` is removed before the first change and written after the last, so that
an environment which is half made, moved, copied, out of date or of another Python is noticed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "basislab-stamp.json"
VENV_PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """A step failed; the message says what to do."""


def inputs_hash() -> str:
    """Hash whatever decides what is installed; the settings of ruff, say, do not."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tool = pyproject.get("tool", {})
    deciding = [pyproject.get(key) for key in ("project", "build-system", "dependency-groups")]
    deciding += [tool.get("hatch"), tool.get("uv")]
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode())
    for path in (ROOT / "uv.lock", *sorted(ROOT.glob("requirements*.txt")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def wanted_stamp(installer: str, groups: set[str]) -> dict[str, object]:
    """Describe the environment that this checkout asks for."""
    return {
        "root": str(ROOT),
        "python": identity(),
        "installer": installer,
        "inputs": inputs_hash(),
        "groups": sorted(groups),
    }


def read_stamp() -> dict[str, object]:
    """Read the stamp of the environment that is there; empty where it was never finished."""
    with contextlib.suppress(OSError, ValueError):
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        if isinstance(stamp, dict):
            return stamp
    return {}


def identity(python: str | Path | None = None) -> str:
    """Name an interpreter by version and home: this process's, or another command's."""
    if python is None:
        return f"{sys.version.split()[0]} {os.path.realpath(sys.base_prefix)}"
    code = "import os, sys; print(sys.version.split()[0], os.path.realpath(sys.base_prefix))"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "broken"
    return done.stdout.strip()


def is_current(groups: set[str]) -> bool:
    """Whether ``.venv`` may be used as it is; asked of the environment's own interpreter."""
    stamp = read_stamp()
    asked = os.environ.get("PYTHON")
    return (
        stamp.get("root") == str(ROOT)
        and stamp.get("python") == identity()
        and (not asked or stamp.get("python") == identity(asked))
        and stamp.get("inputs") == inputs_hash()
        and groups <= set(stamp.get("groups", ()))  # type: ignore[call-overload]
    )


def run(command: list[str], *, remedy: str) -> None:
    """Run one step from the root of the checkout."""
    try:
        subprocess.run(command, cwd=ROOT, env=environment(), check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(remedy) from error


def environment() -> dict[str, str]:
    """Return this process's environment, free of settings that point elsewhere."""
    elsewhere = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    env = {key: value for key, value in os.environ.items() if key not in elsewhere}
    return env | {"UV_PROJECT_ENVIRONMENT": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def remove_environment() -> None:
    """Remove ``.venv``, or only the link where somebody keeps it elsewhere."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)


def sync_with_uv(uv: str, groups: set[str]) -> None:
    """Let uv bring the environment to the lock."""
    command = [uv, "sync", "--locked", "--quiet", "--python", sys.executable]
    for group in sorted(groups):
        command += ["--group", group]
    run(
        command,
        remedy="uv sync failed (see above). After a change of dependencies: make lock. "
        "Otherwise try without uv: make setup UV=",
    )


def install_with_pip(groups: set[str], *, is_new: bool) -> None:
    """Install the exported lock, every file checked against its hash, then the project itself.

    The export is complete, hence ``--no-deps``; it holds the build backend too, hence
    ``--no-build-isolation``: nothing is fetched that the lock does not name.
    """
    pip = [str(VENV_PYTHON), "-I", "-m", "pip", "install", "-qq", "--no-deps"]
    remedy = "pip could not install the locked packages (see above). Is there a network? Then: make"
    names = [f"requirements-{group}.txt" for group in sorted(groups)]
    if is_new:
        run(
            [sys.executable, "-I", "-m", "venv", str(VENV)],
            remedy="python -m venv failed (see above). Debian, Ubuntu: apt install python3-venv",
        )
        names.insert(0, "requirements.txt")
    for name in names:
        run([*pip, "--require-hashes", "-r", name], remedy=remedy)
    if is_new:
        run([*pip, "--no-build-isolation", "--editable", "."], remedy=remedy)


def build(groups: set[str]) -> None:
    """Bring ``.venv`` to what the checkout asks for, from scratch unless an update is safe."""
    uv = os.environ.get("BASISLAB_UV", "")
    stamp = read_stamp()
    wanted = wanted_stamp("uv" if uv else "pip", groups)
    # uv removes what the lock no longer names; pip does not, so it may only add a group.
    kept = ["root", "python", "installer"] + ([] if uv else ["inputs"])
    is_new = identity(VENV_PYTHON) != wanted["python"]
    is_new = is_new or any(stamp.get(key) != wanted[key] for key in kept)
    STAMP.unlink(missing_ok=True)
    if is_new:
        remove_environment()
    version = sys.version.split()[0]
    sys.stderr.write(f"setup: {VENV.name} with Python {version} and {wanted['installer']} ...\n")
    if uv:
        sync_with_uv(uv, groups)
    else:
        install_with_pip(groups, is_new=is_new)
    wanted["python"] = identity(VENV_PYTHON)
    unfinished = STAMP.with_suffix(".part")
    unfinished.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(STAMP)
    compile_engine()
    sys.stderr.write("setup: done\n")


def compile_engine() -> None:
    """Compile the kernels now, so that no first command waits for it; a failure does no harm."""
    command = [str(VENV / "bin" / "basislab"), "warm"]
    failure = "see above"
    try:
        with subprocess.Popen(
            command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
        ) as process:
            for line in process.stderr or ():
                sys.stderr.write(f"setup: {line}")
                sys.stderr.flush()
        if process.returncode == 0:
            return
    except OSError as error:
        failure = str(error)
    sys.stderr.write(
        f"setup: the engine could not be compiled now ({failure}); "
        "the first command that needs it compiles it\n"
    )


def main(arguments: list[str]) -> int:
    """Answer ``--is-current`` by exit status, else build; names of dependency groups may follow."""
    groups = {argument for argument in arguments if argument != "--is-current"}
    if "--is-current" in arguments:
        return 0 if is_current(groups) else 1
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems know no locks
            fcntl.flock(lock, fcntl.LOCK_EX)  # gone with this process, however it ends
        again = [str(VENV_PYTHON), "-I", "-S", __file__, "--is-current", *sorted(groups)]
        with contextlib.suppress(OSError):
            if subprocess.run(again, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return 0  # another make was quicker
        # A group once asked for stays until the environment is made anew.
        build(groups | set(read_stamp().get("groups", ())))  # type: ignore[call-overload]
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("setup: interrupted; run make again\n")
        return 130
    finally:
        os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
