"""Write the study's beginning into README.md, or with --check say whether it is current.

Usage: python scripts/update_readme.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from basislab.data import load_market
from basislab.report.render.terminal import screen_text
from basislab.report.report import study_report, study_runs
from basislab.report.spec import load_spec

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- study:begin -->\n", "<!-- study:end -->"
FIRST_LEFT_OUT = "\n2a. "


def excerpt() -> str:
    """Return what `make study` prints up to the end of its first section."""
    spec = load_spec(ROOT / "studies" / "sol-2025" / "study.toml")
    text = screen_text(study_report(study_runs(load_market(spec.market), spec)).screen())
    return text[: text.index(FIRST_LEFT_OUT)].rstrip() + "\n"


def updated(readme: str) -> str:
    """Return README.md with the excerpt between its marks."""
    head, rest = readme.split(BEGIN)
    tail = rest[rest.index(END) :]
    return f"{head}{BEGIN}```text\n{excerpt()}```\n{tail}"


def main() -> int:
    """Update or check; status 1 where a check found a difference."""
    path = ROOT / "README.md"
    before = path.read_text(encoding="utf-8")
    after = updated(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
