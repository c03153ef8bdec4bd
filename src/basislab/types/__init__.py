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
from basislab.types.venue import LiquidationPenalty, StudyVenue

__all__ = [
    "NEVER",
    "PRICE_KINDS",
    "ConditionalConfig",
    "FloatArray",
    "FundingSeries",
    "LiquidationPenalty",
    "Market",
    "ModelConfig",
    "PriceSeries",
    "RateSeries",
    "RebalanceConfig",
    "RotationConfig",
    "StaticConfig",
    "StudyVenue",
    "TradeConfig",
]
