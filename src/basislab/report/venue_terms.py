"""The quality of a market, and whether its venue's own terms are those that the preset assumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from basislab.data import check
from basislab.data.judge.findings import CHECKS, VENUE_TERMS, Finding, QualityReport
from basislab.data.judge.quality import not_applicable
from basislab.presets import terms_names
from basislab.presets.terms import load_perp
from basislab.types.market import Market


def check_market(market: Market) -> QualityReport:
    """Check a market against all rules; a difference of its venues' terms is a warning."""
    report = check(market)
    found = tuple(venue_terms(market))
    errors = len(report.errors)
    findings = (*report.findings[:errors], *found, *report.findings[errors:])
    return replace(report, findings=findings)


def checks_of(market: Market) -> dict[str, str]:
    """Return the checks that could be made of a market, with what each asserts."""
    idle = not_applicable(market)
    if not any(True for _ in _fetched(market)):
        idle.add(VENUE_TERMS)
    return {rule: asserts for rule, asserts in CHECKS.items() if rule not in idle}


def venue_terms(market: Market) -> Iterator[Finding]:
    """Yield margin tiers of a venue that are not those of the preset of its name."""
    for venue, tiers in _fetched(market):
        preset = load_perp(venue)
        ours = [(tier.above_usd, tier.max_leverage) for tier in preset.margin_tiers]
        if tiers == ours:
            continue
        message = (
            f"the venue's margin tiers of {market.asset} are {_written(tiers)}; preset {venue!r} "
            f"has {_written(ours)}. Take or write a preset with the venue's own"
        )
        label = f"terms {venue}"
        yield Finding("warning", label, VENUE_TERMS, message, None, float(len(tiers)), 0)


def _fetched(market: Market) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Yield the venues whose tiers are known and which have a preset."""
    terms = market.provenance.get("terms")
    for venue, own in terms.items() if isinstance(terms, Mapping) else ():
        tiers = own.get("margin_tiers") if isinstance(own, Mapping) else None
        if isinstance(tiers, list) and venue in terms_names():
            yield venue, [_tier(tier) for tier in tiers]


def _tier(tier: Any) -> tuple[float, float]:
    above_usd, max_leverage = tier
    return float(above_usd), float(max_leverage)


def _written(tiers: list[tuple[float, float]]) -> str:
    return ", ".join(
        f"{leverage:g}x above {above:,.0f} USD" if above else f"{leverage:g}x"
        for above, leverage in tiers
    )
