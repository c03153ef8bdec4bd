"""A user's type checker agrees with `public_names.py`, mistakes included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def mypy(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *arguments],
        cwd=cwd,
        env=os.environ | {"MYPY_CACHE_DIR": str(ROOT / ".mypy_cache" / "typing")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_public_types_are_what_they_are_said_to_be(tmp_path):
    """Strictly: an ignore that is not needed fails too, so every marked mistake is one."""
    names = ROOT / "tests" / "typing" / "public_names.py"
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\n[mypy-numba.*]\nignore_missing_imports = True\n")
    done = mypy("--config-file", str(settings), str(names), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "src" / "basislab" / "py.typed").is_file()
