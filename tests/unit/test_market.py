"""`Market`: refuses what it cannot trust, never changes, and knows itself by its content."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from datetime import date

import numpy as np
import pytest

from basislab.errors import ConfigError, DataError
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from tests.builders import make_market

KEY = ("perp", "perp")


def full_market(n_bars: int = 4) -> Market:
    """A market whose every optional array is given."""
    market = make_market([100.0 + bar for bar in range(n_bars)], supply=0.001, borrow=0.002)
    price = replace(market.prices[KEY], volume=np.arange(n_bars, dtype=float))
    funding = FundingSeries(np.full(n_bars, 1e-4), settlements=np.full(n_bars, 24))
    used = {
        group: {
            key: replace(rates, utilisation=np.full(n_bars, 0.8))
            for key, rates in getattr(market, group).items()
        }
        for group in ("supply", "borrow")
    }
    return replace(market, prices={KEY: price}, funding={"perp": funding}, **used)


def with_value(market: Market, group: str, key, name: str, bar: int, value) -> Market:
    """The same market with one value of one array replaced."""
    series = getattr(market, group)[key]
    array = np.array(getattr(series, name))
    array[bar] = value
    changed = dict(getattr(market, group)) | {key: replace(series, **{name: array})}
    return replace(market, **{group: changed})


def every_array(market: Market):
    for group in ("prices", "funding", "supply", "borrow"):
        for key, series in getattr(market, group).items():
            for field in fields(series):
                yield group, key, field.name


EVERY_ARRAY = list(every_array(full_market()))
ids = [f"{group}-{name}" for group, _, name in EVERY_ARRAY]


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_price_is_finite_and_above_zero(name, value):
    with pytest.raises(DataError) as caught:
        with_value(full_market(), "prices", KEY, name, 2, value)
    assert str(caught.value) == (
        f"market 'made', price perp perp {name}: {np.float64(value)!r} at 2025-01-03T00:00:00 "
        "(bar 2); it must be a finite number above 0. Correct the source and import again."
    )


@pytest.mark.parametrize(
    ("group", "key", "name", "value", "message"),
    [
        ("prices", KEY, "volume", -1.0, "price perp perp volume: .* a finite number, 0 or more"),
        ("funding", "perp", "rate", np.nan, "funding perp rate: .* a finite number"),
        ("funding", "perp", "settlements", -1, "funding perp settlements: .* 0 or more"),
        ("supply", ("kamino", "SOL"), "apy", -0.1, "supply kamino SOL apy: .* 0 or more"),
        ("borrow", ("kamino", "USDC"), "apy", np.inf, "borrow kamino USDC apy: .* 0 or more"),
        ("supply", ("kamino", "SOL"), "utilisation", -0.1, "SOL utilisation: .* 0 or more"),
    ],
)
def test_a_value_that_cannot_be_is_named(group, key, name, value, message):
    with pytest.raises(DataError, match=message):
        with_value(full_market(), group, key, name, 1, value)


def test_a_missing_rate_is_never_zero():
    with pytest.raises(DataError, match=r"supply kamino SOL apy: .*nan.* \(bar 0\)"):
        with_value(full_market(), "supply", ("kamino", "SOL"), "apy", 0, np.nan)


def test_funding_may_be_negative_and_rates_zero():
    market = with_value(full_market(), "funding", "perp", "rate", 0, -0.5)
    market = with_value(market, "supply", ("kamino", "SOL"), "apy", 0, 0.0)
    assert market.funding["perp"].rate[0] == -0.5


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], "it has no bars"),
        (["2025-01-01", "2025-01-02", "2025-01-04"], r"bar 2 \(2025-01-04.*follows 2025-01-02"),
        (["2025-01-02", "2025-01-01"], r"bar 1 \(2025-01-01.*follows 2025-01-02"),
        (["2025-01-01", "2025-01-01"], r"bar 1 \(2025-01-01.*follows 2025-01-01"),
    ],
)
def test_times_are_a_regular_grid(times, message):
    times = np.array(times, "datetime64[s]")
    ones = np.ones(len(times))
    price = PriceSeries(ones, ones, ones, ones)
    with pytest.raises(DataError, match=f"market 'bad': .*{message}"):
        Market(name="bad", asset="SOL", times=times, prices={KEY: price})


def test_a_market_has_a_price():
    with pytest.raises(DataError, match="market 'made': it has no price series"):
        replace(full_market(), prices={})


@pytest.mark.parametrize(
    "changes",
    [
        {"asset": ""},
        {"quote": "US DC"},
        {"funding": {"hyper liquid": full_market().funding["perp"]}},
        {"borrow": {("kamino", ""): full_market().borrow["kamino", "USDC"]}},
    ],
    ids=["asset", "quote", "funding", "borrow"],
)
def test_a_name_is_a_word(changes):
    """Labels join names by blanks: with blanks in them two series could share one."""
    with pytest.raises(DataError, match=r"market 'made': '.*' is no name of a venue"):
        replace(full_market(), **changes)


def test_a_series_has_a_value_a_bar():
    with pytest.raises(DataError, match="market 'made', funding perp: 3 values for 4 bars"):
        replace(full_market(), funding={"perp": FundingSeries(np.zeros(3))})


def test_the_arrays_of_a_series_are_of_one_shape():
    with pytest.raises(DataError, match=r"PriceSeries.high: expected shape \(2,\), got \(3,\)"):
        PriceSeries([1, 1], [1, 1, 1], [1, 1], [1, 1])
    with pytest.raises(DataError, match=r"RateSeries.observed: expected shape \(2,\), got \(1,\)"):
        RateSeries([0.1, 0.1], observed=[True])
    with pytest.raises(DataError, match=r"RateSeries.apy: expected shape"):
        RateSeries([[0.1, 0.1]])


@pytest.mark.parametrize(("group", "key", "name"), EVERY_ARRAY, ids=ids)
def test_every_array_is_read_only_and_typed(group, key, name):
    array = getattr(getattr(full_market(), group)[key], name)
    assert not array.flags.writeable
    assert array.dtype == {"settlements": np.int64, "observed": np.bool_}.get(name, np.float64)


def test_what_was_given_is_not_held():
    """Changing the caller's array later changes nothing."""
    rates = np.full(2, 0.1)
    series = RateSeries(rates)
    rates[0] = 9.0
    assert series.apy.tolist() == [0.1, 0.1]


