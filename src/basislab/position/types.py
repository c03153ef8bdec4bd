"""What one holds: a short, the loan behind the long, idle cash, a policy; every number dated."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

MAX_USD = 1e12
MAX_COINS = 1e15


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Coins = Annotated[float, Field(gt=0, le=MAX_COINS, description="an amount of the coin above 0")]
Price = Annotated[float, Field(gt=0, le=MAX_USD, description="a price above 0, USD per coin")]
Usd = Annotated[float, Field(ge=0, le=MAX_USD, description="USD, 0 or more")]
Signed = Annotated[float, Field(ge=-MAX_USD, le=MAX_USD, description="USD, below 0 if it is owed")]
Ltv = Annotated[float, Field(gt=0, lt=1, description="a fraction between 0 and 1 (75 % is 0.75)")]
Distance = Annotated[
    float, Field(gt=0, lt=1, description="a share of the price between 0 and 1 (15 % is 0.15)")
]
Apy = Annotated[float, Field(gt=-1, le=100, description="a fraction a year (5 % is 0.05)")]
Hourly = Annotated[
    float, Field(ge=-0.04, le=0.04, description="a fraction an hour, within the cap of 0.04")
]
Time = Annotated[AwareDatetime, Field(description="a time with its zone: 2026-11-27T09:30:00Z")]
Name = Annotated[str, Field(min_length=1, max_length=64, description="a name of 1 to 64 letters")]
Tier = Annotated[
    tuple[
        Annotated[float, Field(ge=0, description="a notional in USD, 0 or more")],
        Annotated[float, Field(gt=0, lt=1, description="a maintenance rate between 0 and 1")],
    ],
    Field(strict=False),  # a list of TOML or JSON
]

_HEX = r"^0x[0-9a-fA-F]{40}$"
_HEX_WORDS = "an address of 0x and 40 digits"

MarginMode = Literal["isolated", "cross", "unified", "portfolio"]


class Short(_Strict):
    """The perpetual sold short, and the collateral that answers for it.

    ``equity(p) = margin_usd + size (entry_usd - p)``. Read it as what would be left if the short
    were closed at its entry price.
    """

    venue: Name
    margin_mode: Annotated[
        MarginMode, Field(description="'isolated', 'cross', 'unified' or 'portfolio'")
    ]
    size: Coins
    entry_usd: Price
    mark_usd: Price
    margin_usd: Signed
    margin_tiers: Annotated[
        tuple[Tier, ...],
        Field(
            min_length=1,
            max_length=32,
            strict=False,
            description="pairs of notional above and maintenance rate, such as [[0.0, 0.025]]",
        ),
    ]
    time: Time
    price_time: Time
    other_maintenance_usd: Usd = 0.0
    funding_rate_hourly: Hourly | None = None
    venue_liquidation_usd: Price | None = None
    margin_ratio: Annotated[
        float | None, Field(ge=0, description="maintenance over liquidation value, 0 or more")
    ] = None

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        bounds = [bound for bound, _ in self.margin_tiers]
        rates = [rate for _, rate in self.margin_tiers]
        if bounds[0] != 0 or bounds != sorted(set(bounds)) or rates != sorted(set(rates)):
            raise ValueError("margin_tiers must start at 0, both numbers rising from row to row")
        return self


class Loan(_Strict):
    """The coins that are held as collateral, and the debt against them."""

    venue: Name
    size: Coins
    debt_usd: Usd
    price_usd: Price
    liquidation_ltv: Ltv
    max_ltv: Ltv
    time: Time
    price_time: Time
    account: Annotated[str | None, Field(max_length=64, description="the obligation's name")] = None
    supply_apy: Apy | None = None
    borrow_apy: Apy | None = None
    venue_liquidation_usd: Price | None = None

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        if self.max_ltv > self.liquidation_ltv:
            raise ValueError("max_ltv must not be above liquidation_ltv")
        return self


class HoldingPolicy(_Strict):
    """When its holder acts and what is restored; distances are shares of the price."""

    act_below: Distance = 0.15
    restore_to: Distance = 0.30
    horizon_days: Annotated[
        float, Field(gt=0, le=365, description="days, above 0 and up to 365")
    ] = 1.0
    hurdle_apy: Apy | None = None
    volatility_annual: Annotated[
        float | None, Field(gt=0, le=20, description="a fraction a year (60 % is 0.6)")
    ] = None

    @model_validator(mode="after")
    def _restores_more_than_it_waits_for(self) -> Self:
        if self.restore_to <= self.act_below:
            raise ValueError("restore_to must be above act_below")
        return self


class Accounts(_Strict):
    """Whose legs these are: what `read` asked for, and `watch` asks for again. No secrets."""

    hyperliquid: Annotated[str | None, Field(pattern=_HEX, description=_HEX_WORDS)] = None
    kamino: Annotated[
        str | None,
        Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}$", description="a Solana address"),
    ] = None
    aave: Annotated[str | None, Field(pattern=_HEX, description=_HEX_WORDS)] = None

    @model_validator(mode="after")
    def _one_loan(self) -> Self:
        if self.kamino and self.aave:
            raise ValueError("a position has one loan: kamino or aave, not both")
        return self


class WatchLimits(_Strict):
    """When its holder is told; what is left out follows from policy and loan."""

    distance_below: Annotated[
        Distance | None, Field(description="a share of the price between 0 and 1")
    ] = None
    """A first warning; by default a quarter above the policy's `act_below`."""
    ltv_above: Annotated[Ltv | None, Field(description="a fraction between 0 and 1")] = None
    """By default the loan's `max_ltv`."""
    margin_ratio_above: Annotated[
        float, Field(gt=0, lt=1, description="maintenance over equity, between 0 and 1")
    ] = 0.5
    net_delta_above: Annotated[
        float, Field(gt=0, lt=1, description="a share of the larger leg, between 0 and 1")
    ] = 0.02
    hysteresis: Annotated[
        float, Field(ge=0, lt=1, description="a share of each limit, 0 or more and below 1")
    ] = 0.1
    """An alert ends when its number is so much better than the limit."""


class Position(_Strict):
    """A held carry position: short perpetual, loan behind the long, idle cash, policy.

    At least one leg is there. Numbers are USD, coin and fractions; every leg says when it was
    read. `basislab.load_position` reads it from a file.

    Raises
    ------
    pydantic.ValidationError
        A field is missing, unknown, of another type or outside its range.
    """

    version: Literal[1] = 1
    coin: Name
    idle_usd: Usd = 0.0
    short: Short | None = None
    loan: Loan | None = None
    policy: HoldingPolicy = HoldingPolicy()
    accounts: Accounts | None = None
    watch: WatchLimits = WatchLimits()

    @model_validator(mode="after")
    def _has_a_leg(self) -> Self:
        if self.short is None and self.loan is None:
            raise ValueError("a position has a [short], a [loan] or both")
        return self

    def to_dict(self) -> dict[str, object]:
        """Return the fields as they stand in the file; times as text."""
        return self.model_dump(mode="json", exclude_none=True)

    def summary(self) -> str:
        """Return both distances, leverage, delta and carry as text; times are not judged."""
        from basislab.position.show import text_of
        from basislab.position.state import state_of

        return text_of(state_of(self, now=None))
