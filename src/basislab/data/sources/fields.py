"""The strict validation of a venue's rows: whatever is not what it should be is named."""

from __future__ import annotations

import math
import re
from datetime import datetime
from reprlib import Repr
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from basislab.errors import SourceError

MAX_DIGITS = 64
"""Longest decimal text that is read."""

MAX_PRICE = 1e12
MAX_VOLUME = 1e18
"""Beyond them a number is no price in USD and no volume in coin, whatever the coin."""

MAX_FUNDING = 0.05
"""Above it a settlement is refused; the caps of the venues are 4 % and less."""

MAX_APY_PCT = 10_000.0
"""Above it a rate is refused: no curve of a lending market reaches a hundredfold a year."""

FIRST_MS = 1_230_768_000_000  # 2009: before it no coin had a market
LAST_MS = 4_102_444_800_000  # 2100: seconds or microseconds fall outside
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 40
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxlevel = 2


class Row(BaseModel):
    """Base of all rows: strict types, keys that nobody uses are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", populate_by_name=False)


def _decimal(value: object) -> float:
    """Read a number; most venues send decimals as text so that no digit is lost on the way."""
    if isinstance(value, str):
        if len(value) > MAX_DIGITS or not _DECIMAL.fullmatch(value):
            raise ValueError("no decimal")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")  # noqa: TRY004 - pydantic reports only this kind
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _stamp(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic turns only ValueError into its own
    stamp = datetime.fromisoformat(value)
    if stamp.tzinfo is None or not 2009 <= stamp.year <= 2100:
        raise ValueError("no zone, or an absurd year")
    return stamp


Decimal = Annotated[float, BeforeValidator(_decimal)]
"""A decimal as text, or a JSON number; finite."""

Milliseconds = Annotated[
    int,
    Field(ge=FIRST_MS, le=LAST_MS, description="a whole number of milliseconds since 1970"),
]
"""A stamp between 2009 and 2100."""

Stamp = Annotated[
    datetime,
    BeforeValidator(_stamp),
    Field(description="a time with its zone as text, such as '2025-01-01T23:01:10Z'"),
]
"""A time with its zone, between 2009 and 2100."""

_PRICE = "a price above 0, as decimal text such as '191.47'"
Price = Annotated[Decimal, Field(gt=0, le=MAX_PRICE, description=_PRICE)]
Volume = Annotated[
    Decimal, Field(ge=0, le=MAX_VOLUME, description="a volume of 0 or more, as decimal text")
]
Ticker = Annotated[str, Field(min_length=1, max_length=64, description="the coin's name")]
FundingRate = Annotated[
    Decimal,
    Field(
        alias="fundingRate",
        ge=-MAX_FUNDING,
        le=MAX_FUNDING,
        description="a fraction of notional as decimal text (divide percent by 100)",
    ),
]
"""Of one settlement."""

RowT = TypeVar("RowT", bound=Row)


def shortened(value: object) -> str:
    """Return what stands somewhere, as a message can quote it: one line, no more than it needs."""
    return _SHORT.repr(value)


def held(tree: Any, name: str, where: str) -> Any:
    """Return what an answer holds under the name of its rows."""
    if not isinstance(tree, dict) or name not in tree:
        raise SourceError(
            f"{where}: got {shortened(tree)}; an object with a list {name!r} is wanted. Fetch it "
            "again; if it stays so, the venue has changed its format."
        )
    return tree[name]


def named(rows: Any, places: tuple[str, ...]) -> Any:
    """Return rows that are lists as objects, with names for their places; the rest as it is."""
    if not isinstance(rows, list):
        return rows
    return [dict(zip(places, row, strict=False)) if isinstance(row, list) else row for row in rows]


def read_rows(model: type[RowT], rows: Any, where: str) -> list[RowT]:
    """Validate every row against `model`; what stands at the first bad place is named.

    Parameters
    ----------
    model : type of Row
        Field descriptions say what is wanted.
    rows : object
        Parsed JSON; anything but a list of objects is refused.
    where : str
        The answer or the file.

    Raises
    ------
    SourceError
        Place, row (counted from 1), field, what stands there and what is wanted.
    """
    if not isinstance(rows, list):
        raise SourceError(
            f"{where}: got {shortened(rows)}; a list of rows is wanted. Fetch it again; if it "
            "stays so, the venue has changed its format."
        )
    try:
        return TypeAdapter(list[model]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise SourceError(_message(model, first, where)) from None


def _message(model: type[Row], error: Any, where: str) -> str:
    row, *path = error["loc"]
    place, name = f"{where}: row {row + 1}", ".".join(map(str, path))
    if error["type"] == "missing":
        return f"{place}: field {name!r} is missing. Fetch the file again with all its fields."
    got = shortened(error["input"])
    if not path:
        return f"{place}: got {got}; an object with named fields is wanted. Fetch the file again."
    wanted = _wanted(model, path)
    return f"{place}, {name}: got {got}; wanted is {wanted}. Correct the row or refetch the file."


def _wanted(model: Any, path: list[Any]) -> str:
    """Return the description of the innermost field on the way that has one."""
    said = "another value"
    for key in path:
        if not (isinstance(model, type) and issubclass(model, Row)):
            break
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        said, model = fields[str(key)].description or said, fields[str(key)].annotation
    return said


def one_value(values: list[str], what: str, where: str, wanted: str | None = None) -> str:
    """Return the single value that all rows share; empty where there are no rows.

    Raises
    ------
    SourceError
        Two rows differ, or it is not the `wanted` one.
    """
    for row, value in enumerate(values, 1):
        if value != values[0]:
            raise SourceError(
                f"{where}: row {row}, {what}: got {value!r} after {values[0]!r}; "
                "a file holds one series. Split the file."
            )
    if values and wanted is not None and values[0] != wanted:
        raise SourceError(
            f"{where}: row 1, {what}: got {values[0]!r}; asked was {wanted!r}. Fetch it again."
        )
    return values[0] if values else ""
