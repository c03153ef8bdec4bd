"""What a trial is: the decisions and constants of a configuration of any model, and its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from basislab.errors import ConfigError
from basislab.simulate import MODELS, lower_config
from basislab.simulate.venue import SIGMA_SPAN_DAYS
from basislab.types.configs import (
    NEVER,
    ConditionalConfig,
    RebalanceConfig,
    RotationConfig,
)
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import AnyConfig, VenueConfig, resolved
from basislab.types.venue_terms import Route
from basislab.units import SECONDS_PER_DAY

ROTATION_LOOKBACK = 7
"""Days over which the rotation model takes its mean, where it has a minimum APY."""

DELAY = 1
"""Days between a decision taken at a close and the first daily bar that it can act on."""

LOWEST: dict[str, float] = {
    "leverage": 1.0,
    "trigger": 0.01,
    "buffer": 0.0,
    "ltv_band": 0.0,
    "margin_band": 0.0,
    "distance": 0.0,
    "sigma_multiple": 0.0,
}
"""Smallest value that a decision may take; others have no bound near."""

POLICY_DECISIONS: dict[str, tuple[str, ...]] = {
    "never": (),
    "trigger": (),
    "bands": ("ltv_band", "margin_band"),
    "distance": ("distance",),
    "volatility": ("sigma_multiple",),
}
"""What a trader turns under each policy of the venue engine, beside leverage and trigger."""


def study_venue(config: AnyConfig) -> StudyVenue:
    """Return the venue of a study's model.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    StudyVenue

    Raises
    ------
    ConfigError
        Still a name.
    """
    if isinstance(config.perp, StudyVenue):
        return config.perp
    raise ConfigError(
        f"{type(config).__name__}.perp: got the name {config.perp!r}; a certificate is handed a "
        "venue. Use basislab.certify(), which resolves names."
    )


def protocol_of(config: AnyConfig) -> str:
    """Return the lending protocol whose supply rate of the quote coin is the hurdle."""
    return config.protocol if isinstance(config, VenueConfig) else config.lending


def lookback(config: AnyConfig) -> int:
    """Return over how many days a configuration's longest rule looks back.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    int, days
        An exponential window counts with its centre of mass.
    """
    if isinstance(config, VenueConfig):
        watches_carry = config.entry_apy is not None or config.exit_apy is not None
        return max(
            config.lookback_days if watches_carry else 0,
            SIGMA_SPAN_DAYS if config.policy == "volatility" else 0,
        )
    if isinstance(config, ConditionalConfig):
        return config.lookback_days
    if isinstance(config, RotationConfig) and config.min_apy is not None:
        return ROTATION_LOOKBACK
    return 0


def delay(config: AnyConfig, bar_seconds: int) -> int:
    """Return how long a decision takes to act, in whole days, begun ones counted.

    Parameters
    ----------
    config : any model's config
    bar_seconds : int, seconds

    Returns
    -------
    int, days
        For the venue engine one look, one bar and the transfer.
    """
    if not isinstance(config, VenueConfig):
        return DELAY
    transfer = resolved(config.transfer, Route).delay_seconds
    seconds = max(config.monitor_seconds, bar_seconds) + bar_seconds + transfer
    return max(DELAY, math.ceil(seconds / SECONDS_PER_DAY))


def decisions(config: AnyConfig) -> dict[str, float]:
    """Return the numbers that a trader turns: leverage first, then the model's own.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    dict of str to float
        A trigger as its leverage; a rule that is switched off is left out.
    """
    found = {"leverage": float(config.leverage)}
    names: tuple[str, ...] = ("buffer", "entry_apy", "min_apy")
    if isinstance(config, RebalanceConfig):
        found["trigger"] = config.trigger_leverage
    if isinstance(config, VenueConfig):
        if config.policy in ("trigger", "never"):
            found["trigger"] = NEVER if config.policy == "never" else config.trigger_leverage
        names = (*POLICY_DECISIONS[config.policy], "entry_apy", "exit_apy")
    for name in names:
        value = getattr(config, name, None)
        if value is not None:
            found[name] = float(value)
    return found


def changed(config: AnyConfig, changes: Mapping[str, float]) -> AnyConfig:
    """Return a configuration with decisions or constants of its venues changed.

    Parameters
    ----------
    config : any model's config
        Venues resolved.
    changes : mapping of str to float
        Fields of the config or of the study's venue, whose ``liquidation_penalty`` is its rate;
        constants of the venue engine with their role, ``perp.mark_step``.

    Returns
    -------
    the same type

    Raises
    ------
    ConfigError
        A value that the config or the venue's own rules refuse.
    """
    own = {field.name for field in fields(config)}
    of_config: dict[str, Any] = {k: v for k, v in changes.items() if k in own}
    of_venue: dict[str, Any] = {k: v for k, v in changes.items() if k not in own}
    if isinstance(config, VenueConfig):
        by_role: dict[str, dict[str, float]] = {}
        for name, value in of_venue.items():
            role, _, constant = name.partition(".")
            by_role.setdefault(role, {})[constant] = value
        terms = {role: replace(getattr(config, role), **new) for role, new in by_role.items()}
        return replace(config, **of_config, **terms)
    venue = study_venue(config)
    if "liquidation_penalty" in of_venue:
        rate = of_venue["liquidation_penalty"]
        of_venue["liquidation_penalty"] = replace(venue.liquidation_penalty, rate=rate)
    return replace(config, **of_config, perp=replace(venue, **of_venue))


def identity(config: AnyConfig) -> tuple[Any, ...]:
    """Return what makes a run what it is: the model and all that its kernel is told.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    tuple
        Equal for configurations whose runs are equal, hashable.
    """
    if isinstance(config, VenueConfig):
        policy: dict[str, Any] = {n: 0.0 for names in POLICY_DECISIONS.values() for n in names}
        policy |= {name: getattr(config, name) for name in POLICY_DECISIONS[config.policy]}
        trigger = config.trigger_leverage if config.policy == "trigger" else 1.0
        return (config.model, replace(config, trigger=trigger, **policy))
    venue = study_venue(config)
    params = lower_config(MODELS[type(config)].kernel.Params, config, venue)
    return (config.model, tuple(params), venue.funding, config.lending)


def labels_of(configs: Sequence[AnyConfig]) -> tuple[str, ...]:
    """Name configurations by their decisions, and by whatever else differs among them.

    Parameters
    ----------
    configs : sequence of configs

    Returns
    -------
    tuple of str

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
}
"""How further fields are told; a field that a model does not have is empty."""


def _attribute(config: AnyConfig, name: str) -> str:
    value = getattr(config, name, None)
    if value is None:
        return ""
    if name == "policy" and value in ("trigger", "never"):
        return ""  # the trigger says so
    if name == "capital_usd":
        return f"{value:,.0f} USD"
    if isinstance(value, tuple):
        value = " ".join(value) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(getattr(value, "name", value))
    return _FURTHER.get(name, "{}").format(text)


def _label(config: AnyConfig, told: Sequence[str]) -> str:
    parts = [text for name in told if (text := _attribute(config, name))]
    for name, value in decisions(config).items():
        if name == "leverage":
            parts.append(f"{value:g}x")
        elif name == "trigger":
            parts.append("trigger never" if value == NEVER else f"trigger {value:.4g}x")
        else:
            parts.append(f"{name.replace('_', ' ')} {value:g}")
    return ", ".join(parts)
