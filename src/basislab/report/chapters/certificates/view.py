"""Tables, figures and files of the certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from basislab.report import words
from basislab.report.certificate.data import certificate_data
from basislab.report.certificate.figures import certificate_figures
from basislab.report.certificate.rows import CertificateFacts
from basislab.report.certificate.tables import marked_tables
from basislab.report.chapter import Tables
from basislab.report.chapters.certificates.facts import CertificatesFacts, study_certificates
from basislab.report.charts.base import Figure
from basislab.report.render.downloads import Download
from basislab.report.study.runs import Runs
from basislab.report.tables import EXCESS, Column, Table


def tables(_: Runs, facts: CertificatesFacts) -> Tables:
    """Return a row a certificate, and the tables of each."""
    made = {"certificates": _summary([row.certificate for row in facts.certificates])}
    for row in facts.certificates:
        made |= marked_tables(row.key, row.certificate)
    return made


def _summary(certificates: Sequence[CertificateFacts]) -> list[Table]:
    rows = [
        {
            "label": one.label,
            "word": one.word,
            "excess": one.excess_annualized,
            "starts": one.fan.above_share,
            "near": one.neighbourhood and one.neighbourhood.above_share,
            "pbo": one.cscv and one.cscv.pbo_probability,
            "sharpe": one.sharpe.raw.deflated_probability,
            "walk": one.walk.excess_annualized,
            "is_marked": one.word == "recommended",
        }
        for one in certificates
    ]
    columns = [
        Column("Best trigger", "label"),
        Column("Verdict", "word"),
        Column("Excess pts", "excess", words.points, EXCESS.long),
        Column("Starts", "starts", words.share),
        Column("Near", "near", words.share),
        Column("PBO", "pbo", words.share),
        Column("Sharpe", "sharpe", words.share),
        Column("Walk pts", "walk", words.points),
    ]
    note = (
        "Starts, near: share of start days and of neighbouring choices above the hurdle. PBO: "
        "probability of backtest overfitting. Sharpe: probability of a true edge beyond luck "
        "(deflated). Walk: chosen on the past, lived through afterwards, against the hurdle. "
        "Losses that the study forgives are paid here."
    )
    title = "Certificates: how much of each optimum is luck"
    return [Table("E", title, columns, rows, [note])] if rows else []


def figures(_: Runs, facts: CertificatesFacts) -> Sequence[Figure]:
    """Return the figures, each with a choice of leverage."""
    return certificate_figures([row.certificate for row in facts.certificates])


def downloads(runs: Runs, _: CertificatesFacts) -> Mapping[str, Download]:
    """Return the data that the certificates are computed from."""
    return certificate_data(runs.kept(study_certificates))


def reasons(_: Runs, facts: CertificatesFacts) -> Iterator[str]:
    """Yield what the verdict says of luck."""
    told = [f"{row.certificate.label}: {row.certificate.word}" for row in facts.certificates]
    if told:
        yield f"Best triggers judged for luck (certificates): {'; '.join(told)}."
