"""The certificate: every statistic about one optimum, and the verdict that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from basislab import plotting
from basislab.errors import ConfigError
from basislab.research.overfit.clusters import effective_trials
from basislab.research.overfit.cscv import MEASURES, Cscv, cscv
from basislab.research.overfit.fan import Fan, fan_of_returns
from basislab.research.overfit.neighbourhood import Neighbourhood
from basislab.research.overfit.rules import CHECKS, Check, Rules, Verdict, judge
from basislab.research.overfit.runner import DECIMALS
from basislab.research.overfit.sensitivity import Sensitivity, holding_share
from basislab.research.overfit.sharpe import (
    DeflatedSharpe,
    Moments,
    deflated_sharpe,
    moments,
    sharpe_ratios,
)
from basislab.research.overfit.spa import Spa, superior_ability
from basislab.research.overfit.walkforward import (
    Run,
    RunEvery,
    RunTrial,
    WalkForward,
    plan_windows,
    walk_forward,
)
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True, kw_only=True)
class MarketShare:
    """What one market contributes to a certificate.

    Parameters
    ----------
    start, end : str
        Its first and last day.
    days : int
    excess : float, fraction per year, simple
        Of the optimum on this market alone.
    above_share : float
        Share of its counted start days that end above the hurdle; NaN where none is counted.
    episodes : int
        Independent liquidation episodes of the optimum and its neighbours on this market.
    """

    name: str
    asset: str
    quote: str
    fingerprint: str
    start: str
    end: str
    days: int
    excess: float
    above_share: float
    episodes: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Liquidations:
    """Independent episodes that the verdict rests on, as pairs of first and last bar.

    Parameters
    ----------
    near : list of (int, int)
        In which the optimum or a neighbour on the grid was liquidated, from whatever start day.
    own : list of (int, int)
        In which the optimum itself was.
    """

    near: list[tuple[int, int]]
    own: list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Certificate:
    """How much of an optimum is luck.

    All returns are excesses over the hurdle. `basislab.report.certificate` writes it out.

    Parameters
    ----------
    labels : tuple of str
        Of the trials: first those that the optimum was chosen among, then others tried before.
    candidate : int
        The optimum's position.
    family : int
        How many trials it was chosen among.
    bars : int
        Rows of the returns: days, whatever the width of the market's bars.
    bar_days : float, days
        Of a row.
    times : tuple of str
        Labels of the rows; empty for bare returns.
    returns : ndarray of shape (n_bars, n_trials), excess per row
        Rounded to `DECIMALS`.
    excess : ndarray of shape (n_trials,), fraction per year, simple
    cscv, cscv_sharpe : Cscv or None
        Chosen by mean excess, as the search does, and by Sharpe ratio; None for one trial.
    moments : Moments
    raw, effective : DeflatedSharpe
        Deflated by all trials, and by the independent ones.
    spa : Spa
    fan : Fan
    best_from_share : float
        Share of counted start days from which the optimum is the best of its family; NaN where
        unknown.
    neighbourhood : Neighbourhood or None
    walk : WalkForward
    constants : list of Sensitivity
    liquidations : Liquidations or None
    rules : Rules
    embargo : int, rows
        That CSCV left out between blocks.
    config : ModelConfig or None
        Of the optimum.
    infeasible : tuple of (str, str)
        Label and reason of every configuration that cannot be opened or fired: no trial.
    notes : tuple of str
        What is odd in the optimum or its data, in words.
    markets : tuple of MarketShare
        That it rests on; empty for bare returns.
    panel : ndarray of shape (n_bars, n_markets, n_trials) or None
        Excess returns market by market, NaN where a market has no such day; `returns` is their
        mean. None for one market.
    """

    labels: tuple[str, ...]
    candidate: int
    family: int
    bars: int
    bar_days: float
    times: tuple[str, ...]
    returns: FloatArray
    excess: FloatArray
    cscv: Cscv | None
    cscv_sharpe: Cscv | None
    moments: Moments
    raw: DeflatedSharpe
    effective: DeflatedSharpe
    spa: Spa
    fan: Fan
    best_from_share: float
    neighbourhood: Neighbourhood | None
    walk: WalkForward
    constants: list[Sensitivity]
    liquidations: Liquidations | None
    rules: Rules
    embargo: int
    config: ModelConfig | None = None
    infeasible: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    markets: tuple[MarketShare, ...] = ()
    panel: FloatArray | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every statistic against its thresholds, in the order of `rules.CHECKS`."""
        values = {
            "excess": float(self.excess[self.candidate]),
            "start_days": self.fan.above_share,
            "neighbourhood": self.neighbourhood.above_share if self.neighbourhood else np.nan,
            "overfitting": self.cscv.harm if self.cscv else np.nan,
            "deflated_sharpe": self.raw.probability,
            "superior_ability": max(self.spa.consistent, self.spa.reality_check),
            "walk_forward": self.walk.annual_excess,
            "constants": holding_share(self.constants),
        }
        return tuple(Check(rule=rule, value=values[rule.name]) for rule in CHECKS)

    @property
    def verdict(self) -> Verdict:
        """The word and its reasons."""
        episodes = None if self.liquidations is None else len(self.liquidations.near)
        return judge(self.checks, episodes, self.rules.min_episodes)

    @property
    def label(self) -> str:
        """Name of the optimum."""
        return self.labels[self.candidate]

    def plot(self, kind: str = "start_days") -> alt.Chart | alt.LayerChart:
        """Draw one figure of the certificate's page as an Altair chart.

        Parameters
        ----------
        kind : {"start_days", "neighbourhood", "splits", "walk_forward"}
            The decision opened on each day and held to the end; the optimum's neighbours on the
            grid; ranks out of sample over the splits; equity of the walk-forward.

        Returns
        -------
        altair.Chart or altair.LayerChart

        Raises
        ------
        ConfigError
            An unknown kind, or one that needs more than bare returns.
        """
        return plotting.drawer(self, kind)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        verdict = self.verdict
        found = {check.rule.name: f"{check.value:.3g}" for check in self.checks}
        return f"Certificate({self.label}: {verdict.word}; {found})"


