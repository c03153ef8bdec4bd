"""Kamino beyond SOL's rates: utilisation as a series, and reserves by address."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data import load_market, save_market
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FakeMarket, FakeVenues
from basislab.data.fake.venues import MADE_RESERVES
from basislab.data.fetch.market import Fetcher, fetch_market, recipe_of
from basislab.data.keep.export import columns
from basislab.data.keep.store import load
from basislab.data.query import query
from basislab.data.sources import kamino
from basislab.errors import ConfigError, DataError, SourceError
from basislab.types import Market, RateSeries
from tests.data_fixtures import clean_market

NOW = datetime(2025, 4, 11, 15, 30, tzinfo=UTC)
START = int(datetime(2025, 2, 1, tzinfo=UTC).timestamp())
RECIPE = Recipe("SOL", "2025-03-01", "2025-03-20")


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    with FakeVenues(FakeMarket(int(NOW.timestamp()), start=START)) as venues:
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        yield venues


def fetched(recipe: Recipe = RECIPE) -> Market:
    return fetch_market(recipe, fetcher=Fetcher(now=lambda: NOW)).market


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def history(*metrics: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"timestamp": f"2025-01-0{day}T00:00:00.000Z", "metrics": values}
        for day, values in enumerate(metrics, 1)
    ]
    return {"reserve": "R", "history": rows}


RATES = {"supplyInterestAPY": 0.05, "borrowInterestAPY": 0.07}


def test_utilisation_is_what_is_borrowed_of_what_is_supplied() -> None:
    """75 of 100; nothing supplied, nothing told and null are not known, never zero."""
    raw = kamino.parse(
        history(
            RATES | {"totalSupply": "100", "totalBorrows": "75.0"},
            RATES | {"totalSupply": "0", "totalBorrows": "0"},
            RATES,
            RATES | {"totalSupply": None, "totalBorrows": 3},
        ),
        "w",
        asset="SOL",
    )
    assert raw.kind == "reserve"
    np.testing.assert_array_equal(raw.values[:, 2], [0.75, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(raw.values[:, :2], [[5.0, 7.0]] * 4)


def test_totals_of_two_units_are_refused() -> None:
    wrong = history(RATES, RATES | {"totalSupply": "100", "totalBorrows": "75000000"})
    with pytest.raises(SourceError, match=r"w: row 2, totalBorrows: 750000 times totalSupply"):
        kamino.parse(wrong, "w", asset="SOL")


def test_an_answer_of_another_reserve_is_refused() -> None:
    assert len(kamino.parse(history(RATES), "w", asset="SOL", reserve="R").times) == 1
    with pytest.raises(SourceError, match="the answer is of reserve 'R', asked was S"):
        kamino.parse(history(RATES), "w", asset="SOL", reserve="S")


def test_a_fetched_market_has_the_utilisation_of_its_reserves() -> None:
    market = fetched()
    made = FakeMarket(int(NOW.timestamp()), start=START).utilisation("SOL")
    first = (int(market.times[0].astype(np.int64)) - START) // 3_600
    used = market.supply["kamino", "SOL"].utilisation
    assert used is not None
    assert used[3] == pytest.approx(made[first + 72], abs=1e-8)
    assert market.supply["kamino", "USDC"].utilisation is not None


def test_it_is_stored_shown_exported_and_asked() -> None:
    market = fetched()
    used = market.supply["kamino", "SOL"].utilisation
    assert used is not None
    kept = load_market(market.name).supply["kamino", "SOL"].utilisation
    np.testing.assert_array_equal(kept, used)
    shown = run("data", "show", market.name).output
    assert "utilisation kamino SOL" in shown
    assert "% lent out" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if not line.startswith("source"))
    np.testing.assert_array_equal(columns(market)["kamino_sol_utilisation"], used)
    sql = "SELECT max(utilisation) FROM lending WHERE asset = 'SOL' AND side = 'supply'"
    assert query(market.name, sql).rows == [(used.max(),)]


def test_without_it_fingerprints_and_files_are_read_as_before(tmp_path: Path) -> None:
    """The sample's fingerprint is the one that was published; a file without the column is read."""
    assert load_market().fingerprint.startswith("sha256:aa5d84f454e53bac")
    path = save_market(clean_market(), directory=tmp_path / "old")
    manifest = json.loads((path / "manifest.json").read_text())
    lending = path / "lending.parquet"
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(lending)).select("* EXCLUDE (utilisation)")
        rows.write_parquet(f"{lending}.new")
    (tmp_path / "old" / "lending.parquet.new").replace(lending)
    import hashlib

    manifest["files"]["lending.parquet"] = hashlib.sha256(lending.read_bytes()).hexdigest()
    for entry in manifest["series"]:
        entry["absent"] = [name for name in entry["absent"] if name != "utilisation"]
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert load(path).fingerprint == clean_market().fingerprint


