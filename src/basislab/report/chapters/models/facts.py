"""Every model at every leverage, at the study's size."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.report.study.results import ModelRow, model_rows
from basislab.report.study.runs import Runs


@dataclass(frozen=True, kw_only=True)
class ModelsFacts:
    """Of the chapter."""

    models: tuple[ModelRow, ...]


def models_facts(runs: Runs) -> ModelsFacts:
    """Return what all chapters share of the models."""
    return ModelsFacts(models=runs.once(model_rows))
