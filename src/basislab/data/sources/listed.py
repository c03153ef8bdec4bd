"""What exchanges have in common: candles as lists without names, settlements of a symbol."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from basislab.data.sources.fields import (
    FIRST_MS,
    LAST_MS,
    MAX_PRICE,
    MAX_VOLUME,
    FundingRate,
    Milliseconds,
    Price,
    Row,
    Volume,
    named,
    one_value,
    read_rows,
)
from basislab.data.sources.rows import RawSeries, candle_series, funding_series
from basislab.types.market import FloatArray, IntArray

_PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,15})?(?:\n\d{1,15}(?:\.\d{1,15})?)*", re.ASCII)


class CandleRow(Row):
    """One candle, its places in this order."""

    time: Milliseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Volume


class SettlementRow(Row):
    """One settlement; a source says how it names the time."""

    symbol: Annotated[str, Field(min_length=3, max_length=64, description="the market's name")]
    time: Milliseconds
    funding_rate: FundingRate


def parse_candles(tree: Any, where: str, *, venue: str, asset: str, bar_s: int) -> RawSeries:
    """Parse candles; prices are in the quote coin, volume is in coin."""
    plain = _plain(tree)
    if plain is not None and not (plain[0] % (bar_s * 1_000)).any():
        return RawSeries("candles", venue, asset, plain[0] // 1_000, plain[1], where)
    rows = read_rows(CandleRow, named(tree, tuple(CandleRow.model_fields)), where)
    values = [(row.open, row.high, row.low, row.close, row.volume) for row in rows]
    return candle_series(venue, asset, ("time", [row.time for row in rows]), values, where, bar_s)


def _plain(tree: Any) -> tuple[IntArray, FloatArray] | None:
    """Read rows of text about which there is nothing to say, all at once; None where there is."""
    try:
        stamps = [row[0] for row in tree]
        text = "\n".join(["\n".join(row[1:6]) for row in tree if len(row) > 5])
    except (TypeError, IndexError, KeyError):
        return None
    if not _PLAIN.fullmatch(text) or not all(type(stamp) is int for stamp in stamps):
        return None
    numbers = np.array(text.split("\n"), dtype=np.float64)
    # A row that is too short, or a cell that holds a line end, gives another count.
    if len(numbers) != 5 * len(stamps) or not FIRST_MS <= min(stamps) <= max(stamps) <= LAST_MS:
        return None
    values = numbers.reshape(-1, 5)
    prices = values[:, :4]
    if (prices <= 0).any() or (prices > MAX_PRICE).any() or (values[:, 4] > MAX_VOLUME).any():
        return None
    return np.array(stamps, dtype=np.int64), values


def parse_settlements(
    tree: Any, where: str, *, model: type[SettlementRow], venue: str, asset: str, symbol: str
) -> RawSeries:
    """Parse settlements, which are of one symbol. There is no premium: NaN."""
    rows = read_rows(model, tree, where)
    one_value([row.symbol for row in rows], "symbol", where, symbol)
    rates = [(row.funding_rate, None) for row in rows]
    return funding_series(venue, asset, [row.time for row in rows], rates, where)
