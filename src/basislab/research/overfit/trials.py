"""What a trial is: the decisions and constants of a configuration of any model, and its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from basislab.types.configs import NEVER, ModelConfig

LOWEST: dict[str, float] = {
    "leverage": 1.0,
    "long_leverage": 1.0,
    "short_leverage": 1.0,
    "band": 0.01,
    "trigger": 0.01,
    "buffer": 0.0,
    "ltv_band": 0.0,
    "margin_band": 0.0,
    "distance": 0.0,
    "sigma_multiple": 0.0,
}
"""Smallest value that a decision may take; others have no bound near."""


class Change:
    """Decisions, or constants of venues, that configurations are to have instead of their own.

    Parameters
    ----------
    values : mapping of str to float
        Fields of the config; constants of its venues with their role, ``perp.mark_step``, or
        without it those of the perpetual's; a ``liquidation_penalty`` is its rate.
    """

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values
        # Trials of a search share their venues: their terms are made, and checked, once.
        self._made: dict[tuple[str, int], tuple[Any, Any]] = {}

    def __call__(self, config: ModelConfig) -> ModelConfig:
        """Return a configuration, its venues resolved, with the change.

        Raises
        ------
        ConfigError
            A value that the config or the venue's own rules refuse.
        """
        own = {field.name for field in fields(config)}
        new: dict[str, Any] = {name: value for name, value in self.values.items() if name in own}
        by_role: dict[str, dict[str, Any]] = {}
        for name, value in self.values.items():
            if name not in own:
                role, _, constant = name.rpartition(".")
                by_role.setdefault(role or "perp", {})[constant] = value
        for role, constants in by_role.items():
            new[role] = self._terms(role, getattr(config, role), constants)
        return replace(config, **new)

    def _terms(self, role: str, terms: Any, constants: dict[str, Any]) -> Any:
        before, after = self._made.get((role, id(terms)), (None, None))
        if before is not terms:
            if "liquidation_penalty" in constants:
                rate = constants["liquidation_penalty"]
                constants["liquidation_penalty"] = replace(terms.liquidation_penalty, rate=rate)
            after = replace(terms, **constants)
            self._made[role, id(terms)] = terms, after
        return after


def changed(config: ModelConfig, changes: Mapping[str, float]) -> ModelConfig:
    """Return a configuration with decisions or constants of its venues changed (`Change`)."""
    return Change(changes)(config)


def labels_of(configs: Sequence[ModelConfig]) -> tuple[str, ...]:
    """Name configurations by their decisions, and by whatever else differs among them.

    Examples
    --------
    >>> from basislab.types import RebalanceConfig
    >>> labels_of([RebalanceConfig(leverage=2, trigger=trigger) for trigger in (5, None)])
    ('2x, trigger 5x', '2x, trigger never')
    """
    names = ["model", "perp", "capital_usd", *_FURTHER]
    told = [name for name in names if len({_attribute(config, name) for config in configs}) > 1]
    return tuple(_label(config, told) for config in configs)


_FURTHER: dict[str, str] = {
    "lending": "{}",
    "opening": "opened by {}",
    "swap": "swaps by {}",
    "transfer": "transfers by {}",
    "monitor_seconds": "a look every {} s",
    "policy": "policy {}",
    "has_deleverage": "deleverage {}",
    "reserve": "reserve {}",
    "lookback_days": "lookback {} d",
    "response": "then {}",
    "path_order": "path {}",
    "volume_usd": "volume {} USD",
    "collateral_yield": "staked at {}",
    "conventions": "study's {}",
    "band": "size within {}",
    "resize_to": "resized to the {}",
    "faults": "faults {}",
}
"""How further fields are told; a field that a model does not have is empty."""


def _attribute(config: ModelConfig, name: str) -> str:
    value = getattr(config, name, None)
    if value is None:
        return ""
    if name == "policy" and value in ("trigger", "never"):
        return ""  # the trigger says so
    if name == "capital_usd":
        return f"{value:,.0f} USD"
    if isinstance(value, tuple):
        value = " ".join(map(str, value)) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(getattr(value, "name", value))
    return _FURTHER.get(name, "{}").format(text)


def _label(config: ModelConfig, told: Sequence[str]) -> str:
    parts = [text for name in told if (text := _attribute(config, name))]
    for name, value in config.decisions().items():
        if name == "band":  # told where it differs
            continue
        if name == "leverage":
            parts.append(f"{value:g}x")
        elif name == "trigger":
            parts.append("trigger never" if value == NEVER else f"trigger {value:.4g}x")
        else:
            parts.append(f"{name.replace('_', ' ')} {value:g}")
    return ", ".join(parts)
