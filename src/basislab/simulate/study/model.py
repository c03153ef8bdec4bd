"""A line of the table for the study's models: daily bars, parameters by name, summary rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels import events as ev
from basislab.kernels import summary
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import no_tilts
from basislab.kernels.lane import LANES
from basislab.kernels.outcome import Outcome
from basislab.kernels.paths import Task
from basislab.simulate.books import booked, check_books
from basislab.simulate.model import Run, Starts, cut
from basislab.simulate.rates import funding_of, rate_of
from basislab.simulate.study.losses import forgiven, liquidation_bars, unforgiven
from basislab.simulate.study.many import Many, new_kept, no_rows, one_by_one
from basislab.types.configs import TradeConfig
from basislab.types.market import FloatArray, IntArray, Market, RateSeries
from basislab.types.result import Ledger, Result
from basislab.types.venue import StudyVenue
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

SCALAR_ACCOUNTS = ("carry", "funding", "trading_fees", "gas", "slippage")
PATH_ACCOUNTS = (
    "carry",
    "funding",
    "trading_fees",
    "gas",
    "transfer_fees",
    "liquidation_penalty",
    "revaluation",
    "shortfall",
)
_LEGS_TOUCHED = np.array([0, 1, 1, 2])  # by the code of the leg: none, long, short, both


@dataclass(frozen=True, kw_only=True)
class StudyModel:
    """A study model's kernel module, its accounts, what is counted of its events, what is naive.

    Parameters
    ----------
    kernel : module
        ``Params``, ``State``, ``open_position``, ``step``, ``run``.
    accounts : tuple of str
        Those that the model has, in printing order.
    counts : mapping of str to str
        Name of a count -> column of a summary row: a kind of event, or ``touched_legs``.
    notes : tuple of str
        Warnings of every run.
    many : callable, optional
        The compiled runs of many rows; one by one where a kernel has none.
    """

    kernel: Any
    accounts: tuple[str, ...] = PATH_ACCOUNTS
    counts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    many: Many | None = None

    names: ModuleType = ev
    result: type[Result] = Result
    refuses: bool = False
    piece_bars: int = 4_000_000  # about ten milliseconds of the lanes
    lanes: int = LANES
    in_liquidations: frozenset[str] = frozenset()
    columns: tuple[str, ...] = summary.COLUMNS

    def check_market(self, market: Market) -> None:
        """Refuse bars that are not daily."""
        if market.bar_seconds != SECONDS_PER_DAY:
            raise ConfigError(
                f"market {market.name!r}: bars of {market.bar_seconds} s; the study's models are "
                "defined on daily bars (86400 s). Take the venue engine, or import daily bars."
            )

    def check(self, market: Market, config: TradeConfig) -> None:  # noqa: ARG002 - opens anything
        """Refuse a venue that is still a name."""
        _ = config.venue

    def series(self, config: TradeConfig) -> tuple[str, str]:
        """Return the keys of funding and lending."""
        return config.venue.funding, config.lending

    def remembers(self, config: TradeConfig) -> bool:  # noqa: ARG002 - states carry what they need
        """Return False: a bar is lowered by itself."""
        return False

    def lower_bars(self, market: Market, config: TradeConfig) -> Bars:
        """Return the arrays that the kernels read."""
        return lower_market(market, *self.series(config))

    def lower_params(self, config: TradeConfig, bar_seconds: int) -> Any:  # noqa: ARG002 - daily
        """Return the kernel's parameters."""
        return lower_config(self.kernel.Params, config, config.venue)

    def closes(self, market: Market, config: TradeConfig) -> FloatArray:  # noqa: ARG002 - one price
        """Return the reference price."""
        return market.reference_price.close

    def ledger(self, accounts: Mapping[str, float]) -> Ledger:
        """Return the ledger, which shows the model's accounts."""
        return Ledger(**accounts, names=self.accounts)

    def count(self, rows: FloatArray) -> dict[str, int]:
        """Count events by their kind, or the legs whose price a rotation touched."""
        kinds = rows[:, 1].tolist()
        return {
            name: _touched(rows)
            if column == "touched_legs"
            else kinds.count(ev.KIND_NAMES.index(column))
            for name, column in self.counts.items()
        }

    def warnings(self, run: Run) -> list[str]:
        """Name what is naive in the study's convention, where this run met it."""
        found = [*self.notes, *run.config.warnings()]
        ledger, outcome = run.ledger, run.outcome
        if outcome.lowest_debt < 0:
            found.append(
                "study convention: the long leg's debt fell below zero "
                f"({outcome.lowest_debt:,.2f} USD) and then earned the borrow rate"
            )
        if any(event.kind == "ruined" for event in run.events):
            found.append("ruined: the equity fell to zero and the run ended there")
        if ledger.shortfall > 0:
            found.append(
                f"study convention: {ledger.shortfall:,.2f} USD of equity below zero were forgiven;"
                f" without that the result is {ledger.total - ledger.shortfall:+,.2f} USD"
            )
        if outcome.equity.min() < 0:
            found.append("the equity fell below zero: this model has no margin call")
        return found

    def extras(self, outcome: Outcome) -> dict[str, Any]:  # noqa: ARG002 - none
        """Return no further fields."""
        return {}

    @property
    def shown(self) -> Mapping[str, tuple[str, ...]]:
        """Accounts (USD), counts, and the lowest debt (USD)."""
        accounts: dict[str, tuple[str, ...]] = {f"{name}_usd": (name,) for name in self.accounts}
        counts = {name: (column,) for name, column in self.counts.items()}
        return accounts | counts | {"lowest_debt_usd": ("lowest_debt",)}

    @property
    def counted(self) -> tuple[str, ...]:
        """Names of the counts."""
        return tuple(self.counts)

    def rows(self, configs: Sequence[TradeConfig]) -> FloatArray:
        """Return the kernel's parameters as a matrix, one row a configuration."""
        params = self.kernel.Params
        return np.array([lower_config(params, one, one.venue) for one in configs], np.float64)

    def run_many(self) -> Many:
        """Return what runs many rows over many paths."""
        return self.many or one_by_one(self.kernel)

    def table(self, rows: FloatArray, bars: Bars, bar_seconds: int) -> FloatArray:  # noqa: ARG002
        """Run many rows on the same bars, side by side where the kernel can."""
        kept = new_kept(len(rows), 1, np.zeros(0, np.int64))
        task = Task(0, 0, 1, 1.0, 1.0, is_given=True, tilts=no_tilts(0), drift=0.0)
        given = Bars(*(np.array(values) for values in bars))  # one type, writable, for all paths
        self.run_many()(rows, given, no_rows(), task, kept)
        table = kept.table
        accounts = table[:, summary.CARRY : summary.CARRY + summary.N_ACCOUNTS]
        check_books(accounts, table[:, summary.FINAL], rows[:, 0])
        return table

    def identity(self, config: TradeConfig) -> tuple[Hashable, ...]:
        """Return the model and all that its kernel is told."""
        return (config.model, tuple(self.lower_params(config, 0)), *self.series(config))

    def curve(self, outcome: Outcome) -> FloatArray:
        """Return the equity as if all losses had been paid."""
        return unforgiven(outcome)

    def ahead(self, params: Any, bars: Bars) -> tuple[()]:  # noqa: ARG002 - nothing
        """Return nothing: every bar is run."""
        return ()

    def starts(self, params: Any, bars: Bars, ahead: tuple[()], firsts: IntArray) -> Starts:  # noqa: ARG002
        """Run from each of the bars `firsts` to the last."""
        finals, is_sunk = np.empty(len(firsts)), np.zeros(len(bars.close), dtype=bool)
        for row, first in enumerate(firsts.tolist()):
            outcome = self.kernel.run(params, cut(bars, slice(first, None)))
            booked(outcome.accounts, outcome.final, params.capital)
            finals[row] = self.curve(outcome)[-1]
            is_sunk[self.liquidations(outcome) + first] = True
        return Starts(finals, is_sunk)

    def liquidations(self, outcome: Outcome) -> IntArray:
        """Return the bars on which a leg was liquidated or its price touched."""
        return liquidation_bars(outcome)

    def trial_notes(self, market: Market, config: Any, outcome: Outcome) -> tuple[str, ...]:  # noqa: ARG002
        """Say what the study would forgive."""
        total = forgiven(outcome).sum()
        if total <= 0:
            return ()
        return (f"the study forgives {total:,.0f} USD of losses in this run; here they are paid",)


