"""From a market to the arrays that the venue engine's kernels read."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels.venue import bars as vb
from basislab.kernels.venue.volatility import trailing_deviation
from basislab.simulate.rates import funding_of, rate_of
from basislab.simulate.venue.prices import Sources
from basislab.types.faults import SUDDEN
from basislab.types.market import BoolArray, FloatArray, IntArray, Market, PriceSeries
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import SIGMA_SPAN_DAYS, VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue, Route
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_HOUR, from_bps


def lower_bars(market: Market, config: VenueConfig, sources: Sources) -> vb.Bars:
    """Return the arrays that the venue engine reads, of a market cut to the run's window.

    Growth factors are compound, ``(1 + apy)^(dt / 1y) - 1``, or simple by convention.
    """
    venue = resolved(config.perp, PerpVenue)
    loan = resolved(config.lending, LendingMarket)
    supply, borrow = np.zeros(len(market)), np.zeros(len(market))
    if loan.lends:
        supply = rate_of(market, "supply", loan.protocol, market.asset).apy
        borrow = rate_of(market, "borrow", loan.protocol, market.quote).apy
    days = market.bar_seconds / SECONDS_PER_DAY
    simple = config.has("simple_rates")
    funding = funding_of(market, venue.funding)
    if venue.funding_cap:
        most = venue.funding_cap * market.bar_seconds / SECONDS_PER_HOUR
        funding = np.clip(funding, -most, most)
    stake = np.zeros(len(market))
    if config.collateral_yield is not None:
        staking = rate_of(market, "supply", config.collateral_yield, market.asset)
        stake = growth(staking.apy, days, simple=simple)
    mark, oracle = sources.mark, sources.oracle
    worst_mark = np.maximum(mark.high, np.maximum(mark.open, mark.close))
    worst_oracle = np.minimum(oracle.low, np.minimum(oracle.open, oracle.close))
    is_look = looks(market, config.monitor_seconds)
    faults = faults_of(market, config)
    is_look &= ~is_any(config, faults, "outage")
    worst_mark[suddenly(market, config)] = np.inf
    is_look.setflags(write=False)
    return vb.Bars(
        mark=candles(mark),
        perp=candles(sources.perp),
        spot=candles(sources.spot),
        oracle=candles(oracle),
        worst_mark=frozen(worst_mark),
        worst_oracle=frozen(worst_oracle),
        supply=frozen(growth(supply, days, simple=simple)),
        borrow=frozen(growth(borrow, days, simple=simple)),
        stake=frozen(stake),
        funding=frozen(funding),
        taker=frozen(taker_fees(market, config, venue)),
        is_look=is_look,
        sigma=frozen(volatility(sources.spot.close, market.bar_seconds, config)),
        carry=frozen(trailing_carry(market.bar_seconds, config, supply, borrow, funding)),
        faults=faults,
        terms=terms_of(market, loan),
    )


def faults_of(market: Market, config: VenueConfig) -> IntArray:
    """Return the faults that hold in every bar, a bit each; a venue that is gone stays gone."""
    opens = market.times.astype("datetime64[s]").astype(np.int64)
    found = np.zeros(len(market), np.int64)
    for row, fault in enumerate(config.faults):
        begin = int(fault.start.timestamp())
        holds = opens + market.bar_seconds > begin
        if fault.kind == "adl":
            holds &= opens <= begin
        elif fault.kind != "gone" and fault.end is not None:
            holds &= opens < int(fault.end.timestamp())
        found[holds] |= 1 << row
    found.setflags(write=False)
    return found


def suddenly(market: Market, config: VenueConfig) -> BoolArray:
    """Return the bars in which something sudden happens."""
    opens = market.times.astype("datetime64[s]").astype(np.int64)
    found = np.zeros(len(market), np.bool_)
    for fault in config.faults:
        if fault.kind in SUDDEN:
            begin = int(fault.start.timestamp())
            found |= (opens <= begin) & (begin < opens + market.bar_seconds)
    return found


def is_any(config: VenueConfig, faults: IntArray, kind: str) -> BoolArray:
    """Return the bars in which a fault of that kind holds."""
    rows = [row for row, fault in enumerate(config.faults) if fault.kind == kind]
    return np.asarray(faults & sum(1 << row for row in rows)) > 0


def change_days(loan: LendingMarket) -> list[date]:
    """Return the days on which a lender's terms change, in order."""
    return sorted({term.since for term in loan.dated})


def terms_of(market: Market, loan: LendingMarket) -> IntArray:
    """Return how many of the lender's changes lie at or before every bar's open."""
    days = np.array(change_days(loan), "datetime64[s]")
    found = np.searchsorted(days, market.times, side="right").astype(np.int64)
    found.setflags(write=False)
    return found


