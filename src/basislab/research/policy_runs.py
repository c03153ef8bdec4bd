"""One policy on one path, begun on many days, and what foresight could have made there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from basislab.kernels.venue import events as ev
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.record import COLUMNS
from basislab.metrics import max_drawdown
from basislab.research import intraday_constants as known
from basislab.research.foresight import choice_of, foresight
from basislab.research.overfit.runner import Runner
from basislab.research.policies import pairs_with, with_leverages
from basislab.simulate import model_of
from basislab.simulate.model import logged
from basislab.simulate.rates import hurdle_apy
from basislab.types.levered import Leverages
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_result import PARENTS
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

START_STEP_DAYS = 7
"""Days between two starts."""

_MOVES = (ev.REBALANCE, ev.DELEVERAGE, ev.REHEDGE, ev.RESIZE, ev.REOPEN)
_RECORD = {name: number for number, name in enumerate(COLUMNS)}


class Lived(NamedTuple):
    """One policy on one path: equity over capital at the end of every day, and its values."""

    curve: FloatArray
    values: dict[str, float]
    nearest: float


class Inside(NamedTuple):
    """The best that foresight could do on one path: return over the path, share of the bars in."""

    total_return: float
    in_market: float


def lived(runner: Runner, config: VenueConfig) -> Lived:
    """Run a policy over a path; cash that is out of the market is lent at the hurdle meanwhile."""
    n_bars = len(runner.market)
    outcome = runner.outcome(config, 0, n_bars)
    is_out = _is_out(outcome)
    was_out = np.concatenate(([True], is_out[:-1]))
    equity = with_lending(model_of(config).curve(outcome), is_out, runner.market, config)
    rows, accounts = logged(outcome), dict(zip(Accounts._fields, outcome.accounts, strict=True))
    years = n_bars * runner.bar_days / DAYS_PER_YEAR
    curve = equity[runner.day_bars[1:] - 1] / config.capital_usd
    values = {
        "max_drawdown": max_drawdown(equity, config.capital_usd),
        "worst_30d": worst_stretch(curve, 30),
        "worst_90d": worst_stretch(curve, 90),
        "costs": -sum(accounts[name] for name in PARENTS["costs"]) / config.capital_usd / years,
        "time_in_market": float(1.0 - is_out.mean()),
        "exposure": float(_exposure(outcome).mean()),
        "moves": float((np.isin(rows[:, 1], _MOVES) & (rows[:, 3] != ev.CARRY)).sum()),
        "entries": float((was_out & ~is_out).sum()),
        "liquidations": float((rows[:, 1] == ev.LIQUIDATION).sum()),
        "naked_days": outcome.naked_bars * runner.bar_days,
    }
    return Lived(np.asarray(curve), values, _nearest(outcome, values["liquidations"]))


def final_of(runner: Runner, config: VenueConfig) -> float:
    """Return the last of `lived`'s curve, to rounding, by the shortest way."""
    may_leave = config.entry_apy is not None or config.exit_apy is not None
    if may_leave or config.response == "exit":  # cash may lie idle: only the record says when
        return float(lived(runner, config).curve[-1])
    finals = runner.starts(config, np.zeros(1, np.int64), len(runner.market)).finals
    return float(finals[0]) / config.capital_usd


def _is_out(outcome: Any) -> BoolArray:
    """Return the closes at which everything is idle cash."""
    held = [outcome.record[:, _RECORD[name]] for name in ("long_usd", "short_usd", "transit_usd")]
    is_flat = (held[0] == 0.0) & (held[1] == 0.0) & (held[2] == 0.0)
    return np.asarray(is_flat & (outcome.record[:, _RECORD["idle_usd"]] > 0.0))


def _exposure(outcome: Any) -> FloatArray:
    """Return the short's notional over the equity at every close."""
    worth, ratio = (outcome.record[:, _RECORD[name]] for name in ("short_usd", "margin_ratio"))
    is_held = (ratio > 0.0) & np.isfinite(ratio) & (outcome.equity > 0.0)
    notional = np.where(is_held, worth, 0.0) / np.where(is_held, ratio, 1.0)
    return np.asarray(notional / np.where(is_held, outcome.equity, 1.0))


