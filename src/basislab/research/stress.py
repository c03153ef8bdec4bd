"""Stresses: a shape is laid over a market at many moments, and every policy lives through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.research.intraday import Bridge
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, price_sources
from basislab.types.constants import DatedFee, DatedTerm
from basislab.types.faults import Fault
from basislab.types.market import FloatArray, FundingSeries, Market, PriceSeries, RateSeries
from basislab.types.result import time_labels
from basislab.types.stress import STRESS_COLUMNS, FaultShape, Stress, StressResult
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_result import VenueResult
from basislab.types.venue_terms import LendingMarket, PerpVenue
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

SETTLE_DAYS = 1
"""After a stress, until its loss is read: what was decided in it is done by then."""

WARM_DAYS = 14
"""Of a market before the first starting state, so that a policy has a state of its own."""

Progress = Callable[[int], None]


def run_stresses(
    market: Market,
    policies: Mapping[str, VenueConfig],
    stresses: Sequence[Stress],
    *,
    starts: int = 12,
    after_days: int = 30,
    progress: Progress | None = None,
) -> StressResult:
    """Let every policy live through every stress, begun at moments spread over a market.

    Until a stress begins a policy runs on the market as it was, so that the stress meets the state
    that it was in. On days each start is on another path of hours within them.

    Parameters
    ----------
    market : Market
        Cut to the window.
    policies : mapping of str to VenueConfig
        Venues resolved.
    stresses : sequence of Stress
    starts : int
    after_days : int, days
        How long the market, scaled to where the stress ends, goes on: for the way back.
    progress : callable of int, optional

    Raises
    ------
    ConfigError
        A market that is too short, a position that its venues would not open, a stress that changes
        nothing that the position reads.
    """
    grids = _backgrounds(market, starts)
    skipped = {
        one.name: "its collateral earns no staking"
        for one in stresses
        if one.needs == "staking" and all(p.collateral_yield is None for p in policies.values())
    }
    used = [one for one in stresses if one.name not in skipped]
    if not used:
        raise ConfigError("stress: none of the stresses means anything for this position.")
    longest = max(one.seconds for one in used) + (SETTLE_DAYS + after_days) * SECONDS_PER_DAY
    bars = _places(grids[0], starts, longest)
    values = np.empty((len(policies), len(used), len(bars), len(STRESS_COLUMNS)))
    for number, stress in enumerate(used):
        for start, bar in enumerate(bars):
            laid = lay(grids[start % len(grids)], bar, stress, after_days)
            if start == 0:
                _check_changes(grids[0], laid, bar, stress, policies)
            for place, config in enumerate(policies.values()):
                values[place, number, start] = _lived(laid, bar, config, stress)
                if progress is not None:
                    progress(1)
    return StressResult(
        policies=tuple(policies),
        stresses=tuple(used),
        skipped=skipped,
        values=values,
        starts=tuple(time_labels(grids[0].times[bars], grids[0].bar_seconds)),
        after_days=after_days,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
    )


def _check_changes(
    market: Market, laid: Market, bar: int, stress: Stress, policies: Mapping[str, VenueConfig]
) -> None:
    """Refuse a stress that changes nothing that a policy reads."""
    begins = _moment(laid, bar)
    for name, config in policies.items():
        changed = stressed(config, stress, begins)
        if changed != config:
            continue
        was, now = (lower_bars(one, config, price_sources(one, config)) for one in (market, laid))
        arrays = zip(_arrays(was), _arrays(now), strict=True)
        if all(np.array_equal(before[: len(after)], after) for before, after in arrays):
            raise ConfigError(
                f"stress {stress.name}: it changes nothing that policy {name!r} reads on market "
                f"{market.name}. Leave it out, or take a position that reads it."
            )


def _arrays(bars: Any) -> list[FloatArray]:
    """Return the arrays of lowered bars, those of its candles too."""
    return [
        array
        for part in bars
        for array in (part if isinstance(part, tuple) else (part,))
        if isinstance(array, np.ndarray)
    ]


def _moment(market: Market, bar: int) -> datetime:
    return datetime.fromtimestamp(int(market.times[bar].astype("datetime64[s]").astype(int)), UTC)


def _backgrounds(market: Market, starts: int) -> Sequence[Market]:
    """Return the market itself, or as many paths of hours within its days as there are starts."""
    if market.bar_seconds < SECONDS_PER_DAY:
        return (market,)
    bridge = Bridge(market=market, bar_seconds=SECONDS_PER_HOUR, paths=starts, seed=0)
    return [bridge[path] for path in range(starts)]


def _places(market: Market, starts: int, longest: int) -> NDArray[np.int64]:
    """Return the bars at which stresses begin: spread evenly, at hours that differ."""
    first = WARM_DAYS * SECONDS_PER_DAY // market.bar_seconds
    last = len(market) - -(-longest // market.bar_seconds) - 1
    if last <= first:
        days = (WARM_DAYS * SECONDS_PER_DAY + longest) / SECONDS_PER_DAY
        raise ConfigError(
            f"stress: market {market.name} has {len(market)} bars of {market.bar_seconds // 60} "
            f"minutes; the longest stress and the time after it need {days:.0f} days. Take a "
            "longer window, or fewer days after it."
        )
    return np.unique(np.linspace(first, last, starts).astype(np.int64))


def lay(market: Market, bar: int, stress: Stress, after_days: int = 30) -> Market:
    """Return a market with a stress from a bar on, cut some days after its end.

    Every price series is scaled from its own close before; after the stress the market's own moves
    go on from where it ended. Where only one price is known and the stress parts them, the coin's
    price becomes a series of its own.
    """
    n_bars = -(-stress.seconds // market.bar_seconds)
    stop = bar + n_bars + (SETTLE_DAYS + after_days) * SECONDS_PER_DAY // market.bar_seconds
    part = _cut(_parted(market, stress), stop)
    spread = _Spread(stress, market.bar_seconds, n_bars)
    hours = market.bar_seconds / SECONDS_PER_HOUR
    prices = {key: _laid_price(series, bar, spread, key[1]) for key, series in part.prices.items()}
    funding: dict[str, FundingSeries] = dict(part.funding)
    if stress.funding_hour is not None:
        rates = spread.held(stress.funding_hour) * hours
        funding = {
            key: replace(one, rate=_put(one.rate, bar, rates)) for key, one in funding.items()
        }
    borrow: dict[Any, RateSeries] = dict(part.borrow)
    if stress.borrow_apy is not None:
        apys = spread.held(stress.borrow_apy)
        borrow = {
            key: replace(one, apy=_put(one.apy, bar, apys)) if key[1] == market.quote else one
            for key, one in borrow.items()
        }
    return replace(part, prices=prices, funding=funding, borrow=borrow)


def _cut(market: Market, stop: int) -> Market:
    """Return the first bars of a market."""
    last = market.times[min(stop, len(market)) - 1].astype("datetime64[D]")
    return market.window(end=str(last))


def _parted(market: Market, stress: Stress) -> Market:
    """Give spot a series of its own where the stress parts the perpetual or the oracle from it."""
    parts = (stress.perp, stress.oracle, stress.perp_low, stress.perp_high)
    kinds = {kind for _, kind in market.prices}
    if all(one is None for one in parts):
        return market
    prices = dict(market.prices)
    one = market.reference_price
    for kind in ("perp", "spot", "oracle"):
        if kind not in kinds:
            prices["stress", kind] = one
    return replace(market, prices=prices)


class _Spread:
    """A stress on bars of some width: a step of many bars is crossed evenly, its extreme last."""

    def __init__(self, stress: Stress, bar_seconds: int, n_bars: int) -> None:
        self.stress, self.n_bars = stress, n_bars
        step = stress.step_minutes * 60
        ends = (np.arange(n_bars) + 1) * bar_seconds
        self._at = np.minimum(ends, stress.seconds) / step
        """Where every bar ends, in steps."""
        self._steps = np.arange(len(stress.price) + 1)
        begins = np.concatenate([[0.0], self._at[:-1]])
        self._last = np.maximum(np.ceil(self._at - 1e-9).astype(int) - 1, 0)
        self._first = np.minimum(np.floor(begins + 1e-9).astype(int), self._last)

    def closes(self, values: Sequence[float]) -> FloatArray:
        """Return the value at the end of every bar, even in its logarithm between two steps."""
        logs = np.log(np.concatenate([[1.0], values]))
        return np.asarray(np.exp(np.interp(self._at, self._steps, logs)))

    def held(self, values: Sequence[float]) -> FloatArray:
        """Return the mean over the steps that a bar holds."""
        sums = np.concatenate([[0.0], np.cumsum(values)])
        begins = np.concatenate([[0.0], self._at[:-1]])
        widths = np.maximum(self._at - begins, 1e-12)
        found = np.interp(self._at, self._steps, sums) - np.interp(begins, self._steps, sums)
        return cast("FloatArray", found / widths)

    def extremes(self, values: FloatArray, pick: Any) -> FloatArray:
        """Return the extreme of the steps that every bar touches."""
        return np.array(
            [
                pick(values[first : last + 1])
                for first, last in zip(self._first, self._last, strict=True)
            ]
        )

    def ends_step(self) -> NDArray[np.bool_]:
        """Return the bars in which a step ends."""
        begins = np.concatenate([[0.0], self._at[:-1]])
        return np.asarray(np.floor(self._at + 1e-9) > np.floor(begins + 1e-9))


def _laid_price(series: PriceSeries, bar: int, spread: _Spread, kind: str) -> PriceSeries:
    stress, before = spread.stress, float(series.close[bar - 1])
    gap = {"perp": stress.perp, "mark": stress.perp, "oracle": stress.oracle}.get(kind)
    own = np.asarray(gap if gap is not None else np.ones(len(stress.price)))
    closes = before * spread.closes(np.asarray(stress.price) * own)
    opens = np.concatenate([[before], closes[:-1]])
    low, high = np.minimum(opens, closes), np.maximum(opens, closes)
    is_perp = kind in ("perp", "mark")
    lows = stress.perp_low if is_perp and stress.perp_low is not None else stress.low
    highs = stress.perp_high if is_perp and stress.perp_high is not None else stress.high
    is_end = spread.ends_step()
    if lows is not None:
        scale = 1.0 if is_perp and stress.perp_low is not None else own
        at = before * spread.extremes(np.asarray(lows) * scale, np.min)
        low = np.where(is_end, np.minimum(low, at), low)
    if highs is not None:
        scale = 1.0 if is_perp and stress.perp_high is not None else own
        at = before * spread.extremes(np.asarray(highs) * scale, np.max)
        high = np.where(is_end, np.maximum(high, at), high)
    stop = bar + spread.n_bars
    ratio = closes[-1] / float(series.close[stop - 1])
    laid = {"open": opens, "high": high, "low": low, "close": closes}
    was = {name: getattr(series, name) for name in laid}
    values = {
        name: np.concatenate([was[name][:bar], made, was[name][stop:] * ratio])
        for name, made in laid.items()
    }
    return replace(series, **values)


def _put(values: FloatArray, bar: int, made: FloatArray) -> FloatArray:
    found = np.array(values)
    found[bar : bar + len(made)] = made
    return found


def stressed(config: VenueConfig, stress: Stress, begins: datetime) -> VenueConfig:
    """Return a config with what a stress does to venues: faults, terms, fees."""
    changes: dict[str, Any] = {
        "faults": (*config.faults, *(_fault(one, stress, begins) for one in stress.faults))
    }
    if stress.loan_field is not None:
        loan = resolved(config.lending, LendingMarket)
        day = (begins + timedelta(days=stress.loan_days)).date()
        changes["lending"] = replace(loan, dated=(*loan.dated, *_terms(loan, stress, day)))
    if stress.fee_factor != 1.0:
        venue = resolved(config.perp, PerpVenue)
        fees = _dearer(venue.taker_fees, begins.date(), stress.fee_factor)
        changes["perp"] = replace(venue, taker_fees=fees)
    return replace(config, **changes)


def _dearer(fees: Sequence[DatedFee], day: date, factor: float) -> tuple[DatedFee, ...]:
    """Return the fees with those that hold on a day or later multiplied from that day on."""
    before = [fee for fee in fees if fee.since < day]
    now = next((fee for fee in reversed(fees) if fee.since <= day), fees[0])
    later = [fee._replace(bps=fee.bps * factor) for fee in fees if fee.since > day]
    return (*before, DatedFee(day, now.bps * factor), *later)


def _terms(loan: LendingMarket, stress: Stress, day: date) -> list[DatedTerm]:
    """Return the lender's changed terms; the largest loan moves with the liquidation LTV."""
    field = str(stress.loan_field)
    fields = ("max_ltv", field) if field == "liquidation_ltv" else (field,)
    now = loan.at(day)
    return [
        DatedTerm(since=day, field=one, value=float(getattr(now, one)) + stress.loan_change)
        for one in fields
    ]


