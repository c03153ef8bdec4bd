"""Sources: where markets come from, one file each; a feed of theirs by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from urllib.parse import urlsplit

from basislab.data.sources.budget import Budget
from basislab.data.sources.feeds import Feed, FeedOf, Part, Server, Source, Wanted, stand_in
from basislab.errors import ConfigError
from basislab.types.checks import nearest

__all__ = ["budgets", "feed_of", "local_url", "names", "source_of", "sources"]

MODULES = [
    "hyperliquid",
    "binance",
    "kamino",
    "defillama",
    "exchange",
]
"""A source is a module here with `SOURCES`, and a line in this list."""


@cache
def sources() -> tuple[Source, ...]:
    """Return all sources, in the order of the list."""
    modules = [import_module(f"{__name__}.{module}") for module in MODULES]
    return tuple(source for module in modules for source in module.SOURCES)


def names(part: Part) -> list[str]:
    """Return the sources that have a part of a market."""
    return [source.name for source in sources() if getattr(source, part)]


def source_of(part: Part, name: str) -> Source:
    """Return the source of a name that has a part of a market.

    Raises
    ------
    ConfigError
        There is none.
    """
    for source in sources():
        if getattr(source, part) and _is_named(source, name):
            return source
    there = names(part)
    raise ConfigError(f"{part}: got {name!r}{nearest(name, there)}; there are {', '.join(there)}.")


def feed_of(part: Part, wanted: Wanted) -> Feed:
    """Return the feed of a part of a market.

    Raises
    ------
    ConfigError
        No such source, or one that has not got what is wanted.
    """
    make: FeedOf = getattr(source_of(part, wanted.source), part)
    return make(wanted)


def _is_named(source: Source, name: str) -> bool:
    family, colon, _ = source.name.partition(":")
    return name == source.name or bool(colon and name.startswith(f"{family}:"))


def _servers() -> list[Server]:
    return [server for source in sources() for server in source.servers]


def budgets() -> dict[str, Budget]:
    """Return the venues' rate limits by host; a stand-in has none."""
    if stand_in():
        return {}
    return {urlsplit(server.url).netloc: Budget(server.per_minute) for server in _servers()}


def local_url(url: str) -> str:
    """Return an address at the stand-in for its venue, or the same one where there is none."""
    if not stand_in():
        return url
    parts = urlsplit(url)
    origins = {urlsplit(server.url).netloc: server.origin for server in _servers()}
    origin = origins.get(parts.netloc, parts.netloc)
    query = f"?{parts.query}" if parts.query else ""
    return f"{stand_in()}/{origin}{parts.path}{query}"
