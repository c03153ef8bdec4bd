"""What venues really do: margin, liquidation, fees, delays; one class a kind of venue.

Every number is a venue's own rule or a stated assumption; which of them are assumed, and over what
range, stays with the terms (`assumed`), so that a verdict can be tested over them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_number
from basislab.types.constants import (
    DATED_TERMS,
    Assumption,
    DatedFee,
    DatedTerm,
    MarginTier,
    VolumeFee,
)

FundingPrice = Literal["oracle", "mark", "perp"]
FUNDING_PRICES: tuple[FundingPrice, ...] = ("oracle", "mark", "perp")

PerpProcedure = Literal["market", "partial"]
PERP_PROCEDURES: tuple[PerpProcedure, ...] = ("market", "partial")

LoanProcedure = Literal["kamino", "restore", "aave", "none"]
LOAN_PROCEDURES: tuple[LoanProcedure, ...] = ("kamino", "restore", "aave", "none")


NO_LENDER = "none"
"""Key of the lending rates where nothing is lent."""


def _increasing(name: str, what: str, values: list[Any]) -> None:
    for before, after in pairwise(values):
        if not after > before:
            raise ConfigError(
                f"{name}: {what} are out of order: {after} follows {before}. Put them in order, "
                "lowest first."
            )


@dataclass(frozen=True, kw_only=True)
class PerpVenue:
    """A perpetual venue's rules for one coin.

    Parameters
    ----------
    funding : str
        Key of the funding series in `Market.funding`.
    funding_price : {"oracle", "mark", "perp"}
        Price of the notional that funding is paid on.
    taker_fees : tuple of DatedFee
        By date, oldest first.
    volume_fees : tuple of VolumeFee
        By volume, lowest first; they hold from the last date on.
    margin_tiers : tuple of MarginTier
        By notional, lowest first; the first above 0.
    withdrawal_floor : float, fraction of notional
        A withdrawal leaves at least this, and the initial margin.
    procedure : {"market", "partial"}
        "market" sends market orders (Hyperliquid, Binance), "partial" sells to a liquidator until
        maintenance and a buffer are restored (Drift).
    full_below_usd : float, USD of notional
        market: up to here the whole position is closed at once.
    first_share : float, fraction
        market: the first order above it.
    backstop_ratio : float, fraction of maintenance
        market: below it nothing of the margin is left.
    liquidation_fee_bps : float, bps of the closed notional
        market: on top of the taker fee.
    liquidation_buffer, liquidator_fee, insurance_fee : float, fraction of notional
        partial: target above maintenance, and the (largest) fees on the slice.
    slippage_bps : float, bps
        Of a fill, whatever its size.
    impact_bps_per_100k : float, bps per 100 000 USD of notional
        Added to it.
    liquidation_slippage_bps : float, bps
        market: of a liquidation order, in place of both.
    mark_step : float, fraction of price
        How far the mark may jump beyond the liquidation price.
    min_order_usd : float, USD
        A smaller order is not taken.
    size_step : float, coin
        Contracts are multiples of it; 0 where it is not known.
    funding_cap : float, fraction of notional an hour
        Funding is cut at it on both sides; 0 where there is none.
    valid_until : date, optional
        The venue's last day.
    asset : str, optional
        The coin that the constants hold for; any where it is left out.

    Raises
    ------
    ConfigError
        A value outside its range, tiers or dates out of order.
    """

    name: str
    funding: str
    funding_price: FundingPrice = "oracle"
    taker_fees: tuple[DatedFee, ...]
    volume_fees: tuple[VolumeFee, ...] = ()
    margin_tiers: tuple[MarginTier, ...]
    withdrawal_floor: float = 0.0
    procedure: PerpProcedure = "market"
    full_below_usd: float = 0.0
    first_share: float = 1.0
    backstop_ratio: float = 0.0
    liquidation_fee_bps: float = 0.0
    liquidation_buffer: float = 0.0
    liquidator_fee: float = 0.0
    insurance_fee: float = 0.0
    slippage_bps: float = 0.0
    impact_bps_per_100k: float = 0.0
    liquidation_slippage_bps: float = 0.0
    mark_step: float = 0.0
    min_order_usd: float = 0.0
    size_step: float = 0.0
    funding_cap: float = 0.0
    valid_until: date | None = None
    assumed: tuple[Assumption, ...] = ()
    asset: str | None = None

    def __post_init__(self) -> None:
        check_choice(self, "funding_price", FUNDING_PRICES)
        check_choice(self, "procedure", PERP_PROCEDURES)
        for field in ("withdrawal_floor", "backstop_ratio"):
            check_number(self, field, 0, 1, "fraction")
        check_number(self, "first_share", 0, 1, "fraction", above=True)
        check_number(self, "full_below_usd", 0, 1e12, "USD of notional")
        for field in ("liquidation_buffer", "liquidator_fee", "insurance_fee", "mark_step"):
            check_number(self, field, 0, 0.5, "fraction")
        for field in ("liquidation_fee_bps", "slippage_bps", "liquidation_slippage_bps"):
            check_number(self, field, 0, 5_000, "bps of notional")
        check_number(self, "impact_bps_per_100k", 0, 5_000, "bps per 100 000 USD")
        check_number(self, "min_order_usd", 0, 1e6, "USD")
        check_number(self, "size_step", 0, 1e9, "coin")
        check_number(self, "funding_cap", 0, 1, "fraction of notional an hour")
        self._check_fees()
        self._check_tiers()
        _check_assumed(self)

    def _check_fees(self) -> None:
        if not self.taker_fees:
            raise ConfigError(f"{self.name}: taker_fees: it has none. Give at least one.")
        _increasing(self.name, "taker_fees", [fee.since for fee in self.taker_fees])
        _increasing(self.name, "volume_fees", [fee.above_usd for fee in self.volume_fees])
        dated, by_volume = self.taker_fees, self.volume_fees
        for bps in [fee.bps for fee in dated] + [fee.bps for fee in by_volume]:
            if not 0 <= bps <= 1_000:
                raise ConfigError(f"{self.name}: a taker fee of {bps} bps; it must be 0 to 1000.")

    def _check_tiers(self) -> None:
        name, tiers = self.name, self.margin_tiers
        if not tiers or tiers[0].above_usd != 0:
            raise ConfigError(f"{name}: margin_tiers: the first tier must start above 0 USD.")
        _increasing(name, "margin_tiers", [tier.above_usd for tier in tiers])
        _increasing(name, "maintenance rates", [tier.maintenance_rate for tier in tiers])
        for tier in tiers:
            if not 0 < tier.maintenance_rate < 1:
                raise ConfigError(
                    f"{name}: a maintenance rate of {tier.maintenance_rate}; it must be a "
                    "fraction in (0, 1)."
                )
            if tier.max_leverage < 1 or 1 / tier.max_leverage < tier.maintenance_rate:
                raise ConfigError(
                    f"{name}: tier above {tier.above_usd:g} USD: initial margin "
                    f"{1 / max(tier.max_leverage, 1e-9):g} lies below maintenance "
                    f"{tier.maintenance_rate:g}: a new position would be liquidated."
                )
        fees = self.liquidator_fee + self.insurance_fee
        rate = tiers[0].maintenance_rate + self.liquidation_buffer
        if self.procedure == "partial" and fees >= rate:
            raise ConfigError(
                f"{name}: liquidation fees of {fees:g} are not below maintenance and buffer, "
                f"{rate:g}: a partial liquidation would never restore health."
            )

    @property
    def max_leverage(self) -> float:
        """Largest leverage of the first tier."""
        return self.margin_tiers[0].max_leverage

    def max_leverage_at(self, notional_usd: float) -> float:
        """Return the largest leverage of the tier that a notional lies in.

        Parameters
        ----------
        notional_usd : float, USD
        """
        found = [t.max_leverage for t in self.margin_tiers if notional_usd > t.above_usd]
        return found[-1] if found else self.max_leverage


@dataclass(frozen=True, kw_only=True)
class LendingMarket:
    """A lending protocol's rules for one collateral and one debt.

    Parameters
    ----------
    protocol : str
        Key of the rates in `Market.supply` and `Market.borrow`.
    max_ltv, liquidation_ltv : float, fraction of collateral value
        Borrowing stops at the first, liquidation starts at the second.
    procedure : {"kamino", "restore", "aave", "none"}
        "kamino" repays a share at a bonus that grows with the LTV, "restore" just enough for
        health (Marginfi, Drift), "aave" half or all at a fixed bonus; "none" lends nothing: the
        coin is held.
    close_factor : float, fraction of the debt
        kamino, aave: repaid at once.
    bonus, max_bonus, bad_debt_bonus : float, fraction of what is repaid
        kamino: smallest, largest, and that of insolvent loans; aave: the first; restore: the
        first is what the liquidator and the insurance take of the seized value.
    full_ltv : float
        Above it everything is repaid at once.
    full_below_usd : float, USD
        Debts (aave: or collateral) below it too.
    min_leftover_usd : float, USD
        aave: no less may be left.
    max_call_usd : float, USD
        kamino: no liquidation call repays more; 0 where there is no cap.
    oracle_step : float, fraction of price
        How far an update may overshoot the liquidation price.
    dated : tuple of DatedTerm
        Constants that change, oldest first; until the first of them the field itself holds.
    asset : str, optional
        The coin that the constants hold for; any where it is left out.

    Raises
    ------
    ConfigError
        A value outside its range; a liquidation LTV that is not above the maximum LTV.
    """

    name: str
    protocol: str
    max_ltv: float
    liquidation_ltv: float
    procedure: LoanProcedure
    close_factor: float = 1.0
    bonus: float = 0.0
    max_bonus: float = 0.0
    bad_debt_bonus: float = 0.0
    full_ltv: float = 1.0
    full_below_usd: float = 0.0
    min_leftover_usd: float = 0.0
    max_call_usd: float = 0.0
    oracle_step: float = 0.0
    flash_loan_fee_bps: float = 0.0
    dated: tuple[DatedTerm, ...] = ()
    assumed: tuple[Assumption, ...] = ()
    asset: str | None = None

    def __post_init__(self) -> None:
        check_choice(self, "procedure", LOAN_PROCEDURES)
        if not self.lends:
            self._check_held()
            return
        for field in ("max_ltv", "liquidation_ltv"):
            check_number(self, field, 0, 0.999, "fraction of collateral", above=True)
        check_number(self, "close_factor", 0, 1, "fraction of debt", above=True)
        check_number(self, "full_ltv", 0, 1e6, "fraction of collateral", above=True)
        for field in ("bonus", "max_bonus", "bad_debt_bonus", "oracle_step"):
            check_number(self, field, 0, 0.5, "fraction")
        for field in ("full_below_usd", "min_leftover_usd", "max_call_usd"):
            check_number(self, field, 0, 1e9, "USD")
        check_number(self, "flash_loan_fee_bps", 0, 1_000, "bps of the loan")
        if not self.liquidation_ltv > self.max_ltv:
            raise ConfigError(
                f"{self.name}: liquidation_ltv {self.liquidation_ltv:g} is not above max_ltv "
                f"{self.max_ltv:g}: a loan could be liquidated as it is opened."
            )
        if self.procedure == "kamino" and self.max_bonus < self.bonus:
            raise ConfigError(
                f"{self.name}: max_bonus {self.max_bonus:g} is below bonus {self.bonus:g}."
            )
        room = 1 - self.liquidation_ltv
        if self.bonus >= (room if self.procedure == "restore" else room / self.liquidation_ltv):
            raise ConfigError(
                f"{self.name}: a bonus of {self.bonus:g} at liquidation LTV "
                f"{self.liquidation_ltv:g} makes every liquidation insolvent."
            )
        _check_assumed(self)
        for when in sorted({term.since for term in self.dated}):
            self.at(when)  # every day's terms obey the rules above

    def _check_held(self) -> None:
        if self.max_ltv or self.dated:
            raise ConfigError(f"{self.name}: it lends nothing, so max_ltv must be 0 and undated.")

    @property
    def lends(self) -> bool:
        """Whether coin can be supplied and borrowed against; otherwise it is held."""
        return self.procedure != "none"

    def at(self, day: date) -> LendingMarket:
        """Return the terms of a day, with the changes that come after it.

        Raises
        ------
        ConfigError
            A dated field that cannot change, or terms that break the rules of the class.
        """
        values: dict[str, Any] = {}
        for term in sorted(self.dated):
            if term.field not in DATED_TERMS:
                raise ConfigError(
                    f"{self.name}: {term.field} cannot be dated; these can: "
                    f"{', '.join(DATED_TERMS)}."
                )
            if term.since <= day:
                values[term.field] = term.value
        later = tuple(term for term in sorted(self.dated) if term.since > day)
        if len(later) == len(self.dated):
            return self
        assumed = tuple(one for one in self.assumed if one.field not in values)
        return replace(self, **values, dated=later, assumed=assumed)

    @property
    def max_leverage(self) -> float:
        """Largest leverage that can be opened, ``1 / (1 - max_ltv)``."""
        return 1 / (1 - self.max_ltv)

    @property
    def liquidation_leverage(self) -> float:
        """Leverage at which the loan is liquidated, ``1 / (1 - liquidation_ltv)``."""
        return 1 / (1 - self.liquidation_ltv) if self.lends else math.inf


@dataclass(frozen=True, kw_only=True)
class Route:
    """What it costs, and how long it takes, to open a position, to swap, or to move capital.

    Parameters
    ----------
    cost_usd : float, USD a time
    cost_bps : float, bps of the amount
    delay_seconds : float, seconds
    asset : str, optional
        The coin that the constants hold for; any where it is left out.

    Raises
    ------
    ConfigError
        A value outside its range.
    """

    name: str
    kind: Literal["opening", "swap", "transfer"]
    cost_usd: float = 0.0
    cost_bps: float = 0.0
    delay_seconds: float = 0.0
    assumed: tuple[Assumption, ...] = ()
    asset: str | None = None

    def __post_init__(self) -> None:
        check_choice(self, "kind", ("opening", "swap", "transfer"))
        check_number(self, "cost_usd", 0, 1e6, "USD")
        check_number(self, "cost_bps", 0, 2_000, "bps of the amount")
        check_number(self, "delay_seconds", 0, 30 * 86_400, "seconds")
        _check_assumed(self)


Terms = PerpVenue | LendingMarket | Route


def _check_assumed(terms: Any) -> None:
    for field, low, high in terms.assumed:
        value = getattr(terms, field)
        if not low <= value <= high:
            raise ConfigError(
                f"{terms.name}: {field} {value:g} lies outside its own range {low:g} to {high:g}."
            )
