"""Fetching from venues that are faked: nothing is lost, duplicated or silently wrong."""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from basislab.data import check, load_market
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FAULTS, FakeMarket, FakeVenues, Faults
from basislab.data.fetch.market import RECHECK_S, Fetcher, fetch_market, plan, recipe_of
from basislab.data.keep.vault import Vault
from basislab.data.sources.http import Patience
from basislab.errors import ConfigError, DataError, SourceError
from basislab.types import Market

NOW = datetime(2025, 4, 11, 15, 30, tzinfo=UTC)
DAY, HOUR = 86_400, 3_600
START = int(datetime(2024, 12, 1, tzinfo=UTC).timestamp())
DAILY = Recipe("SOL", "2025-01-01")
HOURLY = Recipe("SOL", "2025-03-01", bar="1h", spot=("binance",), funding=("binance",))


@pytest.fixture(scope="module")
def server() -> Iterator[FakeVenues]:
    with FakeVenues(FakeMarket(int(NOW.timestamp()), start=START)) as venues:
        yield venues


@pytest.fixture(autouse=True)
def venues(server: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeVenues:
    """Clean venues, and an empty home."""
    monkeypatch.setenv("BASISLAB_VENUES_URL", server.url)
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DEFILLAMA_API_KEY", raising=False)
    server.faults = Faults()
    for counter in (server.seen, server.spoilt, server.pages):
        counter.clear()
    return server


def fetcher(now: datetime = NOW, attempts: int = 7) -> Fetcher:
    patience = Patience(attempts=attempts, backoff_s=1e-3, backoff_max_s=0.01, read_s=2)
    return Fetcher(patience=patience, now=lambda: now)


def files_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


CLEAN: dict[Recipe, dict[str, bytes]] = {}


@pytest.fixture
def clean(
    venues: FakeVenues, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Recipe], dict[str, bytes]]:
    """Files of the market that a recipe gives where nothing goes wrong; fetched once."""

    def files(recipe: Recipe) -> dict[str, bytes]:
        if recipe not in CLEAN:
            with monkeypatch.context() as other:
                other.setenv("BASISLAB_HOME", str(tmp_path / "clean"))
                CLEAN[recipe] = files_of(fetch_market(recipe, fetcher=fetcher()).path)
            venues.seen.clear()
        return CLEAN[recipe]

    return files


def stored(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.json.gz"))


def test_a_daily_market_is_what_the_venues_have() -> None:
    done = fetch_market(DAILY, fetcher=fetcher())
    market = done.market
    assert len(market) == 100, "1 January to 10 April: the day in progress is not over"
    made = FakeMarket(int(NOW.timestamp()), start=START)
    from_start = (market.times[0].astype(int) - START) // HOUR
    bars = made.bars("SOL", "hyperliquid")
    price = market.prices["hyperliquid", "perp"]
    assert price.open[0] == bars.open[from_start]
    assert price.close[0] == bars.close[from_start + 23]
    assert price.high[0] == bars.high[from_start : from_start + 24].max()
    supply, borrow = made.lending("USDC")
    assert market.supply["kamino", "USDC"].apy[3] == pytest.approx(supply[from_start + 72])
    assert market.borrow["kamino", "USDC"].apy[3] == pytest.approx(borrow[from_start + 72])
    counts = market.funding["hyperliquid"].settlements
    assert counts is not None
    assert set(counts.tolist()) == {24}
    assert load_market(done.path).fingerprint == market.fingerprint
    assert check(market).errors == ()


def test_hourly_bars_take_the_settlement_at_their_end() -> None:
    """A row stamped 10:00 is for the hour from 9:00; Binance pays at 0:00, 8:00 and 16:00."""
    market = fetch_market(HOURLY, fetcher=fetcher()).market
    assert market.bar_seconds == HOUR
    assert market.end == NOW.replace(hour=14, minute=0, tzinfo=UTC)
    counts = market.funding["binance"].settlements
    assert counts is not None
    assert np.flatnonzero(counts[:24]).tolist() == [7, 15, 23]
    assert (market.funding["binance"].rate[counts == 0] == 0).all()
    assert check(market).errors == ()
    assert {f.rule for f in check(market).findings} <= {"zero-rate"}


@pytest.mark.parametrize("recipe", [DAILY, HOURLY], ids=["daily", "hourly"])
def test_a_second_fetch_asks_little_and_changes_nothing(
    recipe: Recipe, venues: FakeVenues, tmp_path: Path
) -> None:
    first = fetch_market(recipe, fetcher=fetcher())
    before = stored(tmp_path), files_of(first.path)
    venues.seen.clear()
    second = fetch_market(recipe, fetcher=fetcher())
    assert (second.answers, second.is_new) == (0, False)
    assert (stored(tmp_path), files_of(first.path)) == before
    assert sum(venues.seen.values()) <= 6, "at most the end of an 8-hourly series"


def test_an_update_asks_for_what_is_new_and_gives_what_a_fresh_fetch_gives(
    server: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_market(DAILY, fetcher=fetcher(NOW - timedelta(days=20)))
    server.seen.clear()
    done = fetch_market(recipe_of(DAILY.name), fetcher=fetcher())
    assert len(done.market) == 100
    since = (NOW - timedelta(days=23)).timestamp() * 1_000
    for request in server.seen:
        body = json.loads(request[request.index(" ") :] or "null")
        if body and body["type"] == "fundingHistory":
            assert body["startTime"] > since
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "fresh"))
    fresh = fetch_market(DAILY, fetcher=fetcher())
    assert files_of(fresh.path) == files_of(done.path)


