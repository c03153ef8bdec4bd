"""The facts of the venue engine: runs, ledgers, deaths, constants, the ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from basislab.metrics import annualized_return
from basislab.presets import load_preset
from basislab.report.chapters.engine.positions import (
    Position,
    engine_bars,
    focus_of,
    positions,
)
from basislab.report.chapters.engine.rows import (
    ENGINE,
    KEPT,
    OWN,
    VERDICTS,
    Bars,
    CaseRow,
    ConstantRow,
    DeathRow,
    EndRow,
    Engine,
    EngineFacts,
    EngineRun,
    LadderFacts,
    LedgerRow,
    PathsRow,
    Refused,
    Rules,
    RungRow,
)
from basislab.report.chapters.engine.sentences import parts_say
from basislab.report.study.runs import Runs, trigger_of
from basislab.research.ensemble import run_finest
from basislab.research.ladder import Ladder, climb, finer_configs
from basislab.research.venue import Death, End, Sensitivity, deaths, firing_legs, sensitivities
from basislab.simulate.venue import price_sources
from basislab.types.ensemble import Ensemble
from basislab.types.result import Result
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_result import PARENTS, parents
from basislab.types.venue_terms import PerpVenue, Route, Terms
from basislab.units import SECONDS_PER_DAY

ROLES = ("perp", "lending", "opening", "swap", "transfer")

Drawn = Mapping[VenueConfig, Ensemble]


def engine_facts(runs: Runs) -> EngineFacts:
    """Run the study's positions by the venues' own rules."""
    found = positions(runs)
    refused = tuple(Refused(leverage=leverage, why=why) for leverage, why in found.refused)
    if found.terms is None:
        return EngineFacts(engine=Engine(reason=found.reason, refused=refused, said={}, bars=None))
    drawn = _drawn(runs, found.held)
    engine = Engine(
        reason=found.reason,
        venues=tuple(_rules(runs, role, getattr(found.terms, role)) for role in ROLES),
        refused=refused,
        stand_ins=tuple(note.removeprefix("price: ") for note in _notes(runs, found.terms)),
        runs=tuple(_run(runs, one, drawn) for one in found.held),
        constants=tuple(
            _constant(one)
            for position in focus_of(runs)
            for one in sensitivities(runs.stored, position.kept)
        ),
        said={},
        bars=_bars(runs, found.terms),
    )
    return EngineFacts(engine=replace(engine, said=parts_say(engine)))


def _drawn(runs: Runs, held: Sequence[Position]) -> Drawn:
    """Run everything on the same paths within the days, or on bars narrower than a day."""
    configs = dict.fromkeys(
        config
        for one in held
        for config in (one.own, one.kept, *finer_configs(one.study, one.venue))
    )
    return dict(zip(configs, run_finest(runs.stored, [*configs]), strict=True))


def _bars(runs: Runs, terms: VenueConfig) -> Bars:
    counts = runs.market.funding[resolved(terms.perp, PerpVenue).funding].settlements
    return Bars(
        bar_seconds=engine_bars(runs),
        delay_seconds=resolved(terms.transfer, Route).delay_seconds,
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


def _run(runs: Runs, position: Position, drawn: Drawn) -> EngineRun:
    best = runs.run(position.study)
    *finer, last = finer_configs(position.study, position.venue)
    engine, own, kept = drawn[last], drawn[position.own], drawn[position.kept]
    return EngineRun(
        leverage=position.leverage,
        trigger=trigger_of(best),
        study_annualized=best.annualized_return,
        paths=(_paths(ENGINE, engine), _paths(OWN, own), _paths(KEPT, kept)),
        ledgers=_ledgers(best, engine, kept),
        firing=firing_legs(position.venue),
        own_firing=firing_legs(position.own),
        deaths=tuple(_death(death) for death in deaths(runs.stored, position.venue)),
        ladder=_ladder(
            climb(
                runs.market,
                position.study,
                position.venue,
                [*(drawn[one] for one in finer), engine],
            )
        ),
    )


def _paths(name: str, found: Ensemble) -> PathsRow:
    low, high = found.interval()
    least, most = found.probability()
    days = found.bar_seconds / SECONDS_PER_DAY
    return PathsRow(
        model=name,
        median_annualized=found.median(),
        low_annualized=low,
        high_annualized=high,
        hurdle_annualized=annualized_return(found.hurdle_return, found.n_days),
        drawdown=found.median("max_drawdown"),
        naked_days=_mean(found, "naked_bars") * days,
        borne_usd=_mean(found, "loss_borne_by_venue_usd"),
        fees_usd=-_mean(found, "costs_usd"),
        least_liquidated_share=least,
        most_liquidated_share=most,
        nearness=found.nearness,
        paths_count=found.n_paths,
        cases=tuple(_case(found, number, case) for number, case in enumerate(found.cases)),
    )


def _mean(found: Ensemble, name: str) -> float:
    return float(found.column(name).mean())


def _case(found: Ensemble, number: int, name: str) -> CaseRow:
    low, high = found.interval(case=number)
    return CaseRow(
        case=name,
        median_annualized=found.median(case=number),
        low_annualized=low,
        high_annualized=high,
        liquidated_share=float((found.column("liquidations")[number] > 0).mean()),
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


def _ledgers(study: Result, engine: Ensemble, kept: Ensemble) -> tuple[LedgerRow, ...]:
    """Return the ledgers under the parents that they share; the last row is their sum."""
    ours = parents(study.ledger)
    rows = [_account(name, ours[name], engine, kept, f"{name}_usd") for name in PARENTS]
    net = _account("net", study.ledger.total, engine, kept, "final_usd", study.initial_usd)
    return (*rows, net)


def _account(
    account: str, study: float, engine: Ensemble, kept: Ensemble, column: str, less: float = 0.0
) -> LedgerRow:
    made, low, high = (value - less for value in _spread(engine, column))
    also, also_low, also_high = (value - less for value in _spread(kept, column))
    return LedgerRow(
        account=account,
        study_usd=study,
        engine_usd=made,
        engine_low_usd=low,
        engine_high_usd=high,
        gap_usd=made - study,
        kept_usd=also,
        kept_low_usd=also_low,
        kept_high_usd=also_high,
    )


def _spread(found: Ensemble, column: str) -> tuple[float, float, float]:
    return (_mean(found, column), *found.interval(column))


def _constant(one: Sensitivity) -> ConstantRow:
    return ConstantRow(
        role=one.role,
        name=one.name,
        field=one.field,
        value_constant=one.value,
        low_constant=one.low,
        high_constant=one.high,
        at_low=_end(one.at_low),
        at_high=_end(one.at_high),
        span_annualized=one.span,
        is_deciding=one.excess_changes_sign,
    )


def _end(end: End | None) -> EndRow | None:
    if end is None:
        return None
    return EndRow(
        annualized=end.annualized,
        change_annualized=end.change.median,
        change_low_annualized=end.change.low,
        change_high_annualized=end.change.high,
        verdict=VERDICTS[end.excess_sign],
    )


def _ladder(found: Ladder) -> LadderFacts:
    return LadderFacts(
        study_usd=found.study.final_usd,
        parity_usd=found.parity_usd,
        engine_usd=found.venue.median("final_usd"),
        rungs=tuple(RungRow(**rung._asdict()) for rung in found.rungs),
    )
