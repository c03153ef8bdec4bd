"""A venue's own terms, fetched and kept beside its rows, such as margin tiers.

Terms are of now, not of a bar: the newest answer counts, and the market says which it gave.
Whether they are those that a preset assumes is for `basislab.report.venue_terms` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from basislab.data.build.recipe import Recipe
from basislab.data.keep.vault import Vault
from basislab.data.sources import source_of
from basislab.data.sources.feeds import Terms
from basislab.data.sources.http import Client
from basislab.data.sources.payload import parse_json

WINDOW = (0, 0)
"""An answer that covers no time; it is stored again only where it has changed."""


def _terms(recipe: Recipe) -> list[Terms]:
    """Return the terms of those venues of a recipe that publish theirs without a key."""
    found = [source_of("perp", name).terms for name in recipe.perp]
    return [terms for terms in found if terms]


def fetch_terms(client: Client, vault: Vault, recipe: Recipe, now: Callable[[], datetime]) -> int:
    """Fetch and store terms; return how many answers are not what they were.

    Raises
    ------
    SourceError
        A venue does not answer as it should.
    DataError
        An answer cannot be stored.
    """
    stored = 0
    for terms in _terms(recipe):
        feed = terms.feed()
        call, at = feed.call(*WINDOW), now()

        def check(tree: Any, label: str = call.label, terms: Terms = terms) -> None:
            terms.parse(tree, f"{label}: answer", recipe.asset)

        body = client.send(call, check)
        stored += vault.put(feed, call, body, WINDOW, at) is not None
    return stored


def stored_terms(vault: Vault, recipe: Recipe) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the newest stored answers say, by venue, and where they come from.

    Raises
    ------
    DataError
        A damaged answer.
    """
    found: dict[str, Any] = {}
    origins = []
    for terms in _terms(recipe):
        feed = terms.feed()
        records = vault.records(feed)
        if not records:
            continue
        where = str(records[-1].path)
        tree = parse_json(vault.read(records[-1]), where)
        found[feed.key[0]] = terms.parse(tree, where, recipe.asset)
        origins.append(
            {
                "file": f"{feed.label} {feed.call(*WINDOW).url}",
                "sha256": records[-1].sha256,
                "series": feed.label,
                "answers": feed.place,
            }
        )
    return found, origins
