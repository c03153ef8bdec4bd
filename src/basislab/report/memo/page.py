"""The memo as a document of its own."""

from __future__ import annotations

from basislab.report import words
from basislab.report.memo.criterion import criterion
from basislab.report.memo.figures import memo_figures
from basislab.report.memo.sentences import beginning, paragraphs, rest
from basislab.report.memo.tables import behind, memo_tables
from basislab.report.render.document import About, Document
from basislab.types.decision import Decision


def memo_document(found: Decision) -> Document:
    """Return the memo as a document of one chapter."""
    about = About(
        study="memo",
        title=f"{found.asset}: {words.usd(found.capital_usd)} USD, {found.horizon_days} days",
        asset=found.asset,
        quote=found.quote,
        start=found.first_day,
        end=found.last_day,
        bars_count=found.days_count,
        fingerprint=found.market_fingerprint,
    )
    tables = {key: [one.written_out() for one in own] for key, own in memo_tables(found).items()}
    return Document(
        about=about,
        chapters={"memo": memo_text(found), "choice": choice_text(found)},
        tables={key: own for key, own in tables.items() if own[0].rows},
        figures={figure.key: figure for figure in memo_figures(found)},
    )


def memo_text(found: Decision) -> str:
    """Return the memo as Markdown, tables and figures as marks; a study's chapter has its order."""
    points = paragraphs(found)
    marks = ["@@table:memo-half-years@@", "@@figure:memo-regimes@@", "@@figure:memo-equity@@"]
    return "\n\n".join(["## The decision", beginning(points), *marks, rest(points)]) + "\n"


def choice_text(found: Decision) -> str:
    """Return how the size was chosen, as Markdown."""
    blocks = ["## How the size was chosen", "\n".join(f"- {text}" for text in criterion(found))]
    blocks += [f"@@table:{key}@@" for key, own in behind(found).items() if own[0].rows]
    return "\n\n".join(blocks) + "\n"
