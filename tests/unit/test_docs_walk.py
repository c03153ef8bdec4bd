"""The quick start is walked through from top to bottom, and the example script is run."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from tests.pages import PAGES, ROOT, fences, prose

APP = importlib.import_module("basislab.cli.app").app
WALKED = ["docs/quickstart.md"]
WALKTHROUGH = PAGES["docs/walkthrough.md"]
FENCE = re.compile(
    r"(?:`(?P<file>[\w.-]+)`:\n\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class Step(NamedTuple):
    """One fenced block: a file where the sentence before it ends with its name and a colon."""

    file: str | None
    language: str
    body: str


def steps(text: str) -> list[Step]:
    return [Step(*match.group("file", "language", "body")) for match in FENCE.finditer(text)]


def lines_in_order(wanted: list[str], text: str) -> list[str]:
    """Those lines that do not come in `text`, each after the one before it."""
    rest, missing = text.splitlines(), []
    for line in wanted:
        found = next((i for i, given in enumerate(rest) if given.rstrip() == line), None)
        if found is None:
            missing.append(line)
        else:
            rest = rest[found + 1 :]
    return missing


def called(command: str) -> str:
    """What one line of shell code prints; it must succeed."""
    program, *words = shlex.split(command)
    if program == "make":  # what it would run; the runs themselves belong to other tests
        dry = ["make", "-C", str(ROOT), "--no-print-directory", "-n", *words]
        return subprocess.run(dry, capture_output=True, text=True, check=True).stdout
    assert program == "basislab", command
    done = CliRunner().invoke(APP, words, catch_exceptions=False)
    assert done.exit_code == 0, f"{command}: {done.output}"
    return done.output


@pytest.mark.parametrize("page", WALKED)
def test_a_page_walked_from_top_to_bottom_shows_what_happens(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are written, commands succeed, examples and commands print what is shown.

    At its end a study has left the files that the page names.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    namespace: dict[str, object] = {}
    output = ""
    for number, step in enumerate(steps(PAGES[page]), start=1):
        if step.file:
            (tmp_path / step.file).write_text(step.body, encoding="utf-8")
        elif step.language == "sh":
            output = "\n".join(map(called, step.body.splitlines()))
        elif step.language == "text":
            assert lines_in_order(step.body.splitlines(), output) == [], f"{page}[{number}]"
        else:
            assert step.language == "python"
            name = f"{page}[{number}]"
            example = doctest.DocTestParser().get_doctest(step.body, namespace, name, page, 0)
            assert example.examples, name
            report: list[str] = []
            doctest.DocTestRunner().run(example, out=report.append, clear_globs=False)
            assert report == []
            namespace = example.globs
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert written == {"study.html", "study.md", "study.txt", "facts.json", "figures"}


def test_a_line_that_is_not_printed_would_be_seen() -> None:
    """The net above is awake: absent lines, and lines in another order."""
    assert lines_in_order(["a", "b"], "x\na \nb\n") == []
    assert lines_in_order(["b", "a"], "a\nb\n") == ["a"]
    assert steps("`f.csv`:\n\n```csv\n1\n```\n\n```sh\nx\n```\n") == [
        Step("f.csv", "csv", "1\n"),
        Step(None, "sh", "x\n"),
    ]


def test_the_quick_start_names_what_the_study_writes() -> None:
    """`make study` runs `basislab study` on the study's own file."""
    assert ".venv/bin/basislab study studies/sol-2025/study.toml" in called("make study")


EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_the_walkthrough_runs_as_a_script_and_its_page_shows_what_it_prints(tmp_path: Path) -> None:
    """In an empty folder, without a warning. If it is stale: scripts/update_walkthrough.py."""
    environment = os.environ | {"BASISLAB_HOME": str(tmp_path / "home"), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "walkthrough.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line for block in fences(WALKTHROUGH, "text") for line in block.splitlines()]
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert [line for line in shown if line] == [line for line in printed if line]


def test_the_walkthrough_page_has_every_cell() -> None:
    """If it is stale: scripts/update_walkthrough.py."""
    text = (ROOT / "examples" / "walkthrough.py").read_text(encoding="utf-8")
    cells = [cell.partition("\n") for cell in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]]
    code = [body.strip() for head, _, body in cells if head != " [markdown]"]
    said = [line[2:] for head, _, body in cells if head for line in body.splitlines() if line[2:]]
    assert code == [block.strip() for block in fences(WALKTHROUGH, "python")]
    told = [line for line in prose(WALKTHROUGH).splitlines()[1:] if line]
    assert said == [line for line in told if not line.startswith("![")]
    pictures = re.findall(r"^!\[[^\]]+\]\((.+)\)$", WALKTHROUGH, flags=re.MULTILINE)
    drawing = [body for body in code if ".plot(" in body.splitlines()[-1]]
    assert len(pictures) == len(drawing) > 0
    assert all((ROOT / "docs" / name).read_text().startswith("<svg") for name in pictures)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_prose_of_an_example_holds_no_result(example: Path) -> None:
    """Cells in the percent format, a third of them prose, and numbers only where computed."""
    text = example.read_text(encoding="utf-8")
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    told = [cell.partition("\n")[2].strip() for cell in cells if cell.startswith(" [markdown]\n")]
    assert len(told) >= len(cells) / 3
    assert all(line.startswith("#") for cell in told for line in cell.splitlines())
    assert re.findall(r"\d[\d.,]*(?: ?%| USD| bps| points|x\b)", "".join(told)) == []
