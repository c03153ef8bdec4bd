"""The position file: TOML in, TOML out, a commented example, its JSON Schema."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from basislab.data.sources.fields import shortened
from basislab.errors import ConfigError
from basislab.position.types import Position
from basislab.types.checks import nearest

MAX_BYTES = 1_000_000

TEMPLATE = """\
# A held carry position. Times say when each number was read; USD, coins, fractions (0.15 is 15 %).
# Leave out [short] or [loan] if there is none, and any line marked optional if it is not known.
version = 1
coin = "SOL"
idle_usd = 500.0                     # cash that can be moved at once

[short]                              # the perpetual that is sold
venue = "hyperliquid"
margin_mode = "isolated"             # isolated, cross, unified or portfolio
size = 100.0                         # coins, above 0
entry_usd = 178.0
mark_usd = 184.2
margin_usd = 8000.0                  # collateral without the unrealised result
margin_tiers = [[0.0, 0.025], [70e6, 0.05]]  # notional above, maintenance rate
other_maintenance_usd = 0.0          # cross: what the account's other positions need
time = 2026-11-27T09:30:00Z
price_time = 2026-11-27T09:30:00Z
funding_rate_hourly = 0.0000125      # optional; above 0 the short is paid
# venue_liquidation_usd = 251.7073   # optional: the venue's own figure

[loan]                               # the coins held as collateral, and the debt
venue = "kamino"
size = 100.0
debt_usd = 9000.0
price_usd = 184.2                    # the lending oracle's
liquidation_ltv = 0.75
max_ltv = 0.74
time = 2026-11-27T09:30:00Z
price_time = 2026-11-27T09:30:00Z
supply_apy = 0.055                   # optional
borrow_apy = 0.061                   # optional

[policy]
act_below = 0.15                     # act when a liquidation price is closer than this
restore_to = 0.30                    # and restore this distance
horizon_days = 1.0                   # for distances in standard deviations
hurdle_apy = 0.046                   # optional: what the money would earn elsewhere
volatility_annual = 0.8              # optional

[watch]                              # when 'basislab watch' tells you; each line is optional
distance_below = 0.19                # liquidation closer than this share of the price
ltv_above = 0.70
margin_ratio_above = 0.5             # maintenance over equity
net_delta_above = 0.02               # as a share of the larger leg
hysteresis = 0.1                     # an alert ends when its number is this much better

# [accounts]                         # whom 'basislab watch' asks; 'basislab position read' adds it
# hyperliquid = "0x0000000000000000000000000000000000000000"
# kamino = "11111111111111111111111111111111"
"""


def load_position(path: str | Path) -> Position:
    """Return the position that a TOML file describes.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Position

    Raises
    ------
    ConfigError
        No such file, no TOML, or a field that is missing, unknown or outside its range; names the
        file, the field, what was found and what to do.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes; no position is.")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigError(
            f"{path}: it cannot be read ({why}). 'basislab position new' writes an example."
        ) from None
    return parse_position(text, str(path))


def parse_position(text: str, where: str) -> Position:
    """Return the position of a TOML text; see `load_position`."""
    try:
        return position_of(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}. Correct that place.") from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply for a position.") from None


def position_of(fields: dict[str, Any], where: str) -> Position:
    """Return the position of parsed fields; ConfigError with the first that is wrong."""
    try:
        return Position.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise ConfigError(f"{where}: {_problem(first)}") from None


def _problem(first: Any) -> str:
    path = [str(part) for part in first["loc"]]
    name, got = ".".join(path), shortened(first["input"])
    if first["type"] == "missing":
        return f"{name} is missing. Add it; 'basislab position new' writes an example."
    owner, wanted = _owner(path)
    if first["type"] == "extra_forbidden":
        there = list(owner.model_fields) if owner else []
        return f"{name} is no field{nearest(path[-1], there)}. Remove it or correct its name."
    if first["type"] == "value_error":  # a rule between two fields: the sentence is our own
        return f"{name or 'the file'}: {first['msg'].removeprefix('Value error, ')}."
    return f"{name}: got {got}; it must be {wanted}. Correct it in the file."


def _owner(path: list[str]) -> tuple[type[BaseModel] | None, str]:
    """Return the table that the last name of a path belongs to, and what is wanted there."""
    owner: type[BaseModel] | None = Position
    wanted = "another value"
    for name in path[:-1]:
        field = owner.model_fields.get(name) if owner else None
        owner = _table(field.annotation) if field else None
        wanted = (field.description if field else None) or wanted
    field = owner.model_fields.get(path[-1]) if owner and path else None
    if field is not None:
        wanted = field.description or ("a table" if _table(field.annotation) else wanted)
    return owner, "the number 1" if path == ["version"] else wanted


def _table(annotation: Any) -> type[BaseModel] | None:
    kinds = (annotation, *getattr(annotation, "__args__", ()))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def to_toml(position: Position) -> str:
    """Return the file that reads back to the same position."""
    tables: list[str] = []
    head: list[str] = []
    for name, value in position.model_dump(exclude_none=True).items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{key} = {_value(one)}" for key, one in value.items())]
        else:
            head.append(f"{name} = {_value(value)}")
    return "\n".join([*head, *tables]) + "\n"


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of position files, as shipped in the package."""
    schema = Position.model_json_schema(ref_template="#/$defs/{model}")
    schema.pop("description", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "basislab position file, version 1",
    } | {key: value for key, value in schema.items() if key != "title"}
