"""Paths within a day: they agree with it, know nothing later, and are the same for everybody."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import basislab as bl
from basislab.data.build.resample import to_daily
from basislab.errors import ConfigError
from basislab.kernels import bridge as kernel
from basislab.research import intraday_constants as known
from basislab.research.intraday import Bridge, library_of
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from benchmarks import bridge_text
from tests import plain

ROOT = Path(__file__).parents[2]


def days_market(opens, highs, lows, closes, **changes):
    n = len(opens)
    values = {
        "name": "days",
        "asset": "SOL",
        "times": np.datetime64("2025-01-01", "s") + np.arange(n) * np.timedelta64(1, "D"),
        "prices": {
            ("perp", "perp"): PriceSeries(
                open=np.array(opens, float),
                high=np.array(highs, float),
                low=np.array(lows, float),
                close=np.array(closes, float),
            )
        },
        "funding": {"hyperliquid": FundingSeries(np.full(n, 2.4e-4))},
        "supply": {
            ("kamino", "SOL"): RateSeries(np.full(n, 0.05)),
            ("kamino", "USDC"): RateSeries(np.full(n, 0.045)),
        },
        "borrow": {("kamino", "USDC"): RateSeries(np.full(n, 0.065))},
    }
    return Market(**(values | changes))


@st.composite
def daily(draw, min_days=1, max_days=6):
    rows, close = [], 100.0
    for _ in range(draw(st.integers(min_days, max_days))):
        start = close * draw(st.sampled_from([1.0, 1.0, 0.97, 1.02]))
        close = start * draw(st.floats(0.7, 1.4))
        up, down = draw(st.floats(0.0, 0.2)), draw(st.floats(0.0, 0.2))
        rows.append((start, max(start, close) * (1 + up), min(start, close) * (1 - down), close))
    return days_market(*zip(*rows, strict=True))


@settings(max_examples=60, deadline=None)
@given(daily(), st.integers(0, 3), st.sampled_from([900, 3_600, 14_400]))
def test_every_day_is_the_day_itself(market, path, width):
    """First open, highest high, lowest low and last close, to the bit."""
    made = Bridge(market=market, bar_seconds=width, paths=4, seed=1)[path]
    again = to_daily(made).reference_price
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(again, name), getattr(market.reference_price, name)), name
    price = made.reference_price
    assert (price.low <= np.minimum(price.open, price.close)).all()
    assert (price.high >= np.maximum(price.open, price.close)).all()
    inside = np.arange(len(made)) % (86_400 // width) > 0
    assert np.array_equal(price.open[inside], np.roll(price.close, 1)[inside])


@settings(max_examples=40, deadline=None)
@given(daily(min_days=3), daily(min_days=3), st.integers(1, 2))
def test_a_later_day_changes_nothing_before_it(market, other, kept):
    """Days from `kept` on are another market's; the bars before them are the same to the bit."""
    rows = [
        np.concatenate((getattr(market.reference_price, n)[:kept],
                        getattr(other.reference_price, n)[kept:]))
        for n in ("open", "high", "low", "close")
    ]  # fmt: skip
    mixed = Bridge(market=days_market(*rows), paths=2)[1].reference_price
    whole = Bridge(market=market, paths=2)[1].reference_price
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(mixed, name)[: 24 * kept], getattr(whole, name)[: 24 * kept])


def test_paths_seeds_and_days_differ():
    market = days_market([100, 100], [110, 110], [95, 95], [105, 105])
    one, two = (Bridge(market=market, paths=2, seed=seed) for seed in (0, 1))
    closes = [bridge[path].reference_price.close for bridge in (one, two) for path in (0, 1)]
    assert len({tuple(row) for row in closes}) == 4
    assert not np.array_equal(closes[0][:24], closes[0][24:])


def test_rates_hold_over_the_day_and_funding_adds_up_to_it():
    """2.4e-4 a day is 1e-5 an hour; the yearly rates stay what they are."""
    made = Bridge(market=days_market([100], [101], [99], [100]))[0]
    assert made.funding["hyperliquid"].rate == pytest.approx(np.full(24, 1e-5))
    assert made.supply["kamino", "SOL"].apy == pytest.approx(np.full(24, 0.05))
    assert made.borrow["kamino", "USDC"].apy == pytest.approx(np.full(24, 0.065))


