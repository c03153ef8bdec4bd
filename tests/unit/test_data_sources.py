"""Rows are validated strictly: each bad one is named with file, row, field and remedy."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basislab.data.read.answers import parse
from basislab.data.sources.fields import Row, one_value, read_rows
from basislab.data.sources.payload import Payload
from basislab.data.sources.rows import RawSeries
from basislab.errors import SourceError
from tests.data_fixtures import (
    CANDLES,
    COIN_RATES,
    DRIFT,
    FUNDING,
    START,
    answers,
    millis,
    settlement,
)


def parsed(name: str, rows: list[Any]) -> RawSeries:
    return parse(Payload(f"dir/{name}", name, "", rows))


def refusal(name: str, rows: list[Any]) -> str:
    with pytest.raises(SourceError) as caught:
        parsed(name, rows)
    message = str(caught.value)
    assert "\n" not in message
    return message


def with_bad(name: str, key: str, value: Any) -> list[Any]:
    """Rows of which the third has `value` under `key`; it is dropped where value is ..."""
    rows = answers(4)[name]
    rows[2].pop(key)
    if value is not ...:
        rows[2][key] = value
    return rows


@pytest.mark.parametrize(
    ("name", "kind", "venue"),
    [
        (CANDLES, "candles", "hyperliquid"),
        (FUNDING, "funding", "hyperliquid"),
        (COIN_RATES, "lending", "kamino"),
        (DRIFT, "daily funding", "drift"),
    ],
)
def test_a_file_is_recognised_by_its_content(name: str, kind: str, venue: str) -> None:
    rows = answers(4)[name]
    series = parsed(name, rows)
    assert (series.kind, series.venue, series.asset) == (kind, venue, "ETH")
    assert len(series.times) == len(series.values) == len(rows)


def test_candles_need_no_particular_file_name() -> None:
    assert parsed("whatever.json", answers(4)[CANDLES]).kind == "candles"


def test_decimals_are_read_to_the_last_bit() -> None:
    rows = answers(4)[CANDLES]
    rows[0]["v"] = "1819197.9399999999"
    assert parsed(CANDLES, rows).values[0, 4] == 1819197.94


def test_json_numbers_pass_where_the_venue_sends_decimal_text() -> None:
    rows = answers(4)[CANDLES]
    rows[0]["o"] = 3000.5
    assert parsed(CANDLES, rows).values[0, 0] == 3000.5


def test_a_null_rate_is_missing_and_never_zero() -> None:
    series = parsed(COIN_RATES, with_bad(COIN_RATES, "apyBase", None))
    assert np.isnan(series.values[2, 0])
    assert series.values[2, 1] > 0


PRICE = "wanted is a price above 0, as decimal text such as '191.47'"
BAD_FIELDS = [
    (CANDLES, "o", "abc", PRICE),
    (CANDLES, "c", "", PRICE),
    (CANDLES, "h", "NaN", PRICE),
    (CANDLES, "l", "inf", PRICE),
    (CANDLES, "c", "1e999", PRICE),
    (CANDLES, "c", "-3000.0", PRICE),
    (CANDLES, "c", "0", PRICE),
    (CANDLES, "c", None, PRICE),
    (CANDLES, "c", True, PRICE),
    (CANDLES, "c", "1" * 65, PRICE),
    (CANDLES, "o", 10**400, PRICE),
    (CANDLES, "o", "٣٠٠٠", PRICE),
    (CANDLES, "o", "1_000", PRICE),
    (CANDLES, "o", "1e13", PRICE),
    (CANDLES, "v", "1e19", "a volume of 0 or more"),
    (CANDLES, "v", "-1", "a volume of 0 or more"),
    (CANDLES, "t", "1735689600000", "a whole number of milliseconds"),
    (CANDLES, "t", 1735689600, "a whole number of milliseconds"),
    (CANDLES, "t", 10**30, "a whole number of milliseconds"),
    (CANDLES, "s", 7, "the coin's name"),
    (CANDLES, "i", 1, "the interval as text"),
    (FUNDING, "fundingRate", "abc", "a fraction of notional as decimal text"),
    (FUNDING, "fundingRate", "1.25", "divide percent by 100"),
    (FUNDING, "premium", "x", "decimal text"),
    (FUNDING, "time", 1.5, "a whole number of milliseconds"),
    (COIN_RATES, "apyBase", "5.2", "percent per year as a number from 0 to 10000, or null"),
    (COIN_RATES, "apyBase", -0.1, "percent per year"),
    (COIN_RATES, "apyBaseBorrow", 1e9, "percent per year"),
    (COIN_RATES, "apyBaseBorrow", float("inf"), "percent per year"),
    (COIN_RATES, "timestamp", 1735689600, "a time with its zone"),
    (COIN_RATES, "timestamp", "yesterday", "a time with its zone"),
    (COIN_RATES, "timestamp", "2025-01-01T23:01:10", "a time with its zone"),
    (DRIFT, "rate", "0.0001", "a number: the day's funding"),
    (DRIFT, "rate", 0.5, "divide percent by 100"),
    (DRIFT, "rate", float("nan"), "a number: the day's funding"),
    (DRIFT, "date", "2025-13-01", "a day as text"),
    (DRIFT, "date", 20250101, "a day as text"),
]


@pytest.mark.parametrize(("name", "key", "value", "wanted"), BAD_FIELDS)
def test_a_bad_field_is_named_with_what_is_wanted(
    name: str, key: str, value: Any, wanted: str
) -> None:
    message = refusal(name, with_bad(name, key, value))
    assert message.startswith(f"dir/{name}: row 3, {key}: got ")
    assert wanted in message
    assert message.endswith("Correct the row or refetch the file.")


@pytest.mark.parametrize(
    ("name", "key"),
    [(CANDLES, key) for key in "tsiohlcv"]
    + [(FUNDING, key) for key in ("coin", "fundingRate", "time")]
    + [(COIN_RATES, key) for key in ("timestamp", "apyBase", "apyBaseBorrow")]
    + [(DRIFT, key) for key in ("date", "rate")],
)
def test_a_missing_field_is_named_even_in_the_first_row(name: str, key: str) -> None:
    rows = answers(4)[name]
    for row in rows:
        del row[key]
    expected = f"dir/{name}: row 1: field '{key}' is missing. Fetch the file again with all its"
    assert refusal(name, rows).startswith(expected)


def test_a_row_that_is_no_object_is_named() -> None:
    rows = answers(4)[CANDLES]
    rows[1] = ["o", "h"]  # type: ignore[call-overload]
    assert refusal(CANDLES, rows).startswith("dir/candles.json: row 2: got ['o', 'h']; an object")


def test_a_long_value_is_shortened_in_the_message() -> None:
    message = refusal(CANDLES, with_bad(CANDLES, "o", "9" * 10_000))
    assert len(message) < 250


@pytest.mark.parametrize("row", [{"a": 1}, [1, 2], "text", {"coin": "ETH", "px": "1"}])
def test_an_unknown_answer_lists_what_is_understood(row: Any) -> None:
    message = refusal("x.json", [row])
    assert message.startswith("dir/x.json: row 1 is none of the known answers. Understood are: ")
    for word in ("candleSnapshot", "fundingHistory", "chartLendBorrow", "Drift"):
        assert word in message


@pytest.mark.parametrize("wrong", ["kamino_eth.json", "defillama_kamino.json"])
def test_a_lending_file_must_be_named_for_its_pool(wrong: str) -> None:
    message = refusal(wrong, answers(4)[COIN_RATES])
    assert message.endswith("Name the file defillama_<protocol>_<asset>.json[.gz].")


def test_a_drift_file_must_be_named_for_its_coin() -> None:
    message = refusal("drift.json", answers(4)[DRIFT])
    assert message.endswith("Name the file drift_funding_<asset>_daily.json[.gz].")


@pytest.mark.parametrize(
    ("name", "protocol", "asset"),
    [
        ("defillama_aave-v3_weth.json.gz", "aave-v3", "WETH"),
        ("defillama_kamino_jlp_sol.json", "kamino_jlp", "SOL"),
        ("defillama_save_1inch.2024.json", "save", "1INCH"),
        ("DefiLlama_Kamino_USDC.json", "kamino", "USDC"),
    ],
)
def test_protocol_and_asset_come_from_the_file_name(name: str, protocol: str, asset: str) -> None:
    series = parsed(name, answers(4)[COIN_RATES])
    assert (series.venue, series.asset) == (protocol, asset)


def test_only_daily_candles_are_supported() -> None:
    rows = answers(4)[CANDLES]
    for row in rows:
        row["i"] = "1h"
    assert refusal(CANDLES, rows) == (
        "dir/candles.json: row 1, i: got interval '1h'; candles of '1d' are wanted. "
        "Request candleSnapshot with interval '1d'."
    )


def test_spot_candles_are_refused() -> None:
    rows = answers(4)[CANDLES]
    for row in rows:
        row["s"] = "PURR/USDC"
    assert "a spot pair; candles of a perpetual are wanted" in refusal(CANDLES, rows)


def test_candles_off_midnight_are_refused() -> None:
    rows = answers(4)[CANDLES]
    rows[1]["t"] += 1
    assert "row 2, t: got" in refusal(CANDLES, rows)
    assert "not midnight UTC" in refusal(CANDLES, rows)


def test_two_coins_in_one_file_are_refused() -> None:
    rows = answers(4)[FUNDING]
    rows[5]["coin"] = "BTC"
    assert "row 6, coin: got 'BTC' after 'ETH'; a file holds one series." in refusal(FUNDING, rows)
    assert one_value(["a", "a"], "x", "f") == "a"


@pytest.mark.parametrize("late_ms", [0, 42, 887_645, -900_000])
def test_a_jittered_stamp_counts_for_its_nearest_hour(late_ms: int) -> None:
    hour = millis(START) + 3_600_000
    series = parsed(FUNDING, [settlement("ETH", hour + late_ms, 1e-4)])
    assert series.times.tolist() == [hour // 1_000]
    assert series.jitter is not None
    assert series.jitter.tolist() == [late_ms / 1_000]


def test_a_premium_is_optional() -> None:
    rows = answers(4)[FUNDING]
    for row in rows:
        del row["premium"]
    assert np.isnan(parsed(FUNDING, rows).values[:, 1]).all()


def test_the_messages_name_no_validation_library() -> None:
    class Needs(Row):
        number: int

    with pytest.raises(SourceError) as caught:
        read_rows(Needs, [{"number": "1"}], str(Path("f")))
    assert str(caught.value).startswith("f: row 1, number: got '1'; wanted is another value.")
    assert not re.search("pydantic|validation error", str(caught.value), re.IGNORECASE)
