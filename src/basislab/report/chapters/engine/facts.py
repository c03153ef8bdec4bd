"""The facts of the venue engine: runs, ledgers, deaths, constants, the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from basislab.metrics import annualized_return
from basislab.presets import load_preset
from basislab.report.chapters.engine.positions import Position, positions
from basislab.report.chapters.engine.rows import (
    ENGINE,
    KEPT,
    OWN,
    PESSIMISTIC,
    Bars,
    CaseRow,
    ConstantRow,
    DeathRow,
    Engine,
    EngineFacts,
    EngineRun,
    LadderFacts,
    LedgerRow,
    ModelRow,
    Open,
    PathsRow,
    Refused,
    Rules,
    RungRow,
)
from basislab.report.chapters.engine.sentences import parts_say
from basislab.report.study.runs import Runs, trigger_of
from basislab.research import intraday_constants as known
from basislab.research.ensemble import run_ensembles
from basislab.research.ladder import Ladder, ladder
from basislab.research.undecided import undecided
from basislab.research.venue import Death, Sensitivity, deaths, firing_legs, sensitivities
from basislab.simulate import simulate
from basislab.simulate.venue import price_sources
from basislab.types.configs import NEVER, RebalanceConfig, RotationConfig, StaticConfig
from basislab.types.ensemble import Ensemble
from basislab.types.result import Result
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_result import VenueResult, parents
from basislab.types.venue_terms import PerpVenue, Route, Terms
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

STEPS = ("oracle_step", "mark_step")
"""Assumed constants that say how far a price jumps between two looks of a venue."""

ROLES = ("perp", "lending", "opening", "swap", "transfer")


def engine_facts(runs: Runs) -> EngineFacts:
    """Run the study's positions by the venues' own rules."""
    found = positions(runs)
    refused = tuple(Refused(leverage=leverage, why=why) for leverage, why in found.refused)
    if found.terms is None:
        return EngineFacts(engine=Engine(reason=found.reason, refused=refused, said={}, bars=None))
    engine = Engine(
        reason=found.reason,
        venues=tuple(_rules(runs, role, getattr(found.terms, role)) for role in ROLES),
        refused=refused,
        stand_ins=tuple(note.removeprefix("price: ") for note in _notes(runs, found.terms)),
        runs=tuple(
            _run(runs, one, paths)
            for one, paths in zip(found.held, _paths(runs, found.held), strict=True)
        ),
        said={},
        bars=_bars(runs, found.terms),
    )
    return EngineFacts(engine=replace(engine, said=parts_say(engine)))


def _bars(runs: Runs, terms: VenueConfig) -> Bars:
    delay, bar_seconds = resolved(terms.transfer, Route).delay_seconds, runs.market.bar_seconds
    counts = runs.market.funding[resolved(terms.perp, PerpVenue).funding].settlements
    return Bars(
        bar_seconds=bar_seconds,
        delay_seconds=delay,
        waited_seconds=-(-delay // bar_seconds) * bar_seconds,
        settlements_count=None if counts is None else int(np.median(counts)),
    )


def _notes(runs: Runs, terms: VenueConfig) -> tuple[str, ...]:
    return price_sources(runs.market, terms).notes


def _rules(runs: Runs, role: str, terms: Terms) -> Rules:
    name = getattr(runs.spec.engine, role) or terms.name
    return Rules(
        role=role,
        name=terms.name,
        title=load_preset(name).title,
        assumed_count=len(terms.assumed),
        constants_count=len(load_preset(name).constants),
    )


def _paths(runs: Runs, held: Sequence[Position]) -> list[tuple[PathsRow, ...]]:
    """Run every position on the same paths within the days, or on bars narrower than a day."""
    names, market = (ENGINE, OWN, KEPT), runs.stored
    look = SECONDS_PER_HOUR
    if market.bar_seconds < SECONDS_PER_DAY:
        look = max(look, market.bar_seconds)
    configs = [
        replace(config, monitor_seconds=look)
        for position in held
        for config in (position.venue, position.own, position.kept)
    ]
    if market.bar_seconds < SECONDS_PER_DAY:
        results = [simulate(market, config) for config in configs]
        rows = [_on_bars(name, one) for name, one in zip(names * len(held), results, strict=True)]
    else:
        drawn = run_ensembles(market, configs) if configs else ()
        rows = [_on_paths(name, one) for name, one in zip(names * len(held), drawn, strict=True)]
    return [tuple(rows[first : first + len(names)]) for first in range(0, len(rows), len(names))]


def _on_bars(name: str, result: Result) -> PathsRow:
    """Return a run on the market's own bars, narrower than a day: there is nothing to draw."""
    made = result.annualized_return
    is_hit = float(result.counts["liquidations_long"] + result.counts["liquidations_short"] > 0)
    ends = {"median_annualized": made, "low_annualized": made, "high_annualized": made}
    return PathsRow(
        model=name,
        **ends,
        hurdle_annualized=result.hurdle_annualized,
        drawdown=result.max_drawdown,
        least_liquidated_share=is_hit,
        most_liquidated_share=is_hit,
        nearness=known.NEARNESS[-1][0],
        paths_count=1,
        cases=(CaseRow(case="the market's own bars", **ends, liquidated_share=is_hit),),
    )


def _on_paths(name: str, found: Ensemble) -> PathsRow:
    low, high = found.interval()
    least, most = found.probability()
    return PathsRow(
        model=name,
        median_annualized=found.median(),
        low_annualized=low,
        high_annualized=high,
        hurdle_annualized=annualized_return(found.hurdle_return, found.n_days),
        drawdown=found.median("max_drawdown"),
        least_liquidated_share=least,
        most_liquidated_share=most,
        nearness=found.nearness,
        paths_count=found.n_paths,
        cases=tuple(_case(found, number, case) for number, case in enumerate(found.cases)),
    )


