"""A venue's own terms, fetched and kept beside its rows: today Hyperliquid's margin tiers.

Terms are of now, not of a bar: the newest answer counts, and the market says which tiers it gave.
Whether they are those that a preset assumes is for `basislab.report.venue_terms` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from basislab.data.build.recipe import Recipe
from basislab.data.keep.vault import Vault
from basislab.data.sources import hyperliquid
from basislab.data.sources.feeds import Feed
from basislab.data.sources.http import Client
from basislab.data.sources.payload import parse_json

WINDOW = (0, 0)
"""An answer that covers no time; it is stored again only where it has changed."""


def terms_feeds(recipe: Recipe) -> list[Feed]:
    """Return the feeds of terms that belong to the venues of a recipe.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    list of Feed
        Empty where no venue of the recipe publishes its terms without a key.
    """
    return [hyperliquid.meta_feed()] if hyperliquid.VENUE in recipe.perp else []


def fetch_terms(client: Client, vault: Vault, recipe: Recipe, now: Callable[[], datetime]) -> int:
    """Fetch and store the terms of a recipe's venues.

    Parameters
    ----------
    client : Client
    vault : Vault
    recipe : Recipe
    now : callable
        Time in UTC.

    Returns
    -------
    int
        How many answers were stored; none where they are what they were.

    Raises
    ------
    SourceError
        A venue does not answer as it should.
    DataError
        An answer cannot be stored.
    """
    stored = 0
    for feed in terms_feeds(recipe):
        call, at = feed.call(*WINDOW), now()

        def check(tree: Any, label: str = call.label) -> None:
            hyperliquid.parse_margin_tiers(tree, f"{label}: answer", recipe.asset)

        body = client.send(call, check)
        stored += vault.put(feed, call, body, WINDOW, at) is not None
    return stored


def stored_terms(vault: Vault, recipe: Recipe) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the terms of a recipe's venues as their newest stored answers say.

    Parameters
    ----------
    vault : Vault
    recipe : Recipe

    Returns
    -------
    terms : dict
        By venue: ``margin_tiers``, a list of lower bound (USD) and maximum leverage. Empty where
        nothing is stored.
    sources : list of dict
        Where they come from.

    Raises
    ------
    DataError
        A damaged answer.
    """
    terms: dict[str, Any] = {}
    sources = []
    for feed in terms_feeds(recipe):
        records = vault.records(feed)
        if not records:
            continue
        where = str(records[-1].path)
        tree = parse_json(vault.read(records[-1]), where)
        tiers = hyperliquid.parse_margin_tiers(tree, where, recipe.asset)
        terms[feed.key[0]] = {"margin_tiers": [list(tier) for tier in tiers]}
        sources.append(
            {
                "file": f"{feed.label} {feed.call(*WINDOW).url}",
                "sha256": records[-1].sha256,
                "series": feed.label,
                "answers": feed.place,
            }
        )
    return terms, sources