def _fault(shape: FaultShape, stress: Stress, begins: datetime) -> Fault:
    step = timedelta(minutes=stress.step_minutes)
    end = None if shape.to_step is None else begins + shape.to_step * step
    return Fault(
        kind=shape.kind,
        start=begins + shape.from_step * step,
        end=end,
        share=shape.share,
        beyond=shape.beyond,
        seconds=shape.seconds,
    )


def _lived(laid: Market, bar: int, config: VenueConfig, stress: Stress) -> FloatArray:
    """Return what a policy made of a stress that begins at a bar; see `STRESS_COLUMNS`."""
    result = simulate(laid, stressed(config, stress, _moment(laid, bar)))
    assert isinstance(result, VenueResult)  # noqa: S101 - the config decides the type
    equity, bar_days = result.equity_usd, laid.bar_seconds / SECONDS_PER_DAY
    before = float(equity[bar - 1])
    stop = bar + round((stress.seconds / SECONDS_PER_DAY + SETTLE_DAYS) / bar_days)
    during = equity[bar:stop]
    hits = [
        event.leg
        for event in result.event_list
        if event.kind == "liquidation" and bar <= event.bar < stop
    ]
    back = np.flatnonzero(equity[bar:] >= before)
    is_under = np.flatnonzero(equity[bar:] < before)
    later = back[back > is_under[0]] if len(is_under) else back[:0]
    recovery = 0.0 if not len(is_under) else float(later[0]) if len(later) else np.nan
    naked = np.abs(result.column("net_coins")[bar:stop]) > 1e-9
    long, short = _leverages(result, bar - 1)
    return np.array(
        [
            1.0 - float(during[-1]) / before,
            1.0 - float(during.min()) / before,
            sum(leg in ("long", "both") for leg in hits),
            sum(leg in ("short", "both") for leg in hits),
            float(naked.sum()) * bar_days * 24,
            recovery * bar_days,
            long,
            short,
        ]
    )


def _leverages(result: VenueResult, bar: int) -> tuple[float, float]:
    ltv, ratio = result.column("ltv")[bar], result.column("margin_ratio")[bar]
    return 1.0 / (1.0 - ltv) if ltv < 1.0 else np.inf, 1.0 / ratio if ratio > 0.0 else np.inf
