"""Rows drawn jointly, in blocks, from whole days only; block lengths against `arch`."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basislab.data import partial_bars
from basislab.errors import ConfigError
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import ALIKE, Rows, Tilt, draw_rows, fill_bars, new_bars
from basislab.research.blocks import block_lengths, optimal_block
from basislab.research.bootstrap import (
    Shift,
    dependent_series,
    draw_path,
    drawable_bars,
    history_rows,
    resample,
)
from basislab.research.montecarlo import Chunk, chunk_paths, make_plan, run_chunk
from basislab.simulate import simulate
from basislab.types import Market, PriceSeries
from tests.builders import STUDY_MODELS, free_config, make_market


@pytest.fixture(scope="module")
def arch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arch.bootstrap
    return arch.bootstrap


def autoregressive(seed, n, memory):
    random = np.random.default_rng(seed)
    noise, values = random.standard_normal(n), np.zeros(n)
    for i in range(1, n):
        values[i] = memory * values[i - 1] + noise[i]
    return values


@pytest.mark.parametrize("n", [30, 99, 100, 410, 2000])
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.95, -0.4])
def test_block_length_is_that_of_arch(arch, n, memory):
    """Patton, Politis, White (2009); ours has a floor of one day."""
    for seed in range(3):
        values = autoregressive(seed, n, memory)
        expected = float(arch.optimal_block_length(values)["stationary"].iloc[0])
        assert optimal_block(values) == pytest.approx(max(expected, 1.0), rel=1e-12)


def test_block_length_of_the_sample_is_that_of_arch(arch, market):
    rows = history_rows(market, drawable_bars(market), "hyperliquid", "kamino")
    series = dependent_series(rows)
    assert list(series) == ["return", "|return|", "funding", "carry"]
    found = block_lengths(series)
    for name, values in series.items():
        expected = float(arch.optimal_block_length(values)["stationary"].iloc[0])
        assert found[name] == pytest.approx(max(expected, 1.0), rel=1e-12)


def test_more_memory_needs_longer_blocks():
    lengths = [optimal_block(autoregressive(1, 2000, memory)) for memory in (0.0, 0.5, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[0] < 3
    assert lengths[2] > 15


def test_a_constant_series_needs_no_blocks_and_a_short_one_is_refused():
    assert optimal_block(np.full(100, 0.05)) == 1.0
    with pytest.raises(ConfigError, match="29 days of history; at least 30"):
        optimal_block(np.arange(29.0))


def test_blocks_are_geometric_with_the_mean_asked_for():
    """Of 200 000 draws from 100 000 rows, 1 in 20 begins a block: 10 000 +- 4 x 97."""
    rows = draw_path(200_000, 100_000, 20.0, 3, 0)
    begins = np.diff(rows) != 1
    begins &= ~((rows[:-1] == 99_999) & (rows[1:] == 0))
    assert abs(begins.sum() - 10_000) < 4 * np.sqrt(200_000 * 0.05 * 0.95)
    lengths = np.diff(np.flatnonzero(begins))
    # geometric: the standard deviation is sqrt(1 - p) / p = 19.5
    assert np.std(lengths) == pytest.approx(19.5, rel=0.05)


def test_every_row_is_drawn_equally_often():
    """40 rows, 200 000 draws in blocks of 5: each 5000 times, within five deviations."""
    counts = np.bincount(draw_path(200_000, 40, 5.0, 8, 1), minlength=40)
    deviation = np.sqrt(200_000 / 40 * 2 * 5)
    assert np.abs(counts - 5_000).max() < 5 * deviation


def test_an_odd_path_is_the_beginning_of_an_even_one():
    """Random numbers come in pairs of bars: the seventh of seven is the seventh of eight."""
    odd, even = np.empty(7, np.int64), np.empty(8, np.int64)
    for rows in (odd, even):
        draw_rows(rows, 50, 3.0, 5, 2, ALIKE)
    assert even[:7].tolist() == odd.tolist()


def test_the_history_is_a_ring():
    rows = draw_path(5_000, 7, 50.0, 1, 0)
    after = rows[1:][rows[:-1] == 6]
    assert (after == 0).mean() > 0.9


def test_bootstrap_mean_and_variance_are_those_of_arch(arch):
    """Variance of the mean of a dependent series: both bootstraps estimate the same number."""
    values = autoregressive(2, 300, 0.7)
    ours = [values[draw_path(300, 300, 12.0, 5, path)].mean() for path in range(4_000)]
    theirs = arch.StationaryBootstrap(12.0, values, seed=np.random.default_rng(1))
    oracle = theirs.apply(np.mean, 4_000)[:, 0]
    # each standard deviation is known to 1 / sqrt(2 x 4000) = 1.1 %
    assert np.std(ours) == pytest.approx(np.std(oracle), rel=0.07)
    assert np.mean(ours) == pytest.approx(values.mean(), abs=4 * np.std(ours) / np.sqrt(4_000))


@given(first=st.integers(0, 50), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(deadline=None, max_examples=20)
def test_a_path_does_not_depend_on_its_chunk(first, sizes):
    market = wild_market()
    plan = plan_for(market, [free_config(kind, leverage=3) for kind in STUDY_MODELS])
    total = sum(sizes)
    whole = run_chunk(plan, Chunk(first, total))
    begin = 0
    for size in sizes:
        part = run_chunk(plan, Chunk(first + begin, size))
        for name, values in part._asdict().items():
            expected = getattr(whole, name)[..., begin : begin + size]
            assert values.tobytes() == np.ascontiguousarray(expected).tobytes(), name
        begin += size


def wild_market(n_bars=60):
    random = np.random.default_rng(11)
    close = 100 * np.exp(np.cumsum(0.05 * random.standard_normal(n_bars)))
    return make_market(
        close.tolist(),
        high=(close * 1.05).tolist(),
        low=(close * 0.95).tolist(),
        supply=random.uniform(0, 0.001, n_bars).tolist(),
        borrow=random.uniform(0, 0.002, n_bars).tolist(),
        funding=(0.001 * random.standard_normal(n_bars)).tolist(),
        hurdle=random.uniform(0, 0.1, n_bars).tolist(),
    )


def plan_for(market, many, n_bars=40, marks=(0, 20, 39), shift=None):
    bars = drawable_bars(market)
    return make_plan(market, many, bars, n_bars=n_bars, block=6.0, seed=4, shift=shift, marks=marks)


def test_a_path_is_the_market_resampled_and_simulated():
    """The chunk against the slow way: a whole market resampled, every model's single run."""
    market = wild_market()
    many = [free_config(kind, leverage=3, venue={"taker_fee_bps": 3.5}) for kind in STUDY_MODELS]
    plan = plan_for(market, many)
    found = run_chunk(plan, Chunk(2, 3))
    bars = drawable_bars(market)
    for path in range(3):
        drawn = bars[draw_path(40, len(bars), 6.0, 4, 2 + path)]
        made = resample(market, drawn)
        for number, config in enumerate(many):
            result = simulate(made, config)
            assert found.final[number, path] == pytest.approx(result.final_usd, rel=1e-11)
            assert found.drawdown[number, path] == pytest.approx(result.max_drawdown, abs=1e-11)
            assert found.hurdle[number, path] == pytest.approx(result.hurdle_return, rel=1e-11)
            at_marks = result.equity_usd[[0, 20, 39]]
            assert found.fan[:, number, path] == pytest.approx(at_marks, rel=1e-6)
            liquidations = [
                event.bar
                for event in result.event_list
                if event.kind == "liquidation" or (event.kind == "close" and event.leg)
            ]
            assert found.liquidation[number, path] == min(liquidations, default=np.inf)


