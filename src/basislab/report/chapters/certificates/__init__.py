"""How much of each optimum is luck."""

from basislab.report.certificate.data import falsify
from basislab.report.chapter import Chapter
from basislab.report.chapters.certificates.facts import certificates_facts
from basislab.report.chapters.certificates.view import downloads, figures, reasons, tables

CHAPTER = Chapter(
    facts=certificates_facts,
    tables=tables,
    figures=figures,
    downloads=downloads,
    reasons=reasons,
    is_shown=lambda _, facts: bool(facts.certificates),
    names={"falsify": falsify},
)
