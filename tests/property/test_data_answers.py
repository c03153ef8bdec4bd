"""Any JSON value at any level of a venue's answer: refused in our words, or read for what it says.

``BASISLAB_ANSWERS=10000 .venv/bin/pytest tests/property/test_data_answers.py`` spoils so many
answers of each kind; the suite spoils few.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt
import pytest

from basislab.data.build.answers import stored_rows
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FakeMarket
from basislab.data.fake.venues import Venues
from basislab.data.fetch import exchanges
from basislab.data.fetch.exchanges import ExchangeClient
from basislab.data.fetch.paging import Pager
from basislab.data.keep.vault import Vault
from basislab.data.read.answers import parse
from basislab.data.read.payload import read_payload
from basislab.data.sources import feed_of
from basislab.data.sources.feeds import Feed, Wanted
from basislab.data.sources.http import Call, Check, Client
from basislab.data.sources.hyperliquid import parse_margin_tiers
from basislab.data.sources.payload import parse_json
from basislab.errors import ConfigError, DataError
from tests.answers import ANSWERS, DAY, HOUR, READINGS, RESERVE, START, Rows, mutated

EACH = int(os.environ.get("BASISLAB_ANSWERS", "150"))
NOW = datetime(2025, 2, 1, tzinfo=UTC)

FEEDS = {
    "hyperliquid candles": ("perp", "hyperliquid", HOUR),
    "hyperliquid funding": ("funding", "hyperliquid", HOUR),
    "binance klines": ("perp", "binance", HOUR),
    "binance funding": ("funding", "binance", HOUR),
    "ccxt candles": ("spot", "ccxt:bybit", HOUR),
    "ccxt funding": ("funding", "ccxt:bybit", HOUR),
    "kamino": ("lending", "kamino", DAY),
    "defillama": ("lending", "kamino-defillama", DAY),
}
FILES = {
    "hyperliquid candles": "candles.json",
    "hyperliquid funding": "funding.json",
    "defillama": "defillama_kamino_sol.json",
    "drift": "drift_funding_sol_daily.json",
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFILLAMA_API_KEY", "a-key")
    monkeypatch.delenv("BASISLAB_VENUES_URL", raising=False)


class Answering(Client):
    """A venue that has one answer to everything."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def send(self, call: Call, check: Check = lambda _: None) -> bytes:
        check(parse_json(self.body, call.label))
        return self.body


