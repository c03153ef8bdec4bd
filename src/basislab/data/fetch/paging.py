"""From a feed and a window to stored answers: paging, and what may not be believed at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.data.build.answers import bars_of, final_rows, stored_rows
from basislab.data.build.merge import merge
from basislab.data.build.versions import combine
from basislab.data.keep.vault import Vault, Window, missing
from basislab.data.sources.feeds import Feed
from basislab.data.sources.http import Client
from basislab.errors import SourceError

if TYPE_CHECKING:
    from basislab.data.sources.rows import RawSeries

AGREEING = 3
"""So many answers in a row must agree that rows are missing before it is believed."""

MAX_ASKED = 8
"""How often the same window is asked for at most."""


@dataclass
class Pager:
    """Fetches windows of one feed into the store.

    Parameters
    ----------
    now : callable
        Time in UTC.
    stored : int
        Answers stored so far.
    """

    client: Client
    vault: Vault
    feed: Feed
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    stored: int = 0

    def fetch(self, window: Window) -> Iterator[int]:
        """Fetch what the venue has for [start, end), page by page, and store every page.

        Yields
        ------
        int, seconds since 1970
            How far it has come.

        Raises
        ------
        SourceError
            The venue does not answer as it should.
        DataError
            An answer cannot be stored.
        """
        at, end = window
        while at < end:
            stop = min(end, at + self.feed.span_s) if self.feed.span_s else end
            reached = self._page(at, stop)
            # A page that holds nothing is the end of this window; whatever holds something may
            # have been cut short, however many rows it has.
            at = reached if at < reached < stop and self.feed.span_s else stop
            yield at

    def _page(self, start: int, stop: int) -> int:
        """Fetch one page until it is whole or stays as it is; return the time after its rows."""
        seen: set[int] = set()
        answers: list[set[int]] = []
        while len(answers) < MAX_ASKED:
            series = self._ask(start, stop)
            answers.append(set() if series is None else set(series.times.tolist()))
            seen |= answers[-1]
            if not self.feed.span_s or not _has_holes(seen, start, self.feed.step_s):
                break
            last = answers[-AGREEING:]
            if len(last) == AGREEING and all(times == last[0] for times in last):
                break
        return max((time + self.feed.step_s for time in seen), default=start)

    def _ask(self, start: int, stop: int) -> RawSeries | None:
        call = self.feed.call(start, stop)
        asked_at = self.now()
        parsed: list[RawSeries] = []

        def check(tree: Any) -> None:
            series = self.feed.parse(tree, f"{call.label}: answer")
            if len(series.times):
                merge([series])  # refuses rows that contradict each other
                _refuse_strays(self.feed, series, start, stop, call.label)
            parsed.append(series)

        body = self.client.send(call, check)
        final = final_rows(self.feed, parsed[-1], asked_at)
        if not len(final.times):
            return None
        bars = bars_of(self.feed, final)
        first, last = int(bars.min()), int(bars.max()) + self.feed.step_s
        covers = (start, min(last, stop)) if self.feed.span_s else (first, last)
        if covers[0] < covers[1] and not self._is_known(final, covers):
            self.stored += self.vault.put(self.feed, call, body, covers, asked_at) is not None
        return final

    def _is_known(self, series: RawSeries, covers: Window) -> bool:
        """Tell whether the stored answers say all that this one says."""
        records = self.vault.records(self.feed)
        if missing([(record.start, record.end) for record in records], *covers):
            return False
        from basislab.data.sources.rows import COLUMNS

        near = [r for r in records if r.start < covers[1] and r.end > covers[0]]
        stored = combine(stored_rows(self.vault, self.feed, near), COLUMNS[series.kind])
        rows = np.searchsorted(stored.times, series.times)
        rows = np.minimum(rows, len(stored.times) - 1)
        same = np.array_equal(stored.values[rows], series.values, equal_nan=True)
        return bool(same and (stored.times[rows] == series.times).all())


def _has_holes(times: set[int], start: int, step: int) -> bool:
    """Tell whether rows are missing between `start` and the last row, by the rows' own spacing."""
    if not times:
        return True
    ordered = np.array(sorted(times), dtype=np.int64)
    spacings = np.diff(ordered)
    usual = int(np.median(spacings)) if len(spacings) else step
    return bool(ordered[0] >= start + max(usual, step) or (spacings > usual).any())


def _refuse_strays(feed: Feed, series: RawSeries, start: int, stop: int, label: str) -> None:
    """Refuse an answer to another question, such as the same page over and over."""
    if not feed.span_s:
        return
    low, high = int(series.times.min()), int(series.times.max())
    if low < start - feed.step_s or high > stop + feed.step_s:
        stray = np.datetime64(low if low < start else high, "s")
        raise SourceError(
            f"{label}: the answer has a row at {stray}Z, outside the window that was asked for. "
            "The venue ignores the window, or repeats a page."
        )
