"""Venue answers: recognised by content, parsed by one pure function each."""

from __future__ import annotations

import re
from typing import Any

from basislab.data.sources import defillama, drift, hyperliquid
from basislab.data.sources.payload import Payload
from basislab.data.sources.rows import RawSeries
from basislab.errors import SourceError

_SIGNATURES: dict[str, frozenset[str]] = {
    "candleSnapshot": frozenset("tosihlcv"),
    "fundingHistory": frozenset({"coin", "fundingRate", "premium", "time"}),
    "chartLendBorrow": frozenset({"timestamp", "apyBase", "apyBaseBorrow"}),
    "Drift sums": frozenset({"date", "rate", "n_records"}),
}
_VENUES = {"candleSnapshot": "Hyperliquid", "fundingHistory": "Hyperliquid"}
_VENUES |= {"chartLendBorrow": "DefiLlama", "Drift sums": ""}
_SHARE_TO_RECOGNISE = 0.5  # so that a file that lacks a column is told which, not disowned

UNDERSTOOD = (
    "Understood are: Hyperliquid candleSnapshot (t, o, h, l, c, v, s, i) and fundingHistory "
    "(coin, fundingRate, time); DefiLlama chartLendBorrow (timestamp, apyBase, apyBaseBorrow) "
    "named defillama_<protocol>_<asset>.json; Drift sums (date, rate, n_records) named "
    "drift_funding_<asset>_daily.json; each plain, .gz or .zip. Series in other forms (CSV, "
    "Parquet, Arrow, ccxt) are imported with --mapping, which says which file holds what."
)
"""Ends the message about a file that is none of these."""

_ASSET = r"(?P<asset>[a-z0-9]*[a-z][a-z0-9]*)"
_PART = r"(\.[\w-]+)?\.json(\.gz|\.zip)?"  # .2024 tells the parts of one series apart
_LENDING_NAME = re.compile(rf"defillama_(?P<protocol>[a-z0-9][a-z0-9_-]*)_{_ASSET}{_PART}")
_DRIFT_NAME = re.compile(rf"drift_funding_{_ASSET}_daily{_PART}")


def holds_rates(payload: Payload) -> bool:
    """Tell whether a payload is one of the understood answers, other than candles."""
    return _recognise(payload.rows[0]) not in (None, "candleSnapshot")


def answer_name(payload: Payload) -> str:
    """Return the venue and the name of an understood answer, such as for a list of files."""
    name = _recognise(payload.rows[0]) or ""
    return f"{_VENUES[name]} {name}".strip()


def parse(payload: Payload) -> RawSeries:
    """Recognise a payload by its content and parse it.

    Parameters
    ----------
    payload : Payload
        Rows of one file.

    Raises
    ------
    SourceError
        Not one of the understood answers, or one of them with a bad row.
    """
    rows, where = payload.rows, payload.where
    match _recognise(rows[0]):
        case "candleSnapshot":
            return hyperliquid.parse_candles(rows, where)
        case "fundingHistory":
            return hyperliquid.parse_funding(rows, where)
        case "chartLendBorrow":
            name = _named(_LENDING_NAME, payload, "defillama_<protocol>_<asset>.json[.gz]")
            return defillama.parse(
                rows, where, protocol=name["protocol"], asset=name["asset"].upper()
            )
        case "Drift sums":
            name = _named(_DRIFT_NAME, payload, "drift_funding_<asset>_daily.json[.gz]")
            return drift.parse(rows, where, asset=name["asset"].upper())
        case _:
            raise SourceError(f"{where}: row 1 is none of the known answers. {UNDERSTOOD}")


def _recognise(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    share = {kind: len(keys & row.keys()) / len(keys) for kind, keys in _SIGNATURES.items()}
    best = max(share, key=lambda kind: share[kind])
    return best if share[best] >= _SHARE_TO_RECOGNISE else None


def _named(pattern: re.Pattern[str], payload: Payload, wanted: str) -> dict[str, str]:
    """Read from the file name what the content does not say."""
    match = pattern.fullmatch(payload.name.lower())
    if match is None:
        raise SourceError(
            f"{payload.where}: the content does not say whose rates these are. "
            f"Name the file {wanted}."
        )
    return match.groupdict()
