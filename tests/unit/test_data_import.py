"""A directory of venue answers becomes one market, or one clear error."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from basislab.data import check, import_directory
from basislab.errors import ConfigError, DataError, DataGapError, SourceError
from tests.data_fixtures import (
    CANDLES,
    COIN_RATES,
    DRIFT,
    FUNDING,
    START,
    USDC_RATES,
    Rows,
    answers,
    spoilt,
    write,
)


def refusal(directory: Path, kind: type[DataError] = SourceError, **options: str) -> str:
    with pytest.raises(kind) as caught:
        import_directory(directory, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    return message.replace(str(directory), "DIR")


def test_answers_become_a_market_on_the_grid_of_the_candles(tmp_path: Path) -> None:
    made = answers(10)
    market = import_directory(write(tmp_path, made))
    assert (market.name, market.asset, market.quote) == ("eth-20250101-20250110", "ETH", "USDC")
    assert list(market.series()) == [
        "price hyperliquid perp",
        "funding hyperliquid",
        "funding drift",
        "supply kamino ETH",
        "supply kamino USDC",
        "borrow kamino USDC",
    ]
    price = market.reference_price
    assert price.close.tolist() == [float(row["c"]) for row in made[CANDLES]]
    apy = [row["apyBase"] / 100 for row in made[COIN_RATES]]
    assert market.supply["kamino", "ETH"].apy.tolist() == apy
    assert market.funding["drift"].rate.tolist() == [row["rate"] for row in made[DRIFT]]
    assert market.funding["drift"].settlements is None
    counts = market.funding["hyperliquid"].settlements
    assert counts is not None
    assert counts.tolist() == [24] * 10
    assert check(market).findings == ()


@pytest.mark.parametrize("coin", ["BTC", "ETH", "kPEPE"])
def test_any_coin_is_imported(tmp_path: Path, coin: str) -> None:
    market = import_directory(write(tmp_path, answers(5, coin)))
    assert market.asset == coin.upper()
    assert ("kamino", coin.upper()) in market.supply


def test_gzipped_answers_give_the_same_market(tmp_path: Path) -> None:
    plain = import_directory(write(tmp_path / "a", answers(10)))
    packed = import_directory(write(tmp_path / "b", answers(10), compress=True))
    assert plain.fingerprint == packed.fingerprint


def test_drift_is_optional(tmp_path: Path) -> None:
    market = import_directory(write(tmp_path, answers(5, drift=False)))
    assert list(market.funding) == ["hyperliquid"]


def test_several_protocols_stand_side_by_side(tmp_path: Path) -> None:
    made = answers(5)
    made["defillama_aave-v3_eth.json"] = made[COIN_RATES]
    made["defillama_aave-v3_usdc.json"] = made[USDC_RATES]
    market = import_directory(write(tmp_path, made))
    assert set(market.borrow) == {("kamino", "USDC"), ("aave-v3", "USDC")}


def test_sources_and_counts_are_recorded(tmp_path: Path) -> None:
    market = import_directory(write(tmp_path, answers(5)), name="mine")
    assert market.name == "mine"
    files = {source["file"]: source["series"] for source in market.provenance["sources"]}
    assert files[FUNDING] == "hyperliquid/ETH funding"
    assert market.provenance["statistics"]["hyperliquid/ETH funding"]["rows"] == 120
    assert market.provenance["gaps"] == []


def test_disorder_does_not_change_the_market(tmp_path: Path) -> None:
    tidy = import_directory(write(tmp_path / "a", answers(10)))
    made = answers(10)
    for rows in made.values():
        rows.reverse()
    untidy = import_directory(write(tmp_path / "b", made))
    assert tidy.fingerprint == untidy.fingerprint
    assert {f.rule for f in check(untidy).findings} == {"out-of-order"}


def test_overlapping_pages_are_merged(tmp_path: Path) -> None:
    whole = import_directory(write(tmp_path / "a", answers(10)))
    made = answers(10)
    made["funding-2.json"] = made[FUNDING][99:]
    made[FUNDING] = made[FUNDING][:100]
    made["defillama_kamino_eth.2.json"] = made[COIN_RATES][4:]
    made[COIN_RATES] = made[COIN_RATES][:5]
    paged = import_directory(write(tmp_path / "b", made))
    assert paged.fingerprint == whole.fingerprint
    duplicates = [f for f in check(paged).findings if f.rule == "duplicates"]
    assert [f.value for f in duplicates] == [1.0, 1.0]


def test_contradicting_pages_are_refused(tmp_path: Path) -> None:
    made = answers(10)
    again = dict(made[CANDLES][-1], c="1.0")
    made["candles-2.json"] = [again]
    message = refusal(write(tmp_path, made))
    assert message.startswith("hyperliquid/ETH candles close at 2025-01-10T00:00:00Z: two values")
    assert "(DIR/candles-2.json: row 1)" in message
    assert "(DIR/candles.json: row 10)" in message


def test_a_partial_first_and_last_day_of_funding_is_kept_and_flagged(tmp_path: Path) -> None:
    def cut(rows: Rows) -> None:
        del rows[-13:], rows[:20]

    market = import_directory(spoilt(tmp_path, FUNDING, cut))
    counts = market.funding["hyperliquid"].settlements
    assert counts is not None
    assert (counts[0], counts[-1]) == (4, 11)
    assert market.funding["hyperliquid"].observed.all()
    rules = [(f.when.day, f.rule) for f in check(market).warnings if f.when]
    assert rules == [(1, "incomplete-funding"), (10, "bar-in-progress")]


def test_a_missing_hour_of_funding_is_an_error_until_it_is_allowed(tmp_path: Path) -> None:
    directory = spoilt(tmp_path, FUNDING, lambda rows: rows.pop(100))
    assert refusal(directory, DataGapError) == (
        "hyperliquid/ETH funding: 1 of 240 hours missing in DIR/funding.json, first "
        "2025-01-05T04:00Z. Refetch the missing time and import again, or allow up to 1 h with "
        "--max-gap 1h."
    )
    market = import_directory(directory, max_gap="1h")
    assert np.flatnonzero(~market.funding["hyperliquid"].observed).tolist() == [4]
    assert market.provenance["gaps"][0]["missing"] == 1
    assert [f.rule for f in check(market).findings] == ["filled"]


def test_a_null_rate_is_a_missing_day(tmp_path: Path) -> None:
    directory = spoilt(tmp_path, USDC_RATES, lambda rows: rows[3].update(apyBaseBorrow=None))
    message = refusal(directory, DataGapError)
    assert message.startswith(
        f"kamino/USDC borrow_apy: 1 of 10 days missing in DIR/{USDC_RATES}, first 2025-01-04T"
    )
    market = import_directory(directory, max_gap="1d")
    borrow = market.borrow["kamino", "USDC"]
    assert borrow.apy[3] == borrow.apy[2] > 0
    assert market.supply["kamino", "USDC"].observed.all()


def test_the_unused_borrow_rate_of_the_coin_may_be_null(tmp_path: Path) -> None:
    directory = spoilt(tmp_path, COIN_RATES, lambda rows: rows[3].update(apyBaseBorrow=None))
    assert ("kamino", "ETH") not in import_directory(directory).borrow


def test_a_missing_drift_day_is_a_hole(tmp_path: Path) -> None:
    directory = spoilt(tmp_path, DRIFT, lambda rows: rows.pop(3))
    message = refusal(directory, DataGapError)
    assert message.startswith("drift/ETH daily funding: 1 of 10 days missing")


def test_a_missing_candle_is_a_hole_that_holds_the_close(tmp_path: Path) -> None:
    directory = spoilt(tmp_path, CANDLES, lambda rows: rows.pop(3))
    assert "hyperliquid/ETH candles: 1 of 10 days missing" in refusal(directory, DataGapError)
    price = import_directory(directory, max_gap="1d").reference_price
    held = [price.open[3], price.high[3], price.low[3], price.close[3]]
    assert held == [price.close[2]] * 4
    assert price.volume is not None
    assert price.volume[3] == 0
    assert price.observed.tolist() == [True] * 3 + [False] + [True] * 6


def test_the_last_snapshot_of_a_day_counts(tmp_path: Path) -> None:
    def add(rows: Rows) -> None:
        noon = (START + timedelta(days=2, hours=12)).isoformat()
        rows.append(dict(rows[2], timestamp=noon, apyBase=4.4))

    market = import_directory(spoilt(tmp_path, COIN_RATES, add))
    assert market.supply["kamino", "ETH"].apy[2] == answers(10)[COIN_RATES][2]["apyBase"] / 100
    assert "several-a-day" in {f.rule for f in check(market).findings}


def test_units_can_be_trusted_on_request(tmp_path: Path) -> None:
    def shrink(rows: Rows) -> None:
        for row in rows:
            row["apyBase"] = round(row["apyBase"] / 100, 5)

    directory = spoilt(tmp_path, COIN_RATES, shrink)
    assert "--trust-units" in refusal(directory)
    market = import_directory(directory, trust_units=True)
    assert [f.rule for f in check(market).warnings] == ["unit"]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (CANDLES, "DIR: no candles, which decide coin and days."),
        (COIN_RATES, "DIR: kamino lacks the APY of ETH supply."),
        (USDC_RATES, "DIR: kamino lacks the APY of USDC supply, USDC borrow."),
    ],
)
def test_a_missing_series_is_named(tmp_path: Path, missing: str, said: str) -> None:
    made = answers(5)
    del made[missing]
    assert refusal(write(tmp_path, made)).startswith(said)


def test_a_market_without_funding_or_rates_is_refused(tmp_path: Path) -> None:
    made = answers(5, drift=False)
    candles = {CANDLES: made[CANDLES]}
    assert "DIR: no funding rates of ETH." in refusal(write(tmp_path / "a", candles)).replace(
        "DIR/a", "DIR"
    )
    funded = candles | {FUNDING: made[FUNDING]}
    assert "no lending rates; ETH supply" in refusal(write(tmp_path / "b", funded))


def test_two_coins_do_not_share_a_directory(tmp_path: Path) -> None:
    made = answers(5)
    made["btc.json"] = answers(5, "BTC")[CANDLES]
    assert refusal(write(tmp_path, made)).startswith("DIR: candles of BTC, ETH. One directory")


def test_a_file_that_the_trade_has_no_use_for_is_refused(tmp_path: Path) -> None:
    made = answers(5)
    made["defillama_kamino_jitosol.json"] = made[COIN_RATES]
    assert refusal(write(tmp_path, made)) == (
        "DIR/defillama_kamino_jitosol.json: kamino/JITOSOL lending has no part in a ETH/USDC "
        "market. Move the file to another directory."
    )


def test_an_unknown_file_lists_what_is_understood(tmp_path: Path) -> None:
    directory = write(tmp_path, answers(5))
    (directory / ".hidden").write_text("not looked at")
    (directory / "notes.txt").write_text("x")
    message = refusal(directory)
    assert message.startswith("DIR/notes.txt: no JSON rows, found b'x'. Understood are: ")


def test_a_directory_in_the_directory_is_refused(tmp_path: Path) -> None:
    directory = write(tmp_path, answers(5))
    (directory / "more").mkdir()
    assert refusal(directory).startswith("DIR/more: not a file.")


def test_an_empty_or_absent_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith("DIR: the directory has no files. Understood are: ")
    assert refusal(tmp_path / "none").startswith("DIR: cannot be read as a directory: No such")


def test_braces_in_a_path_do_not_disturb_the_message(tmp_path: Path) -> None:
    def shrink(rows: Rows) -> None:
        for row in rows:
            row["apyBase"] /= 100

    assert "row 1, apyBase" in refusal(spoilt(tmp_path / "{0}{x}", COIN_RATES, shrink))


def test_a_wrong_max_gap_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^max_gap: got '3 hours'"):
        import_directory(tmp_path / "none", max_gap="3 hours")


def test_progress_is_told_about_every_file(tmp_path: Path) -> None:
    seen: list[str] = []

    def track(files: list[Path]) -> list[Path]:
        seen.extend(file.name for file in files)
        return files

    import_directory(write(tmp_path, answers(5)), track=track)
    assert seen == sorted(answers(5))


def test_an_answer_wrapped_in_data_is_read(tmp_path: Path) -> None:
    directory = write(tmp_path, answers(5))
    rows = json.loads((directory / COIN_RATES).read_text())
    (directory / COIN_RATES).write_text(json.dumps({"status": "success", "data": rows}))
    assert len(import_directory(directory)) == 5
