"""The mapping file: which file holds which series, and the grid that they are put on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basislab.data.read.files import decode, read_raw, shown
from basislab.errors import SourceError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SeriesFile(_Strict):
    """What all series say of their file; see `PriceSource`."""

    file: str
    columns: dict[str, str] = Field(default_factory=dict)
    max_gap: str | None = None
    dates: Literal["day first", "month first"] | None = None


class PriceSource(SeriesFile):
    """A price: its venue, its kind, its file.

    Parameters
    ----------
    columns : dict
        From time, open, high, low, close, volume to the file's own names.
    max_gap : str, optional
        In place of the mapping's.
    dates : {"day first", "month first"}, optional
        How times such as 1/2/2025 are read, where the file does not prove it.
    """

    venue: str
    kind: Literal["perp", "spot", "mark", "oracle"]


class FundingSource(SeriesFile):
    """Funding: its venue and its file; a settlement stamped T is of the bar that ends at T.

    Parameters
    ----------
    venue, file, columns, max_gap, dates
        See `PriceSource`; columns time and funding_rate, a simple rate a settlement.
    """

    venue: str


class LendingSource(SeriesFile):
    """Lending rates: protocol, asset and file.

    Parameters
    ----------
    file, columns, max_gap, dates
        See `PriceSource`; columns time, supply_apy_pct and borrow_apy_pct, percent.
    """

    protocol: str
    asset: str


class Mapping(_Strict):
    """A mapping file.

    Parameters
    ----------
    start, end : str
        First bar's open and the end of the last one, UTC.
    max_gap : str, optional
        Longest hole that is filled.
    gaps : {"error", "ffill", "interpolate", "drop"}, optional
        What becomes of a hole; ffill where there is a max_gap, else error.
    """

    name: str
    asset: str
    quote: str = "USDC"
    bar: str = "1h"
    start: str
    end: str
    max_gap: str | None = None
    gaps: Literal["error", "ffill", "interpolate", "drop"] | None = None
    price: Annotated[list[PriceSource], Field(min_length=1)]
    funding: list[FundingSource] = Field(default_factory=list)
    lending: list[LendingSource] = Field(default_factory=list)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file; what is wrong with it is one sentence."""
    where = shown(path)
    text = decode(read_raw(path), where, "A mapping is TOML, UTF-8.")
    try:
        return Mapping.model_validate(tomllib.loads(text.replace("\r\n", "\n")))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"line \d+, column \d+", str(error))
        raise SourceError(
            f"mapping {where}: it is no TOML{f' at {at[0]}' if at else ''}. "
            'A line is: name = "value".'
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SourceError(f"mapping {where}: {place}: {_words(first)}.") from None


def _words(error: Any) -> str:
    """Say in our words what is wrong with a key of a mapping."""
    kinds = {
        "missing": "it is missing",
        "extra_forbidden": "no such key; correct its name or leave it out",
        "too_short": "one at least is wanted",
    }
    if error["type"] in kinds:
        return kinds[error["type"]]
    got = f"got {str(error['input'])[:40]!r}; wanted is"
    if error["type"] == "literal_error":
        return f"{got} {error['ctx']['expected']}"
    wanted = {"string_type": "a text in quotes", "list_type": "a list", "dict_type": "a table"}
    return f"{got} {wanted.get(error['type'], 'another value')}"
