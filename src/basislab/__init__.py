"""basislab: the research and risk lab for delta-neutral carry (basis) trades.

>>> import basislab as bl
>>> market = bl.load_market()
>>> result = bl.backtest(market, bl.RebalanceConfig(capital_usd=10_000, leverage=3))
>>> f"{result.annualized_return:+.1%} against a hurdle of {result.hurdle_annualized:+.1%} a year"
'-3.5% against a hurdle of +4.6% a year'

Names are loaded when they are first used: ``import basislab`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from basislab import _version, plotting

if TYPE_CHECKING:
    from basislab.api import (
        backtest,
        bridge,
        certify,
        compare_policies,
        decide,
        ensemble,
        ensembles,
        montecarlo,
        stress,
        sweep,
    )
    from basislab.data import list_markets, load_market, save_market
    from basislab.errors import (
        BasisLabError,
        ClusterError,
        ConfigError,
        DataError,
        DataGapError,
        LedgerError,
        SourceError,
    )
    from basislab.position import Position, load_position
    from basislab.presets import load_venue, venue_names
    from basislab.research.overfit.certificate import Certificate
    from basislab.scenarios import Scenario, run
    from basislab.types.configs import (
        ConditionalConfig,
        RebalanceConfig,
        RotationConfig,
        StaticConfig,
    )
    from basislab.types.decision import Decision
    from basislab.types.ensemble import Difference, Ensemble
    from basislab.types.faults import Fault
    from basislab.types.market import FundingSeries, Market, PriceSeries, RateSeries
    from basislab.types.montecarlo import MonteCarlo
    from basislab.types.policies import PolicyComparison
    from basislab.types.result import Event, Ledger, Result
    from basislab.types.start import StartState
    from basislab.types.stress import Stress, StressResult
    from basislab.types.sweep import Sweep
    from basislab.types.venue import LiquidationPenalty, StudyVenue
    from basislab.types.venue_config import VenueConfig

__version__ = _version.VERSION

_HOMES = {
    "basislab.api": (
        "backtest",
        "bridge",
        "certify",
        "compare_policies",
        "decide",
        "ensemble",
        "ensembles",
        "montecarlo",
        "stress",
        "sweep",
    ),
    "basislab.data": ("list_markets", "load_market", "save_market"),
    "basislab.errors": (
        "BasisLabError",
        "ClusterError",
        "ConfigError",
        "DataError",
        "DataGapError",
        "LedgerError",
        "SourceError",
    ),
    "basislab.position": ("Position", "load_position"),
    "basislab.presets": ("load_venue", "venue_names"),
    "basislab.research.overfit.certificate": ("Certificate",),
    "basislab.scenarios": ("Scenario", "run"),
    "basislab.types.configs": (
        "ConditionalConfig",
        "RebalanceConfig",
        "RotationConfig",
        "StaticConfig",
    ),
    "basislab.types.decision": ("Decision",),
    "basislab.types.ensemble": ("Difference", "Ensemble"),
    "basislab.types.market": ("FundingSeries", "Market", "PriceSeries", "RateSeries"),
    "basislab.types.montecarlo": ("MonteCarlo",),
    "basislab.types.policies": ("PolicyComparison",),
    "basislab.types.result": ("Event", "Ledger", "Result"),
    "basislab.types.stress": ("Stress", "StressResult"),
    "basislab.types.sweep": ("Sweep",),
    "basislab.types.faults": ("Fault",),
    "basislab.types.start": ("StartState",),
    "basislab.types.venue": ("LiquidationPenalty", "StudyVenue"),
    "basislab.types.venue_config": ("VenueConfig",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BasisLabError",
    "Certificate",
    "ClusterError",
    "ConditionalConfig",
    "ConfigError",
    "DataError",
    "DataGapError",
    "Decision",
    "Difference",
    "Ensemble",
    "Event",
    "Fault",
    "FundingSeries",
    "Ledger",
    "LedgerError",
    "LiquidationPenalty",
    "Market",
    "MonteCarlo",
    "PolicyComparison",
    "Position",
    "PriceSeries",
    "RateSeries",
    "RebalanceConfig",
    "Result",
    "RotationConfig",
    "Scenario",
    "SourceError",
    "StartState",
    "StaticConfig",
    "Stress",
    "StressResult",
    "StudyVenue",
    "Sweep",
    "VenueConfig",
    "__version__",
    "backtest",
    "bridge",
    "certify",
    "compare_policies",
    "decide",
    "ensemble",
    "ensembles",
    "list_markets",
    "load_market",
    "load_position",
    "load_venue",
    "montecarlo",
    "run",
    "save_market",
    "stress",
    "sweep",
    "venue_names",
]


def _draw(*given: Any, **choices: Any) -> Any:
    from basislab.report.plots import draw

    return draw(*given, **choices)


plotting.drawer = _draw

if not TYPE_CHECKING:  # pragma: no branch - type checkers refuse names that do not exist

    def __getattr__(name: str) -> Any:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
