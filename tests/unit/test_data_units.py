"""Rates in percent where a fraction belongs, and the reverse, are refused with their row."""

import numpy as np
import pytest

from basislab.data.judge.plausible import check_fraction, check_percent, check_units, supply_floor
from basislab.data.read.answers import parse
from basislab.data.sources.payload import Payload
from basislab.errors import SourceError
from tests.data_fixtures import CANDLES, COIN_RATES, DRIFT, FUNDING, Rows, answers


def checked(name: str, rows: Rows) -> None:
    check_units(parse(Payload(name, name, "", rows)))


def refusal(name: str, rows: Rows) -> str:
    with pytest.raises(SourceError) as caught:
        checked(name, rows)
    assert str(caught.value).endswith("or keep them as they are with --trust-units.")
    return str(caught.value)


def place(row: int) -> str:
    return f"f: row {row + 1}"


@pytest.mark.parametrize("name", [CANDLES, FUNDING, COIN_RATES, DRIFT])
def test_true_rates_pass(name: str) -> None:
    checked(name, answers(20)[name])


def test_funding_in_percent_is_refused() -> None:
    """Premium and rate both in percent: the median rate is 0.3 % a day and more."""
    rows = answers(4)[FUNDING]
    for row in rows:
        row["fundingRate"] = f"{100 * float(row['fundingRate']):.8f}"
        del row["premium"]
    message = refusal(FUNDING, rows)
    assert message.startswith("funding.json: row 1, fundingRate: got ")
    assert (
        "these look like percent or a rate a year where fractions are wanted. Divide percent by 100"
        in message
    )


def test_one_funding_rate_in_percent_is_betrayed_by_its_premium() -> None:
    """0.00125 an hour is a legal rate, but the premium of 0.03 % gives 0.0000125."""
    rows = answers(4)[FUNDING]
    rows[7] |= {"fundingRate": "0.00125", "premium": "0.0003"}
    assert refusal(FUNDING, rows).startswith(
        "funding.json: row 8, fundingRate: got 0.00125, 100 times what premium 0.0003 gives"
    )


def test_a_true_spike_of_funding_passes() -> None:
    rows = answers(4)[FUNDING]
    rows[7] |= {"fundingRate": "-0.00205", "premium": "-0.0169"}
    checked(FUNDING, rows)


def test_eight_hourly_funding_is_judged_by_the_day() -> None:
    """0.001 three times a day is 0.3 % a day; hourly it would be 2.4 %."""
    rows = answers(8)[FUNDING]
    for row in rows:
        row["fundingRate"] = "0.001"
        del row["premium"]
    checked(FUNDING, rows[::8])
    assert "row 1" in refusal(FUNDING, rows)


def test_daily_sums_in_percent_are_refused() -> None:
    rows = answers(20)[DRIFT]
    for row in rows:
        row["rate"] *= 100
    assert refusal(DRIFT, rows).startswith(f"{DRIFT}: row 1, rate: got ")


def test_an_apy_series_in_fractions_is_refused() -> None:
    rows = answers(20)[COIN_RATES]
    for row in rows:
        row["apyBase"] /= 100
    message = refusal(COIN_RATES, rows)
    assert message.startswith(f"{COIN_RATES}: row 1, apyBase: got 0.0")
    assert "these look like fractions where percent are wanted. Multiply them by 100" in message


@pytest.mark.parametrize("row", [0, 1, 10, 19])
def test_one_apy_in_fractions_is_refused(row: int) -> None:
    rows = answers(20)[COIN_RATES]
    rows[row]["apyBaseBorrow"] = rows[row]["apyBaseBorrow"] / 100
    assert f"row {row + 1}, apyBaseBorrow: got 0.0" in refusal(COIN_RATES, rows)


@pytest.mark.parametrize("value", [0.0, 0.5, 47.0, None])
def test_a_dip_a_spike_or_a_null_of_apy_passes(value: float | None) -> None:
    rows = answers(20)[COIN_RATES]
    rows[10]["apyBase"] = value
    checked(COIN_RATES, rows)


def test_a_vanishing_rate_among_others_has_no_ratio() -> None:
    rows = answers(20)[COIN_RATES]
    rows[10]["apyBase"] = 5e-324
    checked(COIN_RATES, rows)


def test_columns_without_values_have_no_unit() -> None:
    check_percent(np.full(3, np.nan), place, 0.5)
    check_percent(np.zeros(3), place, 0.5)
    check_fraction(np.full(3, np.nan), 1.0, place)
    with pytest.raises(SourceError, match=r"f: row 2: got 0\.05"):
        check_fraction(np.array([np.nan, 0.05]), 1.0, place)


def test_a_coin_that_few_borrow_has_a_low_supply_rate():
    """Borrowing at 1.5 %, supplying at 0.1 %: true for a coin like BTC; at 0.01 % it is not."""
    borrow = np.full(30, 1.5)
    assert supply_floor(borrow) == 1.5 / 25
    check_percent(np.full(30, 0.1), place, supply_floor(borrow))
    with pytest.raises(SourceError, match="fractions where percent"):
        check_percent(np.full(30, 0.01), place, supply_floor(borrow))


def test_a_whole_reserve_in_fractions_is_refused():
    """Both columns divided by 100: the borrow rate does not bear out the supply rate."""
    with pytest.raises(SourceError, match="fractions where percent"):
        check_percent(np.full(30, 0.05), place, supply_floor(np.full(30, 0.07)))
