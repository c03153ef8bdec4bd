"""A market as one wide table, CSV or Parquet: one row a bar, one column a number."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np

from basislab.data.keep.frames import connect
from basislab.data.keep.store import iso
from basislab.data.keep.vault import write_whole
from basislab.errors import ConfigError
from basislab.types.market import Market

ENDINGS = (".csv", ".csv.gz", ".parquet")


def export(market: Market, path: Path) -> list[str]:
    """Write a market as a table, whole or not at all.

    Parameters
    ----------
    path : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.parquet``.

    Returns
    -------
    list of str
        The columns; see `columns`.

    Raises
    ------
    ConfigError
        Another ending.
    DataError
        The file cannot be written.
    """
    table = columns(market)
    if path.name.endswith(".parquet"):
        write_whole(path, _parquet(table))
    elif path.name.endswith(ENDINGS):
        text = _csv(table)
        write_whole(path, gzip.compress(text, 6, mtime=0) if path.name.endswith(".gz") else text)
    else:
        raise ConfigError(f"{path}: the ending must be one of {', '.join(ENDINGS)}.")
    return list(table)


def columns(market: Market) -> dict[str, Any]:
    """Return the table of a market.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``time`` (open of the bar, UTC), ``<venue>_<kind>_open`` and so on (USD, coin),
        ``<venue>_funding`` (fraction of notional per bar), ``<venue>_funding_settlements``,
        ``<protocol>_<asset>_supply_apy`` and ``..._borrow_apy`` (fractions), and
        ``<protocol>_<asset>_utilisation`` where it is known. A series with filled
        bars has its ``..._observed`` beside it.

    Examples
    --------
    >>> from basislab.data import load_market
    >>> list(columns(load_market()))[:3]
    ['time', 'hyperliquid_perp_open', 'hyperliquid_perp_high']
    """
    table: dict[str, Any] = {"time": market.times}
    for (venue, kind), price in market.prices.items():
        for name in ("open", "high", "low", "close", "volume"):
            _add(table, f"{venue}_{kind}_{name}", getattr(price, name))
        _add_observed(table, f"{venue}_{kind}", price.observed)
    for venue, funding in market.funding.items():
        _add(table, f"{venue}_funding", funding.rate)
        _add(table, f"{venue}_funding_settlements", funding.settlements)
        _add_observed(table, f"{venue}_funding", funding.observed)
    for side, group in (("supply", market.supply), ("borrow", market.borrow)):
        for (protocol, asset), rates in group.items():
            name = f"{protocol}_{asset.lower()}_{side}_apy"
            _add(table, name, rates.apy)
            _add_observed(table, name, rates.observed)
            _add(table, f"{protocol}_{asset.lower()}_utilisation", rates.utilisation)
    return table


def _add(table: dict[str, Any], name: str, values: Any) -> None:
    if values is not None:
        table[name] = values


def _add_observed(table: dict[str, Any], name: str, observed: Any) -> None:
    if not observed.all():
        table[f"{name}_observed"] = observed


def _csv(table: dict[str, Any]) -> bytes:
    """Return the table as text whose numbers read back to the same bits."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    times = [iso(time) for time in table["time"]]
    values = [column.tolist() for name, column in table.items() if name != "time"]
    writer.writerows(zip(times, *values, strict=True))
    return text.getvalue().encode()


def _parquet(table: dict[str, Any]) -> bytes:
    import tempfile

    frame = table | {"time": table["time"].astype("datetime64[us]")}
    frame = {name: np.ascontiguousarray(values) for name, values in frame.items()}
    with tempfile.TemporaryDirectory() as directory, connect() as connection:
        path = Path(directory) / "market.parquet"
        connection.register("frame", frame)
        target = str(path).replace("'", "''")
        connection.execute(
            'COPY (SELECT * REPLACE (CAST("time" AS TIMESTAMPTZ) AS "time") FROM frame) '  # noqa: S608
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
        return path.read_bytes()
