"""Every policy of the lab on the same paths: paired intervals, the map, and what it adds up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from basislab.errors import ConfigError, DataError
from basislab.research.ensemble import wick_cases
from basislab.research.intraday import Bridge
from basislab.research.overfit.runner import Runner
from basislab.research.paired import block_length, daily_returns, redrawn, resampled
from basislab.research.policies import BANDS, config_of, map_configs
from basislab.research.policy_runs import (
    Inside,
    Lived,
    best_inside,
    excess_of_starts,
    final_of,
    lived,
    possible_pairs,
    widening_of,
)
from basislab.simulate.rates import hurdle_apy
from basislab.types.ensemble import LEVEL
from basislab.types.levered import Leverages
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.types.policies import PolicyComparison
from basislab.types.policy_parts import Cell, Policy, Starts
from basislab.types.venue_config import VenueConfig
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

Tell = Callable[[str], None]


class Lab(NamedTuple):
    """What is run, and where.

    ``cases`` hold paths, markets of bars within the day: what the oracle may have seen is a case.
    ``sizes`` are the kept sizes of the map.
    """

    cases: Sequence[Bridge | list[Market]]
    base: VenueConfig
    policies: tuple[Policy, ...]
    configs: tuple[VenueConfig, ...]
    refused: dict[str, str]
    sizes: list[tuple[Leverages, float, VenueConfig]]
    pairs: tuple[Leverages, ...]
    first: Runner
    partial: BoolArray
    is_bridged: bool

    @property
    def all_configs(self) -> list[VenueConfig]:
        """What is run on every path: the policies, then the sizes of the map."""
        return [*self.configs, *(config for _, _, config in self.sizes)]

    @property
    def years(self) -> float:
        """Length of a path."""
        return len(self.first.market) * self.first.bar_days / DAYS_PER_YEAR

    @property
    def hurdle(self) -> FloatArray:
        """What a dollar lent earns within each day."""
        return self.first.hurdle_growth(self.base) - 1.0


def open_lab(
    market: Market,
    base: VenueConfig,
    policies: Sequence[Policy],
    *,
    paths: int,
    bar_seconds: int,
    seed: int,
    partial: BoolArray,
) -> Lab:
    """Make the paths and sort out what the venues would not open.

    Parameters
    ----------
    market : Market
        Cut to the window. Daily bars are led through; narrower ones are the only path.
    base : VenueConfig
        Venues resolved: everything that the policies do not set.
    partial : ndarray of bool, shape (n_bars,)
        `basislab.data.partial_bars`.

    Raises
    ------
    ConfigError
        No policy can be run.
    DataError
        The market has no hurdle.
    """
    if np.isnan(hurdle_apy(market, base.protocol)).any():
        raise DataError(
            f"market {market.name!r}: no rate that {market.quote} could have earned; policies are "
            "judged against it, and cash that is out of the market earns it. Import one."
        )
    is_daily = market.bar_seconds == SECONDS_PER_DAY
    cases: Sequence[Bridge | list[Market]] = [[market]]
    if is_daily:
        cases = wick_cases(market, paths, bar_seconds, seed)
    first = Runner(cases[0][0], 1.0)
    why = {policy.name: first.refusal(config_of(policy, base)) for policy in policies}
    possible = tuple(policy for policy in policies if why[policy.name] is None)
    if not possible:
        raise ConfigError(f"policies: none can be run; first: {why[policies[0].name]}")
    return Lab(
        cases=cases,
        base=base,
        policies=possible,
        configs=tuple(config_of(policy, base) for policy in possible),
        refused={name: reason for name, reason in why.items() if reason is not None},
        sizes=[cell for cell in map_configs(base) if first.refusal(cell[2]) is None],
        pairs=possible_pairs(first, base),
        first=first,
        partial=np.repeat(partial, len(first.market) // len(market)),
        is_bridged=is_daily,
    )


def compare(
    lab: Lab, *, reference: str, horizon_days: int, histories: int, seed: int, tell: Tell
) -> PolicyComparison:
    """Run everything and put it beside each other.

    Parameters
    ----------
    reference : str
        One of the lab's policies.
    histories : int
        Histories that are drawn anew, and on which all is run again; 0: days of what was run.
    tell : callable of str
        Told what is being run.

    Raises
    ------
    ConfigError
        The reference cannot be run; too few days.
    DataError
        The market lacks a series.
    """
    names = [policy.name for policy in lab.policies]
    if reference not in names:
        raise ConfigError(f"reference {reference!r} cannot be run: {lab.refused[reference]}")
    lives, bounds = run_paths(lab, tell)
    tell("beginning every policy on many days")
    starts = run_starts(lab, horizon_days)
    n_policies = len(names)
    block, draws = drawn_returns(lab, lives, names.index(reference), histories, seed, tell)
    hurdle = float(np.prod(1.0 + lab.hurdle) - 1.0) / lab.years
    nearest = np.median([[run.nearest for run in path[:n_policies]] for path in lives], axis=0)
    return PolicyComparison(
        policies=lab.policies,
        configs=lab.configs,
        refused=lab.refused,
        reference=reference,
        values=_values(lab, lives, hurdle),
        draws=draws[:, :, : n_policies + 1],
        n_histories=histories,
        block_days=block,
        widenings=np.array([widening_of(one) if lab.is_bridged else 1.0 for one in nearest]),
        curves=np.array([run.curve for run in lives[0][:n_policies]]),
        days=lab.first.day_labels(),
        hurdle_return=hurdle,
        bound_return=np.array([bound.total_return for bound in bounds]) / lab.years,
        bound_in_market=float(np.median([bound.in_market for bound in bounds])),
        pairs=lab.pairs,
        starts=starts,
        cells=_cells(
            lab, lives, hurdle, draws[:, :, n_policies + 1 :] - draws[:, :, n_policies, None]
        ),
        n_paths=len(lives),
        seed=seed,
        bar_seconds=lab.first.market.bar_seconds,
        is_bridged=lab.is_bridged,
        market_name=lab.first.market.name,
        market_fingerprint=lab.first.market.fingerprint,
    )


def drawn_returns(
    lab: Lab, lives: list[list[Lived]], reference: int, histories: int, seed: int, tell: Tell
) -> tuple[float, FloatArray]:
    """Return the mean block in days, and drawn returns a year, shape (n_cases, n_draws, n_columns).

    Columns are the policies, the hurdle, the sizes of the map.
    """
    returns = daily_returns(np.array([[run.curve for run in path] for path in lives]))
    hurdles = np.broadcast_to(lab.hurdle, (len(lives), 1, len(lab.hurdle)))
    n_policies = len(lab.policies)
    shown = np.concatenate((returns[:, :n_policies], hurdles), axis=1)
    block = block_length(shown, reference)
    if histories:
        return block, run_histories(lab, block, histories, seed, tell)
    tell("drawing days")
    drawn = resampled(np.concatenate((shown, returns[:, n_policies:]), axis=1), block, seed)
    return block, (drawn / lab.years).reshape(len(lab.cases), -1, drawn.shape[1])


def run_histories(lab: Lab, block_days: float, histories: int, seed: int, tell: Tell) -> FloatArray:
    """Run everything again on histories drawn anew, returns as `drawn_returns`.

    Every case has as many histories, of its own paths in turn.
    """
    found = np.empty((len(lab.cases), histories, len(lab.policies) + 1 + len(lab.sizes)))
    for place, case in enumerate(lab.cases):
        for number in range(histories):
            tell(f"running everything on drawn history {number + 1} of {histories}")
            path = redrawn(case[number % len(case)], lab.partial, block_days, seed, number)
            runner = Runner(path, 1.0)
            years = len(path) * runner.bar_days / DAYS_PER_YEAR
            finals = [final_of(runner, config) for config in lab.all_configs]
            hurdle = float(np.prod(runner.hurdle_growth(lab.base)))
            finals.insert(len(lab.policies), hurdle)
            found[place, number] = (np.array(finals) - 1.0) / years
    return found


def run_paths(lab: Lab, tell: Tell) -> tuple[list[list[Lived]], list[Inside]]:
    """Return every policy and size of the map, and the bound, on every path of every case."""
    configs = lab.all_configs
    lives: list[list[Lived]] = []
    bounds: list[Inside] = []
    n_paths = sum(len(case) for case in lab.cases)
    for case in lab.cases:
        for place in range(len(case)):
            tell(f"running {len(configs)} policies and sizes, path {len(lives) + 1} of {n_paths}")
            runner = Runner(case[place], 1.0)
            lives.append([lived(runner, config) for config in configs])
            bounds.append(best_inside(runner, lab.base, lab.pairs))
    return lives, bounds


def run_starts(lab: Lab, horizon_days: int) -> Starts:
    """Begin every policy on many days of the first path of every case."""
    made = [excess_of_starts(case[0], lab.configs, horizon_days) for case in lab.cases]
    return Starts(
        horizon_days=horizon_days,
        days=tuple(made[0][0]),
        excess=np.stack([excess for _, excess, _ in made], axis=1),
        is_liquidated=np.stack([is_hit for _, _, is_hit in made], axis=1),
    )


def _values(lab: Lab, lives: list[list[Lived]], hurdle: float) -> dict[str, FloatArray]:
    """Return every value of a policy, shape (n_policies, n_paths)."""
    paths = [path[: len(lab.policies)] for path in lives]
    annual = np.array([[run.curve[-1] - 1.0 for run in path] for path in paths]).T / lab.years
    found = {"annualized_return": annual, "excess_return": annual - hurdle}
    for name in lives[0][0].values:
        found[name] = np.array([[run.values[name] for run in path] for path in paths]).T
    return found


def _cells(
    lab: Lab, lives: list[list[Lived]], hurdle: float, excess_draws: FloatArray
) -> tuple[Cell, ...]:
    """Return the map; on its plateau a size and its neighbours are surely above the hurdle."""
    finals = np.array([[run.curve[-1] for run in path[len(lab.policies) :]] for path in lives])
    excess = np.median((finals - 1.0) / lab.years - hurdle, axis=0)
    lows = np.quantile(excess_draws, (1 - LEVEL) / 2, axis=1).min(axis=0)
    sure = {
        (lab.pairs.index(pair), BANDS.index(band)): bool(low > 0.0)
        for (pair, band, _), low in zip(lab.sizes, lows, strict=True)
    }
    return tuple(
        Cell(pair, band, float(made), _is_plateau(sure, lab.pairs.index(pair), BANDS.index(band)))
        for (pair, band, _), made in zip(lab.sizes, excess, strict=True)
    )


def _is_plateau(sure: dict[tuple[int, int], bool], across: int, down: int) -> bool:
    around = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    return all(sure.get((across + right, down + below), True) for right, below in around)
