"""Any exchange through ccxt: the real library against the fake venues, and its rows parsed."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ccxt
import numpy as np
import pytest
from typer.testing import CliRunner

from basislab.cli.app import app
from basislab.data import load_market
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FAULTS, FakeMarket, FakeVenues, Faults
from basislab.data.fetch import exchanges
from basislab.data.fetch.exchanges import ExchangeClient
from basislab.data.fetch.market import Fetcher, fetch_market
from basislab.data.keep.gc import collect
from basislab.data.keep.vault import Vault
from basislab.data.sources import exchange
from basislab.data.sources.feeds import Wanted
from basislab.data.sources.http import Patience
from basislab.errors import ConfigError, SourceError
from basislab.types import Market

NOW = datetime(2025, 4, 11, 15, 30, tzinfo=UTC)
START = int(datetime(2025, 2, 1, tzinfo=UTC).timestamp())
OWN = Recipe("SOL", "2025-03-01", "2025-03-14", bar="1h", perp=("binance",), spot=("binance",))
THROUGH = replace(OWN, perp=("ccxt:binance",), spot=("ccxt:binance",))
DAY = 1_740_787_200  # 2025-03-01


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    with FakeVenues(FakeMarket(int(NOW.timestamp()), start=START)) as venues:
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        yield venues


def patience(attempts: int = 7) -> Patience:
    return Patience(attempts=attempts, backoff_s=1e-3, backoff_max_s=0.01, read_s=2)


def fetched(recipe: Recipe, name: str | None = None) -> Market:
    fetcher = Fetcher(patience=patience(), now=lambda: NOW)
    return fetch_market(recipe, name=name, fetcher=fetcher).market


def test_through_ccxt_come_the_rows_of_our_own_source() -> None:
    """Prices, volumes, funding and settlement counts of 14 days of hours, to the bit."""
    own, through = fetched(OWN, "own"), fetched(THROUGH, "through")
    assert list(through.prices) == [("binance", "perp"), ("binance", "spot")]
    assert len(through) == 14 * 24
    assert through.fingerprint == own.fingerprint


def test_every_request_goes_through_our_client(
    server: FakeVenues, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ccxt's own session is never used: it would follow redirects and read without end."""

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("ccxt has asked by itself")

    monkeypatch.setattr("requests.Session.request", never)
    fetched(THROUGH)
    paths = {request.split("?")[0] for request in server.seen}
    assert "/binance-perp/fapi/v1/exchangeInfo null" in paths
    assert "/binance-perp/fapi/v1/fundingRate" in paths


def test_all_faults_at_once_give_the_same_market(server: FakeVenues) -> None:
    expected = fetched(THROUGH, "clean")
    server.seen.clear()
    for path in Vault().root.rglob("*.json.gz"):
        path.unlink()
    # A page of one pair does for another where both are asked at one path.
    names = tuple(name for name in FAULTS if name != "jitter")
    server.faults = Faults(names, rate=0.9, most=4)
    spoilt = fetched(THROUGH, "spoilt")
    assert sum(server.spoilt.values()) > 10
    assert spoilt.fingerprint == expected.fingerprint


def test_what_is_stored_says_how_it_was_asked() -> None:
    fetched(THROUGH)
    import gzip

    path = next(Vault().root.rglob("ccxt-binance/funding-SOL-USDT/*.json.gz"))
    head, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
    asked = json.loads(head)["url"]
    assert asked.startswith(
        "ccxt://binance/fetchFundingRateHistory?symbol=SOL%2FUSDT%3AUSDT&since="
    )
    assert json.loads(body)[0]["info"]["symbol"] == "SOLUSDT", "the exchange's own row is kept"
    assert collect() == [], "it belongs to a market"


def test_an_update_asks_for_little() -> None:
    words = ["data", "fetch", "--since", "2025-03-01", "--until", "2025-03-10"]
    done = CliRunner().invoke(app, [*words, "--perp", "ccxt:binance"])
    assert done.exit_code == 0, done.output
    assert "sol-binance-1d: 10 bars" in done.output
    again = CliRunner().invoke(app, ["data", "update", "sol-binance-1d"])
    assert "0 answers stored; the market was in" in again.output
    assert load_market("sol-binance-1d").provenance["recipe"]["perp"] == ["ccxt:binance"]


DAYS = exchange.candle_feed(Wanted("ccxt:bybit", "SOL", 86_400), "perp")
SETTLEMENTS = exchange.funding_feed(Wanted("ccxt:bybit", "SOL", 86_400))
CANDLES = [[1_735_689_600_000, 189.43, 195.55, 188.08, 194.42, 775213.74]]
FUNDING = [
    {
        "info": {"symbol": "SOLUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": "1"},
        "symbol": "SOL/USDT:USDT",
        "fundingRate": 0.0001,
        "timestamp": 1_735_689_600_004,
        "datetime": "2025-01-01T00:00:00.004Z",
    }
]


