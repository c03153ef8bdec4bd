"""Margin tiers are fetched, kept, compared with the preset; and markets of what was known then."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data import load_market
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FakeMarket, FakeVenues, Faults
from basislab.data.fake import venues as fake_venues
from basislab.data.fetch.market import Fetcher, fetch_market
from basislab.data.keep.gc import collect
from basislab.data.keep.vault import Vault
from basislab.data.sources import hyperliquid
from basislab.data.sources.http import Patience
from basislab.errors import ConfigError, SourceError
from basislab.presets.terms import load_perp
from basislab.report.venue_terms import check_market, checks_of, venue_terms
from tests.data_fixtures import clean_market

NOW = datetime(2025, 4, 11, 15, 30, tzinfo=UTC)
START = int(datetime(2025, 2, 1, tzinfo=UTC).timestamp())
RECIPE = Recipe("SOL", "2025-03-01")
NAME = RECIPE.name


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    with FakeVenues(FakeMarket(int(NOW.timestamp()), start=START)) as venues:
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        yield venues


def fetcher(now: datetime = NOW) -> Fetcher:
    return Fetcher(patience=Patience(backoff_s=1e-3, backoff_max_s=0.01), now=lambda: now)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def other_tiers(monkeypatch: pytest.MonkeyPatch, most: int, bound: str = "70000000.0") -> None:
    """The venue allows another leverage of SOL from now on."""
    meta: Any = deepcopy(fake_venues._META)
    meta["marginTables"][0][1]["marginTiers"] = [
        {"lowerBound": "0.0", "maxLeverage": most},
        {"lowerBound": bound, "maxLeverage": 10},
    ]
    monkeypatch.setattr(fake_venues, "_META", meta)


def answers() -> list[Path]:
    return sorted((Vault().root).rglob("meta/*.json.gz"))


def test_the_venues_tiers_are_kept_with_the_market_and_are_the_presets() -> None:
    """20x, and 10x above 70 million: what the preset says."""
    market = fetch_market(RECIPE, fetcher=fetcher()).market
    expected = [[t.above_usd, t.max_leverage] for t in load_perp("hyperliquid").margin_tiers]
    assert market.provenance["terms"] == {"hyperliquid": {"margin_tiers": expected}}
    assert list(venue_terms(market)) == []
    assert "venue-terms" in checks_of(market)
    assert len(answers()) == 1
    assert collect() == [], "the answer belongs to a market"


def test_terms_that_stay_are_stored_once_and_a_change_is_another_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for day in range(3):
        fetch_market(RECIPE, fetcher=fetcher(NOW + timedelta(days=day)))
    assert len(answers()) == 1
    other_tiers(monkeypatch, 15)
    fetch_market(RECIPE, fetcher=fetcher(NOW + timedelta(days=3)))
    assert len(answers()) == 2


def test_a_difference_from_the_preset_is_a_warning_that_says_what_and_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other_tiers(monkeypatch, 15, "30000000.0")
    said = run("data", "fetch", "--since", "2025-03-01", "--until", "2025-03-20").output
    text = (
        "terms hyperliquid: the venue's margin tiers of SOL are 15x, 10x above 30,000,000 USD; "
        "preset 'hyperliquid' has 20x, 10x above 70,000,000 USD."
    )
    assert text in said
    assert "quality: 0 errors, 1 warnings" in said
    (finding,) = check_market(load_market(NAME)).warnings
    assert (finding.rule, finding.series) == ("venue-terms", "terms hyperliquid")
    shown = run("data", "check", NAME)
    assert (shown.exit_code, shown.stdout.count("venue-terms")) == (0, 1)
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80


def test_without_terms_nothing_is_compared() -> None:
    market = clean_market()
    assert list(venue_terms(market)) == []
    assert "venue-terms" not in checks_of(market)
    odd = replace(market, provenance={"terms": {"hyperliquid": 3, "elsewhere": {}}})
    assert list(venue_terms(odd)) == []
    binance = fetch_market(replace(RECIPE, perp=("binance",)), fetcher=fetcher()).market
    assert binance.provenance["terms"] == {}


def test_terms_survive_faults(server: FakeVenues) -> None:
    server.faults = Faults(("storm", "error", "truncated", "html"), rate=0.9, most=3)
    market = fetch_market(RECIPE, fetcher=fetcher()).market
    assert market.provenance["terms"]["hyperliquid"]["margin_tiers"][0] == [0.0, 20]


def test_a_single_tier_is_the_number_of_its_table() -> None:
    """As recorded: ATOM's table is number 5, its maximum 5x, and no table of that number exists."""
    meta = {
        "universe": [
            {"name": "ATOM", "marginTableId": 5, "maxLeverage": 5},
            {"name": "ODD", "marginTableId": 51, "maxLeverage": 10},
        ],
        "marginTables": [],
    }
    assert hyperliquid.parse_margin_tiers(meta, "w", "ATOM") == [(0.0, 5)]
    with pytest.raises(SourceError, match="no margin table of ODD"):
        hyperliquid.parse_margin_tiers(meta, "w", "ODD")
    with pytest.raises(SourceError, match="have no rows"):
        hyperliquid.meta_feed().parse(meta, "w")


