"""`Sweep`: the table of a search, a DataFrame that can draw itself as a map."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from pandas.plotting import PlotAccessor

from basislab import plotting

if TYPE_CHECKING:
    import altair as alt


class SweepPlot(PlotAccessor):
    """pandas' own ``.plot``, which without arguments of its own draws the map of a sweep."""

    def __call__(  # type: ignore[override]
        self, *args: Any, **choices: Any
    ) -> alt.Chart | alt.LayerChart | Any:
        """Draw one column over the swept fields as an Altair chart, which a notebook shows.

        Parameters
        ----------
        show : str
            Column in the cells, ``excess_return`` by default.
        down, across : str, optional
            Fields of the rows and of the columns; the first two that were swept by default. Over
            further fields the mean is shown; a sweep of one field is drawn as a line.
        *args, **choices
            Anything else is taken as pandas takes it, such as ``kind="scatter", x=..., y=...``.

        Raises
        ------
        ConfigError
            A column that is not there, or nothing was swept.
        """
        if args or not set(choices) <= {"show", "down", "across"}:
            return super().__call__(*args, **choices)
        return plotting.drawer(self._parent, "map", **choices)  # type: ignore[attr-defined]


class Sweep(pd.DataFrame):
    """Every configuration of a search, one row each; any DataFrame's method works as it does there.

    Attributes
    ----------
    swept : tuple of str
        The fields that were swept, in the order given.
    """

    _metadata: ClassVar[list[str]] = ["swept"]
    swept: tuple[str, ...] = ()

    @property
    def plot(self) -> SweepPlot:
        """Draw the sweep as a map, or whatever pandas draws; see `SweepPlot`."""
        return SweepPlot(self)

    @property
    def _constructor(self) -> Callable[..., Sweep]:
        return Sweep