def test_a_market_is_frozen():
    market = full_market()
    with pytest.raises(FrozenInstanceError):
        market.name = "x"
    with pytest.raises(TypeError):
        market.prices[KEY] = None
    with pytest.raises(ValueError, match="read-only"):
        market.times[0] = market.times[1]


def test_a_series_is_observed_unless_told_otherwise():
    assert RateSeries([0.1, 0.2]).observed.tolist() == [True, True]
    assert RateSeries([0.1, 0.2], observed=[True, False]).observed.tolist() == [True, False]
    assert len(RateSeries([0.1, 0.2])) == 2


class TestFingerprint:
    """SHA-256 of the content."""

    def test_is_the_same_for_the_same_content(self):
        assert full_market().fingerprint == full_market().fingerprint
        assert full_market().fingerprint.startswith("sha256:")
        assert len(full_market().fingerprint) == 7 + 64

    def test_does_not_know_name_and_provenance(self):
        market = full_market()
        renamed = replace(market, name="other", provenance={"source": "elsewhere"})
        assert market.fingerprint == renamed.fingerprint

    @pytest.mark.parametrize(("group", "key", "name"), EVERY_ARRAY, ids=ids)
    def test_feels_every_value_of_every_array(self, group, key, name):
        market = full_market()
        array = getattr(getattr(market, group)[key], name)
        prints = {market.fingerprint}
        for bar in range(len(market)):
            value = not array[bar] if name == "observed" else array[bar] + 1
            prints.add(with_value(market, group, key, name, bar, value).fingerprint)
        assert len(prints) == 1 + len(market)

    def test_feels_the_last_bit(self):
        market = full_market()
        close = market.reference_price.close
        other = with_value(market, "prices", KEY, "close", 1, np.nextafter(close[1], 1e9))
        assert market.fingerprint != other.fingerprint

    @pytest.mark.parametrize(
        "changes",
        [
            {"asset": "ETH"},
            {"quote": "USDT"},
            {"times": full_market().times + np.timedelta64(1, "D")},
            {"funding": {}},
            {"funding": {"other": full_market().funding["perp"]}},
            {"borrow": {("other", "USDC"): full_market().borrow["kamino", "USDC"]}},
        ],
        ids=["asset", "quote", "times", "missing", "venue", "protocol"],
    )
    def test_feels_what_the_arrays_are_of(self, changes):
        assert full_market().fingerprint != replace(full_market(), **changes).fingerprint

    def test_feels_an_optional_array_that_is_left_out(self):
        market = full_market()
        bare = replace(market.prices[KEY], volume=None)
        assert market.fingerprint != replace(market, prices={KEY: bare}).fingerprint

    def test_feels_which_price_is_the_reference_but_no_other_order(self):
        market = full_market()
        other = replace(market.prices[KEY], volume=None)
        one = replace(market, prices={KEY: market.prices[KEY], ("spot", "spot"): other})
        two = replace(market, prices={("spot", "spot"): other, KEY: market.prices[KEY]})
        assert one.fingerprint != two.fingerprint
        lending = dict(reversed(market.supply.items()))
        assert market.fingerprint == replace(market, supply=lending).fingerprint

    def test_of_the_sample_is_stable(self, market):
        """Results name it; it changes on purpose only."""
        assert market.fingerprint == (
            "sha256:aa5d84f454e53bac2cc64106497a287738f6a6d81a69bd8f77a07acf41672856"
        )


