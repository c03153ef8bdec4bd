"""Import a directory of venue answers: read, recognise, validate, merge, align."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basislab.data.build.align import Aligner, parse_max_gap
from basislab.data.build.assemble import (
    OHLCV,
    QUOTE,
    daily_grid,
    price_series,
    rate_series,
    require_complete,
)
from basislab.data.read.files import is_json, read_file, shown
from basislab.errors import SourceError
from basislab.types.market import FundingSeries, Market, RateSeries
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from basislab.data.build.merge import MergedSeries
    from basislab.data.sources.rows import RawSeries

Track = Callable[[list[Path]], Iterable[Path]]
"""Yields the files that it is given while it shows how far they are read."""

_REMEDY = (
    f"Add the missing answers: fundingHistory, and chartLendBorrow of the coin and of {QUOTE} as "
    "defillama_<protocol>_<asset>.json[.gz]."
)


def import_directory(
    path: str | Path,
    *,
    name: str | None = None,
    max_gap: str | None = None,
    trust_units: bool = False,
    track: Track = iter,
) -> Market:
    """Read a directory of the venues' own answers as a market.

    The candles decide asset and grid; of the other series only what the trade uses is kept: the
    funding of every venue, the supply APY of the asset, supply and borrow APY of the quote coin.

    Parameters
    ----------
    path : str or Path
        Directory of JSON answers, plain or in gzip or zip; hidden files are skipped.
    name : str, optional
        Name of the market; asset and days by default, such as ``sol-20241231-20260213``.
    max_gap : str, optional
        Longest hole that is filled with the value before it, such as ``3h``; none by default.
    trust_units : bool
        Take rates as they are although they look like another unit.
    track : callable, optional
        Wraps the list of files, to show progress.

    Returns
    -------
    Market
        Not stored; `save_market` does that. `provenance` lists files, counts and filled gaps.

    Raises
    ------
    SourceError
        A file that cannot be read as what it claims to be, contradicting files, missing series.
    DataGapError
        A hole longer than `max_gap`.
    ConfigError
        `max_gap` is no duration.

    References
    ----------
    docs/data-format.md lists the answers that are understood.
    """
    max_gap_s = parse_max_gap(max_gap)
    directory = Path(path)
    trusted: list[str] | None = [] if trust_units else None
    parts, sources = _read(directory, trusted=trusted, track=track)
    merged = _merge(parts)
    candles = _only_candles(merged, str(directory))
    _refuse_strangers(merged, candles.raw)
    aligner = Aligner(daily_grid(candles.raw.times), SECONDS_PER_DAY, max_gap_s)
    series = _align(aligner, merged, candles)
    asset = candles.raw.asset
    require_complete(
        str(directory), asset, series["funding"], series["supply"], series["borrow"], _REMEDY
    )
    days = aligner.times[[0, -1]].astype("datetime64[D]").astype(str)
    default_name = "-".join([asset.lower(), *(day.replace("-", "") for day in days)])
    return Market(
        name=name or default_name,
        asset=asset,
        quote=QUOTE,
        times=aligner.times,
        provenance={
            "sources": sources,
            "statistics": {item.raw.label: item.statistics() for item in merged},
            "gaps": aligner.decisions,
            **({"notes": trusted} if trusted else {}),
        },
        **series,
    )


def _read(
    directory: Path, *, trusted: list[str] | None, track: Track
) -> tuple[list[RawSeries], list[dict[str, str]]]:
    # Imported here: pydantic is needed to import, not to load a market that is stored.
    from basislab.data.judge.plausible import check_units, judged
    from basislab.data.read.answers import UNDERSTOOD, answer_name, parse
    from basislab.data.read.payload import payload_of

    parts, origins = [], []
    for file in track(_files(directory)):
        content, digest = read_file(file)
        if not is_json(content):
            raise SourceError(f"{shown(file)}: no JSON rows, found {content[:12]!r}. {UNDERSTOOD}")
        payload = payload_of(content, file, digest)
        series = parse(payload)
        with judged(trusted, payload.where, payload.name):
            check_units(series)
        parts.append(series)
        origins.append(
            {
                "file": payload.name,
                "sha256": payload.sha256,
                "series": series.label,
                "read_as": f"{answer_name(payload)}, JSON",
            }
        )
    return parts, origins


def _files(directory: Path) -> list[Path]:
    from basislab.data.read.answers import UNDERSTOOD

    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise SourceError(
            f"{shown(directory)}: cannot be read as a directory: {error.strerror}. "
            "Give the directory that holds the venues' answers."
        ) from None
    files = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in files:
        if not entry.is_file():
            raise SourceError(
                f"{shown(entry)}: not a file. Put the answers side by side in one directory."
            )
    if not files:
        raise SourceError(f"{directory}: the directory has no files. {UNDERSTOOD}")
    return files


def _merge(parts: list[RawSeries]) -> list[MergedSeries]:
    from basislab.data.build.merge import merge

    groups: dict[tuple[str, str, str], list[RawSeries]] = {}
    for part in parts:
        groups.setdefault((part.kind, part.venue, part.asset), []).append(part)
    merged = [merge(group) for group in groups.values()]
    # The venue of the candles is the reference: its funding stands first.
    reference = next((item.raw.venue for item in merged if item.raw.kind == "candles"), "")
    return sorted(merged, key=lambda item: (item.raw.venue != reference, item.raw.label))


def _only_candles(merged: list[MergedSeries], where: str) -> MergedSeries:
    candles = [item for item in merged if item.raw.kind == "candles"]
    if not candles:
        raise SourceError(
            f"{where}: no candles, which decide coin and days. Add the perpetual's candleSnapshot."
        )
    if len(candles) > 1:
        coins = ", ".join(item.raw.asset for item in candles)
        raise SourceError(f"{where}: candles of {coins}. One directory is one coin; split it.")
    return candles[0]


def _refuse_strangers(merged: list[MergedSeries], candles: RawSeries) -> None:
    """Refuse a file that the trade has no use for: more likely a mistake than an extra."""
    for item in merged:
        wanted = {candles.asset, QUOTE} if item.raw.kind == "lending" else {candles.asset}
        if item.raw.asset not in wanted:
            raise SourceError(
                f"{item.raw.where}: {item.raw.label} has no part in a {candles.asset}/{QUOTE} "
                "market. Move the file to another directory."
            )


def _align(
    aligner: Aligner, merged: list[MergedSeries], candles: MergedSeries
) -> dict[str, dict[Any, Any]]:
    """Return the four mappings of a `Market`."""
    raw = candles.raw
    columns = dict(zip(OHLCV, raw.values.T, strict=True))
    price = price_series(aligner, raw.label, raw.times, columns, raw.where)
    series: dict[str, dict[Any, Any]] = {
        "prices": {(raw.venue, "perp"): price},
        "funding": {},
        "supply": {},
        "borrow": {},
    }
    for item in (entry.raw for entry in merged):
        if item.kind == "lending":
            key = (item.venue, item.asset)
            series["supply"][key] = _rates(aligner, item, "supply_apy", 0)
            if item.asset == QUOTE:
                series["borrow"][key] = _rates(aligner, item, "borrow_apy", 1)
        elif item.kind != "candles":
            series["funding"][item.venue] = _funding(aligner, item)
    return series


def _rates(aligner: Aligner, item: RawSeries, name: str, column: int) -> RateSeries:
    label = f"{item.venue}/{item.asset} {name}"
    return rate_series(aligner, label, item.times, item.values[:, column], item.where)


def _funding(aligner: Aligner, item: RawSeries) -> FundingSeries:
    rates = item.values[:, 0]
    if item.kind == "funding":
        return FundingSeries(*aligner.settle(item.label, item.times, rates, item.where))
    rate, observed = aligner.hold(item.label, aligner.place(item.times, rates), item.where)
    return FundingSeries(rate, observed=observed)
