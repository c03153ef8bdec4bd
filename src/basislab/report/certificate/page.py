"""One certificate as a page of its own: Markdown for reading anywhere, HTML with its data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from basislab._version import VERSION
from basislab.report.certificate.facts import KEYS, Facts, certificate_facts
from basislab.report.certificate.tables import certificate_tables, marked_tables
from basislab.report.document.chapters import MARK, Document
from basislab.report.figures.certificates import certificate_figures
from basislab.research.overfit.certificate import Certificate
from basislab.types.market import Market

FIGURES = ("certificate-fan", "certificate-map", "certificate-splits", "certificate-walk")


def certificate_document(found: Certificate, market: Market) -> Document:
    """Return a certificate as a document of one chapter.

    Parameters
    ----------
    found : Certificate
    market : Market
        That it was made on.

    Returns
    -------
    Document
        `markdown_text` and `html_page` write it.
    """
    facts = certificate_facts(found)
    figures = certificate_figures([facts])
    about = {
        "basislab": VERSION,
        "study": {"name": "certificate", "title": f"Certificate of {found.label}"},
        "market": {
            "asset": market.asset,
            "quote": market.quote,
            "start": facts["start"],
            "end": facts["end"],
            "bars_count": found.bars,
            "fingerprint": market.fingerprint,
        },
        "certificates": [facts],
    }
    text = "\n\n".join(["## Summary", *certificate_blocks(facts, 0, figures), CHECK_IT])
    numbers = {
        key: number
        for number, key in enumerate((key for key in FIGURES if key in figures), start=1)
    }
    return Document(
        facts=about,
        chapters={"summary": _tidy(text)},
        tables=marked_tables([facts]),
        figures=figures,
        numbers=numbers,
    )


def certificate_blocks(
    facts: Facts, number: int, figures: Mapping[str, object] | None = None
) -> list[str]:
    """Return the blocks of Markdown of one certificate, tables and figures as marks.

    Parameters
    ----------
    facts : dict
    number : int
        Its place among those shown.
    figures : mapping, optional
        Those to show after the tables.

    Returns
    -------
    list of str
    """
    blocks = [f"**{facts['headline']}**"]
    blocks.append("\n".join(f"- {text}" for text in facts["because"]))
    blocks.append("What would change it:")
    blocks.append("\n".join(f"- {text}" for text in facts["changes"]))
    blocks += [f"@@table:certificate-{KEYS[number]}-{name}@@" for name in certificate_tables(facts)]
    blocks += [f"@@figure:{key}@@" for key in FIGURES if key in (figures or {})]
    return blocks


CHECK_IT = """Check it yourself:

- Sum the columns of the start days: those above the hurdle over all of them is the share in the
  first table; one run of any start day (basislab backtest with its start) can refute a row.
- Any window of the walk-forward is two runs over its days, one for each of its halves.
- A cell of the neighbourhood, and every end of a constant's range, is one run.
- The figures of the page give their data as CSV; the equations are in docs/certificate.md."""
"""How a reader falsifies a certificate from what the page shows."""


def _tidy(text: str) -> str:
    return MARK.sub(lambda mark: f"\n{mark[0]}\n", re.sub(r"\n{3,}", "\n\n", text)).strip() + "\n"
