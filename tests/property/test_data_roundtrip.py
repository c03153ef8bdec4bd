"""Whatever a market holds, storing it and loading it gives the same bits."""

import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from basislab.data.build.align import Aligner, sum_per_bar
from basislab.data.keep.store import load, save
from basislab.types import PRICE_KINDS, FundingSeries, Market, PriceSeries, RateSeries

# Names as nobody should choose them: quotes, brackets, umlauts; of a market, blanks too.
names = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=8,
)
words = names.filter(lambda name: not any(letter.isspace() for letter in name))
prices = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
signed = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Any market that `Market` accepts, however absurd."""
    bars = draw(st.integers(1, 6))

    def column(values: st.SearchStrategy[Any]) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=bars, max_size=bars)))

    def seen() -> np.ndarray:
        return column(st.booleans())

    def price() -> PriceSeries:
        volume = column(positive) if draw(st.booleans()) else None
        return PriceSeries(*(column(prices) for _ in range(4)), volume, seen())  # type: ignore[misc]

    def funding() -> FundingSeries:
        counts = column(st.integers(0, 2**63 - 1)) if draw(st.booleans()) else None
        return FundingSeries(column(signed), counts, seen())

    def rate() -> RateSeries:
        return RateSeries(column(positive), seen())

    step = draw(st.sampled_from([60, 3_600, 86_400, 7]))
    start = draw(st.integers(-(2**33), 2**33))
    price_keys = st.tuples(words, st.sampled_from(PRICE_KINDS))
    rate_keys = st.tuples(words, words)
    return Market(
        name=draw(names),
        asset=draw(words),
        quote=draw(words),
        times=(start + step * np.arange(bars)).astype("datetime64[s]"),
        prices={k: price() for k in draw(st.lists(price_keys, min_size=1, max_size=2))},
        funding={k: funding() for k in draw(st.lists(words, max_size=2))},
        supply={k: rate() for k in draw(st.lists(rate_keys, max_size=2))},
        borrow={k: rate() for k in draw(st.lists(rate_keys, max_size=2))},
        provenance=draw(st.dictionaries(names, st.one_of(names, signed, st.none()), max_size=2)),
    )


@given(market=markets())
@settings(max_examples=25, deadline=None)
def test_a_market_survives_the_disk_bit_for_bit(market: Market) -> None:
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "market"
        assert save(market, target)
        loaded = load(target)
    assert loaded.fingerprint == market.fingerprint
    assert (loaded.name, loaded.asset, loaded.quote) == (market.name, market.asset, market.quote)
    assert dict(loaded.provenance) == dict(market.provenance)
    assert list(loaded.series()) == list(market.series())


@given(seed=st.integers(0, 2**32), gone=st.sets(st.integers(6, 41), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_filled_history_holds_every_settlement_once(seed: int, gone: set[int]) -> None:
    """Missing hours take the rate before them; only the days that they lie in are unobserved."""
    times = np.array(["2025-01-01", "2025-01-02"], dtype="datetime64[s]")
    start = int(times[0].astype(np.int64))
    rates = np.random.default_rng(seed).normal(0, 1e-4, 48)
    kept = np.array([hour for hour in range(48) if hour not in gone])
    aligner = Aligner(times, 86_400, max_gap_s=10**9)
    sums, counts, observed = aligner.settle("f", start + 3_600 * kept, rates[kept])
    held = rates.copy()
    for hour in sorted(gone):
        held[hour] = held[hour - 1]
    assert sums.tolist() == sum_per_bar(np.arange(48) // 24, held, 2)[0].tolist()
    assert counts.tolist() == [24, 24]
    assert observed.tolist() == [not any(h < 24 for h in gone), not any(h > 23 for h in gone)]