def test_a_resampled_market_keeps_what_happened_together():
    """Bar 2 drawn twice: return 110/105 each time; mark 1 % above; its own funding and rates."""
    prices = {
        ("perp", "perp"): PriceSeries(*np.array([[100, 105, 110.0]] * 4)),
        ("perp", "mark"): PriceSeries(*np.array([[100, 105, 111.1]] * 4)),
    }
    made = make_market([100.0, 105.0, 110.0], funding=[0.1, 0.2, 0.3], hurdle=[0.01, 0.02, 0.03])
    market = Market(
        name="two", asset="SOL", times=made.times, prices=prices, funding=made.funding,
        supply=made.supply, borrow=made.borrow,
    )  # fmt: skip
    path = resample(market, np.array([2, 2, 1]))
    expected = 110 * np.array([110 / 105, (110 / 105) ** 2, (110 / 105) ** 2 * 1.05])
    assert path.reference_price.close == pytest.approx(expected)
    ratio = path.prices["perp", "mark"].close / path.reference_price.close
    assert ratio == pytest.approx([1.01, 1.01, 1.0])
    assert path.funding["perp"].rate.tolist() == [0.3, 0.3, 0.2]
    assert path.supply["kamino", "USDC"].apy.tolist() == [0.03, 0.03, 0.02]
    assert path.times[0] == market.times[-1] + np.timedelta64(1, "D")


def test_partial_days_and_the_days_after_them_are_never_drawn(market):
    """The sample's two partial days: 2025-04-20 (and 04-21, whose return spans it), 2026-02-13."""
    days = market.times.astype("datetime64[D]").astype(str)
    drawable = set(days[drawable_bars(market, partial_bars(market))])
    missing = [day for day in days if day not in drawable]
    assert missing == [days[0], "2025-04-20", "2025-04-21", "2026-02-13"]


