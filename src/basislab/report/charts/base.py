"""What a figure is: one or more charts under one title, with words for those who cannot see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import altair as alt

from basislab.report.charts.palette import LIGHT, recolour, role

Rows = list[dict[str, Any]]
Chart = alt.Chart | alt.LayerChart | alt.FacetChart

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FILE_WIDTH = 760
"""Pixels of a figure that is saved to a file."""


@dataclass(frozen=True)
class Line:
    """A series that a legend names: its label and its role in the palette.

    Parameters
    ----------
    name, colour : str
        The label, as in the data's ``series``, and a key of the palette.
    """

    name: str
    colour: str
    is_dashed: bool = False


class Held:
    """Rows that charts refer to by name; altair would check and copy every value of them.

    Equal rows get the same name, so that a page with many figures holds them once.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Rows] = {}

    def add(self, rows: Rows) -> alt.NamedData:
        """Keep rows, numbers cut to six digits: a figure shows no more."""
        short = [{key: _short(value) for key, value in row.items()} for row in rows]
        name = f"d{blake2b(json.dumps(short).encode(), digest_size=8).hexdigest()}"
        self.rows[name] = short
        return alt.NamedData(name=name)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Charts that belong together.

    Parameters
    ----------
    key : str
        Name of its files and of its place in a page.
    title : str
        What it shows, with the unit.
    alt : str
        What it says, in words, computed from the facts.
    data : mapping of str to rows
        What the panels refer to by name.
    panels : sequence of altair charts
        Drawn below each other; a parameter ``leverage`` or ``hidden`` is shared by all.
    legend : sequence of Line
        Series that can be shown and hidden; empty where the chart names them itself.
    leverages : sequence of float
        Choices of the parameter ``leverage``; empty where there is none.
    leverage : float, optional
        The one that is shown first.
    """

    key: str
    title: str
    alt: str
    data: Mapping[str, Rows]
    panels: Sequence[Chart]
    legend: Sequence[Line] = ()
    leverages: Sequence[float] = ()
    leverage: float | None = None
    _specs: list[dict[str, Any]] = field(default_factory=list, compare=False, repr=False)

    def specs(self) -> list[dict[str, Any]]:
        """Return the Vega-Lite specification of every panel, colours as roles."""
        if not self._specs:
            for panel in self.panels:
                spec = panel.to_dict()
                used = data_names(spec)
                spec["datasets"] = {name: self.data[name] for name in self.data if name in used}
                spec["config"] = theme()
                spec["description"] = self.alt
                self._specs.append(spec)
        return self._specs

    def file_specs(
        self,
        palette: Mapping[str, str] = LIGHT,
        width: int = FILE_WIDTH,
        *,
        is_titled: bool = True,
    ) -> list[dict[str, Any]]:
        """Return specifications that stand alone: colours filled in, a width, a title."""
        made = []
        for number, spec in enumerate(self.specs()):
            data = {name: self._chosen(rows) for name, rows in spec["datasets"].items()}
            own = recolour(still(spec) | {"datasets": data}, palette)
            own |= {"width": width, "background": palette["paper"]}
            if number == 0 and is_titled:
                own["title"] = recolour(_title(self.title), palette)
            if self.legend and number == len(self.panels) - 1:
                own["config"]["legend"]["disable"] = False
            made.append(own)
        return made

    def _chosen(self, rows: Rows) -> Rows:
        """Leave out what only a page that can choose another leverage would show."""
        return [
            row
            for row in rows
            if row.get("leverage", self.leverage) == self.leverage or not (self.leverages)
        ]

    def rows(self) -> Rows:
        """Return the data of the first panel as rows, for those who want the numbers."""
        return next(iter(self.data.values()))


def data_names(spec: Any) -> set[str]:
    """Return the names of the data that a specification refers to."""
    if isinstance(spec, list):
        return set().union(*map(data_names, spec))
    if not isinstance(spec, dict):
        return set()
    own = spec.get("data")
    here = {own["name"]} if isinstance(own, dict) and "name" in own else set()
    return here.union(*map(data_names, spec.values()))


def still(spec: Any) -> Any:
    """Leave out selections, and layers that wait for one: what only a pointer brings to light.

    A rule a day that nobody can see was half of a picture's file.
    """
    if isinstance(spec, list):
        return [still(one) for one in spec if not _waits(one)]
    if not isinstance(spec, dict):
        return spec
    return {key: value if key == "datasets" else still(value) for key, value in spec.items()}


def _waits(one: Any) -> bool:
    """Whether an item is a selection, or a layer that is seen only while one is made."""
    if not isinstance(one, dict):
        return False
    opacity = one.get("encoding", {}).get("opacity", {})
    return "select" in one or "param" in opacity.get("condition", {})


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "anchor": "start", "color": role("ink"), "fontSize": 15, "offset": 12}


def theme() -> dict[str, Any]:
    """Return the Vega-Lite configuration that all figures share."""
    axis = {
        "labelColor": role("soft"),
        "titleColor": role("soft"),
        "gridColor": role("grid"),
        "domainColor": role("grid"),
        "tickColor": role("grid"),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelOverlap": "greedy",
        "labelSeparation": 10,
        "labelPadding": 6,
    }
    return {
        "font": FONT,
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "titlePadding": 8},
        "axisY": {
            "titleAnchor": "start",
            "titleAngle": 0,
            "titleAlign": "left",
            "titleY": -12,
            "titleX": 0,
            "domain": False,
            "ticks": False,
            "tickCount": 5,
        },
        "legend": {
            "disable": True,
            "orient": "bottom",
            "title": None,
            "labelColor": role("ink"),
            "labelFontSize": 12,
            "symbolStrokeWidth": 3,
            "columns": 5,
        },
        "text": {"fontSize": 12},
    }


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") + 0.0 if isinstance(value, float) else value


def sized(chart: Chart, height: int) -> Chart:
    """Return a chart as wide as its container."""
    return chart.properties(
        width="container",
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def hidden() -> alt.Parameter:
    """Return the list of series that a reader has switched off."""
    return alt.param(name="hidden", value=[])


def shown(name: str = "series") -> str:
    """Return the expression that keeps the series a reader has not switched off."""
    return f"indexof(hidden, datum.{name}) < 0"


def chosen(leverage: float | None) -> alt.Parameter:
    """Return the leverage that a figure shows."""
    return alt.param(name="leverage", value=leverage)


AT_CHOSEN_LEVERAGE = "datum.leverage == leverage"
"""The expression that keeps the rows of the chosen leverage."""


def zoom() -> alt.Parameter:
    """Return the time zoom: drag to pan, shift and wheel to zoom, double click to reset.

    The plain wheel scrolls the page; a page links the zoom of all its figures (``zoom_t``).
    """
    return alt.selection_interval(
        name="zoom", bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]"
    )


def time_axis(*, labels: bool = True) -> alt.X:
    """Return the x channel of a daily series: UTC, so that no reader's clock moves a day."""
    axis = alt.Axis(title=None, labels=labels, format="%b %Y", tickCount=7, labelFlush=True)
    return alt.X("t:T", scale=alt.Scale(type="utc", padding=6), axis=axis)


def signed_axis(written: str, **more: Any) -> alt.Axis:
    """Return an axis whose numbers, in a d3 format such as ``+.0%``, carry their sign; not zero."""
    return alt.Axis(format=written, labelExpr=_PLAIN_ZERO, **more)


_PLAIN_ZERO = r"replace(datum.label, /^\+(0[.0]*%?)$/, '$1')"


def colours(lines: Sequence[Line]) -> alt.Scale:
    """Return the colour scale of some series."""
    return alt.Scale(
        domain=[line.name for line in lines], range=[role(line.colour) for line in lines]
    )
