"""The documentation is checked: links, references to and from the sources, examples, commands."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
import typer.main

import basislab as bl
from basislab.kernels import events
from tests.builders import STUDY_MODELS
from tests.pages import PAGES, ROOT, fences, headings, prose, section, slug, table

SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODELS_PAGE = PAGES["docs/models.md"]
ADRS = {name: text for name, text in PAGES.items() if name.startswith("docs/adr/")}
SECTIONS = {
    "Static",
    "Capital rebalance",
    "Full rotation",
    "Conditional deployment",
    "Measures",
    "Entry statistics",
    "Break-even",
}


WALKED = {"docs/quickstart.md", "docs/walkthrough.md"}
"""Pages that `test_docs_walk` runs as a whole."""
EQUATION_PAGES = {"kernels/venue/": "docs/venue-engine.md"}
"""Folders of the sources whose equations stand on another page than docs/models.md."""


def equations(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\*\*\((\d+)\)\*\*", prose(text))]


# Links and references


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_resolve(page: str) -> None:
    """Target file and, where one is named, the heading in it."""
    text = re.sub(r"`[^`\n]+`", "", prose(PAGES[page]))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"\{include\} (\S+)", PAGES[page])
    broken = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        there = found.read_text(encoding="utf-8") if anchor and found.exists() else ""
        if not found.exists() or (anchor and anchor not in map(slug, headings(there))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if equations(text)])
def test_equations_are_numbered_without_holes(page: str) -> None:
    numbers = equations(PAGES[page])
    assert list(range(1, len(numbers) + 1)) == numbers


def equation_references(path: Path) -> list[tuple[str, int]]:
    """Page and number of every equation that a source names.

    The page stands before the number or is that of the folder; docs/models.md for the others.
    """
    folder = f"{path.parent.relative_to(ROOT / 'src' / 'basislab').as_posix()}/"
    home = EQUATION_PAGES.get(folder, "docs/models.md")
    found = REFERENCE.findall(path.read_text(encoding="utf-8"))
    return [
        (page or home, number)
        for page, first, last in found
        for number in range(int(first), int(last or first) + 1)
    ]


REFERENCE = re.compile(
    r"(?:\b(docs/[\w-]+\.md),\s+)?\beqs?\.\s+(\d+)(?:(?:\s+to\s+|\s+and\s+|-)(\d+))?"
)


def test_equations_named_in_the_sources_exist() -> None:
    """eq. 3 is the ledger identity; eqs. 1 to 9, the moves of `legs`, are those of "Legs".

    That the pages exist is another test's claim.
    """
    named = {reference for path in SOURCES for reference in equation_references(path)}
    written = {page: set(equations(text)) for page, text in PAGES.items()}
    assert sorted((page, n) for page, n in named if n not in written.get(page, {n})) == []
    assert {("docs/models.md", 3), ("docs/models.md", 9)} <= named
    assert re.search(r"^\*\*\(3\)\*\* The ledger identity", MODELS_PAGE, re.MULTILINE)
    assert list(range(1, 10)) == equations(section(MODELS_PAGE, "Legs"))


def test_an_equation_is_looked_for_on_the_page_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the page named before it, else by the folder, else on docs/models.md."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    kernels = tmp_path / "src" / "basislab" / "kernels"
    (kernels / "venue").mkdir(parents=True)
    source, inner = kernels / "a.py", kernels / "venue" / "b.py"
    source.write_text('"""eqs. 2 to 4; docs/venue-engine.md, eq. 7."""')
    inner.write_text('"""eqs. 4 and 5 (docs/models.md, eqs. 8-9)."""')
    models, engine = "docs/models.md", "docs/venue-engine.md"
    assert equation_references(source) == [(models, 2), (models, 3), (models, 4), (engine, 7)]
    assert equation_references(inner) == [(engine, 4), (engine, 5), (models, 8), (models, 9)]


def test_equations_named_on_pages_exist() -> None:
    numbers = set(equations(MODELS_PAGE))
    for page in ("docs/models.md", "docs/glossary.md", *ADRS):
        named = {int(n) for n in re.findall(r"(?<![\w)])\((\d+)\)", prose(PAGES[page]))}
        assert named <= numbers, page


def test_sections_named_in_the_sources_exist() -> None:
    named: set[str] = set()
    for path in SOURCES:
        text = " ".join(path.read_text(encoding="utf-8").split())
        named |= set(re.findall(r'docs/models\.md,? section "([^"]+)"', text))
    assert named == SECTIONS
    assert set(headings(MODELS_PAGE)) >= SECTIONS


def test_pages_named_in_the_sources_exist() -> None:
    named = {
        name
        for path in SOURCES
        for name in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert {"docs/models.md", "docs/scenarios.md"} <= named
    assert named <= set(PAGES)


def test_events_of_the_models_page_are_those_of_the_code() -> None:
    """Every kind and reason that a kernel can record has its word on the page, in code."""
    for word in (*events.KIND_NAMES, *events.REASON_NAMES[1:]):
        assert f"`{word}`" in MODELS_PAGE, word


# Examples


@pytest.mark.parametrize(
    "page",
    [name for name in PAGES if fences(PAGES[name], "python", "py") and name not in WALKED],
)
def test_python_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page share one namespace; with a prompt they must print what they show.

    What a page hands out lies beside it in ``data``, and its blocks are run there.
    """
    monkeypatch.chdir(tmp_path)
    for path in (ROOT / page).parent.glob("data/*.csv"):
        shutil.copy(path, tmp_path)
    namespace: dict[str, object] = {}
    for number, block in enumerate(fences(PAGES[page], "python", "py"), start=1):
        name = f"{page}[{number}]"
        if ">>>" not in block:
            exec(compile(block, name, "exec"), namespace)  # noqa: S102 - our own pages
            continue
        example = doctest.DocTestParser().get_doctest(block, namespace, name, page, 0)
        report: list[str] = []
        doctest.DocTestRunner().run(example, out=report.append, clear_globs=False)
        assert report == []
        namespace = example.globs


