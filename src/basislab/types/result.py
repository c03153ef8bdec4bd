"""`Result`: what a run gave, with everything needed to run it again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab import plotting
from basislab._version import VERSION
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market, TimeArray
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Where every dollar went: USD, signed from our side; the sum is the change of equity.

    Parameters
    ----------
    carry : float
        Lending interest earned less borrowing interest paid.
    funding : float
        Funding received.
    trading_fees, gas, transfer_fees, slippage : float
        Costs, <= 0.
    liquidation_penalty : float
        <= 0.
    revaluation : float
        Net coin exposure marked at every close.
    shortfall : float
        Equity below zero that the study's convention forgives, >= 0.
    names : tuple of str
        The accounts that the model has, in printing order.
    """

    carry: float
    funding: float
    trading_fees: float
    gas: float
    transfer_fees: float
    slippage: float
    liquidation_penalty: float
    revaluation: float
    shortfall: float
    names: tuple[str, ...]

    @property
    def total(self) -> float:
        """Sum of all accounts: final less initial equity."""
        accounts = (getattr(self, f.name) for f in fields(self) if f.name != "names")
        return float(sum(accounts))

    @property
    def costs(self) -> float:
        """Trading fees, gas, transfer fees and slippage, <= 0."""
        return self.trading_fees + self.gas + self.transfer_fees + self.slippage

    def to_dict(self) -> dict[str, float]:
        """Return the model's accounts, in printing order."""
        return {name: getattr(self, name) for name in self.names}


_LEVERAGES = (
    "long_leverage_before",
    "short_leverage_before",
    "long_leverage_after",
    "short_leverage_after",
)


