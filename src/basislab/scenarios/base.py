"""What scenarios of all models share: keys that every one has, and how problems are said."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.configs import ModelConfig
from basislab.types.dates import read_moment


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


class ModelScenario(Strict):
    """One configuration of a model on one window of one market."""

    model: str
    leverage: Number
    id: str | None = None
    market: str | None = None
    capital_usd: Number = 10_000.0

    if TYPE_CHECKING:
        start: date | None
        end: date | None
    else:

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
        return raw

    def to_config(self) -> ModelConfig:
        """Return the model's config with its venues resolved and the overrides applied."""
        raise NotImplementedError


def refuse_unknown(raw: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Raise for a key that is not known, naming the nearest one; `where` goes before it."""
    for key in raw:
        if key not in known:
            raise ValueError(f"unknown key {where}{key}{nearest(key, list(known))}")


def first_problem(error: ValidationError) -> str:
    """Return pydantic's first complaint as one sentence: where, what was found, what is wanted."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "scenario"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{where}: {message}." if first["loc"] else f"{message}."
    if first["type"] == "missing":
        return f"{where}: it is missing and has no default."
    return f"{where}: got {reprlib.repr(first['input'])}; {message[0].lower()}{message[1:]}."
