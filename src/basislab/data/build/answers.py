"""Rows of stored answers, as far as their time had ended when they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from basislab.data.keep.vault import Record, Vault
from basislab.data.sources.feeds import Feed
from basislab.data.sources.payload import parse_json
from basislab.errors import SourceError

if TYPE_CHECKING:
    from basislab.data.sources.rows import RawSeries


def read_rows_of(feed: Feed, tree: Any, where: str) -> RawSeries | None:
    """Parse an answer; None where it has no rows.

    Parameters
    ----------
    feed : Feed
    tree : object
        Parsed JSON.
    where : str
        The answer, for messages.

    Returns
    -------
    RawSeries or None

    Raises
    ------
    SourceError
        Not what the feed is made of.
    """
    holders = (tree.get("history"), tree.get("data")) if isinstance(tree, dict) else (tree,)
    if any(rows == [] for rows in holders):
        return None
    if not isinstance(tree, list | dict):
        raise SourceError(f"{where}: got {type(tree).__name__}, not rows. Its format has changed.")
    return feed.parse(tree, where)


def stored_rows(
    vault: Vault, feed: Feed, records: list[Record] | None = None
) -> Iterator[tuple[Record, RawSeries]]:
    """Yield the final rows of every stored answer, oldest first.

    Parameters
    ----------
    vault : Vault
    feed : Feed
    records : list of Record, optional
        Of these answers only.

    Yields
    ------
    tuple of Record and RawSeries

    Raises
    ------
    DataError
        A damaged answer.
    """
    for record in vault.records(feed) if records is None else records:
        where = str(record.path)
        series = read_rows_of(feed, parse_json(vault.read(record), where), where)
        if series is not None:
            yield record, final_rows(feed, series, record.fetched_at)


def final_rows(feed: Feed, series: RawSeries, at: datetime) -> RawSeries:
    """Return the rows whose time had ended when they were asked for.

    A bar in progress changes until it ends, and a snapshot of a day in progress is replaced by a
    later one; neither is data yet.

    Parameters
    ----------
    feed : Feed
    series : RawSeries
    at : datetime

    Returns
    -------
    RawSeries
    """
    ends = series.times if feed.settles_at_once else bars_of(feed, series) + feed.step_s
    is_final = ends <= at.timestamp()
    jitter = None if series.jitter is None else series.jitter[is_final]
    return replace(
        series, times=series.times[is_final], values=series.values[is_final], jitter=jitter
    )


def bars_of(feed: Feed, series: RawSeries) -> Any:
    """Return the bar, by its open in epoch seconds, that each row falls into."""
    return series.times // feed.step_s * feed.step_s
