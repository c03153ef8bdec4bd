"""What is known of a model: how its configurations are lowered, run and wrapped."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from basislab.types.market import BoolArray, FloatArray, IntArray, Market
from basislab.types.result import Event, Ledger, Result


class Run(NamedTuple):
    """A finished run before it is wrapped: `market` is cut to the window, `outcome` the kernel's.

    Amounts in USD; `ledger` explains the change of equity.
    """

    market: Market
    config: Any
    outcome: Any
    ledger: Any
    events: tuple[Event, ...]


class Starts(NamedTuple):
    """Runs of one configuration that begin at some bars and end at the last.

    ``finals`` of shape (n_starts,), USD after closing, nothing forgiven; ``is_sunk`` of shape
    (n_bars,): on which bars any of them had a leg liquidated.
    """

    finals: FloatArray
    is_sunk: BoolArray


class Model(Protocol):
    """One line of `MODELS`. Kernels: ``run(params, bars)`` returns an outcome.

    The first part is one run, the second many on one window, the third what a certificate asks.
    """

    @property
    def kernel(self) -> Any:
        """The module with ``run``."""

    @property
    def names(self) -> ModuleType:
        """The module that names kinds and reasons of events."""

    @property
    def result(self) -> type[Result]:
        """What a run is wrapped in."""

    def check_market(self, market: Market) -> None:
        """Refuse bars that the model is not defined on."""

    def check(self, market: Market, config: Any) -> None:
        """Refuse a configuration that its venues would not have, or whose bars do not fit it."""

    def series(self, config: Any) -> Hashable:
        """Return all that lowered bars hang on."""

    def remembers(self, config: Any) -> bool:
        """Whether lowered bars hold a memory that begins with the run: no window is cut of them."""

    def lower_bars(self, market: Market, config: Any) -> Any:
        """Return the arrays that the kernel reads."""

    def lower_params(self, config: Any, bar_seconds: int) -> Any:
        """Return the scalars that the kernel reads: fractions, USD, bars."""

    def closes(self, market: Market, config: Any) -> FloatArray:
        """Return the price that events and results show."""

    def ledger(self, accounts: Mapping[str, float]) -> Ledger:
        """Return a kernel's accounts as a ledger."""

    def count(self, rows: FloatArray) -> dict[str, int]:
        """Return what is counted of the rows of an event log."""

    def warnings(self, run: Run) -> list[str]:
        """Return what is odd in a run, and where the convention is naive."""

    def extras(self, outcome: Any) -> dict[str, Any]:
        """Return further fields of the result."""

    @property
    def refuses(self) -> bool:
        """Whether a search lists what `check` refuses, with the reason."""

    @property
    def piece_bars(self) -> int:
        """Bars times configurations that are worth a worker's while."""

    @property
    def lanes(self) -> int:
        """Configurations that are run side by side: pieces are multiples of it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `table`; ``final`` (USD) and ``drawdown`` (fraction) are among them."""

    @property
    def shown(self) -> Mapping[str, tuple[str, ...]]:
        """Columns of a sweep: each the sum of some of `columns`."""

    @property
    def counted(self) -> tuple[str, ...]:
        """Those of `shown` that are counts."""

    def rows(self, configs: Sequence[Any]) -> Any:
        """Return configurations as `table` takes them; slices are of the same kind."""

    def table(self, rows: Any, bars: Any, bar_seconds: int) -> FloatArray:
        """Run many on the same bars; shape (n_rows, len(columns))."""

    def identity(self, config: Any) -> tuple[Hashable, ...]:
        """Return what is equal for configurations whose runs are equal."""

    def curve(self, outcome: Any) -> FloatArray:
        """Return the equity at every close, the last one after closing costs; nothing forgiven."""

    @property
    def in_liquidations(self) -> frozenset[str]:
        """Constants, by role and name, that a run without a liquidation does not hang on."""

    def ahead(self, params: Any, bars: Any) -> Any:
        """Return what `starts` reads beside the bars and hangs on `series` alone; may be empty."""

    def starts(self, params: Any, bars: Any, ahead: Any, firsts: IntArray) -> Starts:
        """Open at each of the bars `firsts` and hold to the last, by the shortest way."""

    def liquidations(self, outcome: Any) -> IntArray:
        """Return the bars on which a leg was liquidated."""

    def trial_notes(self, market: Market, config: Any, outcome: Any) -> tuple[str, ...]:
        """Return what a reader of a certificate has to know of a run."""


def cut(lowered: Any, window: slice) -> Any:
    """Return a window of lowered bars, without copying: arrays, and tuples of them."""
    return type(lowered)(
        *(cut(one, window) if isinstance(one, tuple) else one[window] for one in lowered)
    )


def logged(outcome: Any) -> FloatArray:
    """Return the rows of a run's event log."""
    return np.asarray(outcome.log.rows[: outcome.log.filled[0]])
