"""Small markets, venues and configs, so that a test shows only what it is about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from basislab.kernels.bars import Bars
from basislab.simulate import MODELS, StudyModel, simulate
from basislab.types import (
    ConditionalConfig,
    FundingSeries,
    LiquidationPenalty,
    Market,
    ModelConfig,
    PriceSeries,
    RateSeries,
    RebalanceConfig,
    Result,
    RotationConfig,
    StaticConfig,
    StudyVenue,
)

Values = float | Sequence[float]
Config = type[StaticConfig | RebalanceConfig | RotationConfig | ConditionalConfig]

FREE = StudyVenue(
    name="free",
    funding="perp",
    taker_fee_bps=0,
    maintenance_margin=0.05,
    liquidation_penalty=LiquidationPenalty(kind="equity", rate=0.5),
    transfer_cost_usd=0,
    gas_usd=0,
    rotation_penalty=0.05,
)
"""A venue without costs; tests add the one that they are about."""

STUDY_MODELS = {kind: model for kind, model in MODELS.items() if isinstance(model, StudyModel)}
"""The lines of the table that are models of the study."""


def spread(values: Values, n_bars: int) -> np.ndarray:
    """Return one value a bar."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (n_bars,)).copy()


def make_bars(
    close: Sequence[float],
    *,
    high: Sequence[float] | None = None,
    low: Sequence[float] | None = None,
    supply: Values = 0.0,
    borrow: Values = 0.0,
    funding: Values = 0.0,
) -> Bars:
    """Return lowered bars; rates per bar; high and low are the close where left out."""
    n_bars = len(close)
    arrays = [
        spread(values, n_bars)
        for values in (high or close, low or close, close, supply, borrow, funding)
    ]
    for array in arrays:
        array.setflags(write=False)
    return Bars(*arrays)


def make_market(
    close: Sequence[float],
    *,
    high: Sequence[float] | None = None,
    low: Sequence[float] | None = None,
    supply: Values = 0.0,
    borrow: Values = 0.0,
    funding: Values = 0.0,
    hurdle: Values = 0.0,
    start: str = "2025-01-01",
    name: str = "made",
) -> Market:
    """Return a daily market; `supply` and `borrow` per day, `hurdle` as APY."""
    n_bars = len(close)

    def rates(values: Values) -> RateSeries:
        return RateSeries(spread(values, n_bars))

    return Market(
        name=name,
        asset="SOL",
        times=np.datetime64(start, "s") + np.arange(n_bars) * np.timedelta64(1, "D"),
        prices={
            ("perp", "perp"): PriceSeries(
                open=np.asarray(close, float),
                high=np.asarray(high or close, float),
                low=np.asarray(low or close, float),
                close=np.asarray(close, float),
            )
        },
        funding={"perp": FundingSeries(spread(funding, n_bars))},
        supply={
            ("kamino", "SOL"): rates(spread(supply, n_bars) * 365),
            ("kamino", "USDC"): rates(hurdle),
        },
        borrow={("kamino", "USDC"): rates(spread(borrow, n_bars) * 365)},
    )


def free_venue(**changes: Any) -> StudyVenue:
    """Return `FREE` with some constants changed; `penalty=(kind, rate)` for short."""
    if "penalty" in changes:
        kind, rate = changes.pop("penalty")
        changes["liquidation_penalty"] = LiquidationPenalty(kind=kind, rate=rate)
    return replace(FREE, **changes)


def free_config(
    kind: Config, *, leverage: float = 2, venue: dict[str, Any] | None = None, **decisions: Any
) -> ModelConfig:
    """Return a config without costs: 10 000 USD, no open fee."""
    values = {"open_fee_bps": 0, "perp": free_venue(**(venue or {}))} | decisions
    return kind(leverage=leverage, **values)


def simulate_free(kind: Config, close: Sequence[float], **given: Any) -> Result:
    """Run a config of `free_config` on a market of `make_market`, keywords split by their owner."""
    of_market = ("high", "low", "supply", "borrow", "funding", "hurdle")
    market = make_market(close, **{k: given.pop(k) for k in of_market if k in given})
    return simulate(market, free_config(kind, **given))


def kinds(result: Result) -> list[tuple[int, str, str | None]]:
    """Return a result's events as (bar, kind, leg or reason)."""
    return [(event.bar, event.kind, event.reason or event.leg) for event in result.event_list]


_DEAF_TO_NOTHING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from basislab.cli import main
main()
"""
INTERRUPTIBLE = [sys.executable, "-c", _DEAF_TO_NOTHING]
"""The command line; a suite that runs in the background would hand it down an ignored SIGINT."""