@pytest.mark.parametrize("recipe", [DAILY, HOURLY], ids=["daily", "hourly"])
def test_all_faults_at_once_give_the_same_market_byte_for_byte(
    recipe: Recipe, venues: FakeVenues, clean: Callable[[Recipe], dict[str, bytes]]
) -> None:
    expected = clean(recipe)
    venues.faults = Faults(tuple(FAULTS), rate=0.95, most=5)
    spoilt = fetch_market(recipe, fetcher=fetcher())
    assert sum(venues.spoilt.values()) > 10
    assert files_of(spoilt.path) == expected


SOMETIMES = [name for name in FAULTS if name not in ("duplicates", "disorder", "jitter")]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_gives_the_same_market(
    fault: str, venues: FakeVenues, clean: Callable[[Recipe], dict[str, bytes]]
) -> None:
    recipe = Recipe("SOL", "2025-03-12")
    expected = clean(recipe)
    venues.faults = Faults((fault,), rate=1.0)
    assert files_of(fetch_market(recipe, fetcher=fetcher()).path) == expected
    if fault in SOMETIMES:
        assert venues.spoilt[fault] >= 4


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("storm", "the venue answers 429"),
        ("error", "the venue answers 50"),
        ("reset", "the connection failed"),
        ("length", "the connection failed"),
        ("truncated", "the JSON is cut off"),
        ("invalid", "got NaN"),
        ("html", "content type text/html, not JSON"),
        ("redirect", "redirected to elsewhere.example, which is not followed"),
        ("schema", "field 't' is missing"),
    ],
)
def test_a_fault_that_stays_is_one_sentence_and_the_market_stays_too(
    fault: str, said: str, venues: FakeVenues
) -> None:
    done = fetch_market(DAILY, fetcher=fetcher(NOW - timedelta(days=5)))
    before = files_of(done.path)
    venues.seen.clear()
    venues.faults = Faults((fault,), rate=1.0, most=1_000)
    with pytest.raises(SourceError) as caught:
        fetch_market(DAILY, fetcher=fetcher(attempts=2))
    assert said in str(caught.value)
    assert str(caught.value).endswith("Tried 2 times; try again later.")
    assert files_of(done.path) == before


