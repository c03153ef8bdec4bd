"""Write docs/walkthrough.md from examples/walkthrough.py and what its cells print, or --check it.

Usage: python scripts/update_walkthrough.py [--check]
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

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


def page() -> str:
    """Return the script as a page: prose, code, and what the code prints."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    parts = [NOTE]
    for is_prose, text in cells(SOURCE.read_text(encoding="utf-8")):
        if is_prose:
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, str(SOURCE), "exec"), namespace)  # noqa: S102 - our own example
        if printed.getvalue():
            lines = [line.rstrip() for line in printed.getvalue().rstrip().splitlines()]
            parts.append("\n".join(["```text", *lines, "```"]))
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Write or check; status 1 where a check found a difference."""
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