def _case(found: Ensemble, number: int, name: str) -> CaseRow:
    low, high = found.interval(case=number)
    return CaseRow(
        case=name,
        median_annualized=found.median(case=number),
        low_annualized=low,
        high_annualized=high,
        liquidated_share=float((found.column("liquidations")[number] > 0).mean()),
    )


def _run(runs: Runs, position: Position, paths: tuple[PathsRow, ...]) -> EngineRun:
    leverage, config = position.leverage, position.venue
    best = runs.run(position.study)
    base = runs.base(leverage=leverage)
    engine = _engine(runs, config)
    shown: list[tuple[str, Result]] = [
        ("static", runs.run(StaticConfig(slippage="book", **base))),
        ("rebalance", best),
        ("rotation", runs.run(RotationConfig(**base))),
        (ENGINE, engine),
        (PESSIMISTIC, _engine(runs, position.worse)),
        (OWN, _engine(runs, position.own)),
    ]
    constants = sensitivities(runs.market, config)
    return EngineRun(
        leverage=leverage,
        trigger=trigger_of(best),
        paths=paths,
        models=tuple(_model(name, result) for name, result in shown),
        ledgers=_ledgers(best, engine),
        firing=firing_legs(config),
        own_firing=firing_legs(position.own),
        deaths=tuple(_death(death) for death in deaths(runs.market, config)),
        constants=tuple(_constant(one) for one in constants),
        open=_open(runs, config, constants),
        ladder=_ladder(ladder(runs.market, position.study, config)),
    )


def _death(death: Death) -> DeathRow:
    return DeathRow(
        leg=death.leg,
        price_usd=death.price_usd,
        price_distance=death.distance,
        cost_usd=death.cost_usd,
        leg_share=death.share,
        death_leverage=death.leverage,
    )


def _engine(runs: Runs, config: VenueConfig) -> VenueResult:
    result = runs.run(config)
    assert isinstance(result, VenueResult)  # noqa: S101 - the config decides the type
    return result


def _model(name: str, result: Result) -> ModelRow:
    """Return what the table of models shows of one run; None where a model does not know it."""
    legs = [event.leg for event in result.event_list if event.kind == "liquidation"]
    has_legs = result.model != "static"
    naked, made = None, None
    if isinstance(result, VenueResult):
        naked, made = result.naked_bars, result.ledger.accounts["naked"]
    days = result.bar_seconds / SECONDS_PER_DAY
    own = result.total_return - result.ledger.shortfall / result.initial_usd
    return ModelRow(
        model=name,
        used_trigger=_trigger(result),
        final_usd=result.final_usd,
        net_usd=result.final_usd - result.initial_usd,
        total_return=result.total_return,
        annualized=result.annualized_return,
        excess_annualized=result.annualized_return - result.hurdle_annualized,
        drawdown=result.max_drawdown,
        long_liquidations_count=_hits(legs, "long") if has_legs else None,
        short_liquidations_count=_hits(legs, "short") if has_legs else None,
        naked_days=None if naked is None else naked * days,
        naked_usd=made,
        borne_usd=result.ledger.shortfall,
        borne_annualized=annualized_return(own, len(result.times) * days),
        fees_usd=-result.ledger.costs,
    )


def _hits(legs: Sequence[str | None], leg: str) -> int:
    return sum(one in (leg, "both") for one in legs)


def _trigger(result: Result) -> float | None:
    if isinstance(result, VenueResult):
        config = result.config
        return NEVER if config.policy == "never" else config.trigger_leverage
    return trigger_of(result) if isinstance(result.config, RebalanceConfig) else None


def _ledgers(study: Result, engine: VenueResult) -> tuple[LedgerRow, ...]:
    """Return both ledgers under the parents that they share; the last row is their sum."""
    ours, theirs = parents(study.ledger), parents(engine.ledger)
    totals = {"net": (study.ledger.total, engine.ledger.total)}
    both = {name: (ours[name], theirs[name]) for name in ours} | totals
    return tuple(
        LedgerRow(account=name, study_usd=one, engine_usd=other, gap_usd=other - one)
        for name, (one, other) in both.items()
    )


def _constant(one: Sensitivity) -> ConstantRow:
    return ConstantRow(
        role=one.role,
        name=one.name,
        field=one.field,
        value_constant=one.value,
        low_constant=one.low,
        high_constant=one.high,
        low_annualized=one.annualized_low,
        high_annualized=one.annualized_high,
        span_annualized=one.span,
        is_deciding=one.excess_changes_sign,
    )


def _open(runs: Runs, config: VenueConfig, constants: list[Sensitivity]) -> Open:
    """Return what daily bars leave open: counts, and what each may be worth."""
    found = undecided(runs.market, config)
    steps = [one for one in constants if one.field in STEPS]
    return Open(
        both_count=found.both_bars,
        hit_count=found.hit_bars,
        order_usd=found.order_usd,
        transfers_count=found.transfers,
        prompt_usd=found.prompt_usd,
        funding_usd=found.funding_usd,
        steps_annualized=max((one.span for one in steps), default=None),
    )


def _ladder(found: Ladder) -> LadderFacts:
    return LadderFacts(
        study_usd=found.study.final_usd,
        parity_usd=found.parity_usd,
        engine_usd=found.venue.final_usd,
        rungs=tuple(RungRow(**rung._asdict()) for rung in found.rungs),
    )
