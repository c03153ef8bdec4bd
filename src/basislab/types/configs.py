"""One config a study model, and what all models' configs share. Every config validates itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_integer, check_number
from basislab.types.venue import StudyVenue
from basislab.units import from_bps

NEVER = 999.0
"""The trigger that never fires: the leverage that the study gives a leg without equity."""

ROTATION_LOOKBACK_DAYS = 7
"""Days over which the rotation model takes its mean, where it has a minimum APY."""

Slippage = Literal["none", "book"]
SLIPPAGES: tuple[Slippage, ...] = ("none", "book")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What the configs of all models share: a size, a leverage, and whose rules hold.

    Parameters
    ----------
    capital_usd : float, USD
    perp, lending : str or terms
        Presets; the fields that `roles` names are resolved by `basislab.backtest`.

    Raises
    ------
    ConfigError
        A field of the wrong type or outside its range.
    """

    model: ClassVar[str]
    roles: ClassVar[Mapping[str, type[object]]]

    leverage: float
    capital_usd: float = 10_000.0
    perp: Any
    lending: Any

    def __post_init__(self) -> None:
        check_number(self, "leverage", 1, 100, "multiple of one leg's capital")
        check_number(self, "capital_usd", 0.01, 1e12, "USD")
        for role, kind in self.roles.items():
            value = getattr(self, role)
            if not isinstance(value, (str, kind)):
                raise ConfigError(
                    f"{type(self).__name__}.{role}: got {value!r}; it must be a preset's name "
                    f"or a {kind.__name__}."
                )

    @property
    def protocol(self) -> str:
        """Key of the lending rates, which are also the hurdle's."""
        return str(self.lending)

    @property
    def lookback(self) -> int:
        """Days over which the longest rule looks back."""
        return 0

    def delay_days(self, bar_seconds: int) -> int:  # noqa: ARG002 - a daily model acts a bar later
        """Return how many days pass between a decision and the first bar that it can act on."""
        return 1

    def decisions(self) -> dict[str, float]:
        """Return the numbers that a trader turns, leverage first; a rule switched off is left out.

        These are the axes of a certificate's map, and what a trial is called by.
        """
        return {"leverage": self.leverage}

    @property
    def levered(self) -> str:
        """The leverage as it is said, such as 2x."""
        return f"{self.leverage:g}x"

    def warnings(self) -> tuple[str, ...]:
        """Return what is odd in this configuration, in words."""
        return ()

    @property
    def notional_usd(self) -> float:
        """Notional of each leg at the opening, USD, before fees."""
        return self.capital_usd / 2 * self.leverage


