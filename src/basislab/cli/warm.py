"""``basislab warm``: every kernel compiled beforehand, so that no later command waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from basislab.types.configs import ModelConfig
    from basislab.types.market import Market
    from basislab.types.venue_config import VenueConfig


class Step(NamedTuple):
    """Runs that need some kernels: the kernels are compiled for just the types that runs give."""

    name: str
    about_s: int
    run: Callable[[Market], object]


def warm() -> None:
    """Compile the engine for this machine; nothing to do where that was done."""
    from basislab.cli.progress import status
    from basislab.data import load_market
    from basislab.kernels import notice

    market, steps = load_market(), len(STEPS)
    compiled = set()
    for number, step in enumerate(STEPS, start=1):
        place = f"({number} of {steps}: {step.name})"
        with status(f"looking at what is compiled {place}") as say:

            def tell(_: str, step: Step = step, place: str = place) -> None:
                compiled.add(step)
                say(f"compiling the engine {place}, about {step.about_s} s the first time")

            notice.tell = tell
            step.run(market)
    typer.echo(f"the engine is compiled{'' if compiled else ' already'}", err=True)


def _study_configs() -> list[ModelConfig]:
    from basislab.simulate import MODELS
    from basislab.types.configs import TradeConfig

    return [kind(leverage=3.0) for kind in MODELS if issubclass(kind, TradeConfig)]


def _engine_config(market: Market) -> VenueConfig:
    from basislab.types.venue_config import VenueConfig

    return VenueConfig(leverage=3.0, monitor_seconds=market.bar_seconds)


def _models(market: Market) -> None:
    from basislab import api

    for config in _study_configs():
        api.backtest(market, config)


def _engine(market: Market) -> None:
    from basislab import api

    api.backtest(market, _engine_config(market))


def _searches(market: Market) -> None:
    from basislab import api

    for config in _study_configs():
        api.sweep(market, config, leverage=[2.0, 3.0])
        api.montecarlo(market, config, paths=2, days=30, block_check=False, history_error=False)


def _judgements(market: Market) -> None:
    from basislab import api
    from basislab.report.report import study_report, study_runs
    from basislab.report.spec import StudySpec

    for config in (*_study_configs(), _engine_config(market)):
        api.certify(market, config, leverage=[2.0, 3.0])
    few: dict[str, Any] = {"paths": 2, "days": 30, "block_check": False, "history_error": False}
    api.montecarlo(market, _engine_config(market), **few)
    study_report(study_runs(market, StudySpec()))


STEPS = (
    Step("study models", 10, _models),
    Step("venue engine", 60, _engine),
    Step("sweeps and Monte-Carlo", 20, _searches),
    Step("certificates and report", 10, _judgements),
)