COMMAND = typer.main.get_command(importlib.import_module("basislab.cli.app").app)
CALL = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?basislab((?: +(?!\#)[^\s`|;&<>)]+)*)")


def calls(text: str) -> list[list[str]]:
    """What follows the name of the program in blocks of shell code and in code spans."""
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    shell = "\n".join([*fences(text, "sh", "bash", "console", "shell"), *spans])
    starts = (line.strip().removeprefix("$ ") for line in shell.splitlines())
    return [
        shlex.split(match[1]) for line in starts if (match := CALL.match(line)) and match[1].strip()
    ]


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if calls(text)])
def test_commands_named_on_pages_exist(page: str) -> None:
    """The command, its subcommand where it is a group, and every option."""
    for words_ in calls(PAGES[page]):
        command = COMMAND
        rest = list(words_)
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            assert rest[0] in command.commands, f"{page}: basislab {' '.join(words_)}"
            command = command.commands[rest.pop(0)]
        known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
        asked = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert asked <= known, f"{page}: basislab {' '.join(words_)}"


# Architecture, decisions, changes


def test_import_diagram_is_the_contract() -> None:
    """The rows of ARCHITECTURE.md are the layers of import-linter, top to bottom."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    (diagram,) = fences(section(PAGES["ARCHITECTURE.md"], "Imports"), "text")
    drawn = [re.findall(r"basislab\.(\w+)", line) for line in diagram.splitlines()]
    assert [layer.split(" | ") for layer in layers] == drawn


def test_files_named_in_the_architecture_exist() -> None:
    text = PAGES["ARCHITECTURE.md"].split("\n## Where later parts attach\n")[0]
    named = set(re.findall(r"`([\w/]+\.(?:py|toml))`", text)) - {"pyproject.toml"}
    there = [path.as_posix() for path in SOURCES]
    assert len(named) > 5
    assert [name for name in sorted(named) if not any(p.endswith(f"/{name}") for p in there)] == []


def test_every_model_has_the_five_names() -> None:
    names = [row[0].strip("`") for row in table(PAGES["ARCHITECTURE.md"], "name")]
    assert names == ["Params", "State", "open_position", "step", "run"]
    for model in STUDY_MODELS.values():
        assert [name for name in names if not hasattr(model.kernel, name)] == []


def test_decisions_are_numbered_without_holes_and_complete() -> None:
    """One page each, four parts each, and reachable from the architecture or another page."""
    assert len(ADRS) >= 7
    elsewhere = "".join(text for name, text in PAGES.items() if name not in ADRS)
    for number, (name, text) in enumerate(ADRS.items(), start=1):
        stem = Path(name).stem
        assert stem.startswith(f"{number:04d}-")
        assert headings(text)[0].startswith(f"{number:04d}: ")
        assert headings(text)[1:] == ["Context", "Decision", "Consequences", "Rejected"]
        assert len(text.splitlines()) <= 60
        assert stem in elsewhere


def test_every_release_says_which_numbers_moved() -> None:
    entries = re.split(r"^## ", PAGES["CHANGELOG.md"], flags=re.MULTILINE)[1:]
    assert entries[0].startswith(f"[{bl.__version__}]")
    assert [entry[:20] for entry in entries if "\n### Numbers that moved\n" not in entry] == []
