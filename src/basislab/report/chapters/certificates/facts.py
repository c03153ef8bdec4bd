"""For every leverage the study's optimum, with its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase

from basislab.api import assumed_ranges, resolve
from basislab.report.certificate.facts import certificate_facts
from basislab.report.certificate.rows import CertificateFacts
from basislab.report.fields import inline
from basislab.report.study.runs import Runs, grid
from basislab.research.overfit.certificate import Certificate
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import Runner
from basislab.research.overfit.search import certify_configs
from basislab.types.configs import RebalanceConfig


@dataclass(frozen=True, kw_only=True)
class KeyedCertificate:
    """A certificate, named by a letter: marks hold no digits."""

    key: str
    certificate: CertificateFacts = inline()


@dataclass(frozen=True, kw_only=True)
class CertificatesFacts:
    """Of the chapter: one a leverage."""

    certificates: tuple[KeyedCertificate, ...]


def certificates_facts(runs: Runs) -> CertificatesFacts:
    """Compute the chapter's facts."""
    found = zip(ascii_lowercase, runs.kept(study_certificates), strict=False)
    return CertificatesFacts(
        certificates=tuple(
            KeyedCertificate(key=key, certificate=certificate_facts(one)) for key, one in found
        )
    )


def study_certificates(runs: Runs) -> tuple[Certificate, ...]:
    """Certify the best trigger of every leverage; all that the study tried counts as trials.

    In the order of the leverages; none where a leverage has no trigger to choose from, and none
    at all on a market too short for the blocks of the test.
    """
    spec, rules = runs.spec, Rules()
    if len(runs.market) < 3 * rules.blocks:
        return ()
    searches = {
        leverage: [
            resolve(RebalanceConfig(**runs.base(leverage=leverage, trigger=trigger)))
            for trigger in [*grid(spec, leverage), 2 * leverage]
        ]
        for leverage in spec.leverages
    }
    every = [config for configs in searches.values() for config in configs]
    runner = Runner(runs.market, rules.min_days)
    return tuple(
        certify_configs(
            runs.market,
            configs,
            tried=every,
            ranges=assumed_ranges(configs[0]),
            rules=rules,
            runner=runner,
        )
        for configs in searches.values()
    )
