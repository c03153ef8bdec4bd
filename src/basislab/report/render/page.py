"""The document as one HTML file that needs nothing else: no network, no font, no second file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt

from basislab.report.charts.base import Figure
from basislab.report.charts.palette import DARK, LIGHT
from basislab.report.render.document import MARK, Document
from basislab.report.render.downloads import downloads_html
from basislab.report.render.drawing import vega_bundle
from basislab.report.render.packing import packed
from basislab.report.tables import Column, Table

ASSETS = Path(__file__).parent / "assets"

Drawn = dict[str, list[str]]
"""Figures as SVG text, by key, one a panel."""

_MINUS = "\u2212"
_SHORT = 20
"""A text of this many characters is not broken into lines."""

_SMALL = 12
"""A table of this many rows stays on one page of paper."""


def html_page(document: Document, *, drawn: Drawn | None = None, bundle: str | None = None) -> str:
    """Return a document as one HTML file.

    `drawn` holds figures as SVG by key: the page for paper, without scripts. Else a page for
    screens, whose figures are drawn when it is opened by `bundle`, by default `vega_bundle`.
    """
    environment = Environment(
        loader=FileSystemLoader(ASSETS), undefined=StrictUndefined, autoescape=True
    )
    chapters = [
        {"name": name, "title": _heading(text), "body": _body(document, text, drawn)}
        for name, text in document.chapters.items()
    ]
    return environment.get_template("page.html.j2").render(
        about=document.about,
        chapters=chapters,
        css=_style(),
        is_paper=drawn is not None,
        data="" if drawn is not None else _script_json(page_data(document.shown())),
        bundle="" if drawn is not None else vega_bundle() if bundle is None else bundle,
        script="" if drawn is not None else (ASSETS / "page.js").read_text("utf-8"),
    )


def _heading(text: str) -> str:
    return text.splitlines()[0].removeprefix("## ")


def _body(document: Document, text: str, drawn: Drawn | None) -> str:
    """Turn a chapter's Markdown into HTML, its heading left to the page."""
    rendered = (
        MarkdownIt("commonmark", {"html": False})
        .enable("table")
        .render(MARK.sub(r"\n@@\1:\2@@\n", text.partition("\n")[2]))
    )
    rendered = re.sub(
        r"<p><code>(.*?)</code></p>", r'<p class="equation"><code>\1</code></p>', rendered
    )

    def replaced(match: re.Match[str]) -> str:
        kind, key = match.groups()
        if kind == "data":
            return downloads_html(document.downloads, is_paper=drawn is not None)
        if kind == "figure":
            return figure_html(document, key, None if drawn is None else drawn[key])
        tables = document.tables[key]
        return "\n".join((cards_html if one.is_cards else table_html)(one) for one in tables)

    rendered = re.sub(r"(?<=[\s(])-(?=\d)", _MINUS, rendered)
    return re.sub(r"<p>@@(table|figure|data):([a-z-]+)@@</p>", replaced, rendered)


def table_html(table: Table) -> str:
    """Return a table that scrolls inside itself."""
    head = "".join(
        f'<th scope="col"{_numeric(column)}>{escape(column.header)}</th>'
        for column in table.columns
    )
    rows = []
    for row, cells in zip(table.facts(), table.cells(), strict=True):
        mark = ' class="marked"' if row.get("is_marked") else ""
        shown = "".join(
            _cell(column, cell, is_first=number == 0)
            for number, (column, cell) in enumerate(zip(table.columns, cells, strict=True))
        )
        rows.append(f"<tr{mark}>{shown}</tr>")
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table.notes)
    name = escape(table.title, quote=True)
    small = " small" if len(rows) <= _SMALL else ""
    return (
        f'<div class="table{small}">'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f"<table><caption><span>{escape(table.title)}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{notes}</div>"
    )


def _numeric(column: Column, extra: str = "") -> str:
    names = " ".join(filter(None, ["num" if column.justify == "right" else "", extra]))
    return f' class="{names}"' if names else ""


def _cell(column: Column, text: str, *, is_first: bool) -> str:
    is_number = column.justify == "right"
    is_loss = is_number and not column.is_direction and re.match(r"-\d", text)
    shown = _typeset(text) if column.justify == "right" else escape(text)
    if is_first:
        extra = "short" if len(text) <= _SHORT else ""
        return f'<th scope="row"{_numeric(column, extra)}>{shown}</th>'
    extra = "loss" if is_loss else "" if is_number or len(text) > _SHORT else "short"
    return f"<td{_numeric(column, extra)}>{shown}</td>"


