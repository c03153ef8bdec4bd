"""One scenario: keys, defaults and checks of the machine interface."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from basislab.errors import ConfigError
from basislab.presets import load_venue
from basislab.types.checks import nearest
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.types.dates import read_moment
from basislab.types.venue import LiquidationPenalty

CONFIGS: dict[str, type[ModelConfig]] = {
    config.model: config
    for config in (StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig)
}
_DECISIONS = {
    "static": ("slippage",),
    "rebalance": ("trigger",),
    "rotation": ("buffer", "min_apy"),
    "conditional": ("entry_apy", "buffer", "lookback_days"),
}
_COMMON = ("capital_usd", "leverage", "open_fee_bps", "lending")


def _as_day(value: object) -> object:
    """Accept what a run takes for a day; the place of an error is pydantic's to say."""
    if not isinstance(value, str | date):
        return value
    try:
        return read_moment(value).date()
    except (ValueError, OverflowError):
        raise ValueError(f"got {value!r}; write a day as 2025-01-18") from None


Day = Annotated[date, BeforeValidator(_as_day)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """A frozen object that refuses unknown keys and converts nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PenaltyOverride(Strict):
    """Replaces the venue's liquidation penalty.

    Parameters
    ----------
    kind : {"equity", "notional"}
        Takes `rate` of the leg's equity, or of its notional (capped by its equity).
    rate : float, fraction
    """

    kind: Literal["equity", "notional"]
    rate: Number


class Overrides(Strict):
    """Constants of the named venue that a scenario replaces.

    Parameters
    ----------
    taker_fee_bps : float, bps of notional per side
    maintenance_margin : float, fraction of notional
    transfer_cost_usd, gas_usd : float, USD
    liquidation_penalty : PenaltyOverride
    """

    taker_fee_bps: Number | None = None
    maintenance_margin: Number | None = None
    transfer_cost_usd: Number | None = None
    gas_usd: Number | None = None
    liquidation_penalty: PenaltyOverride | None = None


class Scenario(Strict):
    """One configuration on one window of one market; unset fields take the documented defaults.

    Parameters
    ----------
    model : {"static", "rebalance", "rotation", "conditional"}
    leverage : float, multiple of one leg's capital
    id : str, optional
        Repeated in the result; its position in the list by default.
    market : str, optional
        Name or path; the file's own, else the package's sample.
    capital_usd : float, USD
    perp, lending : str
        Venue preset, lending protocol.
    open_fee_bps : float, bps of notional
    start, end : date, optional
        Inclusive; the market's own by default.
    trigger : float or None
        Rebalance; twice the leverage by default, None is never.
    buffer : float, fraction
        Rotation and conditional.
    min_apy : float, fraction per year, optional
        Rotation.
    slippage : {"none", "book"}
        Static.
    entry_apy : float, fraction per year
        Conditional.
    lookback_days : int, days
        Conditional.
    overrides : Overrides, optional
        Constants of the venue to replace.

    Examples
    --------
    >>> Scenario(model="rebalance", leverage=3, trigger=6).to_config().trigger_leverage
    6.0
    """

    model: Literal["static", "rebalance", "rotation", "conditional"]
    leverage: Number
    id: str | None = None
    market: str | None = None
    capital_usd: Number = 10_000.0
    perp: str = "hyperliquid-study"
    lending: str = "kamino"
    open_fee_bps: Number = 15.0
    start: Day | None = None
    end: Day | None = None
    trigger: Number | None = None
    buffer: Number = 0.10
    min_apy: Number | None = None
    slippage: Literal["none", "book"] = "none"
    entry_apy: Number = 0.10
    lookback_days: int = 7
    overrides: Overrides | None = None

    if not TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise ConfigError(first_problem(error)) from None

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            refuse_unknown(raw, cls.model_fields, "")
            overrides = raw.get("overrides")
            if isinstance(overrides, dict):
                refuse_unknown(overrides, Overrides.model_fields, "overrides.")
                penalty = overrides.get("liquidation_penalty")
                if isinstance(penalty, dict):
                    where = "overrides.liquidation_penalty."
                    refuse_unknown(penalty, PenaltyOverride.model_fields, where)
        return raw

    @model_validator(mode="after")
    def _keys_of_the_model(self) -> Scenario:
        own = _DECISIONS[self.model]
        for name in sorted(self.model_fields_set - set(own)):
            owners = [repr(model) for model, names in _DECISIONS.items() if name in names]
            if owners:
                raise ValueError(
                    f"{name} belongs to model {' and '.join(owners)}; "
                    f"model {self.model!r} takes {', '.join(own)}"
                )
        return self

    def to_config(self) -> ModelConfig:
        """Return the model's config with the venue resolved and the overrides applied.

        Returns
        -------
        ModelConfig

        Raises
        ------
        ConfigError
            A value outside its range, an unknown venue.
        """
        names = (*_COMMON, *_DECISIONS[self.model])
        values = {name: getattr(self, name) for name in names}
        if "trigger" not in self.model_fields_set:
            values.pop("trigger", None)
        venue = load_venue(self.perp)
        if self.overrides is not None:
            changes = self.overrides.model_dump(exclude_none=True)
            if "liquidation_penalty" in changes:
                changes["liquidation_penalty"] = LiquidationPenalty(
                    **changes["liquidation_penalty"]
                )
            venue = replace(venue, **changes)
        return CONFIGS[self.model](perp=venue, **values)


def refuse_unknown(raw: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Raise for a key that is not known, naming the nearest one.

    Parameters
    ----------
    raw : dict
    known : iterable of str
    where : str
        Prefix of the key in the message, such as ``overrides.``.

    Raises
    ------
    ValueError
    """
    for key in raw:
        if key not in known:
            raise ValueError(f"unknown key {where}{key}{nearest(key, list(known))}")


def parse_scenario(raw: object) -> Scenario:
    """Validate one scenario.

    Parameters
    ----------
    raw : object
        As parsed from JSON or TOML.

    Returns
    -------
    Scenario

    Raises
    ------
    ConfigError
        Its first problem: where, what was found, what is wanted.
    """
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """Return pydantic's first complaint as one sentence: where, what was found, what is wanted.

    Parameters
    ----------
    error : ValidationError

    Returns
    -------
    str
    """
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "scenario"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{where}: {message}." if first["loc"] else f"{message}."
    if first["type"] == "missing":
        return f"{where}: it is missing and has no default."
    return f"{where}: got {reprlib.repr(first['input'])}; {message[0].lower()}{message[1:]}."
