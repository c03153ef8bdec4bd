"""Rows of stored answers, as far as their time had ended when they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from basislab.data.keep.vault import Record, Vault
from basislab.data.sources.feeds import Feed
from basislab.data.sources.payload import parse_json
from basislab.types.market import IntArray

if TYPE_CHECKING:
    from basislab.data.sources.rows import RawSeries


def stored_rows(
    vault: Vault, feed: Feed, records: list[Record] | None = None
) -> Iterator[tuple[Record, RawSeries]]:
    """Yield the final rows of stored answers, of all or of `records`, oldest first.

    Raises
    ------
    DataError
        A damaged answer.
    """
    for record in vault.records(feed) if records is None else records:
        where = str(record.path)
        series = feed.parse(parse_json(vault.read(record), where), where)
        if len(series.times):
            yield record, final_rows(feed, series, record.fetched_at)


def final_rows(feed: Feed, series: RawSeries, at: datetime) -> RawSeries:
    """Return the rows whose time had ended when they were asked for.

    A bar in progress changes until it ends, and a snapshot of a day in progress is replaced by a
    later one; neither is data yet.
    """
    ends = series.times if feed.settles_at_once else bars_of(feed, series) + feed.step_s
    is_final = ends <= at.timestamp()
    jitter = None if series.jitter is None else series.jitter[is_final]
    return replace(
        series, times=series.times[is_final], values=series.values[is_final], jitter=jitter
    )


def bars_of(feed: Feed, series: RawSeries) -> IntArray:
    """Return the open of the bar in which each row stands, seconds since 1970."""
    return series.times // feed.step_s * feed.step_s