def candles(price: PriceSeries) -> vb.Candles:
    """Return a price's bars for the kernel."""
    arrays = (price.open, price.high, price.low, price.close)
    return vb.Candles(*[frozen(array) for array in arrays])


def frozen(array: FloatArray) -> FloatArray:
    """Return an array contiguous and read-only: all lowered arrays have one type."""
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array.setflags(write=False)
    return array


def growth(apy: FloatArray, days: float, *, simple: bool) -> FloatArray:
    """Return what one unit earns in a bar; `simple` is the study's ``apy / 365`` a day.

    Examples
    --------
    >>> growth(np.array([0.05]), 365.0, simple=False).round(12).tolist()
    [0.05]
    """
    if simple:
        rate = apy / DAYS_PER_YEAR
        return rate * days if days != 1.0 else rate
    return np.asarray(np.expm1(np.log1p(apy) * (days / DAYS_PER_YEAR)))


def apy_of(growth: FloatArray, days: float, *, simple: bool) -> FloatArray:
    """Return the rate a year behind what one unit earns in a bar: `growth` undone.

    Examples
    --------
    >>> apy_of(growth(np.array([0.05]), 1.0, simple=False), 1.0, simple=False).round(12).tolist()
    [0.05]
    """
    if simple:
        return growth * (DAYS_PER_YEAR / days)
    return np.asarray(np.expm1(np.log1p(growth) * (DAYS_PER_YEAR / days)))


def taker_fees(market: Market, config: VenueConfig, venue: PerpVenue) -> FloatArray:
    """Return the taker fee of every bar as a fraction, by date and volume."""
    if config.has("study_costs"):
        study = resolved(config.study, StudyVenue)
        return np.full(len(market), from_bps(study.taker_fee_bps))
    fees = np.full(len(market), from_bps(venue.taker_fees[0].bps))
    for fee in venue.taker_fees:
        fees[market.times >= np.datetime64(fee.since, "s")] = from_bps(fee.bps)
    last = market.times >= np.datetime64(venue.taker_fees[-1].since, "s")
    for tier in venue.volume_fees:
        if config.volume_usd > tier.above_usd:
            fees[last] = from_bps(tier.bps)
    return fees


def looks(market: Market, monitor_seconds: int) -> NDArray[np.bool_]:
    """Return at which closes the trader looks: those at multiples of the interval, UTC."""
    closes = market.times.astype("datetime64[s]").astype(np.int64) + market.bar_seconds
    return np.asarray(closes % monitor_seconds == 0)


def volatility(close: FloatArray, bar_seconds: int, config: VenueConfig) -> FloatArray:
    """Return the standard deviation of log returns over the reaction time, known at each close.

    An exponential window of a week; the reaction time is one look and the transfer's delay.
    """
    bar_days = bar_seconds / SECONDS_PER_DAY
    weight = 1.0 / (1.0 + SIGMA_SPAN_DAYS / bar_days)
    delay = resolved(config.transfer, Route).delay_seconds
    reaction = (max(config.monitor_seconds, bar_seconds) + delay) / bar_seconds
    returns, sigma = np.diff(np.log(close), prepend=math.log(close[0])), np.empty(len(close))
    trailing_deviation(returns, weight, reaction, sigma)
    return sigma


def trailing_carry(
    bar_seconds: int,
    config: VenueConfig,
    supply: FloatArray,
    borrow: FloatArray,
    funding: FloatArray,
) -> FloatArray:
    """Return the trailing mean of the gross APY on capital, ``w L (s + f) - w (L - 1) b``.

    With the long's share w of the equity and its leverage L.
    """
    bars_a_day = SECONDS_PER_DAY / bar_seconds
    size = config.share * config.leverages.long
    yearly = funding * bars_a_day * DAYS_PER_YEAR
    gross = size * (supply + yearly) - (size - config.share) * borrow
    window = max(round(config.lookback_days * bars_a_day), 1)
    sums = np.cumsum(np.concatenate(([0.0], gross)))
    ends = np.arange(1, len(gross) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def check_window(market: Market, config: VenueConfig) -> None:
    """Refuse bars that are wider than a look, and a run beyond its venue's end."""
    if config.monitor_seconds % market.bar_seconds:
        raise ConfigError(
            f"monitor: {config.monitor_seconds} s is no multiple of the bars of "
            f"{market.bar_seconds} s. Monitor less often or import finer bars."
        )
    until = resolved(config.perp, PerpVenue).valid_until
    if until is not None and market.end.date() > until:
        raise ConfigError(
            f"perp {resolved(config.perp, PerpVenue).name}: it ended on {until}; the run goes to "
            f"{market.end:%Y-%m-%d}. End the run before."
        )
