"""Configs whose legs may have leverages of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from basislab.errors import ConfigError
from basislab.types.checks import check_number
from basislab.types.configs import ModelConfig, given


class Leverages(NamedTuple):
    """A multiple of a leg's own equity, for each leg."""

    long: float
    short: float


@dataclass(frozen=True, kw_only=True)
class LeveredConfig(ModelConfig):
    """A leverage of both legs, or one for each.

    Parameters
    ----------
    leverage, long_leverage, short_leverage : float, multiple of a leg's own equity
        See `VenueConfig`.
    capital_usd, perp, lending
        See `ModelConfig`.

    Raises
    ------
    ConfigError
        A leverage outside its range, or none.
    """

    leverage: float = None  # type: ignore[assignment]  # of the legs, where both have their own
    long_leverage: float | None = None
    short_leverage: float | None = None

    def __post_init__(self) -> None:
        self._set_leverage()
        super().__post_init__()

    def _set_leverage(self) -> None:
        """Let the leverage follow from the legs' own, where both have one."""
        for field in ("long_leverage", "short_leverage"):
            if getattr(self, field) is not None:
                check_number(self, field, 1, 100, "multiple of the leg's equity")
        long, short = self.long_leverage, self.short_leverage
        if long is not None and short is not None:
            object.__setattr__(self, "leverage", 2 / (1 / long + 1 / short))
        elif self.leverage is None:
            raise ConfigError(
                "VenueConfig: it has no leverage. Give leverage, or long_leverage and "
                "short_leverage."
            )

    @property
    def leverages(self) -> Leverages:
        """Leverage of each leg at the opening."""
        long, short = self.long_leverage, self.short_leverage
        return Leverages(
            self.leverage if long is None else long, self.leverage if short is None else short
        )

    @property
    def share(self) -> float:
        """The long's share of the equity, ``short / (long + short)``."""
        long, short = self.leverages
        return short / (long + short)

    @property
    def levered(self) -> str:
        """The leverages as they are said, such as 2x, or 1.5x / 3x."""
        long, short = self.leverages
        return f"{long:g}x" if long == short else f"{long:g}x / {short:g}x"

    def decisions(self) -> dict[str, float]:
        """Return the leverages that a trader turns."""
        own = given(long_leverage=self.long_leverage, short_leverage=self.short_leverage)
        return own if len(own) == 2 else super().decisions() | own
