"""A scenario of the study's models: keys and defaults (docs/scenarios.md)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal

from pydantic import model_validator

from basislab.presets import load_venue
from basislab.scenarios.base import Day, ModelScenario, Number, Strict, refuse_unknown
from basislab.simulate import MODELS, config_type
from basislab.types.configs import ModelConfig, TradeConfig
from basislab.types.venue import LiquidationPenalty


def own_keys() -> dict[str, tuple[str, ...]]:
    """Return which decisions each study model takes, beside those that all take."""
    shared = {field.name for field in fields(TradeConfig)}
    kinds = [kind for kind in MODELS if issubclass(kind, TradeConfig)]
    return {
        kind.model: tuple(field.name for field in fields(kind) if field.name not in shared)
        for kind in kinds
    }


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


class Scenario(ModelScenario):
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

    @model_validator(mode="before")
    @classmethod
    def _known_overrides(cls, raw: Any) -> Any:
        overrides = raw.get("overrides") if isinstance(raw, dict) else None
        if isinstance(overrides, dict):
            refuse_unknown(overrides, Overrides.model_fields, "overrides.")
            penalty = overrides.get("liquidation_penalty")
            if isinstance(penalty, dict):
                where = "overrides.liquidation_penalty."
                refuse_unknown(penalty, PenaltyOverride.model_fields, where)
        return raw

    @model_validator(mode="after")
    def _keys_of_the_model(self) -> Scenario:
        keys = own_keys()
        own = keys[self.model]
        for name in sorted(self.model_fields_set - set(own)):
            owners = [repr(model) for model, names in keys.items() if name in names]
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
        names = ("capital_usd", "leverage", "open_fee_bps", "lending", *own_keys()[self.model])
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
        return config_type(self.model)(perp=venue, **values)
