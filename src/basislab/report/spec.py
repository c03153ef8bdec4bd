"""`study.toml`: which market, sizes, leverages, triggers and venues a study looks at.

The defaults are the feasibility study's own, so that an empty file is that study.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from basislab.errors import ConfigError
from basislab.report import chapters as registry
from basislab.report.claims import Claim
from basislab.scenarios import Day
from basislab.types.checks import nearest

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Trigger = Positive | Literal["never"]
Apy = Annotated[float, Field(ge=-5, le=5)]


class EngineSpec(BaseModel):
    """Whose rules the venue engine follows in its chapter: presets, or TOML files of one's own.

    Parameters
    ----------
    perp, lending : str, optional
        By default the preset with the funding of the study's venue, and that of its protocol.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    perp: str | None = None
    lending: str | None = None
    opening: str = "asgard"
    swap: str = "dex"
    transfer: str = "cctp"


class StudySpec(BaseModel):
    """What a study computes.

    Parameters
    ----------
    market : str
        Name or path of a market.
    start, end : date, optional
        Window, inclusive; the market's own by default.
    capital_usd : float, USD
        Size of every table that shows one size.
    capitals_usd : list of float, USD
        Sizes of the performance matrix.
    triggers : list of float or "never"
        Grid of the trigger optimisation.
    min_trigger_ratio : float
        Triggers below this multiple of the leverage are skipped.
    perp, rival_perp : str
        Venue preset of the study, and the one it is compared with.
    lending : str
        Lending protocol.
    open_fees_bps : list of float, bps
        Of the open-fee sensitivity.
    fee_leverage : float
        Leverage of that sensitivity.
    entry_capital_usd, entry_leverage : float
        Position of the entry statistics.
    holding_days : list of int
        Holding periods of the entry statistics.
    focus_leverage : float, optional
        Leverage that a figure shows first; `fee_leverage` by default.
    entry_apys : list of float, fraction per year
        Thresholds of the conditional model's grid.
    breakeven_capitals_usd : list of float, USD
        Sizes of the break-even map.
    engine : EngineSpec
        Venues of the venue engine's chapter.
    chapters : list of str
        Chapters of the document, in its own order; all by default.
    published : list of Claim
        Statements of an earlier publication about the same data, to be checked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    name: str = "sol-2025"
    title: str = "Delta-neutral carry: leveraged lending long against a perpetual short"
    market: str = "sample"
    start: Day | None = None
    end: Day | None = None
    capital_usd: Positive = 10_000.0
    capitals_usd: Annotated[list[Positive], Field(min_length=1)] = [1_000.0, 10_000.0, 100_000.0]
    leverages: Annotated[list[Positive], Field(min_length=1)] = [2.0, 3.0, 4.0]
    triggers: Annotated[list[Trigger], Field(min_length=1)] = [
        3.0,
        4.0,
        5.0,
        6.0,
        8.0,
        10.0,
        "never",
    ]
    min_trigger_ratio: NotNegative = 1.3
    perp: str = "hyperliquid-study"
    rival_perp: str = "drift-study"
    lending: str = "kamino"
    open_fees_bps: Annotated[list[NotNegative], Field(min_length=1)] = [15.0, 10.0, 5.0, 0.0]
    fee_leverage: Positive = 3.0
    event_log_leverages: list[Positive] = [2.0, 3.0]
    entry_capital_usd: Positive = 1_000.0
    entry_leverage: Positive = 3.0
    holding_days: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)] = [
        7,
        14,
        30,
        60,
        90,
    ]
    focus_leverage: Positive | None = None
    entry_apys: Annotated[list[Apy], Field(min_length=1)] = [
        0.0,
        0.05,
        0.075,
        0.1,
        0.125,
        0.15,
        0.2,
    ]
    breakeven_capitals_usd: Annotated[list[Positive], Field(min_length=1)] = [
        500.0,
        1_000.0,
        2_500.0,
        5_000.0,
        10_000.0,
        25_000.0,
        100_000.0,
        500_000.0,
    ]
    engine: EngineSpec = EngineSpec()
    chapters: Annotated[list[str], Field(min_length=1)] = Field(
        default_factory=lambda: list(registry.NAMES)
    )
    published: list[Claim] = []

    @property
    def focus(self) -> float:
        """The leverage that is shown first: one of `leverages`."""
        wanted = self.focus_leverage or self.fee_leverage
        return min(self.leverages, key=lambda leverage: abs(leverage - wanted))

    @field_validator("chapters")
    @classmethod
    def _known_chapters(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in registry.NAMES:
                raise ValueError(f"unknown chapter {name}{nearest(name, registry.NAMES)}")
        return names

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            for key in raw:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key {key}{nearest(key, list(cls.model_fields))}")
        return raw


def load_spec(path: Path) -> StudySpec:
    """Read a study file.

    Raises
    ------
    ConfigError
        It cannot be read, is not TOML, or has an unknown or impossible key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"study file {path}: it cannot be read ({error}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"study file {path}: not valid TOML: {error}.") from None
    try:
        spec = StudySpec.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"study file {path}: {where + ': ' if where else ''}{message}.") from None
    presets = {
        role: str(path.parent / name)
        for role, name in spec.engine
        if str(name).endswith(".toml") and (path.parent / name).exists()
    }
    found: dict[str, Any] = {"engine": spec.engine.model_copy(update=presets)}
    beside = path.parent / spec.market
    if beside.exists():
        found["market"] = str(beside)
    return spec.model_copy(update=found)
