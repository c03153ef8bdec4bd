"""`StartState`: what one holds where a path begins."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.types.checks import check_number


@dataclass(frozen=True, kw_only=True)
class StartState:
    """A held position that a Monte-Carlo goes on from.

    Parameters
    ----------
    coins : float
        Coins of the long, >= 0.
    debt_usd : float, USD
        What is owed against them, >= 0.
    contracts : float, coin
        Size of the short, >= 0.
    margin_usd, entry_usd : float, USD; USD per coin
        The short's equity at a price p is ``margin_usd + contracts (entry_usd - p)``.
    idle_usd : float, USD

    Raises
    ------
    ConfigError
        A value outside its range.

    Examples
    --------
    >>> held = StartState(
    ...     coins=100, debt_usd=5_000, contracts=100, margin_usd=5_000, entry_usd=90
    ... )
    >>> held.equity_usd(spot=100, mark=100)
    9000.0
    """

    coins: float
    debt_usd: float
    contracts: float
    margin_usd: float
    entry_usd: float
    idle_usd: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "coins", 0, 1e15, "coins")
        check_number(self, "debt_usd", 0, 1e12, "USD")
        check_number(self, "contracts", 0, 1e15, "coins")
        check_number(self, "margin_usd", -1e12, 1e12, "USD")
        check_number(self, "entry_usd", 0, 1e12, "USD per coin", above=True)
        check_number(self, "idle_usd", 0, 1e12, "USD")

    def equity_usd(self, *, spot: float, mark: float) -> float:
        """Return what the position is worth: the long at spot, the short at the mark."""
        short = self.margin_usd + self.contracts * (self.entry_usd - mark)
        return float(self.coins * spot - self.debt_usd + short + self.idle_usd)
