"""What a venue costs under the study's convention: a handful of constants, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_number
from basislab.units import from_bps

PenaltyKind = Literal["equity", "notional"]
PENALTY_KINDS: tuple[PenaltyKind, ...] = ("equity", "notional")


@dataclass(frozen=True, kw_only=True)
class LiquidationPenalty:
    """What a liquidated leg loses, on its equity at the close of the day.

    Parameters
    ----------
    kind : {"equity", "notional"}
        "equity" takes `rate` of the leg's equity; "notional" takes `rate` of its notional at the
        close, capped by its equity.
    rate : float, fraction in [0, 1]

    Raises
    ------
    ConfigError
        Unknown kind, or a rate outside [0, 1].
    """

    kind: PenaltyKind
    rate: float

    def __post_init__(self) -> None:
        check_choice(self, "kind", PENALTY_KINDS)
        check_number(self, "rate", 0, 1, "fraction")


@dataclass(frozen=True, kw_only=True)
class StudyVenue:
    """Constants of a venue as the feasibility study assumed them.

    Parameters
    ----------
    name : str
        Name of the preset.
    funding : str
        Key of the funding series in `Market.funding` that the short is paid by.
    taker_fee_bps : float, bps of notional per side
    maintenance_margin : float, fraction of notional, both legs
    liquidation_penalty : LiquidationPenalty
    transfer_cost_usd : float, USD per transfer between the legs
    gas_usd : float, USD per opening
    rotation_penalty : float, fraction of capital
        Charged by the rotation model when a rotation was a liquidation.

    Raises
    ------
    ConfigError
        A constant outside its range.
    """

    name: str
    funding: str
    taker_fee_bps: float
    maintenance_margin: float
    liquidation_penalty: LiquidationPenalty
    transfer_cost_usd: float
    gas_usd: float
    rotation_penalty: float

    def __post_init__(self) -> None:
        check_number(self, "taker_fee_bps", 0, 1_000, "bps of notional")
        check_number(self, "maintenance_margin", 0, 0.99, "fraction of notional")
        if not isinstance(self.liquidation_penalty, LiquidationPenalty):
            raise ConfigError(
                f"StudyVenue.liquidation_penalty: got {self.liquidation_penalty!r}; "
                "it must be a LiquidationPenalty."
            )
        check_number(self, "transfer_cost_usd", 0, 1e9, "USD")
        check_number(self, "gas_usd", 0, 1e9, "USD")
        check_number(self, "rotation_penalty", 0, 1, "fraction of capital")

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read, by their kernel names: fractions and USD."""
        penalty = self.liquidation_penalty
        return {
            "taker_fee": from_bps(self.taker_fee_bps),
            "maintenance": self.maintenance_margin,
            "penalty_kind": PENALTY_KINDS.index(penalty.kind),
            "penalty_rate": penalty.rate,
            "transfer_cost": self.transfer_cost_usd,
            "gas": self.gas_usd,
            "rotation_penalty": self.rotation_penalty,
        }
