"""The kinds of figure of everything that draws itself, and a figure as an Altair chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt

from basislab.errors import ConfigError
from basislab.report.charts.base import FILE_WIDTH, Chart, Figure
from basislab.report.charts.palette import LIGHT, recolour
from basislab.report.plots.decision import DECISION_KINDS
from basislab.report.plots.luck import CERTIFICATE_KINDS
from basislab.report.plots.policies import POLICY_KINDS
from basislab.report.plots.run import RUN_KINDS
from basislab.report.plots.search import ENSEMBLE_KINDS, MONTECARLO_KINDS, SWEEP_KINDS
from basislab.research.overfit.certificate import Certificate
from basislab.types.checks import nearest
from basislab.types.decision import Decision
from basislab.types.ensemble import Ensemble
from basislab.types.montecarlo import MonteCarlo
from basislab.types.policies import PolicyComparison
from basislab.types.result import Result
from basislab.types.sweep import Sweep

KINDS: Mapping[type, Mapping[str, Callable[..., Figure]]] = {
    Result: RUN_KINDS,
    Sweep: SWEEP_KINDS,
    MonteCarlo: MONTECARLO_KINDS,
    Ensemble: ENSEMBLE_KINDS,
    PolicyComparison: POLICY_KINDS,
    Decision: DECISION_KINDS,
    Certificate: CERTIFICATE_KINDS,
}


def figure_of(thing: object, kind: str, **choices: Any) -> Figure:
    """Return one figure of a result; choices are the figure's own."""
    kinds = next(kinds for known, kinds in KINDS.items() if isinstance(thing, known))
    if kind not in kinds:
        raise ConfigError(
            f"plot: got {kind!r}{nearest(str(kind), list(kinds))}; it must be one of "
            f"{', '.join(kinds)}."
        )
    return kinds[kind](thing, **choices)


def draw(thing: object, kind: str, **choices: Any) -> Chart:
    """Return one figure of a result as an Altair chart in the colours of light paper."""
    figure = figure_of(thing, kind, **choices)
    spec = recolour(figure.specs()[0], LIGHT)
    spec["config"]["legend"]["disable"] = not figure.legend
    spec["config"]["background"] = LIGHT["paper"]
    # Altair would check every value of every row; they come from here.
    data = spec.pop("datasets")
    title = alt.TitleParams(figure.title, anchor="start", fontSize=15, offset=12)
    chart: Chart = alt.Chart.from_dict(spec)
    chart = chart.properties(width=FILE_WIDTH, title=title)
    chart.datasets = data
    return chart
