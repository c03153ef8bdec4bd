"""A market as whole days to draw from, each with its own bars (docs/sweeps.md).

A day's bars enter the path as ratios to the close before; spot, oracle and mark keep their ratios
to the reference price of the same bar, and hours keep their place in the day. A daily market has
several sheets: paths within its days, of which each drawn path takes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels.bootstrap import Rows
from basislab.kernels.venue.bars import Bars, Candles
from basislab.research.blocks import MIN_ROWS
from basislab.research.bootstrap import Shift, drawable_bars, resample
from basislab.research.intraday import PART_OF_WICKS, Bridge
from basislab.research.search import refusal
from basislab.simulate import model_of
from basislab.simulate.rates import funding_of, hurdle_apy
from basislab.simulate.venue import price_sources
from basislab.simulate.venue.bars import candles
from basislab.types.configs import ModelConfig
from basislab.types.market import (
    BoolArray,
    FloatArray,
    FundingSeries,
    IntArray,
    Market,
    RateSeries,
)
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import PerpVenue
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_HOUR

BRIDGES = 16
"""Paths within the days of a daily market that are drawn from."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One lowered market that days are taken from: arrays of shape (n_bars,).

    ``funding`` is before the venue's cap; ``lead`` are the bars of the reference price.
    """

    lead: Candles
    bars: Bars
    funding: FloatArray


@dataclass(frozen=True, kw_only=True)
class Days:
    """What paths of the venue engine are drawn from, for configurations that read the same series.

    Parameters
    ----------
    begins : ndarray of int64, shape (n_rows,)
        First bar of each day that can be drawn.
    ahead : Bars
        Lowered bars of the path's own time: what hangs on the date. Its prices are no path's.
    rows : Rows
        The same days as bars of a day, which blocks and predictive draws look at.
    stake : ndarray of shape (n_rows,)
        What staking earned a day.
    cap : float
        Largest funding of a bar.
    power : float
        By how much the scenario widens the price's moves.
    """

    config: VenueConfig
    sheets: tuple[Sheet, ...]
    begins: IntArray
    count: int
    ahead: Bars
    rows: Rows
    stake: FloatArray
    cap: float
    power: float
    bar_seconds: int

    def only(self, kept: BoolArray) -> Days:
        """Return the same without some of its days."""
        rows = Rows(*(values[kept] for values in self.rows))
        return replace(self, begins=self.begins[kept], rows=rows, stake=self.stake[kept])


def drawable_days(market: Market, partial: BoolArray | None = None) -> IntArray:
    """Return the first bars of the days that can be drawn.

    Parameters
    ----------
    partial : ndarray of bool, shape (n_bars,), optional
        `basislab.data.partial_bars`: bars that hold a part of their time only.

    Returns
    -------
    ndarray of int64
        Of whole days UTC: not the first bar's, which has no close before it; none with a partial
        bar or one just before it. Daily bars as `drawable_bars`.

    Raises
    ------
    ConfigError
        Bars that do not divide a day, or fewer than `MIN_ROWS` whole days.
    """
    if market.bar_seconds == SECONDS_PER_DAY:
        return drawable_bars(market, partial)
    if SECONDS_PER_DAY % market.bar_seconds:
        raise ConfigError(
            f"market {market.name!r}: its bars of {market.bar_seconds} s do not divide a day, and "
            "whole days are drawn. Import it with bars that do."
        )
    count = SECONDS_PER_DAY // market.bar_seconds
    seconds = market.times.astype("datetime64[s]").astype(np.int64)
    begins = np.flatnonzero(seconds % SECONDS_PER_DAY == 0)
    begins = begins[(begins > 0) & (begins + count <= len(market))]
    if partial is not None:
        sums = np.concatenate(([0], np.cumsum(partial)))
        begins = begins[sums[begins + count] == sums[begins - 1]]
    if len(begins) < MIN_ROWS:
        raise ConfigError(
            f"market {market.name!r}: {len(begins)} whole days to draw from; at least {MIN_ROWS} "
            "are needed. Take a longer window."
        )
    return begins.astype(np.int64)


def sheets_of(market: Market, bar_seconds: int, seed: int) -> tuple[Market, ...]:
    """Return the markets whose bars are drawn: the market itself, or paths within its days.

    Where one price stands for all, the oracle sees the wicks fully on every other path, and
    `PART_OF_WICKS` of them on the rest.
    """
    if market.bar_seconds != SECONDS_PER_DAY:
        return (market,)
    whole = Bridge(market=market, bar_seconds=bar_seconds, paths=BRIDGES, seed=seed)
    cut = replace(whole, part_of_wicks=PART_OF_WICKS)
    return tuple((cut if path % 2 else whole)[path] for path in range(BRIDGES))


def shifted(market: Market, shift: Shift) -> Market:
    """Return a market with a scenario's funding and borrow rates."""
    if not (shift.funding_apy or shift.borrow_apy):
        return market
    more = shift.funding_apy / DAYS_PER_YEAR * market.bar_seconds / SECONDS_PER_DAY
    funding = {
        key: FundingSeries(one.rate + more, one.settlements, one.observed)
        for key, one in market.funding.items()
    }
    borrow = {
        key: RateSeries(np.maximum(one.apy + shift.borrow_apy, 0.0), one.observed, one.utilisation)
        for key, one in market.borrow.items()
    }
    return replace(market, funding=funding, borrow=borrow)


