"""Bring a market up to date: ask for what is missing, store the answers, build and store it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from basislab.data.build.market import build
from basislab.data.build.recipe import Recipe
from basislab.data.build.terms import fetch_terms
from basislab.data.catalog import load_market, market_path, renamed
from basislab.data.fetch.exchanges import ExchangeClient
from basislab.data.fetch.paging import Pager
from basislab.data.keep.durable import recover
from basislab.data.keep.store import save
from basislab.data.keep.vault import Vault, Window, joined, locked, missing
from basislab.data.sources import budgets
from basislab.data.sources.feeds import Feed
from basislab.data.sources.http import Patience
from basislab.errors import ConfigError
from basislab.types.dates import Day, as_moment
from basislab.types.market import Market
from basislab.units import SECONDS_PER_DAY

RECHECK_S = 2 * SECONDS_PER_DAY
"""So much of what is stored is asked for again where newer rows are: venues correct themselves."""

Track = Callable[[Feed, float], None]
"""Is told how much of a feed, from 0 to 1, has been fetched."""


@dataclass
class Fetched:
    """What a fetch has done.

    Parameters
    ----------
    path : Path
        Where it is stored.
    is_new : bool
        False where the stored market was the same already.
    answers : int
        How many were added to the store.
    late_s : int, seconds
        How much earlier than asked for the market ends, because a venue publishes late.
    """

    market: Market
    path: Path
    is_new: bool
    answers: int
    late_s: int


@dataclass
class Fetcher:
    """Fetches feeds into the store.

    Parameters
    ----------
    now : callable
        Time in UTC.
    track : callable
        Is told the progress.
    on_retry : callable of str
        Is told why a request is repeated.
    """

    vault: Vault = field(default_factory=Vault)
    patience: Patience = field(default_factory=Patience)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    track: Track = field(default=lambda _, __: None)
    on_retry: Callable[[str], None] = field(default=lambda _: None)

    def fetch(self, recipe: Recipe, end: int, *, refetch: bool = False) -> int:
        """Fetch what the recipe needs and the store lacks.

        Parameters
        ----------
        end : int, seconds since 1970
            Close of the last bar.
        refetch : bool
            Ask for everything again; answers that are the same are not stored twice.

        Returns
        -------
        int
            How many answers were stored.

        Raises
        ------
        SourceError
            A venue does not answer as it should; what came before is stored.
        DataError
            The store cannot be written.
        """
        stored = 0
        client = ExchangeClient(self.patience, budgets(), self.on_retry)
        with self.vault.writing(), client:
            for feed in recipe.feeds():
                pager = Pager(client, self.vault, feed, self.now)
                covered = [] if refetch else self.vault.covered(feed)
                # In hourly bars the settlement at the end belongs to the last bar.
                until = (
                    end + feed.step_s if feed.settles_at_once and recipe.funding_shift_s else end
                )
                windows = plan(covered, recipe.start, until, is_whole=not feed.span_s)
                total = sum(high - low for low, high in windows)
                done = 0
                self.track(feed, 0.0 if windows else 1.0)
                for low, high in windows:
                    for at in pager.fetch((low, high)):
                        self.track(feed, (done + at - low) / total)
                    done += high - low
                stored += pager.stored
            stored += fetch_terms(client, self.vault, recipe, self.now)
        return stored


def plan(covered: list[Window], start: int, end: int, *, is_whole: bool = False) -> list[Window]:
    """Return what is to be fetched of [start, end).

    Parameters
    ----------
    covered : list of (int, int)
        What is stored.
    start, end : int, seconds since 1970
    is_whole : bool
        Every answer is the whole history, so that one request does for all windows.

    Returns
    -------
    list of (int, int)
        With `RECHECK_S` of what is stored ahead of every missing part.

    Examples
    --------
    >>> plan([(0, 864_000)], 0, 950_400)
    [(691200, 950400)]
    >>> plan([(0, 864_000)], 0, 864_000)
    []
    """
    lacking = missing(covered, start, end)
    if is_whole:
        return [(start, end)] if lacking else []
    begins = {high: low for low, high in joined(covered)}
    recheck = [
        (max(start, low - RECHECK_S, begins[low]) if low in begins else low, high)
        for low, high in lacking
    ]
    return joined(recheck)


def fetch_market(
    recipe: Recipe,
    *,
    name: str | None = None,
    fetcher: Fetcher | None = None,
    offline: bool = False,
    refetch: bool = False,
    as_of: Day | None = None,
) -> Fetched:
    """Fetch, build and store a market; whatever happens on the way, nothing is lost.

    Parameters
    ----------
    name : str, optional
        The recipe's by default. A market of that name is replaced if it was fetched too.
    offline : bool
        Ask no venue: build from what is stored.
    refetch : bool
        Ask for everything again.
    as_of : ISO text, datetime, datetime64 or pandas Timestamp, optional
        UTC where it names no zone. Ask no venue: build what was known at that time, before what the
        venues corrected later; the market says so in its provenance.

    Raises
    ------
    ConfigError
        A name that is taken by a market that was not fetched.
    DataError
        See `Fetcher.fetch` and `basislab.data.build.market.build`; a stored market stays as it is.
    """
    fetcher = fetcher or Fetcher()
    name = name or recipe.name
    path = market_path(name)
    _refuse_foreign(path, name)
    moment = None if as_of is None else as_moment(as_of, "as_of")
    end = recipe.end(moment or fetcher.now())
    if end <= recipe.start:
        raise ConfigError(f"since: {recipe.since} has not ended yet. Take an earlier day.")
    vault = fetcher.vault if moment is None else Vault(fetcher.vault.root, moment)
    is_asked = not offline and moment is None
    answers = fetcher.fetch(recipe, end, refetch=refetch) if is_asked else 0
    market = renamed(build(recipe, vault, end, name), name)
    with locked(path.parent / f".{name}.lock"):
        is_new = save(market, path, replace=True)
    last = int(market.end.timestamp()) + recipe.bar_s
    late_s = end - last if recipe.gaps != "drop" else 0
    return Fetched(market, path, is_new, answers, late_s)


def _refuse_foreign(path: Path, name: str) -> None:
    """Keep a market that was imported: it cannot be fetched again."""
    from basislab.data.keep.manifest import read_manifest

    recover(path)
    if path.exists() and "recipe" not in read_manifest(path).provenance:
        raise ConfigError(
            f"name: {name!r} is a market that was imported, not fetched. Choose another --name."
        )


def recipe_of(name: str) -> Recipe:
    """Return how a stored market was fetched.

    Raises
    ------
    ConfigError
        It was not fetched, or there is no such market.
    """
    return Recipe.from_dict(load_market(name).provenance.get("recipe"))
