"""A market, a capital and a horizon to a decision: choice, evidence, word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels.events import LEG_NAMES
from basislab.metrics import annualized_return, max_drawdown
from basislab.research.decision.choice import Choice, choose
from basislab.research.decision.grid import choices, label_of
from basislab.research.decision.orders import orders
from basislab.research.decision.past import PATHS, Past, Progress
from basislab.research.decision.regimes import (
    PAYING,
    TRAILING_DAYS,
    at_level,
    funding_levels,
    good_share,
    half_years,
    persistence,
    yearly_excess,
)
from basislab.research.decision.spans import share_interval
from basislab.research.decision.threats import assumptions, replays
from basislab.research.decision.verdict import Evidence, judge, sureness
from basislab.research.decision.walk import walk_forward
from basislab.research.overfit.certificate import certify_returns
from basislab.research.overfit.rules import Rules
from basislab.research.search import refusal
from basislab.simulate import model_of
from basislab.simulate.model import logged
from basislab.types.decision import (
    Chosen,
    Curves,
    Decision,
    Expected,
    Luck,
    Made,
    Unknown,
)
from basislab.types.market import FloatArray, Market
from basislab.types.result import Event
from basislab.types.venue_config import VenueConfig
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR


def decide_on(
    market: Market,
    base: VenueConfig,
    hurdle: str,
    growth: FloatArray,
    *,
    horizon: int = 90,
    rival: VenueConfig | None = None,
    paths: int = PATHS,
    seed: int = 0,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Decision:
    """Decide on a market as it is known at its last bar.

    Parameters
    ----------
    base : VenueConfig
        Capital, venues and routes; resolved.
    hurdle : str
        Its name.
    growth : ndarray of shape (n_days,)
        What a dollar of the hurdle becomes within each day.
    rival : VenueConfig, optional
        A position whose equity the figure shows beside the choice's.
    paths, seed : int
        Within the days of a daily market; for each bound on what the oracle sees.
    progress : callable of int, optional
        Told how many openings were run.

    Raises
    ------
    ConfigError
        A past too short for the horizon, nothing that can be opened.
    DataError
        The market lacks a series.
    """
    past = Past(market, growth, horizon, paths=paths, seed=seed, progress=progress)
    tried = choices(base, past.bar_seconds)
    possible = [one for one in tried if refusal(past.paths[0], one) is None]
    if not possible:
        why = refusal(past.paths[0], tried[0])
        raise ConfigError(f"decide: its venues open none of {len(tried)} positions; first: {why}")
    found = choose(past, possible)
    config, walk = found.config, walk_forward(past, possible)
    made = _made(past, config, rival)
    halves = half_years(past, config)
    paying = at_level(past, config, PAYING, np.inf)
    lean = at_level(past, config, -np.inf, PAYING)
    word, why_ = judge(
        Evidence(
            is_passed=found.is_passed,
            excess=made.excess,
            spans=made.spans_count,
            steps=len(walk.rows),
            walk=walk.excess_annualized,
            good_share=good_share(halves),
            paying=paying.excess,
        )
    )
    return Decision(
        market_name=market.name,
        market_fingerprint=market.fingerprint,
        asset=market.asset,
        quote=market.quote,
        first_day=str(past.days[0]),
        last_day=str(past.days[-1]),
        days_count=past.n_days,
        capital_usd=base.capital_usd,
        horizon_days=horizon,
        paths_count=len(past.paths),
        hurdle=hurdle,
        word=word,
        sureness=sureness(word, made.spans_count),
        why=why_,
        chosen=_chosen(found),
        config=config,
        made=made,
        walk=walk,
        luck=_luck(past, possible, config),
        half_years=halves,
        funding_levels=funding_levels(past, config),
        paying=paying,
        lean=lean,
        expected=_expected(past, config),
        orders=orders(past, config),
        assumptions=assumptions(past, config, made.hurdle_annualized),
        replays=replays(past, config),
        unknown=_unknown(past, config),
        curves=_curves(past, config, rival),
        notes=tuple(notes),
    )


def _chosen(found: Choice) -> Chosen:
    config = found.config
    long, short = config.leverages
    return Chosen(
        label=label_of(config),
        is_passed=found.is_passed,
        long_leverage=long,
        short_leverage=short,
        band=config.size_band,
        look_hours=config.monitor_seconds / SECONDS_PER_HOUR,
        quarter_return=found.quarter,
        middle_return=found.middle,
        liquidated_share=found.liquidated,
    )


def _made(past: Past, config: VenueConfig, rival: VenueConfig | None) -> Made:
    life = past.life(config)
    yearly = np.array([annualized_return(end - 1.0, past.n_days) for end in life.curves[:, -1]])
    low, middle, high = np.quantile(yearly, [0.05, 0.5, 0.95]).tolist()
    excess, spans = yearly_excess(past, config)
    counts = [model_of(config).count(logged(one)) for one in life.outcomes]
    hits = [one["liquidations_long"] + one["liquidations_short"] for one in counts]
    has_rival = rival is not None and refusal(past.paths[0], rival) is None
    return Made(
        annualized=middle,
        low_annualized=low,
        high_annualized=high,
        hurdle_annualized=annualized_return(float(np.prod(past.growth)) - 1.0, past.n_days),
        drawdown=float(np.median([max_drawdown(curve, 1.0) for curve in life.curves])),
        excess=excess,
        spans_count=spans,
        resizes_count=float(np.median([one["resizes"] for one in counts])),
        liquidations_count=float(np.mean(hits)),
        rival_annualized=_rival_made(past, rival) if has_rival and rival is not None else None,
    )


def _rival_made(past: Past, rival: VenueConfig) -> float:
    ends = past.life(rival).curves[:, -1]
    return annualized_return(float(np.median(ends)) - 1.0, past.n_days)


def _luck(past: Past, tried: Sequence[VenueConfig], chosen: VenueConfig) -> Luck:
    """Return what the certificate's statistics say of all that was tried, on the first path."""
    rules = Rules()
    none = Luck(
        trials_count=len(tried),
        overfitting_probability=None,
        edge_probability=None,
        chance_probability=None,
    )
    if past.n_days < 3 * rules.blocks or len(tried) < 2:
        return none
    table = np.column_stack([past.daily_excess(config) for config in tried])
    found = certify_returns(table, candidate=list(tried).index(chosen), rules=rules)
    return replace(
        none,
        overfitting_probability=None if found.cscv is None else found.cscv.harm,
        edge_probability=found.raw.probability,
        chance_probability=max(found.spa.consistent, found.spa.reality_check),
    )


