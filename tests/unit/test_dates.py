"""A day or a moment is taken in every form that Python knows, and refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

import basislab as bl
from basislab.data.build.recipe import Recipe
from basislab.errors import ConfigError
from basislab.types.dates import as_day, as_moment

TOKYO = timezone(timedelta(hours=9))
DAY = date(2025, 1, 18)
NAIVE = datetime(2025, 1, 18, 12)  # noqa: DTZ001 (what users have)

FORMS = [
    "2025-01-18",
    "2025-01-18T12:00",
    "2025-01-18 23:59:59Z",
    DAY,
    NAIVE,
    datetime(2025, 1, 18, tzinfo=UTC),
    pd.Timestamp("2025-01-18 12:00:00.123456789"),
    pd.Timestamp("2025-01-18", tz="UTC"),
    np.datetime64("2025-01-18"),
    np.datetime64("2025-01-18T23:59:59.999999999"),
]
WRONG = [
    "yesterday",
    "2025-02-30",
    "",
    20250118,
    True,
    1.5,
    float("nan"),
    pd.NaT,
    pd.NA,
    np.datetime64("NaT"),
    np.datetime64(10**17, "s"),
    np.array("2025-01-18", "datetime64[D]"),
    b"2025-01-18",
    [DAY],
    datetime.min.replace(tzinfo=TOKYO),
]
TWO_DAYS = {"start": "2025-01-18", "end": "2025-01-19"}


@pytest.mark.parametrize("given", FORMS, ids=repr)
def test_every_form_of_a_day_is_the_same_day(given):
    assert DAY == as_day(given)


@pytest.mark.parametrize("kind", [lambda moment: moment, pd.Timestamp, lambda m: m.isoformat()])
def test_a_time_with_a_zone_is_taken_to_utc_first(kind):
    """05:00 in Tokyo (UTC+9) is 20:00 of the day before in UTC."""
    assert date(2025, 1, 17) == as_day(kind(datetime(2025, 1, 18, 5, tzinfo=TOKYO)))


@pytest.mark.parametrize("given", WRONG, ids=repr)
def test_what_is_no_day_is_named_with_a_remedy(given):
    with pytest.raises(
        ConfigError, match=r"(?s)start: got .*; write a day as 2025-01-18\."
    ) as found:
        as_day(given, "start")
    assert found.value.__cause__ is None


def test_no_day_stays_none():
    assert as_day(None) is None


@pytest.mark.parametrize(
    "given",
    [
        "2025-01-18T12:00",
        NAIVE,
        pd.Timestamp("2025-01-18 21:00", tz=TOKYO),
        np.datetime64("2025-01-18T12"),
    ],
    ids=repr,
)
def test_a_moment_has_its_zone(given):
    """12:00 UTC is 21:00 in Tokyo; what names no zone is UTC."""
    moment = as_moment(given)
    assert datetime(2025, 1, 18, 12, tzinfo=UTC) == moment
    assert moment.utcoffset() == timedelta(0)


def test_what_is_no_moment_is_named():
    with pytest.raises(ConfigError, match="as_of: got 'noon'; write a time as 2025-01-18T12:00"):
        as_moment("noon", "as_of")


@pytest.mark.parametrize("given", FORMS, ids=repr)
def test_a_window_takes_every_form(market, given):
    """410 daily bars; those of one day are one."""
    part = market.window(given, given)
    assert (1, DAY) == (len(part), part.start.date())


@pytest.mark.parametrize("given", [pd.NaT, 20250118, "18.01.2025"], ids=repr)
def test_a_window_refuses_in_words(market, given):
    """Lock-in: a text was compared with a date, a bare TypeError."""
    with pytest.raises(ConfigError, match="end: got"):
        market.window("2025-01-18", given)


def run_with(function: str, **days: object) -> object:
    """A small run of each public function that takes days."""
    market, config = bl.load_market(), bl.RebalanceConfig(leverage=3)
    if function == "sweep":
        return bl.sweep(market, config, trigger=[5, 6], **days)["final_usd"].tolist()
    if function == "montecarlo":
        small = {"paths": 2, "days": 5, "block_check": False, "history_error": False}
        return bl.montecarlo(market, config, **small, **days).summary.to_numpy().tolist()
    if function == "certify":
        return bl.certify(market, config, trigger=[5, 6], **days).label
    return bl.backtest(market, config, **days).final_usd


FUNCTIONS = ("backtest", "sweep", "montecarlo", "certify")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_public_functions_take_times_for_days(function):
    text = {"start": "2025-01-18", "end": "2025-06-30"}
    times = {"start": pd.Timestamp("2025-01-18 07:00"), "end": np.datetime64("2025-06-30T23:00")}
    assert run_with(function, **text) == run_with(function, **times)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_public_functions_refuse_what_is_no_day(function):
    with pytest.raises(ConfigError, match=r"start: got 20250118; write a day"):
        run_with(function, start=20250118)


def test_a_scenario_takes_times_for_days():
    """The result says which days were run."""
    by_text = bl.Scenario(model="static", leverage=2, **TWO_DAYS)
    by_time = bl.Scenario(model="static", leverage=2, start=NAIVE, end=pd.Timestamp("2025-01-19"))
    assert by_text == by_time


def test_a_recipe_keeps_days_as_text():
    recipe = Recipe(asset="SOL", since=pd.Timestamp("2025-01-18"), until=date(2025, 1, 20))
    assert ("2025-01-18", "2025-01-20") == (recipe.since, recipe.until)