def days_of(
    markets: Sequence[Market],
    config: VenueConfig,
    days: IntArray,
    n_days: int,
    shift: Shift,
    *,
    is_held: bool = False,
) -> Days:
    """Lower markets for the configurations that read what `config` reads.

    Parameters
    ----------
    markets : sequence of Market
        From `sheets_of`.
    days : ndarray of int64, shape (n_rows,)
        First bars of the days in the first market.
    n_days : int
        Length of a path.
    is_held : bool
        Whether the path begins with the bar before its first day, at whose close one holds.

    Raises
    ------
    ConfigError
        The venues would not have the configuration at the path's time.
    DataError
        The market lacks a series.
    """
    told = [shifted(market, shift) for market in markets]
    first, model = told[0], model_of(config)
    count = SECONDS_PER_DAY // first.bar_seconds
    times = future(first, n_days * count, is_held=is_held)
    model.check(times, config)
    venue = resolved(config.perp, PerpVenue)
    bars = [model.lower_bars(one, config) for one in told]
    sheets = tuple(
        Sheet(
            lead=candles(one.reference_price),
            bars=lowered,
            funding=np.ascontiguousarray(funding_of(one, venue.funding)),
        )
        for one, lowered in zip(told, bars, strict=True)
    )
    return Days(
        config=config,
        sheets=sheets,
        begins=days,
        count=count,
        ahead=model.lower_bars(times, config),
        rows=day_rows(first, config, days, sheets[0]),
        stake=_grown(sheets[0].bars.stake, days, count),
        cap=(venue.funding_cap or np.inf) * first.bar_seconds / SECONDS_PER_HOUR,
        power=shift.volatility,
        bar_seconds=first.bar_seconds,
    )


def future(market: Market, n_bars: int, *, is_held: bool) -> Market:
    """Return a market of the path's time; its values are no path's."""
    some = 1 + np.arange(n_bars) % (len(market) - 1)
    made = resample(market, some)
    day = np.timedelta64(SECONDS_PER_DAY, "s")
    midnight = market.times[-1].astype("datetime64[D]") + day
    step = np.timedelta64(market.bar_seconds, "s")
    times = midnight.astype("datetime64[s]") + step * np.arange(n_bars)
    made = replace(made, times=times)
    if not is_held:
        return made
    longer = resample(market, np.concatenate(([some[0]], some)))
    return replace(longer, times=np.concatenate(([times[0] - step], times)))


def day_rows(market: Market, config: VenueConfig, days: IntArray, sheet: Sheet) -> Rows:
    """Return days of narrower bars as rows of a day: growth and funding of its bars together."""
    count, lead, bars = SECONDS_PER_DAY // market.bar_seconds, sheet.lead, sheet.bars
    inside = days[:, None] + np.arange(count)
    before = lead.close[days - 1]
    yearly = hurdle_apy(market, config.protocol)
    hurdle = np.expm1(np.log1p(yearly) * market.bar_seconds / (SECONDS_PER_DAY * DAYS_PER_YEAR))
    return Rows(
        high=lead.high[inside].max(axis=1) / before,
        low=lead.low[inside].min(axis=1) / before,
        close=lead.close[days + count - 1] / before,
        supply=_grown(bars.supply, days, count),
        borrow=_grown(bars.borrow, days, count),
        funding=bars.funding[inside].sum(axis=1),
        hurdle=1.0 + _grown(hurdle, days, count),
    )


def _grown(rates: FloatArray, days: IntArray, count: int) -> FloatArray:
    """Return the growth factors less one of whole days."""
    return np.asarray(np.prod(1.0 + rates[days[:, None] + np.arange(count)], axis=1) - 1.0)


def refusals(market: Market, configs: Sequence[ModelConfig], n_days: int) -> dict[int, str]:
    """Return which configurations their venues would not open at the path's time, and why.

    Parameters
    ----------
    market : Market
        One of `sheets_of`.
    """
    times = future(market, n_days * (SECONDS_PER_DAY // market.bar_seconds), is_held=False)
    found = {position: refusal(times, config) for position, config in enumerate(configs)}
    return {position: reason for position, reason in found.items() if reason}


def notes_of(configs: Sequence[ModelConfig], sheets: Sequence[Market]) -> tuple[str, ...]:
    """Return what a reader of the venue engine's Monte-Carlo has to know, in words."""
    if not sheets:
        return ()
    found: dict[str, None] = {}
    begin = sheets[0].times[-1]
    for config in configs:
        notes = price_sources(sheets[0], config).notes if isinstance(config, VenueConfig) else ()
        found |= dict.fromkeys(notes)
        faults = getattr(config, "faults", ())
        early = sum(np.datetime64(one.start.replace(tzinfo=None)) < begin for one in faults)
        if early:
            found[
                f"{early} of {len(faults)} faults lie before the paths begin, which is after the "
                "history's last day: they never hold"
            ] = None
    if len(sheets) > 1:
        found[
            "days do not say what happened within them: each path takes one of "
            f"{len(sheets)} sets of hours that agree with every day"
        ] = None
    return tuple(found)
