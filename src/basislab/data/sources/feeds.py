"""A feed: one series of one venue, how a window of it is asked for and what the answer means."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from basislab.data.sources.budget import Budget
from basislab.data.sources.http import Call
from basislab.errors import ConfigError

if TYPE_CHECKING:
    from basislab.data.sources.rows import RawSeries

Group = Literal["prices", "funding", "lending", "terms"]

VENUES_URL = "BASISLAB_VENUES_URL"
"""Environment variable: a server that stands in for all venues, such as `basislab fake-venues`."""

CCXT = "ccxt"
"""Begins the origin, and is the scheme of the calls, of what is asked through ccxt."""

_OFFICIAL = {
    "hyperliquid": "https://api.hyperliquid.xyz",
    "binance-spot": "https://api.binance.com",
    "binance-perp": "https://fapi.binance.com",
    "kamino": "https://api.kamino.finance",
    "defillama": "https://yields.llama.fi",
    "defillama-pro": "https://pro-api.llama.fi",
}

_PER_MINUTE = {
    "hyperliquid": 1_200.0,
    "binance-spot": 6_000.0,
    "binance-perp": 2_400.0,
    "kamino": 120.0,  # no limit is published; be polite
    "defillama": 300.0,
    "defillama-pro": 1_000.0,
}


@dataclass(frozen=True)
class Feed:
    """One series of one venue.

    Parameters
    ----------
    origin : str
        Which of the venue's servers; see `base_url`.
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
        Rows of an answer; pure. The text names the answer in messages.
    settles_at_once : bool
        A row is final at its nominal time (funding), not at the end of its bar.
    note : str
        What to know where rows are missing, as a sentence.
    """

    origin: str
    name: str
    group: Group
    key: tuple[str, ...]
    step_s: int
    span_s: int
    call: Callable[[int, int], Call]
    parse: Callable[[Any, str], RawSeries]
    settles_at_once: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """Name of the feed in messages, such as ``hyperliquid candles-1h-SOL``."""
        return f"{self.origin} {self.name}"

    @property
    def place(self) -> str:
        """Directory of its payloads under the store; a stand-in's are kept apart."""
        if self.origin.startswith(f"{CCXT}-"):
            stand_in = _stand_in()
            head = f"{urlsplit(stand_in).netloc.replace(':', '_')}/" if stand_in else ""
            return f"{head}{self.origin}/{self.name}"
        host = urlsplit(base_url(self.origin)).netloc
        official = host == urlsplit(_OFFICIAL[self.origin]).netloc
        head = self.origin if official else f"{host.replace(':', '_')}/{self.origin}"
        return f"{head}/{self.name}"


def base_url(origin: str) -> str:
    """Return the address of a venue's server, or of the stand-in for it.

    Parameters
    ----------
    origin : str

    Returns
    -------
    str
        Without a slash at the end.

    Raises
    ------
    ConfigError
        The environment names something that is no address.
    """
    stand_in = _stand_in()
    return f"{stand_in}/{origin}" if stand_in else _OFFICIAL[origin]


def local_url(url: str) -> str:
    """Return an address at the stand-in for its venue, or the same one where there is none.

    Parameters
    ----------
    url : str
        Of a venue's own server.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        The environment names something that is no address.
    """
    stand_in = _stand_in()
    if not stand_in:
        return url
    parts = urlsplit(url)
    origins = {urlsplit(address).netloc: origin for origin, address in _OFFICIAL.items()}
    origin = origins.get(parts.netloc, parts.netloc)
    query = f"?{parts.query}" if parts.query else ""
    return f"{stand_in}/{origin}{parts.path}{query}"


def _stand_in() -> str:
    """Return the address of the server that stands in for all venues; empty where none does."""
    stand_in = os.environ.get(VENUES_URL, "")
    parts = urlsplit(stand_in)
    if stand_in and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ConfigError(f"{VENUES_URL}: got {stand_in!r}; wanted is http://host:port.")
    return stand_in.rstrip("/")


def budgets() -> dict[str, Budget]:
    """Return the venues' rate limits by host; a stand-in has none.

    Returns
    -------
    dict of str to Budget
    """
    if os.environ.get(VENUES_URL):
        return {}
    return {urlsplit(url).netloc: Budget(_PER_MINUTE[key]) for key, url in _OFFICIAL.items()}


def millis(seconds: int) -> int:
    """Return milliseconds, as most venues count.

    Parameters
    ----------
    seconds : int

    Returns
    -------
    int
    """
    return seconds * 1_000
