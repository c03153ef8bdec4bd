"""One way to run: validate, lower to NamedTuples, call the kernel, wrap the outcome."""

from basislab.simulate.model import Model
from basislab.simulate.models import MODELS, config_type, model_of
from basislab.simulate.run import lowered_bars, simulate
from basislab.simulate.study import StudyModel, lower_config, lower_market

__all__ = [
    "MODELS",
    "Model",
    "StudyModel",
    "config_type",
    "lower_config",
    "lower_market",
    "lowered_bars",
    "model_of",
    "simulate",
]
