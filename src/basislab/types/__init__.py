"""The nouns: `Market`, venues, configs, `Ledger`, `Result`. Frozen, validating, no I/O."""

from basislab.types.configs import (
    NEVER,
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
    TradeConfig,
)
from basislab.types.market import (
    PRICE_KINDS,
    FloatArray,
    FundingSeries,
    Market,
    PriceSeries,
    RateSeries,
)
from basislab.types.result import Event, Ledger, Result
from basislab.types.venue import LiquidationPenalty, StudyVenue

__all__ = [
    "NEVER",
    "PRICE_KINDS",
    "ConditionalConfig",
    "Event",
    "FloatArray",
    "FundingSeries",
    "Ledger",
    "LiquidationPenalty",
    "Market",
    "ModelConfig",
    "PriceSeries",
    "RateSeries",
    "RebalanceConfig",
    "Result",
    "RotationConfig",
    "StaticConfig",
    "StudyVenue",
    "TradeConfig",
]