def test_too_little_history_is_refused():
    with pytest.raises(ConfigError, match="19 whole days to draw from; at least 30"):
        drawable_bars(make_market([100.0] * 20))


def test_volatility_widens_around_the_mean():
    """Log moves m + k (x - m): twice the deviation, the same mean; the range stays a range."""
    market = wild_market()
    bars = drawable_bars(market)
    plain = history_rows(market, bars, "perp", "kamino")
    wide = history_rows(market, bars, "perp", "kamino", Shift(volatility=2))
    assert np.log(wide.close).mean() == pytest.approx(np.log(plain.close).mean())
    assert np.log(wide.close).std() == pytest.approx(2 * np.log(plain.close).std())
    assert (wide.low <= wide.close).all()
    assert (wide.high >= wide.close).all()


def test_funding_and_borrow_shifts_are_a_year():
    """+3.65 % a year is +1 bp a day; a borrow rate does not fall below zero."""
    market = wild_market()
    bars = drawable_bars(market)
    plain = history_rows(market, bars, "perp", "kamino")
    shifted = history_rows(
        market, bars, "perp", "kamino", Shift(funding_apy=0.0365, borrow_apy=-0.073)
    )
    assert shifted.funding - plain.funding == pytest.approx(1e-4)
    assert shifted.borrow == pytest.approx(np.maximum(plain.borrow - 2e-4, 0))
    assert shifted.borrow.min() == 0.0


@pytest.mark.parametrize(
    ("field", "value"), [("volatility", -1), ("volatility", 11), ("funding_apy", 6)]
)
def test_absurd_shifts_are_refused(field, value):
    with pytest.raises(ConfigError, match=rf"Shift.{field}: got {value}; it must be a number in"):
        Shift(**{field: value})


def two_rows():
    pairs = ((1.2, 1.0), (0.9, 0.8), (1.1, 0.9), (0.0, 0.0), (2e-4, 0.0), (0.0, 0.0), (1.01, 1.02))
    return Rows(*(np.array(pair) for pair in pairs))


def test_chained_rows_begin_at_the_price_given():
    """100 -> 110 -> 99: ratios 1.1 and 0.9; extremes are ratios to the close before."""
    bars = new_bars(2)
    hurdle = fill_bars(bars, two_rows(), np.array([0, 1]), 100.0, Tilt(0.0, 0.0, 0.0, 1.0, 0.0))
    assert isinstance(bars, Bars)
    assert bars.close == pytest.approx([110, 99])
    assert bars.high == pytest.approx([120, 110])
    assert bars.low == pytest.approx([90, 88])
    assert hurdle == pytest.approx(1.01 * 1.02 - 1)


def test_a_tilt_moves_levels_and_widens_moves():
    """Funding 0 + 1e-4; borrow 2e-4 less a carry of 3e-4 is a rate of 0, never negative; hurdle
    1.01 + 0.001. Volatility 2 squares every ratio at no drift: 100 -> 121 -> 121 x 0.81 = 98.01.
    """
    bars = new_bars(2)
    hurdle = fill_bars(bars, two_rows(), np.array([0, 1]), 100.0, Tilt(1e-4, 3e-4, 0.001, 2.0, 0.0))
    assert bars.close == pytest.approx([121, 98.01])
    assert bars.high == pytest.approx([144, 121])
    assert bars.low == pytest.approx([81, 77.44])
    assert bars.funding == pytest.approx([1e-4, 1e-4])
    assert list(bars.borrow) == [0.0, 0.0]
    assert hurdle == pytest.approx(1.011 * 1.021 - 1)


def test_moves_are_widened_around_their_mean():
    """Drift 0.1, factor 1.5: a move of exactly the drift stays; one of 0.2 becomes 0.25."""
    rows = two_rows()._replace(close=np.exp([0.1, 0.2]))
    bars = new_bars(2)
    fill_bars(bars, rows, np.array([0, 1]), 100.0, Tilt(0.0, 0.0, 0.0, 1.5, 0.1))
    assert np.log(bars.close / 100.0) == pytest.approx([0.1, 0.35])


@pytest.mark.parametrize("n_paths", [1, 15, 16, 17, 1000])
@pytest.mark.parametrize("n_configs", [1, 200, 100_000])
def test_chunks_are_all_paths_in_order_and_small(n_paths, n_configs):
    chunks = chunk_paths(n_paths, n_configs, 13)
    assert [
        path for chunk in chunks for path in range(chunk.first, chunk.first + chunk.n_paths)
    ] == (list(range(n_paths)))
    largest = max(chunk.n_paths for chunk in chunks)
    assert largest == 1 or largest * n_configs * 84 <= 8_000_000
