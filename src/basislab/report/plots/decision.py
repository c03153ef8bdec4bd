"""Figures of a decision: those of its memo."""

from __future__ import annotations

from collections.abc import Callable

from basislab.report.charts.base import Figure
from basislab.report.memo.figures import equity_figure, regime_figure

DECISION_KINDS: dict[str, Callable[..., Figure]] = {
    "equity": equity_figure,
    "regimes": regime_figure,
}