def with_lending(
    equity: FloatArray, is_out: BoolArray, market: Market, config: VenueConfig
) -> FloatArray:
    """Return a curve whose idle bars earned the hurdle; a position opened later is so much larger.

    The engine lets idle cash lie: a policy that leaves the market would be charged for that.
    """
    bar_years = market.bar_seconds / SECONDS_PER_DAY / DAYS_PER_YEAR
    growth = (1.0 + hurdle_apy(market, config.protocol)) ** bar_years
    was_out = np.concatenate(([True], is_out[:-1]))
    return np.asarray(equity * np.cumprod(np.where(is_out & was_out, growth, 1.0)))


def worst_stretch(curve: FloatArray, days: int) -> float:
    """Return the worst return over so many days, equity over capital from 1; NaN if too short.

    Examples
    --------
    >>> round(worst_stretch(np.array([1.1, 0.88, 0.99]), 2), 12)
    -0.12
    """
    whole = np.concatenate(([1.0], curve))
    if len(whole) <= days:
        return float("nan")
    before = whole[:-days]
    is_alive = before > 0.0
    return float(
        np.where(is_alive, whole[days:] / np.where(is_alive, before, 1.0) - 1.0, 0.0).min()
    )


def _nearest(outcome: Any, liquidations: float) -> float:
    if liquidations:
        return 0.0
    distances = outcome.record[:, [_RECORD["long_distance"], _RECORD["short_distance"]]]
    held = distances[~_is_out(outcome)]
    return float(held.min()) if held.size else float("inf")


def widening_of(nearest: float) -> float:
    """Return by how much a bridge's interval is widened, by the smallest distance to its end."""
    return known.WIDENING[next(name for name, below in known.NEARNESS if not nearest > below)]


def best_inside(runner: Runner, base: VenueConfig, pairs: Sequence[Leverages]) -> Inside:
    """Return the bound with foresight over leverage pairs that the venues would open."""
    n_bars = len(runner.market)
    configs = [with_leverages(base, pair) for pair in pairs]
    lowered = [runner.lowered(config, 0, n_bars) for config in configs]
    bar_years = runner.bar_days / DAYS_PER_YEAR
    hurdle = (1.0 + hurdle_apy(runner.market, base.protocol)) ** bar_years
    found = foresight(
        [choice_of(one.params, one.bars) for one in lowered], hurdle, lowered[0].bars.is_look
    )
    return Inside(float(found.curve[-1]) - 1.0, float((found.states > 0).mean()))


def possible_pairs(runner: Runner, base: VenueConfig) -> tuple[Leverages, ...]:
    """Return the lab's leverage pairs that can be opened."""
    return tuple(
        pair for pair in pairs_with(base) if runner.refusal(with_leverages(base, pair)) is None
    )


def excess_of_starts(
    market: Market, configs: Sequence[VenueConfig], horizon_days: int
) -> tuple[list[str], FloatArray, FloatArray]:
    """Begin every policy on every seventh day and hold it for the horizon.

    Returns the days, the excess over the hurdle, shape (n_configs, n_starts), and whether a leg was
    liquidated (0 or 1). The trader knows nothing from before the start.
    """
    labels: list[str] = []
    excess: list[list[float]] = []
    is_hit: list[list[float]] = []
    first, last = market.times[0].astype("datetime64[D]"), market.times[-1].astype("datetime64[D]")
    for day in np.arange(first, last - horizon_days + 2, START_STEP_DAYS):
        end = day + horizon_days - 1
        runner = Runner(market.window(day.astype(object), end.astype(object)), 1.0)
        runs = [lived(runner, config) for config in configs]
        hurdle = float(np.prod(runner.hurdle_growth(configs[0]))) - 1.0
        labels.append(str(day))
        excess.append([float(run.curve[-1]) - 1.0 - hurdle for run in runs])
        is_hit.append([float(run.values["liquidations"] > 0) for run in runs])
    shape = (len(labels), len(configs))
    return labels, np.array(excess).reshape(shape).T, np.array(is_hit).reshape(shape).T
