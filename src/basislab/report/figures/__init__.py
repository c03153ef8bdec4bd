"""The figures of a study, as altair charts that page, notebook and dashboard share."""

from basislab.report.figures.base import Figure, Line
from basislab.report.figures.collect import study_figures
from basislab.report.figures.palette import DARK, LIGHT, recolour

__all__ = ["DARK", "LIGHT", "Figure", "Line", "recolour", "study_figures"]