def given(**values: float | None) -> dict[str, float]:
    """Return the values that are not None."""
    return {name: float(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class TradeConfig(ModelConfig):
    """What the configs of the study's models share.

    Parameters
    ----------
    leverage : float, multiple of the capital of one leg
        Both legs hold a notional of ``capital_usd / 2 * leverage``.
    capital_usd : float, USD
        Split in two equal halves.
    perp : str or StudyVenue
        Preset of the perpetual venue; a name is resolved by `basislab.backtest`.
    lending : str
        Key of the lending protocol in `Market.supply` and `Market.borrow`.
    open_fee_bps : float, bps of notional
        Fee of opening the leveraged long.

    Raises
    ------
    ConfigError
        A field of the wrong type or outside its range.
    """

    roles: ClassVar[Mapping[str, type[object]]] = {"perp": StudyVenue}

    perp: str | StudyVenue = "hyperliquid-study"
    lending: str = "kamino"
    open_fee_bps: float = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "open_fee_bps", 0, 10_000, "bps of notional")

    @property
    def venue(self) -> StudyVenue:
        """The venue; ConfigError where `perp` is still a name."""
        if isinstance(self.perp, StudyVenue):
            return self.perp
        raise ConfigError(
            f"{type(self).__name__}.perp: got the name {self.perp!r}; simulate() is handed a venue."
            " Use basislab.backtest(), which resolves names."
        )

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read, by their kernel names: fractions and USD."""
        return {
            "capital": self.capital_usd,
            "leverage": self.leverage,
            "open_fee": from_bps(self.open_fee_bps),
        }


@dataclass(frozen=True, kw_only=True)
class StaticConfig(TradeConfig):
    """The ceiling: constant notional, no price risk, fees once.

    Parameters
    ----------
    slippage : {"none", "book"}
        "book" adds the study's order-book estimate, both ways.
    leverage, capital_usd, perp, lending, open_fee_bps
        See `TradeConfig`.
    """

    model: ClassVar[str] = "static"

    slippage: Slippage = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, "slippage", SLIPPAGES)

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read."""
        return super().parameters() | {"slippage": SLIPPAGES.index(self.slippage)}


@dataclass(frozen=True, kw_only=True)
class RebalanceConfig(TradeConfig):
    """The study's realistic model: capital moves between the legs when one is stretched.

    Parameters
    ----------
    trigger : float, "auto" or None, effective leverage of a leg
        Above it capital is moved; "auto" is twice the leverage, None is never.
    leverage, capital_usd, perp, lending, open_fee_bps
        See `TradeConfig`.
    """

    model: ClassVar[str] = "rebalance"

    trigger: float | Literal["auto"] | None = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trigger is not None and self.trigger != "auto":
            check_number(self, "trigger", 0, 1e9, "leverage of a leg", above=True)

    @property
    def trigger_leverage(self) -> float:
        """The trigger as a number; `NEVER` where there is none."""
        if self.trigger == "auto":
            return 2 * self.leverage
        return NEVER if self.trigger is None else float(self.trigger)

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read."""
        return super().parameters() | {"trigger": self.trigger_leverage}

    def decisions(self) -> dict[str, float]:
        """Return the numbers that a trader turns; a trigger as its leverage."""
        return super().decisions() | {"trigger": self.trigger_leverage}

    def warnings(self) -> tuple[str, ...]:
        """Return what is odd in this configuration, in words."""
        if self.trigger_leverage > self.leverage:
            return ()
        text = (
            f"trigger {self.trigger_leverage:g} is not above the leverage {self.leverage:g}: "
            "capital may move on every bar"
        )
        return (text,)


@dataclass(frozen=True, kw_only=True)
class RotationConfig(TradeConfig):
    """The floor: both legs are closed near liquidation and reopened on the next day.

    Parameters
    ----------
    buffer : float, fraction of the day's extreme
        Closes when a liquidation price is nearer than this; 0 is the unmanaged position.
    min_apy : float or None, fraction per year
        Closes when the mean of the last 7 deployed days falls below it; None is no such rule.
    leverage, capital_usd, perp, lending, open_fee_bps
        See `TradeConfig`.
    """

    model: ClassVar[str] = "rotation"

    buffer: float = 0.10
    min_apy: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "buffer", 0, 1, "fraction of price")
        if self.min_apy is not None:
            check_number(self, "min_apy", -5, 5, "fraction per year")

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read; without a minimum no mean lies below it."""
        min_apy = -math.inf if self.min_apy is None else self.min_apy
        return super().parameters() | {"buffer": self.buffer, "min_apy": min_apy}

    def decisions(self) -> dict[str, float]:
        """Return the numbers that a trader turns."""
        return super().decisions() | given(buffer=self.buffer, min_apy=self.min_apy)

    @property
    def lookback(self) -> int:
        """Days over which the mean is taken, where there is a minimum."""
        return 0 if self.min_apy is None else ROTATION_LOOKBACK_DAYS


@dataclass(frozen=True, kw_only=True)
class ConditionalConfig(TradeConfig):
    """Deployed only while the trailing carry pays; idle cash otherwise.

    Parameters
    ----------
    entry_apy : float, fraction per year
        Opens above this mean gross APY, closes below it.
    buffer : float, fraction of the close
        Closes when a liquidation price is this near.
    lookback_days : int, days
        Over how many days the mean is taken.
    leverage, capital_usd, perp, lending, open_fee_bps
        See `TradeConfig`.
    """

    model: ClassVar[str] = "conditional"

    entry_apy: float = 0.10
    buffer: float = 0.10
    lookback_days: int = 7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "entry_apy", -5, 5, "fraction per year")
        check_number(self, "buffer", 0, 1, "fraction of price")
        check_integer(self, "lookback_days", 1, 3_650, "days")

    def parameters(self) -> dict[str, float]:
        """Return the values that kernels read."""
        return super().parameters() | {
            "entry_apy": self.entry_apy,
            "buffer": self.buffer,
            "lookback_days": self.lookback_days,
        }

    def decisions(self) -> dict[str, float]:
        """Return the numbers that a trader turns."""
        return super().decisions() | given(buffer=self.buffer, entry_apy=self.entry_apy)

    @property
    def lookback(self) -> int:
        """Days over which the mean is taken."""
        return self.lookback_days