def test_the_oracle_sees_a_part_of_what_lies_beyond_the_body():
    """Body 100 to 105, low 80: at a quarter the oracle's lowest is 100 - 20 / 4 = 95; spot and
    perpetual keep the 80."""
    market = days_market([100], [110], [80], [105])
    made = Bridge(market=market, part_of_wicks=0.25)[0]
    assert made.prices["perp", "oracle"].low.min() == pytest.approx(95.0)
    assert made.prices["perp", "oracle"].high.max() == pytest.approx(106.25)
    assert made.prices["perp", "spot"].low.min() == 80.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bar_seconds": 420}, "must divide a day and be a multiple of 5 minutes"),
        ({"bar_seconds": 0}, "must divide a day"),
        ({"paths": 0}, "paths: got 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"part_of_wicks": 1.5}, "part_of_wicks: got 1.5"),
    ],
)
def test_what_makes_no_bridge_is_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        Bridge(market=days_market([100], [101], [99], [100]), **fields)


def test_bars_of_an_hour_need_no_bridge():
    hours = Bridge(market=days_market([100], [101], [99], [100]))[0]
    with pytest.raises(ConfigError, match="a bridge leads through daily bars"):
        Bridge(market=hours)
    with pytest.raises(IndexError, match="path 64 of 64"):
        Bridge(market=days_market([100], [101], [99], [100]))[64]


def test_compiled_walks_are_the_plain_ones():
    """Three walks, and two days through them, with and without numba; logarithms and cosines of
    two libraries differ in the last bit."""
    own = plain.load(names=("bridge",))["bridge"]
    weights = np.full(24, 1 / 24)
    found = []
    for module in (own, kernel):
        walks, reach = np.empty((3, kernel.STEPS_A_DAY + 1), np.float32), np.empty(3)
        module.draw_walks(walks, reach, weights, 0.45, 7, 0)
        near = np.zeros((1, kernel.BINS, kernel.BINS, 2), np.int32)
        near[..., 1] = -2
        library = module.Library(walks[None], near, np.empty(0))
        candles = ([100.0, 104.0], [110.0, 105.0], [95.0, 90.0], [104.0, 91.0])
        days = module.Days(np.array([20_000, 20_001]), *(np.array(row) for row in candles))
        bars = np.empty((4, 48))
        module.fill_path(bars, library, days, days, 7, 1)
        found.append((walks, reach, bars))
    for one, other, rounding in zip(*found, (1e-6, 1e-12, 1e-6), strict=True):
        assert np.allclose(one, other, rtol=0.0, atol=rounding * np.abs(other).max())


def test_a_wide_days_largest_hour_is_as_in_reality():
    """Real hours of SOL and ETH: the widest hour holds 0.5 of a day's range on average, 0.7 on one
    day in ten (docs/intraday.md)."""
    market = bl.load_market()
    shares = []
    for path in range(8):
        price = Bridge(market=market, paths=8)[path].reference_price
        hours = (price.high - price.low).reshape(-1, 24).max(axis=1)
        shares.append(hours / (market.reference_price.high - market.reference_price.low))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
    assert np.quantile(shares, 0.9) == pytest.approx(0.7, abs=0.08)


def test_the_library_is_drawn_once_a_seed():
    assert library_of(5) is library_of(5)
    assert library_of(5).walks.shape[0] == len(known.WIDTHS) + 1
    walks = library_of(5).walks
    assert walks.min() == 0.0
    assert walks.max() == 1.0
    assert walks.shape[2] == kernel.STEPS_A_DAY + 1


def test_the_public_bridge_takes_the_width_in_words():
    market = bl.load_market()
    assert len(bl.bridge(market, bar="15m", paths=1)[0]) == 96 * len(market)
    with pytest.raises(ConfigError, match="bar: got '2h'; it must be one of 1h"):
        bl.bridge(market, bar="2h")


def test_constants_and_page_are_those_that_the_benchmark_measured():
    """benchmarks/bridge.py writes them; a hand that changes one changes all or none."""
    kept = json.loads((ROOT / "benchmarks" / "bridge.json").read_text())
    assert known.HOUR_WEIGHTS == tuple(kept["hour_weights"])
    assert known.KINDS == tuple(tuple(map(tuple, both)) for both in kept["kinds"])
    assert known.WIDENING == kept["widening"]
    page = (ROOT / "docs" / "intraday.md").read_text()
    for table in (bridge_text.hours, bridge_text.coverage, bridge_text.elsewhere):
        assert table(kept) in page, "python benchmarks/bridge.py DIRECTORY"


def test_the_band_holds_what_it_says_on_real_hours():
    """Nine of ten cases of each coin, length and class, and far from liquidation without help."""
    kept = json.loads((ROOT / "benchmarks" / "bridge.json").read_text())
    assert len(kept["coverage"]) == 2 * 3 * 3
    assert min(one["widened"] for one in kept["coverage"]) >= 0.9
    assert min(one["plain"] for one in kept["coverage"] if one["class"] == "far") >= 0.9
