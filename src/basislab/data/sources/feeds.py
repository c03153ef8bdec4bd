"""A source, its servers and its feeds: how a window is asked for and what the answer means."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from basislab.data.sources.http import Call
from basislab.errors import ConfigError
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from basislab.data.sources.rows import RawSeries

Part = Literal["perp", "spot", "funding", "lending"]
"""What a user may name a source for."""

Group = Literal["prices", "funding", "lending", "terms"]

VENUES_URL = "BASISLAB_VENUES_URL"
"""Environment variable: a server that stands in for all venues, such as `basislab fake-venues`."""

CCXT = "ccxt"
"""Begins the origin, and is the scheme of the calls, of what is asked through ccxt."""

WIDTHS = {SECONDS_PER_HOUR: "1h", SECONDS_PER_DAY: "1d"}
"""Widths of a bar in seconds, and what every venue calls them."""


@dataclass(frozen=True)
class Server:
    """One of a venue's servers.

    Parameters
    ----------
    origin : str
        Its name in the store and at a stand-in.
    url : str
        Its own address, without a slash at the end.
    per_minute : float
        What it allows, in the weights of the calls.
    """

    origin: str
    url: str
    per_minute: float = 0.0

    @property
    def address(self) -> str:
        """Where it is asked: its own address, or its place at the stand-in."""
        return f"{stand_in()}/{self.origin}" if stand_in() else self.url


@dataclass(frozen=True)
class Feed:
    """One series of one venue.

    Parameters
    ----------
    name : str
        Directory of its payloads, such as ``candles-1h-SOL``.
    group : {"prices", "funding", "lending", "terms"}
        Part of the market that it becomes; terms become none of its series.
    key : tuple of str
        (venue, kind), (venue,) or (protocol, asset).
    step_s : int, seconds
        Usual distance of two rows, and how long after its nominal time a row is final.
    span_s : int, seconds
        Longest window of one request; 0 where an answer is always the whole history.
    call : callable of int, int
        Request for the window [start, end), seconds since 1970.
    parse : callable of parsed JSON, str
        Rows of an answer, none where it is empty; pure. Takes any JSON, and refuses with
        `SourceError` what is no answer. The text names the answer in messages.
    note : str
        What to know where rows are missing, as a sentence.
    """

    server: Server
    name: str
    group: Group
    key: tuple[str, ...]
    step_s: int
    span_s: int
    call: Callable[[int, int], Call]
    parse: Callable[[Any, str], RawSeries]
    note: str = ""

    @property
    def settles_at_once(self) -> bool:
        """A row is final at its nominal time (funding), not at the end of its bar."""
        return self.group == "funding"

    @property
    def label(self) -> str:
        """Name of the feed in messages, such as ``hyperliquid candles-1h-SOL``."""
        return f"{self.server.origin} {self.name}"

    @property
    def place(self) -> str:
        """Directory of its payloads under the store; a stand-in's are kept apart."""
        host = urlsplit(stand_in()).netloc.replace(":", "_")
        return "/".join(filter(None, (host, self.server.origin, self.name)))


class Wanted(NamedTuple):
    """What a feed is asked for.

    Parameters
    ----------
    source : str
        As the user names it, such as ``ccxt:bybit``.
    asset : str
        Coin, upper case.
    bar_s : int, seconds
        Width of a bar, one of `WIDTHS`.
    reserves : tuple of str
        Further reserves of a lending market, each ``COIN=ADDRESS``.
    """

    source: str
    asset: str
    bar_s: int = SECONDS_PER_DAY
    reserves: tuple[str, ...] = ()


FeedOf = Callable[[Wanted], Feed]


class Terms(NamedTuple):
    """A venue's own terms: their feed, and what an answer says of a coin (tree, where, coin)."""

    feed: Callable[[], Feed]
    parse: Callable[[Any, str, str], dict[str, Any]]


@dataclass(frozen=True)
class Source:
    """A venue, a protocol or an aggregator, and what it has.

    Parameters
    ----------
    name : str
        As ``basislab data fetch`` calls it; ``ccxt:EXCHANGE`` stands for any word in capitals.
    perp, spot, funding, lending : callable of Wanted, optional
        Feeds; none where it has no such series.
    servers : tuple of Server
        Those that it asks itself.
    """

    name: str
    perp: FeedOf | None = None
    spot: FeedOf | None = None
    funding: FeedOf | None = None
    lending: FeedOf | None = None
    servers: tuple[Server, ...] = ()
    terms: Terms | None = None


def stand_in() -> str:
    """Return the address of the server that stands in for all venues; empty where none does.

    Raises
    ------
    ConfigError
        The environment names something that is no address.
    """
    named = os.environ.get(VENUES_URL, "")
    parts = urlsplit(named)
    if named and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ConfigError(f"{VENUES_URL}: got {named!r}; wanted is http://host:port.")
    return named.rstrip("/")


def millis(seconds: int) -> int:
    """Return milliseconds, as most venues count."""
    return seconds * 1_000
