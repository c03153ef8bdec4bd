"""A market from stored answers: pure of the network, the same for whatever pages they came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from basislab.data.build.align import Aligner, dropped, longest_stretch, parse_max_gap
from basislab.data.build.answers import stored_rows
from basislab.data.build.assemble import (
    OHLCV,
    QUOTE,
    price_series,
    rate_series,
    require_complete,
    utilisation,
)
from basislab.data.build.recipe import Recipe
from basislab.data.build.terms import stored_terms
from basislab.data.build.versions import Series, combine
from basislab.data.judge.trust import check_formula
from basislab.data.keep.vault import Vault
from basislab.data.sources.feeds import Feed
from basislab.errors import DataGapError, SourceError
from basislab.types.market import FundingSeries, Market, TimeArray
from basislab.units import SECONDS_PER_DAY

MAX_LAG_S = 2 * SECONDS_PER_DAY
"""A market that follows the time may end so much earlier where a venue publishes late."""


def build(recipe: Recipe, vault: Vault, end: int, name: str | None = None) -> Market:
    """Build the market of a recipe from what is stored.

    Parameters
    ----------
    end : int, seconds since 1970
        Close of the last bar.
    name : str, optional
        The recipe's by default.

    Returns
    -------
    Market
        `provenance` has the recipe, the digest of every series' rows, the venues' corrections and
        what was decided about gaps.

    Raises
    ------
    SourceError
        Nothing stored of a series, a history that begins too late, rates in another unit.
    DataGapError
        A hole that the recipe does not allow.
    """
    series = {feed: _series(feed, vault) for feed in recipe.feeds()}
    end = _last_close(recipe, series, end)
    _require_start(recipe, series)
    times = np.arange(recipe.start, end, recipe.bar_s, dtype=np.int64).astype("datetime64[s]")
    aligner = _aligner(recipe, series, times)
    groups = _aligned(aligner, series, recipe)
    supply, borrow = groups["supply"], groups["borrow"]
    terms, terms_sources = stored_terms(vault, recipe)
    known_at = {} if vault.as_of is None else {"as_of": f"{vault.as_of:%Y-%m-%dT%H:%M:%S.%fZ}"}
    where = name or recipe.name
    remedy = "Add another --lending; DefiLlama tells what borrowing costs with a key only."
    require_complete(where, recipe.asset, groups["funding"], supply, borrow, remedy)
    return Market(
        name=where,
        asset=recipe.asset,
        quote=QUOTE,
        times=aligner.times,
        prices=groups["prices"],
        funding=groups["funding"],
        supply=supply,
        borrow=borrow,
        provenance={
            "sources": [*(_source(feed, rows) for feed, rows in series.items()), *terms_sources],
            "recipe": recipe.to_dict(),
            "terms": terms,
            "corrections": [
                {"series": feed.label} | correction
                for feed, rows in series.items()
                for correction in rows.corrections
            ],
            "gaps": aligner.decisions,
            **known_at,
        },
    )


def _series(feed: Feed, vault: Vault) -> Series:
    from basislab.data.judge.plausible import check_units
    from basislab.data.sources.rows import COLUMNS, RawSeries

    parts = list(stored_rows(vault, feed))
    if vault.as_of is not None and not parts:
        raise SourceError(
            f"{feed.label}: nothing was fetched until {vault.as_of:%Y-%m-%dT%H:%M:%SZ}. Take a "
            "later --as-of."
        )
    if not any(len(raw.times) for _, raw in parts):
        raise SourceError(
            f"{feed.label}: the venue has no rows of that time. Check --asset and --since. "
            f"{feed.note}".rstrip()
        )
    first = parts[0][1]
    combined = combine(parts, COLUMNS[first.kind])
    whole = RawSeries(
        first.kind, first.venue, first.asset, combined.times, combined.values, feed.label
    )
    check_units(whole)
    if first.venue == "hyperliquid" and feed.group == "funding":
        check_formula(feed.label, whole.times, whole.values[:, 0], whole.values[:, 1])
    return combined


def _source(feed: Feed, rows: Series) -> dict[str, Any]:
    url = feed.call(0, SECONDS_PER_DAY).url.split("?")[0]
    return {
        "file": f"{feed.label} {url}",
        "sha256": rows.sha256,
        "series": feed.label,
        "answers": feed.place,
    }


def _last_close(recipe: Recipe, series: Mapping[Feed, Series], end: int) -> int:
    """Return the close of the last bar that all venues have published."""
    if recipe.until is not None:
        return end
    lasts = {
        feed: int(rows.times[-1]) // recipe.bar_s * recipe.bar_s + recipe.bar_s
        for feed, rows in series.items()
        if not feed.settles_at_once
    }
    if recipe.funding_shift_s:
        # The bar that ends with the next settlement is the first one that is not complete.
        for feed, rows in series.items():
            if feed.settles_at_once:
                usual = int(np.median(np.diff(rows.times[-25:]))) if len(rows.times) > 1 else 0
                lasts[feed] = int(rows.times[-1]) + max(0, usual - recipe.bar_s)
    slowest = min(lasts, key=lambda feed: lasts[feed])
    if end - lasts[slowest] > MAX_LAG_S:
        raise SourceError(
            f"{slowest.label}: the venue's last row is of "
            f"{np.datetime64(int(series[slowest].times[-1]), 's')}Z. Try again later, or end the "
            "market with --until."
        )
    return min(end, lasts[slowest])


def _require_start(recipe: Recipe, series: Mapping[Feed, Series]) -> None:
    for feed, rows in series.items():
        first = int(rows.times[0])
        if first >= recipe.start + max(feed.step_s, recipe.bar_s):
            raise SourceError(
                f"{feed.label}: the venue's history begins {np.datetime64(first, 's')}Z, after "
                f"--since {recipe.since}. Take a later day, or another venue for this series. "
                f"{feed.note}".rstrip()
            )


def _aligner(recipe: Recipe, series: Mapping[Feed, Series], times: TimeArray) -> Aligner:
    """Return what decides about gaps as the recipe wants it."""
    decisions: list[dict[str, Any]] = []
    if recipe.gaps == "drop":
        survey = Aligner(times, recipe.bar_s, gaps_seen=np.zeros(len(times), dtype=np.bool_))
        _aligned(survey, series, recipe)
        assert survey.gaps_seen is not None  # noqa: S101 - given above
        kept = longest_stretch(survey.gaps_seen)
        if kept.stop == kept.start:
            raise DataGapError(f"{recipe.name}: no bar without a hole is left to keep.")
        if kept.stop - kept.start < len(times):
            decisions.append(dropped(times, survey.gaps_seen, kept))
        times = times[kept]
    return Aligner(
        times,
        recipe.bar_s,
        parse_max_gap(recipe.max_gap),
        refetch="Ask the venue again with --refetch",
        decisions=decisions,
        interpolates=recipe.gaps == "interpolate",
    )


def _aligned(
    aligner: Aligner, series: Mapping[Feed, Series], recipe: Recipe
) -> dict[str, dict[Any, Any]]:
    groups: dict[str, dict[Any, Any]] = {"prices": {}, "funding": {}, "supply": {}, "borrow": {}}
    for feed, rows in series.items():
        if feed.group == "prices":
            columns = dict(zip(OHLCV, rows.values.T, strict=True))
            groups["prices"][feed.key] = price_series(aligner, feed.label, rows.times, columns)
        elif feed.group == "funding":
            stamps = rows.times - recipe.funding_shift_s
            settled = aligner.settle(feed.label, stamps, rows.values[:, 0])
            groups["funding"][feed.key[0]] = FundingSeries(*settled)
        else:
            _, asset = feed.key
            supply, borrow, *more = rows.values.T
            label = f"{feed.label} supply_apy"
            lent = rate_series(aligner, label, rows.times, supply)
            used = utilisation(aligner, f"{feed.label} utilisation", rows.times, *more)
            groups["supply"][feed.key] = replace(lent, utilisation=used)
            if asset == QUOTE and not np.isnan(borrow).all():
                label = f"{feed.label} borrow_apy"
                groups["borrow"][feed.key] = rate_series(aligner, label, rows.times, borrow)
    return groups