class Corrected(FakeMarket):
    """The same market, one premium of 5 March changed by the venue afterwards."""

    def premium(self, coin: str) -> Any:
        values = super().premium(coin).copy()
        values[int(datetime(2025, 3, 5, 7, tzinfo=UTC).timestamp() - START) // 3_600] += 1e-3
        return np.round(values, 10)


@pytest.fixture
def corrected(monkeypatch: pytest.MonkeyPatch, server: FakeVenues) -> dict[str, bytes]:
    """A market, fetched; then, a day later, corrected by the venue. The first one's files."""
    first = fetch_market(RECIPE, fetcher=fetcher())
    files = {path.name: path.read_bytes() for path in first.path.iterdir()}
    made = Corrected(int((NOW + timedelta(days=1)).timestamp()), start=START)
    server.venues = fake_venues.Venues(made)
    later = fetch_market(RECIPE, fetcher=fetcher(NOW + timedelta(days=1)), refetch=True)
    assert len(later.market.provenance["corrections"]) == 2, "rate and premium"
    assert later.market.fingerprint != first.market.fingerprint
    return files


def without_time(manifest: bytes) -> Any:
    content = json.loads(manifest)
    assert content["provenance"].pop("as_of", None) in (None, "2025-04-11T15:30:00.000000Z")
    return content


def test_as_of_then_is_the_market_of_then_byte_for_byte(corrected: dict[str, bytes]) -> None:
    """The rows' files are the same bytes; the manifest says besides as of when."""
    said = run("data", "update", NAME, "--as-of", "2025-04-11T15:30", "--name", "then")
    assert said.exit_code == 0, said.output
    assert "as known on 2025-04-11T15:30:00Z" in said.output
    then = {p.name: p.read_bytes() for p in (Vault().root.parent / "markets" / "then").iterdir()}
    assert {k: v for k, v in then.items() if k.endswith(".parquet")} == {
        k: v for k, v in corrected.items() if k.endswith(".parquet")
    }
    manifest, kept = (without_time(files["manifest.json"]) for files in (then, corrected))
    assert manifest.pop("name") == "then"
    assert kept.pop("name") == NAME
    assert manifest == kept
    assert load_market("then").provenance["as_of"] == "2025-04-11T15:30:00.000000Z"


def test_an_update_brings_an_older_version_back_to_the_newest(corrected: dict[str, bytes]) -> None:
    newest = load_market(NAME)
    fetch_market(RECIPE, fetcher=fetcher(), as_of=NOW)
    assert load_market(NAME).fingerprint != newest.fingerprint
    again = fetch_market(RECIPE, fetcher=fetcher(NOW + timedelta(days=1)))
    assert again.market.fingerprint == newest.fingerprint
    assert "as_of" not in again.market.provenance


def test_as_of_asks_no_venue(server: FakeVenues, corrected: dict[str, bytes]) -> None:
    server.seen.clear()
    fetch_market(RECIPE, fetcher=fetcher(), as_of=NOW)
    assert not server.seen


def test_before_the_first_answer_there_is_nothing(corrected: dict[str, bytes]) -> None:
    with pytest.raises(SourceError, match="nothing was fetched until 2025-04-10T15:30:00Z"):
        fetch_market(RECIPE, fetcher=fetcher(), as_of=NOW - timedelta(days=1))
    assert load_market(NAME).provenance["corrections"], "what was stored is stored"


def test_a_time_that_is_none_is_refused(corrected: dict[str, bytes]) -> None:
    error = run("data", "update", NAME, "--as-of", "yesterday").exception
    assert isinstance(error, ConfigError)
    assert "as_of: got 'yesterday'" in str(error)