def _expected(past: Past, config: VenueConfig) -> Expected:
    """Return what the horizon made over all openings; shares with the interval of their spans."""
    made = past.openings([config])[0]
    excess = past.excess(config)
    spans = max(past.n_days // past.horizon, 1)
    beats, sunk = float((excess > 0).mean()), float(made.is_sunk.mean())
    low, middle, high = np.quantile(made.returns, [0.05, 0.5, 0.95]).tolist()
    curves = past.life(config).curves
    month = min(30, past.n_days - 1)
    worst = float((curves[:, month:] / curves[:, :-month] - 1.0).min())
    beats_low, beats_high = share_interval(beats, spans)
    return Expected(
        windows_count=made.returns.size,
        spans_count=spans,
        middle_usd=middle * config.capital_usd,
        low_usd=low * config.capital_usd,
        high_usd=high * config.capital_usd,
        beats_share=beats,
        beats_low_share=beats_low,
        beats_high_share=beats_high,
        liquidated_share=sunk,
        liquidated_high_share=share_interval(sunk, spans)[1],
        worst_month_usd=worst * config.capital_usd,
    )


def _unknown(past: Past, config: VenueConfig) -> Unknown:
    return Unknown(
        month_r2=persistence(past, config, 7, TRAILING_DAYS),
        horizon_r2=persistence(past, config, TRAILING_DAYS, past.horizon),
        assumed_count=sum(len(getattr(config, role).assumed) for role in ROLES),
        is_daily=past.market.bar_seconds >= SECONDS_PER_DAY,
    )


ROLES = ("perp", "lending", "opening", "swap", "transfer")


def _curves(past: Past, config: VenueConfig, rival: VenueConfig | None) -> Curves:
    """Return the path whose end is nearest to the median of all, and what happened on it."""
    life = past.life(config)
    ends = life.curves[:, -1]
    path = int(np.abs(ends - np.median(ends)).argmin())
    has_rival = rival is not None and refusal(past.paths[0], rival) is None
    return Curves(
        days=past.days,
        chosen_usd=life.curves[path] * config.capital_usd,
        hurdle_usd=np.asarray(np.cumprod(past.growth) * config.capital_usd),
        rival_usd=past.life(rival).curves[path] * rival.capital_usd
        if has_rival and rival is not None
        else None,
        events=_events(past, config, path),
    )


def _events(past: Past, config: VenueConfig, path: int) -> tuple[Event, ...]:
    model, outcome = model_of(config), past.life(config).outcomes[path]
    rows, market = logged(outcome), past.paths[path]
    closes, labels = model.closes(market, config), market.times.astype("datetime64[m]").astype(str)
    return tuple(
        Event(
            int(row[0]),
            str(labels[int(row[0])]),
            model.names.KIND_NAMES[int(row[1])],
            LEG_NAMES[int(row[2])],
            model.names.REASON_NAMES[int(row[3])],
            float(closes[int(row[0])]),
            *row[4:].tolist(),
        )
        for row in rows
    )
