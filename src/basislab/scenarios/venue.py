"""A scenario of the venue engine: keys and defaults (docs/scenarios.md, section "Venue engine")."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from basislab.data.build.align import parse_max_gap
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.scenarios.base import Day, ModelScenario, Number, Strict
from basislab.types.checks import nearest
from basislab.types.dates import read_moment
from basislab.types.faults import Fault, FaultKind
from basislab.types.venue_config import BAND, VenueConfig

Role = Literal["perp", "lending", "opening", "swap", "transfer"]


class FaultScenario(Strict):
    """One thing that goes wrong, as `Fault`.

    Parameters
    ----------
    kind : {"adl", "outage", "delay", "failure", "gone"}
    start, end : str, such as 2025-10-10T21:00Z
        `end` is exclusive, and needed by kinds that last.
    share, beyond, seconds : float

    Examples
    --------
    >>> FaultScenario(kind="adl", start="2025-10-10T21:00Z", share=0.4).to_fault().share
    0.4
    """

    kind: FaultKind
    start: str
    end: str | None = None
    share: Number = 1.0
    beyond: Number = 0.0
    seconds: Number = 3_600.0

    def to_fault(self) -> Fault:
        """Return the fault.

        Returns
        -------
        Fault

        Raises
        ------
        ConfigError
            A time that cannot be read, a value outside its range.
        """
        return Fault(
            kind=self.kind,
            start=_time("start", self.start),
            end=None if self.end is None else _time("end", self.end),
            share=self.share,
            beyond=self.beyond,
            seconds=self.seconds,
        )


def _time(name: str, text: str) -> datetime:
    try:
        return read_moment(text)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"faults.{name}: got {text!r}; write a time such as 2025-10-10T21:00Z."
        ) from None


class VenueScenario(ModelScenario):
    """One configuration of the venue engine; unset fields take the documented defaults.

    Parameters
    ----------
    model : {"venue"}
    leverage : float, multiple of a leg's own equity
        Of both legs; may be left out where both have their own.
    long_leverage, short_leverage : float, optional
    id, market : str, optional
    capital_usd : float, USD
    perp, lending, opening, swap, transfer, study : str
        Presets or TOML files.
    start, end : date, optional
        Inclusive; the market's own by default.
    monitor : str
        How often the trader looks, such as 1h, 4h, 1d.
    policy : {"trigger", "never", "bands", "distance", "volatility"}
    trigger : float or None
        Effective leverage of a leg; None is the policy "never".
    ltv_band, margin_band, distance, sigma_multiple : float
    deleverage : bool
    reserve, entry_apy, exit_apy : float
    lookback_days : int
    response : {"rehedge", "reopen", "exit"}
    path_order : {"nearest", "pessimistic"}
    volume_usd : float, USD
    collateral_yield : str, optional
    conventions : list of str
    band : float or None
        How far the size may leave its target; the default is `VenueConfig`'s, None is never.
    resize_to : {"target", "edge"}
    faults : list of FaultScenario
    overrides : dict of str to dict of str to float
        Constants to replace, by role: perp, lending, opening, swap, transfer.

    Examples
    --------
    >>> VenueScenario(model="venue", leverage=2, monitor="4h").to_config().monitor_seconds
    14400
    """

    model: Literal["venue"]
    leverage: Number | None = None  # type: ignore[assignment]  # both legs' own follow
    long_leverage: Number | None = None
    short_leverage: Number | None = None
    perp: str = "hyperliquid"
    lending: str = "kamino"
    opening: str = "asgard"
    swap: str = "dex"
    transfer: str = "cctp"
    study: str = "hyperliquid-study"
    start: Day | None = None
    end: Day | None = None
    monitor: str = "1h"
    policy: Literal["trigger", "never", "bands", "distance", "volatility"] = "trigger"
    trigger: Number | None = None
    ltv_band: Number = 0.70
    margin_band: Number = 0.15
    distance: Number = 0.10
    sigma_multiple: Number = 6.0
    deleverage: bool = True
    reserve: Number = 0.0
    entry_apy: Number | None = None
    exit_apy: Number | None = None
    lookback_days: int = 7
    response: Literal["rehedge", "reopen", "exit"] = "reopen"
    path_order: Literal["nearest", "pessimistic"] = "nearest"
    volume_usd: Number = 0.0
    collateral_yield: str | None = None
    conventions: list[str] = Field(default_factory=list)
    band: Number | None = BAND
    resize_to: Literal["target", "edge"] = "target"
    faults: list[FaultScenario] = Field(default_factory=list)
    overrides: dict[Role, dict[str, Number]] = Field(default_factory=dict)

    def to_config(self) -> VenueConfig:
        """Return the config with its venues resolved and the overrides applied.

        Returns
        -------
        VenueConfig

        Raises
        ------
        ConfigError
            A value outside its range, an unknown venue or constant.
        """
        same = {field.name for field in fields(VenueConfig)} & type(self).model_fields.keys()
        values = {name: getattr(self, name) for name in same - {"trigger", "faults"}}
        if "trigger" in self.model_fields_set:
            if self.trigger is None:
                values["policy"] = "never"
            else:
                values["trigger"] = self.trigger
        config = VenueConfig(
            monitor_seconds=parse_max_gap(self.monitor, "monitor"),
            has_deleverage=self.deleverage,
            faults=tuple(fault.to_fault() for fault in self.faults),
            **values,
        )
        resolved = resolve(config)
        changes = {
            role: _changed(getattr(resolved, role), role, constants)
            for role, constants in self.overrides.items()
        }
        return replace(resolved, **changes) if changes else resolved


def _changed(terms: Any, role: str, constants: dict[str, float]) -> Any:
    known = [one.name for one in fields(terms) if isinstance(getattr(terms, one.name), float)]
    for name in constants:
        if name not in known:
            raise ConfigError(
                f"overrides.{role}: no number is called {name}{nearest(name, known)}."
            )
    assumed = tuple(one for one in terms.assumed if one.field not in constants)
    return replace(terms, **constants, assumed=assumed)