def _typeset(text: str) -> str:
    """Write a number's sign as a minus, not as a hyphen; a lone hyphen says that there is none."""
    if text == "-":
        return "\u2013"
    return escape(re.sub(r"^-(?=\d)", _MINUS, text))


def cards_html(table: Table) -> str:
    """Return headline numbers as cards; columns name, return, excess, note."""
    cards = []
    for row, (name, value, excess, note) in zip(table.facts(), table.cells(), strict=True):
        against = row["excess_annualized"]
        tone = "" if against is None else " gain" if against > 0 else " loss"
        beside = "" if against is None else f"{_typeset(excess)} points against the hurdle"
        cards.append(
            f'<div class="card{tone}"><dt>{escape(name)}</dt><dd class="value">{_typeset(value)}'
            f'<small> a year</small></dd><dd class="against">{beside}</dd>'
            f'<dd class="note">{escape(note)}</dd></div>'
        )
    return f'<dl class="cards" aria-label="{escape(table.title)}">{"".join(cards)}</dl>'


def figure_html(document: Document, key: str, drawn: Sequence[str] | None) -> str:
    """Return a figure's place in the page, with its tools, or the drawn figure on paper."""
    figure, number = document.figures[key], document.numbers[key]
    label = f"<b>Figure {number}.</b> {escape(figure.title)}"
    caption = f'<figcaption id="caption-{key}">{label}</figcaption>'
    text = f'<p class="sr" id="alt-{key}">{escape(figure.alt)}</p>'
    if drawn is not None:
        body = "".join(
            f'<img src="data:image/svg+xml;base64,{_base64(svg)}" alt="{escape(figure.alt)}">'
            for svg in drawn
        )
        return f'<figure id="figure-{key}">{caption}{body}</figure>'
    places = range(len(figure.panels))
    panels = "".join(f'<div class="panel" data-panel="{i}"></div>' for i in places)
    return (
        f'<figure id="figure-{key}" data-figure="{key}" aria-labelledby="caption-{key}" '
        f'aria-describedby="alt-{key}">{caption}{text}{_tools(figure)}{panels}</figure>'
    )


def _base64(svg: str) -> str:
    from base64 import b64encode

    return b64encode(svg.encode()).decode()


def _swatch(colour: str, *, is_dashed: bool) -> str:
    dashed = " dashed" if is_dashed else ""
    return f'<i class="swatch{dashed}" style="--swatch: var(--{colour})"></i>'


def _tools(figure: Figure) -> str:
    legend = "".join(
        f'<button type="button" class="key" aria-pressed="true" data-series="{escape(line.name)}">'
        f"{_swatch(line.colour, is_dashed=line.is_dashed)}{escape(line.name)}</button>"
        for line in figure.legend
    )
    choices = "".join(
        f'<button type="button" class="choice" data-leverage="{leverage:g}" '
        f'aria-pressed="{str(leverage == figure.leverage).lower()}">{leverage:g}x</button>'
        for leverage in figure.leverages
    )
    if len(figure.leverages) > 1:
        choices = f'<span class="group" role="group" aria-label="Leverage">{choices}</span>'
    else:
        choices = ""
    zoom = ""
    if '"zoom"' in json.dumps(figure.specs()[0].get("params", [])):
        zoom = (
            '<span class="group" role="group" aria-label="Time zoom, all figures">'
            '<button type="button" data-zoom="in" aria-label="Zoom in">+</button>'
            f'<button type="button" data-zoom="out" aria-label="Zoom out">{_MINUS}</button>'
            '<button type="button" data-zoom="left" aria-label="Earlier">\u2039</button>'
            '<button type="button" data-zoom="right" aria-label="Later">\u203a</button>'
            '<button type="button" data-zoom="reset">Reset</button></span>'
        )
    save = '<button type="button" data-save="csv">CSV</button>'
    shown = f'<div class="keys" role="group" aria-label="Series">{legend}</div>' if legend else ""
    return f'<div class="tools">{shown}<div class="acts">{choices}{zoom}{save}</div></div>'


def page_data(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return ``figures`` (panels by key) and ``data``, every set once and packed by columns."""
    datasets: dict[str, Any] = {}
    panels: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        panels[figure.key] = []
        for spec in figure.specs():
            own = dict(spec)
            for name, rows in own.pop("datasets", {}).items():
                datasets.setdefault(name, packed(rows))
            panels[figure.key].append(own)
    return {"figures": panels, "data": datasets}


def _script_json(value: Any) -> str:
    """Return JSON that cannot end the script element that it is put in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _style() -> str:
    css = (ASSETS / "page.css").read_text("utf-8")
    light = "".join(f"--{name}:{value};" for name, value in LIGHT.items())
    dark = "".join(f"--{name}:{value};" for name, value in DARK.items())
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n{css}"
    )