def test_an_interrupted_fetch_goes_on_where_it_was(
    venues: FakeVenues, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fetch_market(DAILY, fetcher=fetcher(), name="whole").market
    requests = sum(venues.seen.values())
    put, left = Vault.put, [5]

    def full(*args: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise DataError("the disk is full")
        return put(*args)  # type: ignore[arg-type]

    monkeypatch.setenv("BASISLAB_HOME", str(Path(os.environ["BASISLAB_HOME"]) / "other"))
    monkeypatch.setattr(Vault, "put", full)
    with pytest.raises(DataError, match="disk is full"):
        fetch_market(DAILY, fetcher=fetcher())
    monkeypatch.setattr(Vault, "put", put)
    venues.seen.clear()
    assert fetch_market(DAILY, fetcher=fetcher()).market.fingerprint == whole.fingerprint
    assert sum(venues.seen.values()) < requests - 2


def test_offline_builds_the_same_market_without_a_question(venues: FakeVenues) -> None:
    online = fetch_market(DAILY, fetcher=fetcher())
    venues.seen.clear()
    offline = fetch_market(DAILY, fetcher=fetcher(), offline=True)
    assert (offline.is_new, offline.market.fingerprint) == (False, online.market.fingerprint)
    assert sum(venues.seen.values()) == 0
    with pytest.raises(SourceError, match="has no rows of that time"):
        fetch_market(Recipe("SOL", "2025-01-01", perp=("binance",)), offline=True)


class Corrected(FakeMarket):
    """The same market after the venue has changed the premium of one hour."""

    def premium(self, coin: str) -> np.ndarray:
        values = super().premium(coin).copy()
        hour = (int(datetime(2025, 4, 1, 5, tzinfo=UTC).timestamp()) - START) // HOUR
        values[hour] = 0.004
        return values


def test_a_later_correction_of_the_venue_wins_and_is_reported(
    venues: FakeVenues, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    early = datetime(2025, 4, 2, 12, tzinfo=UTC)
    before = fetch_market(DAILY, fetcher=fetcher(early)).market
    kept = set(stored(tmp_path))
    with FakeVenues(Corrected(int(NOW.timestamp()), start=START)) as corrected:
        # The same address, as far as the store is concerned.
        monkeypatch.setattr(
            "basislab.data.sources.feeds.Feed.place", property(lambda feed: f"venue/{feed.name}")
        )
        fetch_market(DAILY, fetcher=fetcher(early), name="again")
        monkeypatch.setenv("BASISLAB_VENUES_URL", corrected.url)
        after = fetch_market(DAILY, fetcher=fetcher(), name="again").market
    (rate, premium) = after.provenance["corrections"]
    assert rate["time"] == "2025-04-01T05:00:00Z"
    assert (rate["column"], rate["is"]) == ("rate", pytest.approx(0.0035 / 8))
    assert premium["column"] == "premium"
    day = 90
    moved = after.funding["hyperliquid"].rate[day] - before.funding["hyperliquid"].rate[day]
    assert moved == pytest.approx(rate["is"] - rate["was"])
    assert kept <= set(stored(tmp_path)), "the older version is kept"


def test_the_store_keeps_request_time_and_digest(tmp_path: Path) -> None:
    import gzip
    import hashlib

    fetch_market(DAILY, fetcher=fetcher())
    path = next((tmp_path / "home" / "payloads").rglob("funding-SOL/*.json.gz"))
    head, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
    record = json.loads(head)
    assert record["url"].endswith("/hyperliquid/info")
    assert record["body"]["type"] == "fundingHistory"
    assert record["fetched_at"] == "2025-04-11T15:30:00.000000Z"
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    assert json.loads(body)[0]["coin"] == "SOL"


def test_a_damaged_answer_is_named(tmp_path: Path) -> None:
    fetch_market(DAILY, fetcher=fetcher())
    path = next((tmp_path / "home" / "payloads").rglob("funding-SOL/*.json.gz"))
    for content in (b"", b"x", path.read_bytes()[:-9]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"funding-SOL/.*Remove the file and fetch again"):
            fetch_market(DAILY, fetcher=fetcher())
    path.unlink()
    assert len(fetch_market(DAILY, fetcher=fetcher()).market) == 100


def test_the_limit_of_kept_candles_is_an_error_not_a_short_market(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("basislab.data.fake.venues.MAX_CANDLES", 500)
    recipe = Recipe("SOL", "2025-03-01", bar="1h")
    with pytest.raises(
        SourceError, match=r"history begins 2025-03-21T20:00.*after --since 2025-03"
    ):
        fetch_market(recipe, fetcher=fetcher())


def test_defillama_without_a_key_lacks_the_borrow_side(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("ETH", "2025-01-01", lending=("aave",))
    with pytest.raises(SourceError, match="aave lacks the APY of USDC borrow"):
        fetch_market(recipe, fetcher=fetcher())
    monkeypatch.setenv("DEFILLAMA_API_KEY", "a-secret-key")
    market = fetch_market(recipe, fetcher=fetcher()).market
    assert set(market.borrow) == {("aave", "USDC")}
    assert "a-secret-key" not in json.dumps(dict(market.provenance))
    for path in Path(os.environ["BASISLAB_HOME"]).rglob("*"):
        assert path.is_dir() or b"a-secret-key" not in path.read_bytes()


def test_a_wrong_key_is_told_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFILLAMA_API_KEY", "wrong")
    with pytest.raises(SourceError) as caught:
        fetch_market(Recipe("ETH", "2025-01-01", lending=("aave",)), fetcher=fetcher())
    assert "the venue answers 401 (invalid key ***). Check the key" in str(caught.value)


def test_an_imported_market_is_never_replaced_by_a_fetched_one() -> None:
    from basislab.data import save_market
    from tests.data_fixtures import clean_market

    save_market(clean_market(), name="mine")
    with pytest.raises(ConfigError, match="was imported, not fetched"):
        fetch_market(DAILY, name="mine", fetcher=fetcher())
    with pytest.raises(ConfigError, match="does not say how it was fetched"):
        recipe_of("mine")


def test_the_plan_rechecks_the_end_of_what_is_stored() -> None:
    covered = [(0, 10 * DAY), (10 * DAY, 20 * DAY)]
    assert plan(covered, 0, 21 * DAY) == [(20 * DAY - RECHECK_S, 21 * DAY)]
    assert plan(covered, 5 * DAY, 20 * DAY) == []
    assert plan([], 0, DAY) == [(0, DAY)]
    assert plan([(DAY, 2 * DAY)], 0, 3 * DAY) == [(0, 3 * DAY)]
    assert plan([(0, DAY)], 0, 2 * DAY, is_whole=True) == [(0, 2 * DAY)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"asset": "SOL/USDC"}, "asset: got"),
        ({"since": "yesterday"}, "since: got 'yesterday'; write a day"),
        ({"until": "2024-12-31"}, "until: 2024-12-31 lies before since"),
        ({"bar": "4h"}, "bar: got '4h'"),
        ({"perp": ("hyperliqiud",)}, "did you mean 'hyperliquid'"),
        ({"perp": ()}, "at least one venue"),
        ({"gaps": "zero"}, "there are error, ffill, drop, interpolate"),
        ({"gaps": "ffill"}, "need the longest hole"),
        ({"max_gap": "3h"}, "the others take none"),
        ({"lending": ("kamino",), "asset": "ETH"}, "no reserve of 'ETH' on kamino"),
        ({"lending": ("aave",), "bar": "1h", "asset": "ETH"}, "one snapshot of aave ETH a day"),
        ({"since": "2025-04-11"}, "has not ended yet"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fetch_market(Recipe(**{"asset": "SOL", "since": "2025-01-01"} | change), fetcher=fetcher())  # type: ignore[arg-type]
    assert said in str(caught.value)


def holes(market: Market) -> dict[str, int]:
    return {label: int((~s.observed).sum()) for label, s in market.series().items()}


class Holed(FakeMarket):
    """Two hours of 5 April are missing at every venue."""

    @property
    def times(self) -> np.ndarray:  # type: ignore[override]
        every = np.arange(START, self.until + 1, HOUR, dtype=np.int64)
        gone = int(datetime(2025, 4, 5, 3, tzinfo=UTC).timestamp())
        return every[(every != gone) & (every != gone + HOUR)]


RECENT = {"asset": "SOL", "since": "2025-04-03", "until": "2025-04-09", "bar": "1h"}


@pytest.fixture
def holed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with FakeVenues(Holed(int(NOW.timestamp()), start=START)) as server:
        monkeypatch.setenv("BASISLAB_VENUES_URL", server.url)
        yield


@pytest.mark.usefixtures("holed")
def test_a_hole_is_an_error_by_default() -> None:
    with pytest.raises(DataError, match=r"2 of 168 hours missing.*first 2025-04-05T03:00Z.*--ref"):
        fetch_market(Recipe(**RECENT), fetcher=fetcher())


@pytest.mark.usefixtures("holed")
def test_a_hole_may_be_held_up_to_a_limit_and_is_recorded() -> None:
    market = fetch_market(Recipe(**RECENT, gaps="ffill", max_gap="2h"), fetcher=fetcher()).market
    assert set(holes(market).values()) == {2}
    price = market.prices["hyperliquid", "perp"]
    assert price.close[51] == price.close[52] == price.close[50]
    assert {gap["missing"] for gap in market.provenance["gaps"]} == {2}
    with pytest.raises(DataError, match="2 of 168 hours missing"):
        fetch_market(Recipe(**RECENT, gaps="ffill", max_gap="1h"), fetcher=fetcher())


@pytest.mark.usefixtures("holed")
def test_only_rates_are_interpolated() -> None:
    with pytest.raises(DataError, match="only rates are interpolated"):
        fetch_market(Recipe(**RECENT, gaps="interpolate", max_gap="2h"), fetcher=fetcher())


@pytest.mark.usefixtures("holed")
def test_dropping_keeps_the_longest_stretch_without_a_hole() -> None:
    market = fetch_market(Recipe(**RECENT, gaps="drop"), fetcher=fetcher()).market
    assert market.start == datetime(2025, 4, 5, 5, tzinfo=UTC)
    assert len(market) == 168 - 53
    assert set(holes(market).values()) == {0}
    (decision,) = market.provenance["gaps"]
    assert (decision["dropped"], decision["unit"]) == (53, "bars")


def test_every_test_that_the_table_of_faults_names_exists() -> None:
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs/fetching.md").read_text()))
    tests = "".join(path.read_text() for path in root.glob("tests/unit/test_data_*.py"))
    assert len(named) > 15
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_what_the_venue_keeps_is_said_where_its_history_is_too_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The made Hyperliquid keeps 100 candles: 2025-03-01 is before the first of them."""
    monkeypatch.setattr("basislab.data.fake.venues.MAX_CANDLES", 100)
    recipe = Recipe("SOL", "2025-03-01", "2025-04-10", bar="1h")
    with pytest.raises(SourceError, match="It keeps the latest 5000 candles of a width"):
        fetch_market(recipe, fetcher=fetcher())
