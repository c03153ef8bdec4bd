"""Write docs/walkthrough.md from examples/walkthrough.py, what it prints and draws, or --check it.

Usage: python scripts/update_walkthrough.py [--check]
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from pathlib import Path

import altair as alt

from basislab.report.charts.base import still
from basislab.report.render.drawing import picture

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "examples" / "walkthrough.py"
PAGE = ROOT / "docs" / "walkthrough.md"

NOTE = (
    "<!-- Written by scripts/update_walkthrough.py from examples/walkthrough.py. Change that. -->"
)


def cells(source: str) -> list[tuple[bool, str]]:
    """Return the cells of a script in the percent format: whether it is prose, and its text."""
    found = []
    for cell in re.split(r"^# %%", source, flags=re.MULTILINE)[1:]:
        head, _, body = cell.partition("\n")
        is_prose = head.strip() == "[markdown]"
        text = re.sub(r"^# ?", "", body, flags=re.MULTILINE) if is_prose else body
        found.append((is_prose, text.strip()))
    return found


def run(text: str, namespace: dict[str, object]) -> object:
    """Run a cell and return what its last line gives, as a notebook does."""
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(SOURCE), "exec"), namespace)  # noqa: S102 - our own example
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), str(SOURCE), "eval"), namespace)  # noqa: S307


def page() -> tuple[str, dict[str, bytes]]:
    """Return the script as a page: prose, code, what the code prints; and the pictures it draws."""
    pictures: dict[str, bytes] = {}
    namespace: dict[str, object] = {"__name__": "__main__"}
    parts = [NOTE]
    for is_prose, text in cells(SOURCE.read_text(encoding="utf-8")):
        if is_prose:
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            drawn = run(text, namespace)
        if printed.getvalue():
            lines = [line.rstrip() for line in printed.getvalue().rstrip().splitlines()]
            parts.append("\n".join(["```text", *lines, "```"]))
        if isinstance(drawn, alt.LayerChart | alt.Chart):
            spec = drawn.to_dict()
            name = f"walkthrough-{len(pictures) + 1}.svg"
            pictures[name] = picture(still(spec))[0].encode()
            parts.append(f"![{spec['description']}](_static/{name})")
    return "\n\n".join(parts) + "\n", pictures


def main() -> int:
    """Write or check; status 1 where a check found a difference."""
    text, pictures = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    for name, content in pictures.items():
        (PAGE.parent / "_static" / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
