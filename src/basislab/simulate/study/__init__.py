"""The study's models: a market and a config lowered to arrays and scalars, and runs of them."""

from basislab.simulate.study.model import (
    PATH_ACCOUNTS,
    SCALAR_ACCOUNTS,
    StudyModel,
    lower_config,
    lower_market,
)

__all__ = ["PATH_ACCOUNTS", "SCALAR_ACCOUNTS", "StudyModel", "lower_config", "lower_market"]