class TestWindow:
    """Both days inclusive, without copying."""

    def test_is_a_view(self):
        market = full_market()
        part = market.window(date(2025, 1, 2), date(2025, 1, 3))
        assert (len(part), f"{part.start:%m-%d}", f"{part.end:%m-%d}") == (2, "01-02", "01-03")
        assert part.reference_price.close.tolist() == [101.0, 102.0]
        assert np.shares_memory(part.reference_price.close, market.reference_price.close)
        assert not part.reference_price.close.flags.writeable
        assert part.name == market.name

    def test_has_the_fingerprint_of_its_content(self):
        market = full_market()
        assert market.window().fingerprint == market.fingerprint
        part = market.window(date(2025, 1, 2))
        assert part.fingerprint != market.fingerprint
        assert part.fingerprint == replace(part, name="x").fingerprint

    def test_keeps_optional_arrays_that_are_missing_missing(self):
        part = make_market([1.0, 2.0]).window(date(2025, 1, 2))
        assert part.reference_price.volume is None

    def test_takes_all_bars_of_its_days(self):
        """Hourly bars: a day is 24 of them."""
        times = np.datetime64("2025-01-01", "s") + np.arange(72) * np.timedelta64(1, "h")
        ones = np.ones(72)
        hours = Market(
            name="hours",
            asset="SOL",
            times=times,
            prices={KEY: PriceSeries(ones, ones, ones, ones)},
        )
        part = hours.window(date(2025, 1, 2), date(2025, 1, 2))
        assert (len(part), part.bar_seconds) == (24, 3_600)
        assert str(part.times[0]) == "2025-01-02T00:00:00"

    @pytest.mark.parametrize(
        ("start", "end", "message"),
        [
            (date(2024, 12, 31), None, "start: 2024-12-31 is outside market 'made'"),
            (None, date(2025, 1, 5), "end: 2025-01-05 is outside .* 2025-01-01 to 2025-01-04"),
            (date(2025, 1, 3), date(2025, 1, 2), "end: 2025-01-02 lies before start 2025-01-03"),
        ],
    )
    def test_lies_within_the_market(self, start, end, message):
        with pytest.raises(ConfigError, match=message):
            full_market().window(start, end)


def through_pickle(market: Market) -> Market:
    return pickle.loads(pickle.dumps(market))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("copied", [through_pickle, copy.deepcopy])
def test_a_copy_in_another_process_is_the_same_market(copied):
    """Lock-in: a mapping proxy could not be pickled, and numpy unpickles writable arrays."""
    market = full_market()
    other = copied(market)
    assert other.fingerprint == market.fingerprint
    assert (other.name, other.asset, other.quote) == (market.name, market.asset, market.quote)
    assert not any(
        getattr(getattr(other, group)[key], name).flags.writeable
        for group, key, name in EVERY_ARRAY
    )


def test_the_width_of_a_bar():
    assert full_market().bar_seconds == 86_400
    assert full_market(1).bar_seconds == 86_400


def test_its_repr_says_what_it_is():
    assert repr(full_market()) == (
        "Market('made': SOL/USDC, 4 bars of 24 h, 2025-01-01 to 2025-01-04, 5 series)"
    )


def test_every_series_has_a_printable_label():
    assert list(full_market().series()) == [
        "price perp perp",
        "funding perp",
        "supply kamino SOL",
        "supply kamino USDC",
        "borrow kamino USDC",
    ]
