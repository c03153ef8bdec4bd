"""One certificate as a page of its own: Markdown for reading anywhere, HTML with its data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from basislab.report.certificate.data import certificate_data, falsify
from basislab.report.certificate.facts import certificate_facts
from basislab.report.certificate.figures import certificate_figures
from basislab.report.certificate.rows import CertificateFacts
from basislab.report.certificate.sentences import rests_on
from basislab.report.certificate.tables import marked_tables
from basislab.report.charts.base import Figure
from basislab.report.render.document import MARK, About, Document
from basislab.report.tables import Table
from basislab.research.overfit.certificate import Certificate


def certificate_document(found: Certificate) -> Document:
    """Return a certificate of a search on markets as a document of one chapter."""
    facts = certificate_facts(found)
    figures = {figure.key: figure for figure in certificate_figures([facts])}
    tables = {key: own for key, own in marked_tables("a", facts).items() if own[0].rows}
    about = About(
        study="certificate",
        title=f"Certificate of {found.label}",
        asset=" and ".join(dict.fromkeys(market.asset for market in found.markets)),
        quote=" and ".join(dict.fromkeys(market.quote for market in found.markets)),
        start=str(facts.start),
        end=str(facts.end),
        bars_count=found.bars,
        fingerprint=", ".join(market.fingerprint for market in found.markets),
    )
    return Document(
        about=about,
        chapters={"summary": _text(facts, tables, figures)},
        tables=tables,
        figures=figures,
        downloads=certificate_data([found]),
    )


def _text(
    facts: CertificateFacts, tables: dict[str, list[Table]], figures: dict[str, Figure]
) -> str:
    """Return the Markdown of one certificate, tables and figures as marks."""
    blocks = ["## Summary", f"**{facts.headline}**", rests_on(facts), _bullets(facts.because)]
    blocks += ["What would change it:", _bullets(facts.changes)]
    if facts.notes:
        blocks.append(_bullets(f"Note: {text}." for text in facts.notes))
    blocks += [f"@@table:{key}@@" for key in tables]
    blocks += [f"@@figure:{key}@@" for key in figures]
    blocks += ["### Falsify it", FALSIFY_IT, "@@data:all@@"]
    text = "\n\n".join([*blocks, f"```python\n{falsify(facts.label)}```"])
    return MARK.sub(lambda mark: f"\n{mark[0]}\n", re.sub(r"\n{3,}", "\n\n", text)).strip() + "\n"


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


FALSIFY_IT = (
    "The statistics above follow from the files below, which this page carries: save them, run the "
    "lines beside them, and compare. If what they print is not what stands above, the certificate "
    "is wrong. One number of your own refutes it too: a start day, a window, a neighbour or a "
    "value of a constant is one run of basislab backtest over its days, less the losses that the "
    "study forgives (shortfall), and so is a liquidation."
)
"""How a reader falsifies a certificate from what the page shows."""
