"""What a notebook shows of one result: ``.plot()`` as Altair charts, ``--figure`` as files.

The shapes are those of the report (`basislab.report.charts`); here they meet a `Result`, a `Sweep`,
a `MonteCarlo` or a `Certificate`, each with its kinds of figure.
"""

from basislab.report.plots.draw import draw, figure_of
from basislab.report.plots.files import figure_file

__all__ = ["draw", "figure_file", "figure_of"]