def test_unified_rows_are_parsed() -> None:
    candles = DAYS.parse(CANDLES, "w")
    assert (candles.kind, candles.venue, candles.asset) == ("candles", "bybit", "SOL")
    assert candles.times.tolist() == [1_735_689_600]
    assert candles.values.tolist() == [[189.43, 195.55, 188.08, 194.42, 775213.74]]
    funding = SETTLEMENTS.parse(FUNDING, "w")
    assert funding.times.tolist() == [1_735_689_600]
    assert funding.values[0, 0] == 0.0001
    assert np.isnan(funding.values[0, 1])
    assert funding.jitter is not None
    assert funding.jitter.tolist() == [0.004]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({1: None}, "row 1, open: got None"),
        ({2: -1.0}, "row 1, high: got -1.0"),
        ({5: None}, "row 1, volume: got None"),
        ({0: 1_735_689_601_000}, "which is not midnight UTC"),
        ({0: 1_735_689_600}, "a whole number of milliseconds"),
    ],
)
def test_a_bad_candle_is_named(change: dict[int, Any], said: str) -> None:
    row: list[Any] = list(CANDLES[0])
    for place, value in change.items():
        row[place] = value
    with pytest.raises(SourceError, match=said):
        DAYS.parse([row], "w")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([FUNDING[0] | {"fundingRate": None}], "row 1, fundingRate: got None"),
        ([FUNDING[0] | {"fundingRate": 0.01 * 100}], "divide percent by 100"),
        ([FUNDING[0], FUNDING[0] | {"symbol": "ETH/USDT:USDT"}], "a file holds one series"),
        ([3], "an object with named fields is wanted"),
    ],
)
def test_a_bad_settlement_is_named(rows: list[Any], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        SETTLEMENTS.parse(rows, "w")


class StandIn:
    """An exchange of ccxt's interface that answers as it is told."""

    def __init__(self, rows: Any, *, wrong: Exception | None = None) -> None:
        self.has = {"fetchOHLCV": True, "fetchFundingRateHistory": None}
        self.rows, self.wrong, self.asked = rows, wrong, 0

    def fetchOHLCV(self, symbol: str, **given: Any) -> Any:  # noqa: N802 - ccxt's name
        self.asked += 1
        if self.wrong is not None:
            raise self.wrong
        return self.rows


def asked_of(monkeypatch: pytest.MonkeyPatch, stand_in: StandIn) -> bytes:
    monkeypatch.setattr(exchanges, "_load", lambda _: stand_in)
    feed = exchange.candle_feed(Wanted("ccxt:made/USDC", "SOL", 3_600), "perp")
    with ExchangeClient(patience(attempts=3)) as client:
        return client.send(feed.call(DAY, DAY + 7_200))


def test_rows_outside_the_window_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some exchanges ignore `until`, or begin one bar early."""
    rows = [[(DAY + hour * 3_600) * 1_000, 1, 1, 1, 1, 0] for hour in range(-1, 4)]
    kept = json.loads(asked_of(monkeypatch, StandIn(rows)))
    assert [row[0] for row in kept] == [DAY * 1_000, (DAY + 3_600) * 1_000]


@pytest.mark.parametrize(
    ("wrong", "times", "said"),
    [
        (ccxt.RateLimitExceeded("made slow\ndown"), 3, r"RateLimitExceeded of ccxt \(made slow do"),
        (ccxt.BadSymbol("made has no SOL"), 1, r"BadSymbol of ccxt .* Check coin and quote"),
    ],
)
def test_what_may_get_better_is_asked_again_and_the_rest_is_not(
    monkeypatch: pytest.MonkeyPatch, wrong: Exception, times: int, said: str
) -> None:
    stand_in = StandIn([], wrong=wrong)
    with pytest.raises(SourceError, match=said):
        asked_of(monkeypatch, stand_in)
    assert stand_in.asked == times


def test_a_history_that_ccxt_does_not_know_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "_load", lambda _: StandIn([]))
    feed = exchange.funding_feed(Wanted("ccxt:made", "SOL"))
    with ExchangeClient(patience()) as client, pytest.raises(SourceError) as error:
        client.send(feed.call(DAY, DAY + 7_200))
    assert "ccxt knows no fetchFundingRateHistory of made" in str(error.value)


def test_an_error_in_an_answer_of_status_200_is_an_error(
    server: FakeVenues, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Bybit does it: {"retCode": 10001}; here Binance's own code for an unknown symbol."""
    answer = type(server.venues).answer

    def spoilt(self: Any, path: str, query: Any, body: Any) -> Any:
        if path.endswith("klines"):
            return {"code": -1121, "msg": "Invalid symbol."}, []
        return answer(self, path, query, body)

    monkeypatch.setattr(type(server.venues), "answer", spoilt)
    with pytest.raises(SourceError, match=r"BadSymbol of ccxt .*Invalid symbol"):
        fetched(THROUGH)


def test_without_the_extra_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(ConfigError, match=r"pip install 'basislab\[ccxt\]'"):
        fetched(THROUGH)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"perp": ("ccxt:",)}, "wanted is ccxt:EXCHANGE"),
        ({"perp": ("ccxt:by bit",)}, "wanted is ccxt:EXCHANGE"),
        ({"perp": ("bybit",)}, "there are hyperliquid, binance, ccxt:EXCHANGE"),
        ({"perp": ("binance", "ccxt:binance")}, "the same venue, asked in two ways"),
        ({"spot": ("ccxt:okx/usdt",)}, "wanted is ccxt:EXCHANGE"),
        ({"lending": ("ccxt:bybit",)}, "there are kamino, aave"),
    ],
)
def test_sources_that_cannot_be_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(OWN, **changes)


def test_an_exchange_that_ccxt_does_not_know_is_named() -> None:
    with pytest.raises(ConfigError, match=r"ccxt:binanc: no such exchange.*binance.*knows \d+"):
        fetched(replace(OWN, perp=("ccxt:binanc",), spot=()))


def test_official_answers_have_a_place_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = exchange.funding_feed(Wanted("ccxt:bybit", "SOL"))
    assert feed.place.startswith("127.0.0.1_")
    monkeypatch.delenv("BASISLAB_VENUES_URL")
    assert feed.place == "ccxt-bybit/funding-SOL-USDT"
    assert exchanges._load("bybit").enableRateLimit
