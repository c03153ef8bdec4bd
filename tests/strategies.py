"""Markets and configurations for hypothesis: calm, crashing, spiking, absurd, ruinous.

A day moves by up to 10 %; up to three days of a market jump by a factor of 0.2 to 4. More jumps
would let the study's forgiven losses compound the equity to a billion times the capital, where
1e-9 of capital is below the resolution of a float.
"""

from __future__ import annotations

from dataclasses import fields

import hypothesis.strategies as st
import numpy as np
from hypothesis.extra.numpy import arrays

from basislab.types import LiquidationPenalty, Market, StudyVenue
from tests.builders import make_market

MAX_BARS = 16


def _rates(low: float, high: float) -> st.SearchStrategy[float]:
    """A rate of at most 12 decimals: subnormal numbers are no rates."""
    return st.floats(low, high).map(lambda rate: round(rate, 12))


@st.composite
def markets(draw: st.DrawFn, min_bars: int = 1) -> Market:
    """A daily market: calm days, and among them moves, wicks, jumps, rates of either sign."""
    n_bars = draw(st.integers(min_bars, MAX_BARS))

    def days(values: st.SearchStrategy[float], calm: float = 0.0) -> np.ndarray:
        return draw(arrays(np.float64, n_bars, elements=values, fill=st.just(calm)))

    factors = days(st.floats(0.9, 1.1), calm=1.0)
    for day in draw(st.lists(st.integers(0, n_bars - 1), max_size=3)):
        factors[day] = draw(st.floats(0.2, 4.0))
    close = draw(st.floats(0.01, 10_000.0)) * np.cumprod(factors)
    funding = days(_rates(-0.01, 0.01))
    funding[draw(st.integers(0, n_bars - 1))] += draw(st.sampled_from([0.0, 0.0, 0.0, -0.9]))
    return make_market(
        close.tolist(),
        high=(close * (1.0 + days(st.floats(0.0, 0.5)))).tolist(),
        low=(close * (1.0 - days(st.floats(0.0, 0.5)))).tolist(),
        supply=days(_rates(0.0, 0.003), calm=draw(_rates(0.0, 0.003))),
        borrow=days(_rates(0.0, 0.01), calm=draw(_rates(0.0, 0.01))),
        funding=funding,
        hurdle=0.05,
    )


penalties = st.builds(
    LiquidationPenalty, kind=st.sampled_from(["equity", "notional"]), rate=st.floats(0.0, 1.0)
)

venues = st.builds(
    StudyVenue,
    name=st.just("made"),
    funding=st.just("perp"),
    taker_fee_bps=st.one_of(st.just(0.0), st.floats(0.0, 20.0), st.floats(0.0, 1_000.0)),
    maintenance_margin=st.one_of(st.just(0.05), st.floats(0.0, 0.3)),
    liquidation_penalty=penalties,
    transfer_cost_usd=st.sampled_from([0.0, 0.001, 3.0, 50.0]),
    gas_usd=st.sampled_from([0.0, 2.0, 60.0]),
    rotation_penalty=st.floats(0.0, 1.0),
)

FIELDS = {
    "leverage": st.one_of(st.sampled_from([1.0, 2.0, 3.0, 10.0]), st.floats(1.0, 10.0)),
    "capital_usd": st.one_of(st.just(10_000.0), st.floats(100.0, 1e8)),
    "perp": venues,
    "lending": st.just("kamino"),
    "open_fee_bps": st.one_of(st.just(15.0), st.floats(0.0, 1_000.0)),
    "slippage": st.sampled_from(["none", "book"]),
    "trigger": st.one_of(st.none(), st.just("auto"), st.floats(0.5, 50.0)),
    "buffer": st.one_of(st.sampled_from([0.0, 0.1]), st.floats(0.0, 1.0)),
    "min_apy": st.one_of(st.none(), st.floats(-1.0, 1.0)),
    "entry_apy": st.one_of(st.just(-5.0), st.floats(-1.0, 1.0)),
    "lookback_days": st.integers(1, 10),
}
"""How every field of every config is made; a new field must be given its place here."""


def configs(kind: type) -> st.SearchStrategy:
    """Configs of one model."""
    return st.builds(kind, **{field.name: FIELDS[field.name] for field in fields(kind)})