def _touched(rows: FloatArray) -> int:
    """Return how many legs' liquidation prices were touched when a rotation was closed."""
    return int(_LEGS_TOUCHED[rows[rows[:, 1] == ev.CLOSE, 2].astype(np.int64)].sum())


def lower_market(market: Market, funding: str, lending: str) -> Bars:
    """Return the arrays that the study's kernels read, read-only.

    APYs become simple rates per bar, ``apy / 365`` a day (the study's convention). `funding` is a
    key of `Market.funding`, `lending` the protocol of the asset's supply and the quote's borrow
    rate.
    """
    rate = funding_of(market, funding)
    price = market.reference_price
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    return Bars(
        price.high,
        price.low,
        price.close,
        _simple_rate(rate_of(market, "supply", lending, market.asset), bar_days),
        _simple_rate(rate_of(market, "borrow", lending, market.quote), bar_days),
        rate,
    )


def _simple_rate(series: RateSeries, bar_days: float) -> FloatArray:
    rate = series.apy / DAYS_PER_YEAR
    if bar_days != 1.0:
        rate = rate * bar_days
    rate.setflags(write=False)
    return rate


def lower_config(params: Any, config: TradeConfig, venue: StudyVenue) -> Any:
    """Return a kernel's ``Params``, each field taken by its name from the config or the venue."""
    values = venue.parameters() | config.parameters()
    return params(**{name: values[name] for name in params._fields})
