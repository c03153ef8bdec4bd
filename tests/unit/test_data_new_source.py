"""A new source is one file and one line: here a made one, added as CONTRIBUTING.md says."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from basislab.cli.app import app
from basislab.data import load_market, sources
from basislab.data.fake import FakeMarket, FakeVenues

FILE = '''
"""Toy: hourly rates and daily candles of one server, each row a list."""

from basislab.data.sources.feeds import Feed, Server, Source
from basislab.data.sources.fields import Milliseconds, FundingRate, Row, held, named, read_rows
from basislab.data.sources.http import Call
from basislab.data.sources.listed import parse_candles
from basislab.data.sources.rows import funding_series, series_of

_API = Server("toy", "https://api.toy.example", per_minute=60)


class Rate(Row):
    time: Milliseconds
    funding_rate: FundingRate


def feed(wanted, part, group, key, parse):
    def call(start, end):
        return Call(f"{_API.address}/{part}/{wanted.asset}?start={start}&end={end}")

    return Feed(_API, f"{part}-{wanted.asset}", group, key, 86_400, 864_000, call, parse)


def candles(wanted):
    def parse(tree, where):
        rows = held(tree, "rows", where)
        return parse_candles(rows, where, venue="toy", asset=wanted.asset, bar_s=wanted.bar_s)

    return feed(wanted, "candles", "prices", ("toy", "perp"), parse)


def funding(wanted):
    def parse(tree, where):
        listed = named(held(tree, "rows", where), ("time", "fundingRate"))
        rows = read_rows(Rate, listed, where)
        rates = [(row.funding_rate, None) for row in rows]
        return funding_series("toy", wanted.asset, [row.time for row in rows], rates, where)

    return feed(wanted, "rates", "funding", ("toy",), parse)


def lending(wanted):
    def parse(tree, where):
        listed = named(held(tree, "rows", where), ("time", "fundingRate"))
        rows = read_rows(Rate, listed, where)
        times = [row.time // 1_000 for row in rows]
        values = [(4_000 * row.funding_rate, 5_000 * row.funding_rate) for row in rows]
        return series_of("lending", "toy", wanted.asset, times, values, where)

    return feed(wanted, "rates", "lending", ("toy", wanted.asset), parse)


SOURCES = (Source("toy", perp=candles, funding=funding, lending=lending, servers=(_API,)),)
'''
NOW = datetime(2025, 4, 11, 15, 30, tzinfo=UTC)
DAY_MS = 86_400_000


def answer(rest: str, query: Any, _: Any) -> tuple[Any, list[Any]]:
    """What the toy's server says: the price is the number of the day."""
    low, high = int(query["start"]) * 1_000, int(query["end"]) * 1_000
    opens = range(-(-low // DAY_MS) * DAY_MS, high, DAY_MS)
    rows: list[Any] = [[at, "0.001"] for at in opens]
    if rest.startswith("candles/"):
        rows = [[at, *[str(at // DAY_MS + step) for step in (0, 2, -1, 1)], "5"] for at in opens]
    return {"rows": rows}, rows


@pytest.fixture(autouse=True)
def venues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    (tmp_path / "toy.py").write_text(FILE)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    monkeypatch.setattr(sources, "MODULES", [*sources.MODULES, "toy"])
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    sources.sources.cache_clear()
    with FakeVenues(FakeMarket(int(NOW.timestamp()))) as server:
        monkeypatch.setenv("BASISLAB_VENUES_URL", server.url)
        server.venues.handlers["toy"] = answer
        yield server
    sys.modules.pop("basislab.data.sources.toy", None)
    sources.sources.cache_clear()


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["data", *words])
    assert done.exit_code == 0, done.output or done.exception
    return done.output


def test_the_help_names_it_wherever_it_has_something() -> None:
    text = " ".join(run("fetch", "--help").split())
    assert "prices and funding: hyperliquid, binance, ccxt:EXCHANGE, toy." in text
    assert "Rates: kamino, aave, kamino-defillama, toy." in text
    assert "Spot prices beside them: binance, ccxt:EXCHANGE." in text


def test_a_market_is_fetched_from_it_and_brought_up_to_date() -> None:
    """Ten days: the close of a day is its number and 1; supply is 4 %, borrowing costs 5 %."""
    words = ("--perp", "toy", "--lending", "toy", "--since", "2025-03-01", "--until", "2025-03-10")
    assert "sol-toy-1d: 10 bars, 2025-03-01 to 2025-03-10" in run("fetch", *words)
    market = load_market("sol-toy-1d")
    first = 1_740_787_200_000 // DAY_MS
    assert market.prices["toy", "perp"].close.tolist() == [first + 1 + day for day in range(10)]
    assert market.funding["toy"].rate.tolist() == [0.001] * 10
    assert market.supply["toy", "SOL"].apy.tolist() == [0.04] * 10
    assert market.borrow["toy", "USDC"].apy.tolist() == [0.05] * 10
    assert "0 answers stored; the market was in" in run("update", "sol-toy-1d")


def test_its_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASISLAB_VENUES_URL")
    assert sources.budgets()["api.toy.example"].per_minute == 60
