"""Figures of a certificate: those of its page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from basislab.errors import ConfigError
from basislab.report.certificate.facts import certificate_facts
from basislab.report.certificate.figures import certificate_figures
from basislab.report.charts.base import Figure
from basislab.research.overfit.certificate import Certificate


def _figure(key: str, kind: str, found: Certificate) -> Figure:
    figures = {figure.key: figure for figure in certificate_figures([certificate_facts(found)])}
    if key not in figures:
        raise ConfigError(
            f"plot: this certificate has no {kind!r}: it was made from bare returns, or from too "
            "few configurations."
        )
    return figures[key]


CERTIFICATE_KINDS: dict[str, Callable[[Certificate], Figure]] = {
    kind: partial(_figure, f"certificate-{name}", kind)
    for kind, name in (
        ("start_days", "fan"),
        ("neighbourhood", "map"),
        ("splits", "splits"),
        ("walk_forward", "walk"),
    )
}
