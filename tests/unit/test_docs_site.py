"""The pages of the site: every command, every public name, every page, every column."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import typing
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest
import typer

import basislab as bl
from basislab.report import chapters
from basislab.report.report import Report
from basislab.report.study import verdict
from basislab.report.study.market import hurdle_facts
from basislab.report.study.results import waterfall_rows
from tests.pages import PAGES, ROOT, fences, headings, section, table

API, CLI, REPORT = (PAGES[f"docs/{name}.md"] for name in ("api", "cli", "reading-the-report"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The command line


def test_the_command_line_page_is_what_the_commands_say() -> None:
    """If it is stale: python scripts/update_cli_docs.py."""
    assert script("update_cli_docs").page() == CLI


def test_a_new_command_and_its_options_get_onto_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups within groups, repeated options, choices, booleans with two names, hidden ones."""
    cli = script("update_cli_docs")
    app, inner = typer.Typer(), typer.Typer()

    @inner.command("deep")
    def deep(
        source: typing.Annotated[Path, typer.Argument(help="Where | from.")],
        tags: typing.Annotated[list[str] | None, typer.Option("--tag", help="Tags.")] = None,
        is_on: typing.Annotated[bool, typer.Option("--on/--off", help="Whether.")] = True,
        secret: typing.Annotated[int, typer.Option(hidden=True)] = 1,
    ) -> None:
        """Go deep."""

    @app.command("hidden", hidden=True)
    def hidden() -> None:
        """Not for users."""

    app.add_typer(inner, name="new")
    monkeypatch.setattr(cli, "app", app)
    text = cli.page()
    assert "## More\n\n### `basislab new deep`\n\nGo deep.\n" in text
    assert "```text\nbasislab new deep [OPTIONS] SOURCE\n```" in text
    assert "| `SOURCE` | path | required | Where \\| from. |" in text
    assert "| `--tag` | text, repeatable |  | Tags. |" in text
    assert "| `--on`, `--off` | flag | on | Whether. |" in text
    assert "secret" not in text
    assert "hidden" not in text


# The Python API


def test_the_api_page_has_every_public_name_once() -> None:
    blocks = "\n".join(re.findall(r"```\{eval-rst\}\n(.*?)```", API, re.DOTALL))
    named = re.findall(r"^\.\. auto\w+:: basislab\.(\w+)$", blocks, re.MULTILINE)
    assert sorted(set(bl.__all__) - {"__version__"}) == sorted(named)
    assert "`basislab.__version__`" in API


@pytest.mark.parametrize("name", [name for name in bl.__all__ if name != "__version__"])
def test_a_public_name_has_a_docstring_that_says_what_it_takes(name: str) -> None:
    """One sentence first; a section for the parameters wherever a call takes any."""
    thing = getattr(bl, name)
    text = thing.__doc__ or ""
    assert re.match(r"[A-Z`].*[.:]\n?", text.splitlines()[0]), name
    takes_some = not isinstance(thing, type) and inspect.signature(thing).parameters
    assert ("Parameters\n" in text) or not takes_some


# The index


def test_the_index_leads_to_every_page() -> None:
    """Each page of docs/ stands in one table of contents, by name or by one pattern."""
    text = PAGES["docs/index.md"] + PAGES["docs/decisions.md"]
    trees = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    entries = [
        line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")
    ]
    pages = [
        name.removeprefix("docs/").removesuffix(".md") for name in PAGES if name[:5] == "docs/"
    ]
    found = {page: sum(fnmatch(page, entry) for entry in entries) for page in pages}
    assert {page: int(page != "index") for page in pages} == found


# Reading the report


def test_every_column_of_the_study_is_explained(study: Report) -> None:
    """In code, under the heading of its table; the titles on the page begin as the tables' do."""
    for shown in study.screen().tables:
        number = re.match(r"\d+|[A-Z]", shown.number)[0]
        part = re.search(rf"^### {number}\. (.*?)(?=^###? )", REPORT, re.DOTALL | re.MULTILINE)[1]
        missing = [c.header for c in shown.columns if c.header and f"`{c.header}`" not in part]
        assert missing == [], shown.title
        first = part.splitlines()[0].split(" and ")[0].lower()
        assert shown.title.lower().startswith(first), shown.title


def test_every_key_of_the_facts_is_named(study: Report) -> None:
    rows = table(section(REPORT, "facts.json"), "key")
    named = [key for row in rows for key in re.findall(r"`(\w+)`", row[0])]
    assert sorted(study.facts) == sorted(named)
    assert json.dumps(sorted(study.facts["verdict"])) == '["headline", "limits", "reasons", "word"]'


def test_the_words_of_the_verdict_are_those_of_the_code(study: Report) -> None:
    rows = table(section(REPORT, "The verdict"), "word")
    assert [row[0].strip("`") for row in rows] == list(typing.get_args(verdict.Word))
    runs, hurdle = study.runs.once(waterfall_rows), study.runs.once(hurdle_facts)
    for row, word in zip(rows, typing.get_args(verdict.Word), strict=True):
        assert verdict.verdict_headline(word, runs, hurdle).startswith(row[1])


def test_the_chapters_are_those_of_the_document() -> None:
    """By key, in order, with their headings."""
    rows = table(section(REPORT, "The document"), "chapter")
    assert [row[0].strip("`") for row in rows] == list(chapters.NAMES)
    for key, heading, _ in rows:
        text = chapters.template(key.strip("`"))
        assert f"## {heading}" in headings_of_template(text)


def headings_of_template(text: str) -> list[str]:
    return [f"## {heading}" for heading in headings(text)]


def test_no_page_shows_python_that_nobody_runs() -> None:
    """Examples of pages are in blocks of the languages that the tests run."""
    languages = {
        language
        for name, text in PAGES.items()
        if name.startswith("docs/")
        for language in re.findall(r"^```(\w+)$", text, re.MULTILINE)
    }
    assert languages <= {"python", "sh", "text", "toml", "json", "yaml"}
    assert all(">>>" in block for block in fences(PAGES["docs/quickstart.md"], "python"))