class Event(NamedTuple):
    """Something that happened to the position.

    Parameters
    ----------
    bar : int
        Index within the run's window.
    time : str
        Day (daily bars) or time of the bar, UTC.
    kind : str
        open, rebalance, liquidation, reopen, close, liquidation_penalty or ruined.
    leg : str or None
        long, short or both: the leg that was liquidated (or touched).
    reason : str or None
        Why a position was closed.
    price_usd : float
        Close of the bar.
    moved_usd : float
        Capital moved from the long to the short leg.
    cost_usd, penalty_usd : float
        Paid, >= 0.
    long_equity_usd, short_equity_usd : float
        Before the event; NaN where the model has no legs.
    equity_usd : float
        Total, after the event.
    coins : float
        Of a resize: bought (> 0) or sold for the long; NaN for other kinds.
    long_leverage_before, short_leverage_before, long_leverage_after, short_leverage_after : float
        Of a resize: of each leg at the prices of the trade; NaN for other kinds.
    """

    bar: int
    time: str
    kind: str
    leg: str | None
    reason: str | None
    price_usd: float
    moved_usd: float
    cost_usd: float
    penalty_usd: float
    long_equity_usd: float
    short_equity_usd: float
    equity_usd: float
    coins: float = math.nan
    long_leverage_before: float = math.nan
    short_leverage_before: float = math.nan
    long_leverage_after: float = math.nan
    short_leverage_after: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return the machine interface's form: time, kind, leg or reason, and what a resize did."""
        row: dict[str, Any] = {"time": self.time, "kind": self.kind}
        if not math.isnan(self.coins):
            row |= {name: getattr(self, name) for name in ("coins", "cost_usd", *_LEVERAGES)}
        if self.kind == "liquidation" and self.leg is not None:
            row["leg"] = self.leg
        if self.reason is not None:
            row["reason"] = self.reason
        return row


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result:
    """One finished run: equity, ledger, events, and what it was run on.

    Parameters
    ----------
    config : ModelConfig
        With the venue resolved.
    market_name, market_fingerprint : str
        The whole market, of which the run saw a window.
    market : Market
        The window that the run saw.
    asset : str
    times : ndarray of datetime64, shape (n_bars,)
        Bar opens of the window, UTC.
    closes : ndarray of shape (n_bars,), USD per coin
    equity_usd : ndarray of shape (n_bars,), USD
        At the closes, before the costs of closing at the end.
    final_usd : float, USD
        After those costs.
    ledger : Ledger
    event_list : tuple of Event
    counts : mapping of str to int
    bar_seconds : int
    max_drawdown : float, fraction of the peak
    annualized_return : float, fraction per year, simple
    hurdle_return : float, fraction
        The quote coin supplied to the same protocol over the same bars.
    warnings : tuple of str
        Where the convention is naive, or the run odd.
    code_version : str
    """

    config: ModelConfig
    market_name: str
    market_fingerprint: str
    market: Market
    asset: str
    times: TimeArray
    closes: FloatArray
    equity_usd: FloatArray
    final_usd: float
    ledger: Ledger
    event_list: tuple[Event, ...]
    counts: Mapping[str, int]
    bar_seconds: int
    max_drawdown: float
    annualized_return: float
    hurdle_return: float
    warnings: tuple[str, ...] = ()
    code_version: str = VERSION

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.config.model

    @property
    def initial_usd(self) -> float:
        """Capital before the first bar."""
        return self.config.capital_usd

    @property
    def total_return(self) -> float:
        """Final over initial capital less one, fraction."""
        return self.final_usd / self.initial_usd - 1.0

    @property
    def excess_return(self) -> float:
        """Total return less the hurdle's, fraction."""
        return self.total_return - self.hurdle_return

    @property
    def has_hurdle(self) -> bool:
        """Whether the market holds a rate that the quote coin could have earned instead."""
        return not math.isnan(self.hurdle_return)

    @property
    def hurdle_annualized(self) -> float:
        """The hurdle on the same simple annual basis as `annualized_return`."""
        days = len(self.times) * self.bar_seconds / SECONDS_PER_DAY
        return self.hurdle_return * 365 / days

    @property
    def start(self) -> str:
        """First bar: its day, or its time where bars are shorter than a day."""
        return time_labels(self.times[:1], self.bar_seconds)[0]

    @property
    def end(self) -> str:
        """Last bar."""
        return time_labels(self.times[-1:], self.bar_seconds)[0]

    @cached_property
    def equity(self) -> pd.Series[float]:
        """Equity at the closes as a Series over UTC times, USD."""
        import pandas as pd

        index = pd.DatetimeIndex(self.times, tz="UTC", name="time")
        return pd.Series(self.equity_usd, index=index, name="equity_usd", copy=True)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Events as a DataFrame, one row each, columns as in `Event`."""
        import pandas as pd

        frame = pd.DataFrame(self.event_list, columns=Event._fields)
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def to_dict(
        self,
        *,
        with_events: bool = True,
        with_equity: bool = False,
        id: str | None = None,  # noqa: A002 - the format's own key
    ) -> dict[str, Any]:
        """Return the machine interface's form (docs/scenarios.md).

        Parameters
        ----------
        with_events, with_equity : bool
            Whether to include the events and the equity curve.
        id : str, optional
            Put first where given.

        Returns
        -------
        dict
            Fractions, USD; floats read back to the same bits from JSON.
        """
        head = {} if id is None else {"id": id}
        body: dict[str, Any] = head | {
            "model": self.model,
            "market": {"name": self.market_name, "fingerprint": self.market_fingerprint},
            "start": self.start,
            "end": self.end,
            "bars": len(self.times),
            "initial_usd": self.initial_usd,
            "final_usd": self.final_usd,
            "return": self.total_return,
            "annualized_return": self.annualized_return,
            "hurdle_return": self.hurdle_return if self.has_hurdle else None,
            "excess_return": self.excess_return if self.has_hurdle else None,
            "max_drawdown": self.max_drawdown,
            "ledger": self.ledger.to_dict(),
            "counts": dict(self.counts),
            "warnings": list(self.warnings),
        }
        if with_events:
            body["events"] = [event.to_dict() for event in self.event_list]
        if with_equity:
            body["equity_usd"] = self.equity_usd.tolist()
        return body

    def summary(self) -> str:
        """Return the run in a few aligned lines of plain text.

        Returns
        -------
        str
            Return beside the hurdle, drawdown, counts, ledger, warnings.
        """
        width = max(len(label) for label, _ in self._lines())
        lines = [f"{label:<{width}}  {value:>14}" for label, value in self._lines()]
        return "\n".join([self._title(), *lines, *(f"! {text}" for text in self.warnings)])

    def plot(self, kind: str = "equity") -> alt.Chart | alt.LayerChart:
        """Draw the run as an Altair chart, which a notebook shows.

        Parameters
        ----------
        kind : {"equity", "drawdown", "legs", "waterfall"}
            Equity at the closes beside the hurdle, with what happened; the loss from the highest
            equity so far; notional over equity of both legs (rebalance and venue models) against
            the trigger; from income over costs to the net result, USD. Of more than 2000 bars the
            days are drawn.

        Returns
        -------
        altair.Chart or altair.LayerChart
            760 pixels wide; ``.properties(width=...)`` and ``.save(path)`` are Altair's own.

        Raises
        ------
        ConfigError
            An unknown kind, or one that the model does not have.
        """
        return plotting.drawer(self, kind)  # type: ignore[no-any-return]

    def _title(self) -> str:
        days = f"{self.start} to {self.end}, {len(self.times)} bars"
        return f"{self.model} {self.config.levered} on {self.market_name} ({days})"

    def _lines(self) -> Sequence[tuple[str, str]]:
        rows = [
            ("capital, USD", f"{self.initial_usd:,.2f}"),
            ("final equity, USD", f"{self.final_usd:,.2f}"),
            ("return", f"{self.total_return:+.2%}"),
            ("hurdle: supplying the quote coin", f"{self.hurdle_return:+.2%}"),
            ("excess over the hurdle", f"{self.excess_return:+.2%}"),
            ("annualized return (simple)", f"{self.annualized_return:+.2%}"),
            ("annualized hurdle (simple)", f"{self.hurdle_annualized:+.2%}"),
            ("maximum drawdown", f"{self.max_drawdown:.2%}"),
        ]
        if not self.has_hurdle:
            rows = [row for row in rows if "hurdle" not in row[0]]
        rows += [(name, str(count)) for name, count in self.counts.items()]
        rows += [
            (f"{name.replace('_', ' ')}, USD", f"{value:+,.2f}")
            for name, value in self.ledger.to_dict().items()
        ]
        return rows

    def __repr__(self) -> str:
        return (
            f"Result({self._title()}: return {self.total_return:+.2%}, "
            f"hurdle {self.hurdle_return:+.2%}, excess {self.excess_return:+.2%}, "
            f"drawdown {self.max_drawdown:.2%})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(label)}</th>"
            f"<td style='text-align:right'>{escape(value)}</td></tr>"
            for label, value in self._lines()
        )
        notes = "".join(f"<li>{escape(text)}</li>" for text in self.warnings)
        caption = f"<caption style='text-align:left'>{escape(self._title())}</caption>"
        return f"<table>{caption}{rows}</table>" + (f"<ul>{notes}</ul>" if notes else "")


def time_labels(times: NDArray[np.datetime64], bar_seconds: int) -> list[str]:
    """Return bar opens as text: days for daily bars, else minutes with a Z.

    Parameters
    ----------
    times : ndarray of datetime64, UTC

    Examples
    --------
    >>> time_labels(np.array(["2025-01-18"], "datetime64[s]"), 86_400)
    ['2025-01-18']
    >>> time_labels(np.array(["2025-01-18T05"], "datetime64[s]"), 3_600)
    ['2025-01-18T05:00Z']
    """
    if bar_seconds % SECONDS_PER_DAY == 0:
        return [day.isoformat() for day in times.astype("datetime64[D]").tolist()]
    minutes = times.astype("datetime64[m]").tolist()
    return [f"{minute.isoformat(timespec='minutes')}Z" for minute in minutes]
