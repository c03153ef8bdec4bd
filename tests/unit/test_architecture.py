"""The layers of the architecture hold, and the contracts that say so are awake."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "src" / "basislab" / "kernels"


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*command, "--no-cache", "--config", str(root / "pyproject.toml")],
        cwd=root / "src",
        env=os.environ | {"PYTHONPATH": str(root / "src"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_go_one_way() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("units.py", "import basislab.metrics", "Upper layers"),
        ("api/__init__.py", "import basislab.scenarios", "Upper layers"),
        ("kernels/legs.py", "import basislab.types.market", "Kernels"),
        ("metrics.py", "import pydantic", "Simulation"),
        ("research/entry.py", "import basislab.presets", "Simulation"),
        ("newcomer.py", "import basislab.errors", "Upper layers"),
    ],
)
def test_a_planted_import_is_refused(tmp_path: Path, module: str, line: str, contract: str) -> None:
    """A contract that nothing can break passes too: each must fail on a copy with one line more."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "src" / "basislab" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    broken = [text for text in done.stdout.splitlines() if text.endswith(" BROKEN")]
    assert any(text.startswith(contract) for text in broken), done.stdout


@pytest.mark.parametrize("path", sorted(KERNELS.rglob("*.py")), ids=lambda path: path.stem)
def test_kernels_import_numpy_and_numba_only(path: Path) -> None:
    """The contract can only name what is forbidden; this names what is allowed."""
    allowed = {"numpy", "numba", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in allowed or name.startswith("basislab.kernels"), name