def test_another_utilisation_is_another_market() -> None:
    market = clean_market()
    changed = {
        key: replace(rates, utilisation=np.full(60, 0.8)) for key, rates in market.supply.items()
    }
    assert replace(market, supply=changed).fingerprint != market.fingerprint
    with pytest.raises(DataError, match=r"RateSeries.utilisation: expected shape"):
        RateSeries(np.ones(3), utilisation=np.ones(2))


def test_a_hole_in_it_leaves_it_out_and_says_so(server: FakeVenues) -> None:
    """The rates are whole: the market is built, the series is not, the decision is recorded."""

    class Holey(type(server.venues)):  # type: ignore[misc]
        def _kamino(self, rest: str, query: Any, body: Any) -> Any:
            answer, rows = super()._kamino(rest, query, body)
            for row in rows:
                if row["timestamp"].startswith("2025-03-05"):
                    row["metrics"]["totalSupply"] = None
            return answer, rows

    server.venues = Holey(FakeMarket(int(NOW.timestamp()), start=START))
    for recipe in (RECIPE, replace(RECIPE, gaps="drop")):
        market = fetched(recipe)
        assert len(market) == 20
        assert market.supply["kamino", "SOL"].utilisation is None
        gap = market.provenance["gaps"][0]
        assert gap["series"] == "kamino reserve-day-SOL utilisation"
        assert (gap["missing"], gap["first"]) == (1, "2025-03-05T00:00Z")
        assert gap["filled_with"] == "nothing: the series is left out"
    held = fetched(replace(RECIPE, gaps="ffill", max_gap="1d"))
    used = held.supply["kamino", "SOL"].utilisation
    assert used is not None
    assert used[4] == used[3]


def test_an_unknown_coin_is_named_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match=r"no reserve of 'ETH' on kamino; .*--reserve ETH=ADDR"):
        fetched(replace(RECIPE, asset="ETH"))


def test_another_coin_by_the_address_of_its_reserve() -> None:
    words = ["--asset", "ETH", "--reserve", f"ETH={MADE_RESERVES['ETH']}"]
    said = run("data", "fetch", "--since", "2025-03-01", "--until", "2025-03-20", *words)
    assert said.exit_code == 0, said.output
    market = load_market("eth-hyperliquid-1d")
    assert ("kamino", "ETH") in market.supply
    recipe = recipe_of("eth-hyperliquid-1d")
    assert recipe.reserves == (f"ETH={MADE_RESERVES['ETH']}",)
    assert "0 answers stored" in run("data", "update", "eth-hyperliquid-1d").output


def test_a_recipe_without_reserves_is_written_as_before() -> None:
    assert "reserves" not in RECIPE.to_dict()
    assert Recipe.from_dict(RECIPE.to_dict()) == RECIPE


@pytest.mark.parametrize(
    "text", ["ETH", "ETH=", "=abc", "ETH=short", "ETH=" + "0" * 40, "E H=" + "a" * 40]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="wanted is COIN=ADDRESS"):
        replace(RECIPE, reserves=(text,)).feeds()


def test_every_known_reserve_says_where_it_was_read() -> None:
    for coin, one in kamino._KNOWN["reserves"].items():
        assert one["source"], coin
        assert one["status"] in ("verified", "excerpt", "derived"), coin
        assert kamino.parse_reserve(f"{coin}={one['address']}") == (coin, one["address"])