def body_of(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def plain(name: str, tree: Any) -> Any:
    """What an answer says; the message of a failure shows the answer that was read for more."""
    try:
        return READINGS[name](json.loads(body_of(tree)))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise AssertionError(f"{name}: read, though {error!r}: {str(tree)[:3_000]}") from None


def assert_same(told: Rows, read: Rows, tree: Any) -> None:
    assert told.keys() == read.keys(), str(tree)[:3_000]
    for time, values in told.items():
        for one, other in zip(values, read[time], strict=True):
            same = (math.isnan(one) and math.isnan(other)) or math.isclose(
                one, other, rel_tol=1e-12
            )
            assert same, (time, one, other, str(tree)[:3_000])


def feed_named(name: str) -> Feed:
    part, source, bar_s = FEEDS[name]
    return feed_of(part, Wanted(source, "SOL", bar_s))  # type: ignore[arg-type]


def fetched(name: str, body: bytes, root: Path) -> Rows:
    """Rows that are stored of an answer, after all that a fetch does with it."""
    feed, vault = feed_named(name), Vault(root)
    for path in root.rglob("*.gz"):
        path.unlink()
    bars = 6 if feed.step_s == HOUR else 5
    with vault.writing():
        for _ in Pager(Answering(body), vault, feed, lambda: NOW).fetch(
            (START, START + bars * feed.step_s)
        ):
            pass
    return {
        time: values
        for _, series in stored_rows(vault, feed)
        for time, values in zip(series.times.tolist(), series.values.tolist(), strict=True)
    }


def spoilt(name: str, answer: Any) -> list[Any]:
    return [mutated(answer, Random(f"{name} {seed}")) for seed in range(EACH)]  # noqa: S311


def unless_refused(read: Callable[[], Any]) -> Any:
    """What was read; None where it was refused with one line."""
    try:
        return read()
    except DataError as error:
        message = str(error)
    assert "\n" not in message
    return None


@pytest.mark.parametrize("name", FEEDS)
def test_a_clean_answer_is_read_whole(name: str, tmp_path: Path) -> None:
    rows = fetched(name, body_of(ANSWERS[name]), tmp_path)
    assert len(rows) == (6 if feed_named(name).step_s == HOUR else 5)
    assert_same(plain(name, ANSWERS[name]), rows, ANSWERS[name])


@pytest.mark.parametrize("name", FEEDS)
def test_a_spoilt_answer_is_refused_or_read_for_what_it_says(name: str, tmp_path: Path) -> None:
    """Whatever is stored stands in the answer: nothing that is missing has become a number."""
    read = 0
    for tree in spoilt(name, ANSWERS[name]):
        rows = unless_refused(lambda tree=tree: fetched(name, body_of(tree), tmp_path))
        if rows is not None:
            read += 1
            assert_same(plain(name, tree), rows, tree)
    assert 0 < read < EACH


@pytest.mark.parametrize("name", FILES)
def test_a_spoilt_file_is_refused_or_read_for_what_it_says(name: str, tmp_path: Path) -> None:
    path, read = tmp_path / FILES[name], 0
    answer = ANSWERS[name]
    if name == "hyperliquid candles":
        opens = [(START + day * DAY) * 1_000 for day in range(len(answer))]
        answer = [row | {"i": "1d", "t": at} for row, at in zip(answer, opens, strict=True)]
    for tree in spoilt(name, answer):
        path.write_bytes(body_of(tree))
        series = unless_refused(lambda: parse(read_payload(path)))
        if series is not None:
            read += 1
            rows = dict(zip(series.times.tolist(), series.values.tolist(), strict=True))
            told = tree["data"] if isinstance(tree, dict) else tree
            assert_same(plain(name, told), rows, tree)
    assert 0 < read < EACH


def terms_of(body: bytes) -> list[tuple[float, int]]:
    return parse_margin_tiers(parse_json(body, "w"), "w", "SOL")


def test_spoilt_terms_are_refused_or_read_for_what_they_say() -> None:
    name, read = "hyperliquid terms", 0
    for tree in spoilt(name, ANSWERS[name]):
        tiers = unless_refused(partial(terms_of, body_of(tree)))
        if tiers is not None:
            read += 1
            assert [list(tier) for tier in tiers] == plain(name, tree)
    assert 0 < read < EACH


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"null", b"3", b'"x"', b"{}", b"[[]]", b"NaN", b'{"data": [1]}', b"[" * 100_000],
)
def test_what_is_no_answer_at_all_is_refused(name: str, body: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        fetched(name, body, tmp_path)


@pytest.mark.parametrize("name", [name for name in FEEDS if name not in ("kamino", "defillama")])
@pytest.mark.parametrize("holder", ["data", "history", "rows"])
def test_a_list_within_an_object_is_no_list(name: str, holder: str, tmp_path: Path) -> None:
    """Even an empty one: a venue that answers so has changed, and has not run out of rows."""
    for rows in ([], ANSWERS[name]):
        with pytest.raises(DataError, match="a list of rows is wanted"):
            fetched(name, body_of({holder: rows}), tmp_path)


@pytest.mark.parametrize("name", ["klines", "fundingRate", "exchangeInfo"])
def test_what_ccxt_cannot_read_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange's own answer is spoilt, before ccxt reads it."""
    venues = Venues(FakeMarket(int(NOW.timestamp()), start=START))
    random = Random(name)  # noqa: S311
    part = "funding" if name == "fundingRate" else "perp"
    feed = feed_of(part, Wanted("ccxt:binance", "SOL", HOUR))

    def send(_: Client, call: Call, check: Check = lambda _: None) -> bytes:
        parts = urlsplit(call.url)
        server = "binance-spot" if parts.path.startswith("/api/") else "binance-perp"
        tree, _ = venues.answer(server + parts.path, dict(parse_qsl(parts.query)), None)
        return body_of(mutated(tree, random) if parts.path.endswith(name) else tree)

    exchange = ccxt.binance({"enableRateLimit": False})
    monkeypatch.setattr(Client, "send", send)
    monkeypatch.setattr(exchanges, "_load", lambda _: exchange)

    def read() -> Any:
        with ExchangeClient() as client:
            body = client._once(feed.call(START, START + 6 * HOUR), lambda _: None, math.inf)
        return feed.parse(parse_json(body, "w"), "w")

    for _ in range(EACH // 3):
        exchange.markets = None if name == "exchangeInfo" else exchange.markets
        unless_refused(read)


def test_a_spoilt_recipe_is_refused_or_read_for_what_it_says() -> None:
    """A market's manifest holds one; anybody may have edited it."""
    recipe = Recipe("SOL", "2025-03-01", spot=("binance",), reserves=(f"SOL={RESERVE}",)).to_dict()
    read = 0
    for seed in range(3 * EACH):
        told = mutated(recipe, Random(seed))  # noqa: S311
        try:
            found = Recipe.from_dict(told).to_dict()
        except ConfigError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it may be read as well
            continue
        read += 1
        for part in ("perp", "spot", "funding", "lending"):
            assert found[part] == list(dict.fromkeys(told.get(part, found[part])))
    assert 0 < read < 3 * EACH
