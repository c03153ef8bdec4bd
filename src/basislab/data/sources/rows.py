"""What every source parses into, and the strict validation of payload rows."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from reprlib import Repr
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_HOUR

Kind = Literal["candles", "funding", "daily funding", "lending", "reserve"]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "candles": ("open", "high", "low", "close", "volume"),
    "funding": ("rate", "premium"),
    "daily funding": ("rate",),
    "lending": ("supply_apy_pct", "borrow_apy_pct"),
    "reserve": ("supply_apy_pct", "borrow_apy_pct", "utilisation"),
}
"""Meaning of the columns of `RawSeries.values`, by kind."""

MAX_DIGITS = 64
"""Longest decimal text that is read."""

FIRST_MS = 1_230_768_000_000  # 2009: before it no coin had a market
LAST_MS = 4_102_444_800_000  # 2100: seconds or microseconds fall outside
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 40
_SHORT.maxdict = _SHORT.maxlist = 2


@dataclass(frozen=True, eq=False)
class RawSeries:
    """One series as one file holds it, in the file's order.

    Parameters
    ----------
    kind : {"candles", "funding", "daily funding", "lending", "reserve"}
    venue : str
        Venue or lending protocol, lower case.
    asset : str
        Upper case.
    times : ndarray of int64, shape (n_rows,), seconds since 1970
        Nominal time: the settlement's hour for funding, the bar's open for candles.
    values : ndarray of float64, shape (n_rows, n_columns)
        In the venue's unit; columns as in `COLUMNS`. NaN is a null, never a zero.
    where : str
        The file, for messages.
    jitter : ndarray of float64, shape (n_rows,), seconds, optional
        Stamp minus nominal time.
    """

    kind: Kind
    venue: str
    asset: str
    times: IntArray
    values: FloatArray
    where: str
    jitter: FloatArray | None = None

    @property
    def label(self) -> str:
        """Name of the series in messages, such as ``kamino/USDC lending``."""
        return f"{self.venue}/{self.asset} {self.kind}"


class Row(BaseModel):
    """Base of all payload rows: strict types, keys that nobody uses are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", populate_by_name=False)


def _decimal(value: object) -> float:
    """Read Hyperliquid's decimals, which are text so that no digit is lost on the way."""
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


Decimal = Annotated[float, BeforeValidator(_decimal)]
"""A decimal as text, or a JSON number; finite."""

Milliseconds = Annotated[
    int,
    Field(ge=FIRST_MS, le=LAST_MS, description="a whole number of milliseconds since 1970"),
]
"""A stamp between 2009 and 2100."""

RowT = TypeVar("RowT", bound=Row)


def read_rows(model: type[RowT], rows: list[Any], where: str) -> list[RowT]:
    """Validate every row against `model`; the first bad one is named.

    Parameters
    ----------
    model : type of Row
        Field descriptions say what is wanted.
    rows : list
        Parsed JSON.
    where : str
        The file.

    Returns
    -------
    list of Row

    Raises
    ------
    SourceError
        File, row (counted from 1), field, what stands there and what is wanted.
    """
    try:
        return TypeAdapter(list[model]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise SourceError(_message(model, first, where)) from None


def _message(model: type[Row], error: Any, where: str) -> str:
    row, *path = error["loc"]
    place = f"{where}: row {row + 1}"
    if not path:
        got = _SHORT.repr(error["input"])
        return f"{place}: got {got}; an object with named fields is wanted. Fetch the file again."
    key = str(path[0])
    if error["type"] == "missing":
        return f"{place}: field {key!r} is missing. Fetch the file again with all its fields."
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    wanted = fields[key].description or "another value"
    got = _SHORT.repr(error["input"])
    return f"{place}, {key}: got {got}; wanted is {wanted}. Correct the row or refetch the file."


def one_value(values: list[str], what: str, where: str) -> str:
    """Return the single value that all rows share.

    Parameters
    ----------
    values : list of str
        One a row.
    what : str
        Name of the field.
    where : str
        The file.

    Returns
    -------
    str

    Raises
    ------
    SourceError
        Two rows differ.
    """
    for row, value in enumerate(values, 1):
        if value != values[0]:
            raise SourceError(
                f"{where}: row {row}, {what}: got {value!r} after {values[0]!r}; "
                "a file holds one series. Split the file."
            )
    return values[0]


def matrix(rows: list[tuple[float | None, ...]]) -> FloatArray:
    """Return rows as float64, null as NaN.

    Parameters
    ----------
    rows : list of tuple of float or None

    Returns
    -------
    ndarray of shape (n_rows, n_columns)

    Examples
    --------
    >>> matrix([(1.0, None)])
    array([[ 1., nan]])
    """
    return np.array(
        [[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64
    )


def funding_series(
    stamps_ms: list[int],
    rates: list[tuple[float | None, ...]],
    *,
    venue: str,
    asset: str,
    where: str,
) -> RawSeries:
    """Return settlements at their nominal time: the hour nearest to the stamp.

    Parameters
    ----------
    stamps_ms : list of int
        Milliseconds since 1970, as the venue wrote them.
    rates : list of (float, float or None)
        Rate as a fraction of notional per settlement, premium; NaN where absent.
    venue, asset, where : str

    Returns
    -------
    RawSeries
        Kind "funding", with the jitter of every stamp.

    Examples
    --------
    >>> found = funding_series([3_600_041], [(1e-4, None)], venue="v", asset="SOL", where="w")
    >>> found.times.tolist(), found.jitter.tolist()
    ([3600], [0.041])
    """
    stamps = np.array(stamps_ms, dtype=np.int64)
    hour = SECONDS_PER_HOUR * 1_000
    nominal = (stamps + hour // 2) // hour * hour
    jitter = (stamps - nominal) / 1_000
    return RawSeries("funding", venue, asset, nominal // 1_000, matrix(rates), where, jitter)
