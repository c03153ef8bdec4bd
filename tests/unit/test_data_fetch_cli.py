"""The commands around fetched markets: fetch, update, export, gc, fake-venues; and the parsers."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data import load_market, save_market
from basislab.data.fake import FakeMarket, FakeVenues
from basislab.data.keep.export import columns, export
from basislab.data.keep.gc import collect
from basislab.data.keep.vault import Vault, locked
from basislab.data.sources import binance, defillama, hyperliquid, kamino, listed
from basislab.data.sources.feeds import Wanted
from basislab.errors import BasisLabError, ConfigError, DataError, SourceError
from tests.builders import INTERRUPTIBLE
from tests.data_fixtures import SHARED, clean_market

NOW, START = 1_744_385_400, 1_738_368_000  # 2025-04-11T15:30Z, 2025-02-01
FETCH = ["data", "fetch", "--since", "2025-03-01", "--until", "2025-03-20"]


@pytest.fixture(autouse=True)
def venues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeVenues]:
    with FakeVenues(FakeMarket(NOW, start=START)) as server:
        monkeypatch.setenv("BASISLAB_VENUES_URL", server.url)
        monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
        yield server


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_fetch_update_and_list() -> None:
    first = run(*FETCH)
    assert first.exit_code == 0, first.output
    assert "sol-hyperliquid-1d: 20 bars, 2025-03-01 to 2025-03-20" in first.output
    assert re.search(r"\d answers stored; the market is in ", first.output)
    assert "quality: 0 errors, 0 warnings" in first.output
    again = run("data", "update", "sol-hyperliquid-1d")
    assert "0 answers stored; the market was in " in again.output
    assert "sol-hyperliquid-1d" in run("data", "list").output
    assert "hyperliquid funding-SOL" in run("data", "show", "sol-hyperliquid-1d").output


def test_a_refusal_is_an_error_of_ours() -> None:
    for words in (
        [*FETCH, "--perp", "hyperliqid"],
        ["data", "update", "sample"],
        ["fake-venues", "--faults", "strom"],
        ["fake-venues", "--port", "70000"],
        ["data", "export", "sample", "table.xlsx"],
    ):
        assert isinstance(run(*words).exception, BasisLabError), words


def test_gaps_and_corrections_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    run(*FETCH)
    market = load_market("sol-hyperliquid-1d")
    correction = {"series": "s", "column": "rate", "time": "t", "was": 1.0, "is": 2.0}
    gap = {"series": "s", "missing": 2, "unit": "hours", "first": "f", "filled_with": "value"}
    provenance = dict(market.provenance) | {"corrections": [correction], "gaps": [gap]}
    changed = replace(market, provenance=provenance)
    monkeypatch.setattr("basislab.data.fetch.market.build", lambda *_: changed)
    said = run(*FETCH).output
    assert "corrected by the venue: s rate at t: 1.0 is now 2.0" in said
    assert "gap: s: 2 hours missing, first f: value" in said


def test_the_fake_venues_serve_as_a_program(tmp_path: Path) -> None:
    command = INTERRUPTIBLE
    server = subprocess.Popen(
        [*command, "fake-venues", "--faults", "half,storm"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        line = server.stdout.readline().split()
        assert line[0] == "export"
        name, _, url = line[1].partition("=")
        environment = os.environ | {name: url, "BASISLAB_HOME": str(tmp_path / "other")}
        words = ["data", "fetch", "--since", "2026-10-01", "--until", "2026-10-05"]
        done = subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        assert all(line.startswith("fetch: ") for line in lines), "no bar where nobody looks"
        assert "5 bars, 2026-10-01 to 2026-10-05" in done.stdout
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0
        server.stdout.close()


# Export


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.parquet"])
def test_an_exported_table_reads_back_to_the_same_bits(name: str, tmp_path: Path) -> None:
    market = load_market()
    export(market, tmp_path / name)
    relation = duckdb.read_parquet if name.endswith("parquet") else duckdb.read_csv
    table = relation(str(tmp_path / name))
    frame = table.select("*").fetchnumpy()
    assert list(frame) == list(columns(market))
    for column, values in columns(market).items():
        if column != "time":
            assert np.array_equal(np.asarray(frame[column], dtype=values.dtype), values), column
    first, last, bars = table.aggregate("epoch(min(time)), epoch(max(time)), count(*)").fetchall()[
        0
    ]
    assert (first, last, bars) == (1_735_603_200, 1_770_940_800, 410)


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "m.csv").mkdir()
    (tmp_path / "m.csv" / "other").write_text("mine")
    with pytest.raises(DataError, match="cannot be written"):
        export(load_market(), tmp_path / "m.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


# Cleaning


def test_cleaning_removes_what_no_market_is_made_of_and_nothing_else(tmp_path: Path) -> None:
    run(*FETCH)
    # Without a key this gives no market, and its answers are of no use.
    run(*FETCH, "--asset", "ETH", "--perp", "binance", "--lending", "aave")
    vault = Vault()
    needed = ("hyperliquid/", "kamino/")
    before = {p for p in vault.root.rglob("*.json.gz") if any(n in str(p) for n in needed)}
    orphans = set(vault.root.rglob("*.json.gz")) - before
    assert orphans
    left = vault.root / ".x.tmp"
    left.write_text("half")
    os.utime(left, (0, 0))
    assert "remove with --delete" in run("data", "gc").output
    assert set(vault.root.rglob("*.json.gz")) == before | orphans
    assert "removed" in run("data", "gc", "--delete").output
    assert set(vault.root.rglob("*.json.gz")) == before
    assert not left.exists()
    assert run("data", "update", "sol-hyperliquid-1d", "--offline").exit_code == 0


def test_nothing_is_cleaned_while_somebody_fetches_or_a_market_is_unreadable() -> None:
    assert collect() == []
    run(*FETCH)
    vault = Vault()
    with locked(vault.root / ".lock", shared=True), pytest.raises(DataError, match="is fetching"):
        collect(delete=True)
    save_market(clean_market(), name="imported")
    assert collect(delete=True) == []
    manifest = Path(os.environ["BASISLAB_HOME"]) / "markets" / "imported" / "manifest.json"
    manifest.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        collect(delete=True)


# Parsers

SOL = Wanted("", "SOL", 3_600)
KLINES = binance.candle_feed(SOL, "perp")


def test_klines_read_fast_are_those_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        [1_735_689_600_000 + hour * 3_600_000, "1.5", "2", "1.25", "1.75", "10.5", 0, "0", 1]
        for hour in range(5)
    ]
    fast = KLINES.parse(rows, "w")
    monkeypatch.setattr(listed, "_plain", lambda _: None)
    slow = KLINES.parse(rows, "w")
    assert np.array_equal(fast.values, slow.values)
    assert np.array_equal(fast.times, slow.times)


def test_cells_that_only_count_right_together_are_no_klines() -> None:
    """A row of four cells, of which one holds two numbers, is not a row of five."""
    row = [1_735_689_600_000, "1\n2", "3", "4", "5"]
    with pytest.raises(SourceError, match="row 1, open: got '1"):
        KLINES.parse([[*row, "6"]], "w")
    with pytest.raises(SourceError):
        KLINES.parse([row], "w")


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        (0, 1_735_689_600_001, "time: got 1735689600001, which is not a full hour"),
        (0, "1735689600000", "time: got"),
        (0, True, "time: got"),
        (1, "0", "open: got"),
        (2, "nan", "high: got"),
        (3, None, "low: got"),
        (4, "1e400", "close: got"),
        (5, "-1", "volume: got"),
        (5, "1\n2", "volume: got"),
    ],
)
def test_a_bad_kline_is_named(cell: int, value: object, said: str) -> None:
    row = [1_735_689_600_000, "1.5", "2", "1.25", "1.75", "10.5", 0]
    row[cell] = value  # type: ignore[call-overload]
    with pytest.raises(SourceError, match=re.escape(said)):
        KLINES.parse([row], "w")
    with pytest.raises(SourceError, match=r"missing|object"):
        KLINES.parse([[1_735_689_600_000, "1.5"], 5], "w")


def test_binance_funding_is_taken_to_its_hour() -> None:
    row = {"symbol": "SOLUSDT", "fundingTime": 1_735_689_600_013, "fundingRate": "0.00010000"}
    series = binance.funding_feed(SOL).parse([row | {"markPrice": "190.1"}], "w")
    assert series.times.tolist() == [1_735_689_600]
    assert series.values[0, 0] == 0.0001
    assert np.isnan(series.values[0, 1])
    with pytest.raises(SourceError, match="divide percent by 100"):
        binance.funding_feed(SOL).parse([row | {"fundingRate": "0.5"}], "w")


def test_kamino_fractions_become_percent_and_null_stays_missing() -> None:
    row = {
        "timestamp": "2025-01-01T05:00:00.000Z",
        "metrics": {"supplyInterestAPY": 0.0425, "borrowInterestAPY": None, "tvl": "1"},
    }
    series = kamino.parse({"reserve": "x", "history": [row]}, "w", asset="SOL")
    assert series.times.tolist() == [1_735_707_600]
    assert series.values[0, 0] == pytest.approx(4.25)
    assert np.isnan(series.values[0, 1])
    for answer in ({"history": [{"timestamp": row["timestamp"]}]}, {"rows": []}, []):
        with pytest.raises(SourceError):
            kamino.parse(answer, "w", asset="SOL")


def test_the_free_chart_has_no_borrow_side() -> None:
    row = {"timestamp": "2025-01-01T23:01:10.926Z", "tvlUsd": 1, "apyBase": 4.5, "apy": 4.6}
    series = defillama.parse_chart([row], "w", protocol="aave", asset="USDC")
    assert series.values[0, 0] == 4.5
    assert np.isnan(series.values[0, 1])


META = {
    "universe": [{"name": "SOL", "marginTableId": 54}, {"name": "ATOM", "marginTableId": 5}],
    "marginTables": [
        [
            54,
            {
                "marginTiers": [
                    {"lowerBound": "0.0", "maxLeverage": 20},
                    {"lowerBound": "70000000.0", "maxLeverage": 10},
                ]
            },
        ]
    ],
}


def test_margin_tiers_are_read_from_meta() -> None:
    assert hyperliquid.parse_margin_tiers(META, "w", "SOL") == [(0.0, 20), (70_000_000.0, 10)]
    with pytest.raises(SourceError, match="no margin table of ATOM"):
        hyperliquid.parse_margin_tiers(META, "w", "ATOM")
    for other in ({}, [], {"universe": [1], "marginTables": []}):
        with pytest.raises(SourceError, match="wanted"):
            hyperliquid.parse_margin_tiers(other, "w", "SOL")


@pytest.mark.skipif(not SHARED.is_dir(), reason="recorded answers are not here")
def test_recorded_answers_of_the_info_endpoint_are_read() -> None:
    def recorded(name: str) -> object:
        return json.loads((SHARED / "api" / f"hyperliquid_{name}.json").read_text())

    hours = hyperliquid.parse_candles(recorded("candleSnapshot_BTC_1h"), "w", bar_s=3_600)
    assert len(hours.times) == 5
    assert set(np.diff(hours.times)) == {3_600}
    funding = hyperliquid.parse_funding(recorded("fundingHistory_BTC"), "w")
    assert (funding.times % 3_600 == 0).all()
    tiers = hyperliquid.parse_margin_tiers(recorded("meta_with_marginTables"), "w", "BTC")
    assert tiers == [(0.0, 40), (150_000_000.0, 20)]


def test_a_stand_in_must_be_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASISLAB_VENUES_URL", "somewhere")
    with pytest.raises(ConfigError, match=r"wanted is http://host:port"):
        binance.funding_feed(SOL).call(0, 1)


def test_official_addresses_have_budgets_and_their_own_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from basislab.data.sources import budgets

    here = hyperliquid.funding_feed(SOL).place
    monkeypatch.delenv("BASISLAB_VENUES_URL")
    feed = hyperliquid.funding_feed(SOL)
    assert feed.place == "hyperliquid/funding-SOL"
    assert here.startswith("127.0.0.1_")
    call = feed.call(0, 500 * 3_600)
    assert (call.url, call.weight) == ("https://api.hyperliquid.xyz/info", 45)
    assert budgets()["api.hyperliquid.xyz"].per_minute == 1_200
    assert all(url.split("/")[2] in budgets() for url in (call.url, "https://yields.llama.fi/x"))
