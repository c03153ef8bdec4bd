"""A chapter is one room: each can be taken out, and another put in, without a word elsewhere."""

import json
from pathlib import Path

import pytest

from basislab.report import chapters
from basislab.report.render.markdown import markdown_text
from basislab.report.render.page import html_page
from basislab.report.render.terminal import screen_text
from basislab.report.report import study_report, study_runs
from basislab.report.spec import StudySpec
from tests.unit.test_report import rising_eth_market

TOY = {
    "__init__.py": '''
"""What a toy chapter says."""

from dataclasses import dataclass

from basislab.report.chapter import Chapter
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.charts.bars import stacked_bars
from basislab.report.fields import USD, unit
from basislab.report.tables import Column, Table


@dataclass(frozen=True, kw_only=True)
class ToyFacts:
    toy_usd: float = unit(USD)


def tables(_, facts):
    columns = [Column("Toy", "toy_usd", "{:.2f}".format, "Toy, USD")]
    return {"toy": [Table("H", "What a toy costs", columns, [facts])]}


def figures(_, facts):
    held, line = Held(), Line("toy", "static")
    row = {"at": "toy", "series": "toy", "place": 0, "amount_usd": facts.toy_usd}
    panel = stacked_bars(held, [row], [line], order=["toy"], title="USD", tips=[])
    yield Figure(key="toy", title="A toy, USD", alt="A bar.", data=held.rows, panels=[panel])


CHAPTER = Chapter(
    facts=lambda runs: ToyFacts(toy_usd=runs.spec.capital_usd / 3),
    tables=tables,
    figures=figures,
    sentences=lambda _, facts: [f"It costs {facts.toy_usd:.2f} USD."],
    reasons=lambda _, facts: ["A toy is a reason."],
)
''',
    "chapter.md.j2": (
        '## The toy\n\n{{ bullets(say) }}\n\n{{ figure("toy") }}\n{{ table("toy") }}\n'
        "Once more: {{ facts.toy_usd | cents }}.\n"
    ),
}


@pytest.fixture(scope="module")
def runs():
    """Of a market without certificates: sixty days are too few for them."""
    return study_runs(
        rising_eth_market(), StudySpec(lending="aave", leverages=[2.0, 3.0], holding_days=[7])
    )


@pytest.fixture(scope="module")
def whole(runs):
    """The study with every chapter."""
    return study_report(runs)


def written(report):
    """Everything that a study writes, as text."""
    document = report.document()
    json.dumps(report.facts, allow_nan=False)
    return screen_text(report.screen()), markdown_text(document), html_page(document, bundle="")


OF_THE_SAMPLE = ("memo", "choice", "venues", "certificates", "engine", "published")
"""Chapters for which the small market has nothing."""


@pytest.mark.parametrize("name", chapters.NAMES)
def test_a_study_is_written_without_a_chapter(name, whole, study, monkeypatch):
    full = study if name in OF_THE_SAMPLE else whole
    monkeypatch.setattr(chapters, "NAMES", tuple(n for n in chapters.NAMES if n != name))
    report = study_report(full.runs)
    screen, text, page = written(report)
    heading = chapters.template(name).splitlines()[0]
    assert heading not in text.splitlines()
    assert f'<section id="{name}"' not in page
    assert "Verdict: " in screen
    assert set(full.facts) - set(report.facts) == set(vars(full.parts[name]))
    assert report.verdict.headline == full.verdict.headline


def test_the_chapters_that_are_taken_out_were_there(whole, study):
    rest = [name for name in chapters.NAMES if name not in OF_THE_SAMPLE]
    assert set(rest) <= set(whole.document().chapters)
    assert set(OF_THE_SAMPLE) <= set(study.document().chapters)


def test_no_chapter_has_a_key_table_or_figure_of_another(study):
    """Facts, tables and figures of all chapters are put together by their names."""
    for names in (
        [vars(part) for part in study.parts.values()],
        list(study.tables.values()),
        [
            {figure.key for figure in chapter.figures(study.runs, study.parts[name])}
            for name, chapter in study.chapters.items()
        ],
    ):
        every = [key for own in names for key in own]
        assert len(every) == len(set(every))


def test_a_further_chapter_is_one_folder_and_one_line(runs, monkeypatch, tmp_path):
    """10 000 / 3: in the facts, on the terminal, in Markdown and on the page, as H after G."""
    (tmp_path / "toy").mkdir()
    for name, text in TOY.items():
        Path(tmp_path / "toy" / name).write_text(text)
    monkeypatch.setattr(chapters, "__path__", [*chapters.__path__, str(tmp_path)])
    monkeypatch.setattr(chapters, "NAMES", (*chapters.NAMES, "toy"))
    report = study_report(study_runs(runs.market, StudySpec(lending="aave", chapters=["toy"])))
    screen, text, page = written(report)
    assert report.facts["toy_usd"] == 3333.33333333
    assert report.facts["findings"]["toy"] == ["It costs 3333.33 USD."]
    assert "H. What a toy costs" in screen
    assert "- A toy is a reason." in screen
    for said in ("## The toy", "It costs 3333.33 USD.", "| Toy, USD |", "Once more: 3,333.33."):
        assert said in text
    assert "figures/toy.svg" in text
    assert '<section id="toy"' in page
    assert 'data-figure="toy"' in page
