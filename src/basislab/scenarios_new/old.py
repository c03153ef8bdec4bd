"""Scenario files: the machine interface (docs/scenarios.md, version 1).

Every scenario is validated and run on its own: one that fails puts its error in its place and the
others still run.
"""

from __future__ import annotations

import json
import reprlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from basislab._version import VERSION
from basislab.data import load_market
from basislab.errors import BasisLabError, ConfigError
from basislab.presets import load_venue
from basislab.simulate import simulate
from basislab.types.checks import nearest
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue import LiquidationPenalty

FORMAT_VERSION = 1

MAX_BAR_SCENARIOS = 100_000_000
"""Largest ``bars x scenarios`` of one file: about a minute of kernel time."""

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
    """Accept a day as ISO text (JSON) or as a date (TOML); nothing else is one."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"got {value!r}; write a day as 2025-01-18") from None
    if isinstance(value, datetime):
        raise ValueError(f"got {value}; write a day as 2025-01-18, without a time")  # noqa: TRY004
    return value


Day = Annotated[date, BeforeValidator(_as_day)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PenaltyOverride(_Strict):
    """Replaces the venue's liquidation penalty.

    Parameters
    ----------
    kind : {"equity", "notional"}
        Takes `rate` of the leg's equity, or of its notional (capped by its equity).
    rate : float, fraction
    """

    kind: Literal["equity", "notional"]
    rate: Number


class Overrides(_Strict):
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


class Scenario(_Strict):
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

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            _refuse_unknown(raw, cls.model_fields, "")
            overrides = raw.get("overrides")
            if isinstance(overrides, dict):
                _refuse_unknown(overrides, Overrides.model_fields, "overrides.")
                penalty = overrides.get("liquidation_penalty")
                if isinstance(penalty, dict):
                    where = "overrides.liquidation_penalty."
                    _refuse_unknown(penalty, PenaltyOverride.model_fields, where)
        return raw

    @model_validator(mode="after")
    def _keys_of_the_model(self) -> Scenario:
        own = _DECISIONS[self.model]
        for other, names in _DECISIONS.items():
            for name in names:
                if name in self.model_fields_set and name not in own:
                    raise ValueError(
                        f"{name} belongs to model {other!r}; model {self.model!r} takes "
                        f"{', '.join(own)}"
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


def _refuse_unknown(raw: dict[str, Any], known: Sequence[str] | dict[str, Any], where: str) -> None:
    for key in raw:
        if key not in known:
            raise ValueError(f"unknown key {where}{key}{nearest(key, list(known))}")


class ScenarioFile(_Strict):
    """A parsed scenario file; scenarios are still raw, so that each can fail on its own.

    Parameters
    ----------
    version : {1}
    scenarios : list of dict
    market : str, optional
        Default for scenarios without one.
    """

    version: Literal[1]
    scenarios: list[Any]
    market: str | None = None


MarketLoader = Callable[[str | None], Market]


def run(
    scenarios: Sequence[Scenario],
    *,
    market: Market | str | None = None,
) -> list[Result]:
    """Run scenarios one after the other.

    Parameters
    ----------
    scenarios : sequence of Scenario
    market : Market or str, optional
        For scenarios that name none; the package's sample when left out.

    Returns
    -------
    list of Result
        In the order of `scenarios`.

    Raises
    ------
    BasisLabError
        The first scenario that cannot be run, named by its id.
    ConfigError
        More than `MAX_BAR_SCENARIOS` bars in all.

    Examples
    --------
    >>> [result] = run([Scenario(model="static", leverage=2, capital_usd=1_000)])
    >>> round(result.final_usd - result.initial_usd, 2)
    63.69
    """
    load = market_loader(market)
    _check_size(len(scenarios), load, [scenario.market for scenario in scenarios])
    results = []
    for position, scenario in enumerate(scenarios, start=1):
        try:
            results.append(run_scenario(scenario, load))
        except BasisLabError as error:
            raise type(error)(f"scenario {scenario.id or position}: {error}") from None
    return results


def market_loader(default: Market | str | None = None) -> MarketLoader:
    """Return a function that loads a market by name or path once and keeps it.

    Parameters
    ----------
    default : Market or str, optional
        What None stands for; the package's sample when left out.

    Returns
    -------
    callable of (str or None) to Market
    """

    @cache
    def load(name: str | None) -> Market:
        if name is None and isinstance(default, Market):
            return default
        return load_market(name if name is not None else default)  # type: ignore[arg-type]

    return load


def run_scenario(scenario: Scenario, load: MarketLoader) -> Result:
    """Run one scenario.

    Parameters
    ----------
    scenario : Scenario
    load : callable
        From `market_loader`.

    Returns
    -------
    Result

    Raises
    ------
    BasisLabError
        It cannot be run.
    """
    market = load(scenario.market)
    return simulate(market, scenario.to_config(), start=scenario.start, end=scenario.end)


def parse_file(text: str, *, is_toml: bool = False) -> ScenarioFile:
    """Parse a scenario file without looking into its scenarios.

    Parameters
    ----------
    text : str
    is_toml : bool
        TOML instead of JSON.

    Returns
    -------
    ScenarioFile

    Raises
    ------
    ConfigError
        Not valid JSON or TOML, a repeated key, an unknown key or version. NaN and Infinity are
        refused later, by the scenario that holds them.
    """
    raw = _parse_toml(text) if is_toml else _parse_json(text)
    if not isinstance(raw, dict):
        raise ConfigError(
            f"scenario file: got {type(raw).__name__} at the top; "
            'it must be an object with "version" and "scenarios".'
        )
    try:
        _refuse_unknown(raw, ScenarioFile.model_fields, "")
        return ScenarioFile.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"scenario file: {_first_problem(error)}") from None
    except ValueError as error:
        raise ConfigError(f"scenario file: {error}.") from None


def run_file(
    parsed: ScenarioFile, *, with_events: bool = True, with_equity: bool = False
) -> Iterator[dict[str, Any]]:
    """Run a file's scenarios, yielding a result or an error object for each.

    Parameters
    ----------
    parsed : ScenarioFile
    with_events, with_equity : bool
        What the results include.

    Yields
    ------
    dict
        `Result.to_dict`, or ``{"id", "error": {"type", "message"}}``.

    Raises
    ------
    ConfigError
        More than `MAX_BAR_SCENARIOS` bars in all.
    """
    load = market_loader(parsed.market)
    names = [raw.get("market") if isinstance(raw, dict) else None for raw in parsed.scenarios]
    _check_size(len(names), load, [name if isinstance(name, str) else None for name in names])
    seen: set[str] = set()
    for position, raw in enumerate(parsed.scenarios, start=1):
        name = raw.get("id") if isinstance(raw, dict) else None
        label = name if isinstance(name, str) else str(position)
        try:
            if label in seen:
                raise ConfigError(f"id: {label!r} is used twice. Give every scenario its own.")
            result = run_scenario(parse_scenario(raw), load)
            yield result.to_dict(with_events=with_events, with_equity=with_equity, id=label)
        except BasisLabError as error:
            yield {"id": label, "error": {"type": type(error).__name__, "message": str(error)}}
        seen.add(label)


def results_text(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the result file piece by piece, one line a result, whatever its size.

    Parameters
    ----------
    results : iterable of dict
        From `run_file`.

    Yields
    ------
    str
        Together one JSON document whose floats read back to the same bits; ASCII, because an id
        may hold what UTF-8 cannot (a lone surrogate).
    """
    yield f'{{"version": {FORMAT_VERSION}, "basislab": {json.dumps(VERSION)}, "results": ['
    separator = "\n"
    for result in results:
        yield separator + json.dumps(result, allow_nan=False)
        separator = ",\n"
    yield "\n]}\n"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, as shipped in the package.

    Returns
    -------
    dict
        Draft 2020-12.
    """
    scenario = TypeAdapter(Scenario).json_schema(ref_template="#/$defs/{model}")
    definitions = scenario.pop("$defs", {}) | {"Scenario": scenario}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "basislab scenario file, version 1",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "scenarios"],
        "properties": {
            "version": {"const": FORMAT_VERSION},
            "market": {"type": ["string", "null"]},
            "scenarios": {"type": "array", "items": {"$ref": "#/$defs/Scenario"}},
        },
        "$defs": definitions,
    }


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
        raise ConfigError(_first_problem(error)) from None


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "scenario"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{where}: {message}." if first["loc"] else f"{message}."
    if first["type"] == "missing":
        return f"{where}: it is missing and has no default."
    return f"{where}: got {reprlib.repr(first['input'])}; {message[0].lower()}{message[1:]}."


def _check_size(count: int, load: MarketLoader, names: Sequence[str | None]) -> None:
    bars = 0
    for name in set(names):
        try:
            bars = max(bars, len(load(name)))
        except BasisLabError:  # the scenario that names it reports it
            continue
    if bars * count > MAX_BAR_SCENARIOS:
        raise ConfigError(
            f"scenario file: {bars} bars x {count} scenarios = {bars * count}; at most "
            f"{MAX_BAR_SCENARIOS} are run at once. Split the file."
        )


def _parse_toml(text: str) -> object:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"scenario file: not valid TOML: {error}.") from None
    return raw


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise ConfigError("scenario file: not valid JSON: nested too deeply.") from None
    except ValueError as error:
        raise ConfigError(f"scenario file: not valid JSON: {error}.") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ConfigError(f"scenario file: key {twice!r} is given twice in one object.")
    return found


def read_file(path: Path) -> ScenarioFile:
    """Read and parse a scenario file; TOML by its ending, else JSON.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ScenarioFile

    Raises
    ------
    ConfigError
        It cannot be read or parsed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"scenario file {path}: it cannot be read ({error}).") from None
    return parse_file(text, is_toml=path.suffix == ".toml")
