"""Daily bars from narrower ones: outer prices, sums, means, whole days only."""

from dataclasses import replace

import numpy as np
import pytest

from basislab.data import load_market
from basislab.data.build.resample import to_daily
from basislab.errors import ConfigError, DataError
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries


def hours(start: str, bars: int, step: str = "1h") -> Market:
    """Bar i opens at 100 + i, spans 1 either way, and closes where the next one opens."""
    amount, unit = int(step[:-1]), step[-1]
    open_ = 100.0 + np.arange(bars)
    ones = np.ones(bars)
    return Market(
        name="m",
        asset="SOL",
        times=np.datetime64(start, "s") + np.arange(bars) * np.timedelta64(amount, unit),
        prices={("x", "perp"): PriceSeries(open_, open_ + 2, open_ - 1, open_ + 1, 10 * ones)},
        funding={"x": FundingSeries(1e-5 * np.arange(bars), np.ones(bars, np.int64))},
        supply={("k", "SOL"): RateSeries(0.01 * (1 + np.arange(bars) % 2))},
        provenance={"gaps": []},
    )


def test_a_day_is_made_of_its_hours() -> None:
    """Hours 4 to 27 of a market from 20:00 are 2025-01-01: open 104, close 128; 2 h are left."""
    market = to_daily(hours("2024-12-31T20:00", 4 + 48 + 2))
    assert market.times.astype("datetime64[D]").astype(str).tolist() == ["2025-01-01", "2025-01-02"]
    price, funding = market.reference_price, market.funding["x"]
    assert [price.open[0], price.high[0], price.low[0], price.close[0]] == [104, 129, 103, 128]
    assert price.volume.tolist() == [240, 240]
    assert funding.rate[0] == pytest.approx(1e-5 * sum(range(4, 28)))
    assert funding.settlements.tolist() == [24, 24]
    assert market.supply["k", "SOL"].apy.tolist() == pytest.approx([0.015, 0.015])
    assert market.provenance["resampled"]["left_out"] == 6
    assert market.provenance["gaps"] == []


@pytest.mark.parametrize(("step", "width"), [("15m", 96), ("8h", 3)])
def test_any_part_of_a_day_will_do(step: str, width: int) -> None:
    market = to_daily(hours("2025-01-01", 2 * width, step))
    assert (len(market), market.bar_seconds) == (2, 86_400)
    assert market.reference_price.close.tolist() == [100 + width, 100 + 2 * width]


def test_a_day_with_a_filled_hour_was_not_seen_whole() -> None:
    market = hours("2025-01-01", 48)
    seen = np.ones(48, np.bool_)
    seen[30] = False
    part = RateSeries(market.supply["k", "SOL"].apy, seen)
    daily = to_daily(replace(market, supply={("k", "SOL"): part}))
    assert daily.supply["k", "SOL"].observed.tolist() == [True, False]
    assert daily.reference_price.observed.all()


def test_daily_bars_stay_as_they_are() -> None:
    sample = load_market()
    assert to_daily(sample) is sample


def test_what_makes_no_day_is_refused() -> None:
    with pytest.raises(DataError, match="it holds no whole day"):
        to_daily(hours("2025-01-01T01:00", 40))
    with pytest.raises(ConfigError, match="bars of 25200 s do not divide a day"):
        to_daily(hours("2025-01-01", 40, "7h"))