def certify_returns(
    returns: FloatArray,
    *,
    candidate: int | None = None,
    labels: Sequence[str] = (),
    rules: Rules | None = None,
    bar_days: float = 1.0,
) -> Certificate:
    """Certify the best of some bare return series: noise, or strategies simulated elsewhere.

    Without configurations there are no neighbours, constants or liquidations, and starting later or
    afresh costs nothing.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials), excess over the hurdle per bar
        Finite.
    candidate : int, optional
        The trial to judge; the one with the largest mean by default.
    labels : sequence of str
        Of the trials; numbers by default.
    bar_days : float, days

    Raises
    ------
    ConfigError
        Not a finite table of at least one trial, or too few bars for the blocks of CSCV.
    """
    rules = rules or Rules()
    if returns.ndim != 2 or not returns.shape[1] or not np.isfinite(returns).all():
        raise ConfigError(
            f"returns: expected finite values of shape (n_bars, n_trials), got {returns.shape}."
        )
    n_bars, n_trials = returns.shape
    chosen = int(returns.mean(axis=0).argmax()) if candidate is None else candidate

    def run(trial: int, first: int, end: int) -> Run:
        return Run(np.asarray(np.cumprod(1.0 + returns[first:end, trial])), 0.0)

    def finals(first: int, end: int) -> FloatArray:
        return np.asarray(np.cumprod(1.0 + returns[first:end], axis=0)[-1])

    return assemble(
        returns,
        returns.mean(axis=0) * DAYS_PER_YEAR / bar_days,
        chosen,
        n_trials,
        tuple(labels) or tuple(str(number) for number in range(n_trials)),
        rules=rules,
        bar_days=bar_days,
        fan=fan_of_returns(returns[:, chosen], rules.min_days, bar_days),
        walk=walk(run, finals, n_bars, 1, rules, bar_days),
        embargo=1,
    )


def assemble(
    returns: FloatArray,
    excess: FloatArray,
    chosen: int,
    family: int,
    labels: tuple[str, ...],
    *,
    rules: Rules,
    bar_days: float,
    fan: Fan,
    walk: WalkForward,
    embargo: int,
    times: tuple[str, ...] = (),
    best_from_share: float = np.nan,
    neighbourhood: Neighbourhood | None = None,
    constants: list[Sensitivity] | None = None,
    liquidations: Liquidations | None = None,
    config: ModelConfig | None = None,
    infeasible: tuple[tuple[str, str], ...] = (),
    notes: tuple[str, ...] = (),
    markets: tuple[MarketShare, ...] = (),
    panel: FloatArray | None = None,
) -> Certificate:
    """Add what follows from the returns alone to what the caller found out.

    Parameters
    ----------
    returns, excess, fan, walk, and what follows them
        See `Certificate`.
    embargo : int, bars
        Of CSCV.
    """
    returns = np.asarray(returns.round(DECIMALS))
    own = returns[:, :family]
    found = moments(returns[:, chosen])
    sharpes = sharpe_ratios(returns)
    splits = [
        cscv(own, blocks=rules.blocks, embargo=embargo, measure=measure) if family > 1 else None
        for measure in MEASURES
    ]
    return Certificate(
        labels=labels,
        candidate=chosen,
        family=family,
        bars=len(returns),
        bar_days=bar_days,
        times=times,
        returns=returns,
        excess=excess,
        cscv=splits[0],
        cscv_sharpe=splits[1],
        moments=found,
        raw=deflated_sharpe(found, sharpes, returns.shape[1]),
        effective=deflated_sharpe(found, sharpes, effective_trials(returns)),
        spa=superior_ability(own, resamples=rules.resamples, seed=rules.seed),
        fan=fan,
        best_from_share=best_from_share,
        neighbourhood=neighbourhood,
        walk=walk,
        constants=constants or [],
        liquidations=liquidations,
        rules=rules,
        embargo=embargo,
        config=config,
        infeasible=infeasible,
        notes=notes,
        markets=markets,
        panel=panel,
    )


def walk(
    run: RunTrial, finals: RunEvery, n_bars: int, purge: int, rules: Rules, bar_days: float
) -> WalkForward:
    """Walk forward over windows of the lengths that the rules state.

    Parameters
    ----------
    run, finals : callable
        See `walk_forward`.
    bar_days : float, days
    """
    train, test = (round(days / bar_days) for days in (rules.train_days, rules.test_days))
    return walk_forward(run, finals, plan_windows(n_bars, train, test, purge), purge, bar_days)
