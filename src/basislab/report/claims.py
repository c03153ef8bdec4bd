"""What an earlier publication said about the same data: typed in by the study file, never by us.

Each claim names what it is about, so that the report can compute the same thing and compare.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Claim(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StaticClaim(_Claim):
    """An annualised return of the ceiling, as a fraction."""

    kind: Literal["static"]
    leverage: float
    annualized: float


class HighestPriceClaim(_Claim):
    """The highest price of the window, USD."""

    kind: Literal["highest_price"]
    price_usd: float


class WaterfallClaim(_Claim):
    """A waterfall of the realistic model, USD; `rest_usd` is its balancing item."""

    kind: Literal["waterfall"]
    leverage: float
    trigger: float
    carry_usd: float
    funding_usd: float
    fees_usd: float
    rest_usd: float
    annualized: float


class FormulaClaim(_Claim):
    """A formula that drops a term; `name` says which one was printed."""

    kind: Literal["formula"]
    name: Literal["gross_apy", "long_distance", "short_distance"]


class BindingLegClaim(_Claim):
    """The leg that is said to be liquidated first."""

    kind: Literal["binding_leg"]
    leg: Literal["long", "short"]


class DebtClaim(_Claim):
    """The debt of the long leg is said to be a debt at all times, here checked at a leverage."""

    kind: Literal["debt_is_never_negative"]
    leverage: float


class FullDaysClaim(_Claim):
    """Every day is said to hold a full day of funding."""

    kind: Literal["full_days"]


Claim = Annotated[
    StaticClaim
    | HighestPriceClaim
    | WaterfallClaim
    | FormulaClaim
    | BindingLegClaim
    | DebtClaim
    | FullDaysClaim,
    Field(discriminator="kind"),
]
