"""One way to run: validate, lower to NamedTuples, call the kernel, wrap the outcome."""

from basislab.simulate.run import (
    LEDGER_TOLERANCE,
    MODELS,
    Model,
    lower_config,
    lower_market,
    simulate,
)

__all__ = ["LEDGER_TOLERANCE", "MODELS", "Model", "lower_config", "lower_market", "simulate"]
