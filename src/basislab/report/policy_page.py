"""A comparison of policies as one page that needs nothing else."""

from __future__ import annotations

from basislab.report.plots.policies import policy_figures
from basislab.report.policy_tables import map_table, policy_table
from basislab.report.render.document import About, Document
from basislab.report.render.downloads import Download
from basislab.report.render.page import html_page
from basislab.types.market import Market
from basislab.types.policies import PolicyComparison
from basislab.types.policy_words import sentences


def policy_page(found: PolicyComparison, market: Market) -> str:
    """Return the page of a comparison that was made on a market."""
    return html_page(policy_document(found, market))


def policy_document(found: PolicyComparison, market: Market) -> Document:
    """Return a comparison as a document: what was found, every policy, leverage and band."""
    figures = policy_figures(found)
    about = About(
        study="policies",
        title=f"Policies at {found.configs[0].levered} on {found.market_name}",
        asset=market.asset,
        quote=market.quote,
        start=found.days[0],
        end=found.days[-1],
        bars_count=len(found.days),
        fingerprint=found.market_fingerprint,
    )
    return Document(
        about=about,
        chapters=_chapters(found, list(figures)),
        tables={
            "policies": [policy_table(found).written_out()],
            "map": [map_table(found)],
        },
        figures=figures,
        downloads={"policies.csv": Download(found.table.to_csv(), "every number of every policy")},
    )


def _chapters(found: PolicyComparison, figures: list[str]) -> dict[str, str]:
    """Return the Markdown of every chapter, tables and figures as marks."""
    bullets = "\n".join(f"- {sentence}" for sentence in sentences(found))
    notes = "\n".join(f"- Note: {text}" for text in (*found.warnings, *_refusals(found)))
    return {
        "found": _blocks("What was found", bullets, notes, *_marks(figures, "frontier", "fan")),
        "policies": _blocks(
            "Every policy",
            "@@table:policies@@",
            *_marks(figures, "differences", "regret"),
            "@@data:all@@",
        ),
        "sizes": _blocks("Leverage and band", *_marks(figures, "map"), "@@table:map@@"),
    }


def _refusals(found: PolicyComparison) -> list[str]:
    return [f"{name} was not run: {why}" for name, why in found.refused.items()]


def _marks(figures: list[str], *wanted: str) -> list[str]:
    return [f"@@figure:{key}@@" for key in wanted if key in figures]


def _blocks(title: str, *blocks: str) -> str:
    return "\n\n".join([f"## {title}", *filter(None, blocks)]) + "\n"
