"""The study's chapter: for every leverage the study's optimum, with its certificate."""

from __future__ import annotations

from functools import lru_cache

from basislab.api import assumed_ranges, resolve
from basislab.report.certificate.data import certificate_data
from basislab.report.certificate.facts import KEYS, Facts, certificate_facts
from basislab.report.downloads import Download
from basislab.report.runs import Runs, grid
from basislab.research.overfit.certificate import Certificate
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import Runner
from basislab.research.overfit.search import certify_configs
from basislab.types.configs import RebalanceConfig


def certificates_section(runs: Runs) -> list[Facts]:
    """Return the facts of the study's certificates.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    list of dict
        One a leverage; see `study_certificates`.
    """
    found = study_certificates(runs)
    return [{"key": key} | certificate_facts(one) for key, one in zip(KEYS, found, strict=False)]


def study_data(runs: Runs) -> dict[str, Download]:
    """Return the files that a study hands out.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    dict of str to Download
        None where the study leaves the certificates out.
    """
    if "certificates" not in runs.spec.chapters:
        return {}
    return certificate_data(study_certificates(runs))


@lru_cache(maxsize=1)  # facts and files are made of the same certificates
def study_certificates(runs: Runs) -> tuple[Certificate, ...]:
    """Certify the best trigger of every leverage; all that the study tried counts as trials.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    tuple of Certificate
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
