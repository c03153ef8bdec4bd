"""One certificate as a page of its own: Markdown for reading anywhere, HTML with its data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from basislab._version import VERSION
from basislab.report.certificate.data import certificate_data, falsify
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
    text = "\n\n".join(["## Summary", *certificate_blocks(facts, 0, figures), falsified(facts)])
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
        downloads=certificate_data([found]),
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
    if facts["notes"]:
        blocks.append("\n".join(f"- Note: {text}." for text in facts["notes"]))
    blocks += [f"@@table:certificate-{KEYS[number]}-{name}@@" for name in certificate_tables(facts)]
    blocks += [f"@@figure:{key}@@" for key in FIGURES if key in (figures or {})]
    return blocks


def falsified(facts: Facts) -> str:
    """Return how a reader falsifies a certificate from what its page hands out.

    Parameters
    ----------
    facts : dict
        Of the certificate.

    Returns
    -------
    str
        Markdown: a paragraph, the files, lines of Python.
    """
    return "\n\n".join(
        ["### Falsify it", FALSIFY_IT, "@@data:all@@", f"```python\n{falsify(facts['label'])}```"]
    )


FALSIFY_IT = (
    "The statistics above follow from the files below, which this page carries: save them, run the "
    "lines beside them, and compare. If what they print is not what stands above, the certificate "
    "is wrong. One number of your own refutes it too: a start day, a window, a neighbour or a "
    "value of a constant is one run of basislab backtest over its days, less the losses that the "
    "study forgives (shortfall), and so is a liquidation."
)
"""How a reader falsifies a certificate from what the page shows."""


def _tidy(text: str) -> str:
    return MARK.sub(lambda mark: f"\n{mark[0]}\n", re.sub(r"\n{3,}", "\n\n", text)).strip() + "\n"
