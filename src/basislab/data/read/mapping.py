"""Markets of several series: a small mapping file says which file holds what.

Prices, funding and lending rates keep their venues; nothing is spliced. A price or a settlement
that is missing is an error unless the mapping allows holes of that length; a lending rate is a
step, held from its stamp until the next one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from basislab.data.build.align import Aligner, dropped, longest_stretch, parse_max_gap
from basislab.data.build.assemble import OHLCV, price_series
from basislab.data.build.resample import widened
from basislab.data.judge.plausible import judge_apys, judge_settlements, judged
from basislab.data.read.columns import Columns, read_columns
from basislab.data.read.files import shown
from basislab.data.read.mapping_file import (
    FundingSource,
    LendingSource,
    Mapping,
    PriceSource,
    SeriesFile,
    read_mapping,
)
from basislab.data.read.parts import files_of, joined
from basislab.errors import DataGapError, SourceError
from basislab.types.market import (
    BoolArray,
    FloatArray,
    FundingSeries,
    IntArray,
    Market,
    PriceSeries,
    RateSeries,
)
from basislab.units import SECONDS_PER_DAY

STEP_TOLERANCE = 1.05
"""A snapshot that is this much later than usual is no hole."""


@dataclass
class _Import:
    """One import: where files lie, the grid, what was decided about holes."""

    folder: Path
    mapping: Mapping
    starts: IntArray
    step: int
    trusted: list[str] | None = None
    sources: list[dict[str, str]] = field(default_factory=list)
    repeats: dict[str, dict[str, int]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    gaps_seen: BoolArray | None = None

    def read(self, source: SeriesFile, names: tuple[str, ...], label: str) -> Columns:
        """Return a file's columns, in seconds since 1970 and float64."""
        asset = getattr(source, "asset", self.mapping.asset)
        parts = [
            read_columns(path, names, source.columns, asset=asset, reading=source.dates)
            for path in files_of(self.folder, source.file)
        ]
        self.sources += [
            {"file": part.name, "sha256": part.sha256, "read_as": part.read_as} for part in parts
        ]
        found = joined(parts)
        if found.repeated:
            self.repeats[label] = {
                "rows": len(found.times) + found.repeated,
                "duplicates": found.repeated,
                "out_of_order": found.out_of_order,
            }
        return found

    def judged(self) -> AbstractContextManager[None]:
        """Refuse rates in another unit, or note that they are trusted."""
        return judged(self.trusted, f"{shown(self.folder)}/", "")

    def aligner(self, source: SeriesFile) -> Aligner:
        """Return an aligner with the gap that this series is allowed."""
        gap = self.mapping.max_gap if source.max_gap is None else source.max_gap
        return Aligner(
            self.starts.astype("datetime64[s]"),
            self.step,
            0 if self.mapping.gaps in ("error", "drop") else parse_max_gap(gap),
            f"Complete {source.file}",
            "",
            self.gaps,
            interpolates=self.mapping.gaps == "interpolate",
            gaps_seen=self.gaps_seen,
        )


def load_mapping(
    path: str | Path,
    *,
    folder: str | Path | None = None,
    name: str | None = None,
    max_gap: str | None = None,
    trust_units: bool = False,
) -> Market:
    """Read the market that a mapping file describes.

    Parameters
    ----------
    path : str or Path
        TOML; see docs/data-format.md and `Mapping`.
    folder : str or Path, optional
        Where its files lie; beside it by default.
    name, max_gap : str, optional
        In place of the mapping's.
    trust_units : bool
        Take rates as they are although they look like another unit; the market says so.

    Returns
    -------
    Market
        `provenance` says how every file was read, what was repeated and what was filled.

    Raises
    ------
    SourceError
        A mapping or file that cannot be read as what it claims to be.
    DataGapError
        A hole longer than allowed.
    """
    path = Path(path)
    mapping = read_mapping(path)
    changes = {"name": name or mapping.name, "max_gap": max_gap or mapping.max_gap}
    mapping = mapping.model_copy(update=changes)
    job = _job(path, mapping, Path(folder) if folder is not None else path.parent)
    job.trusted = [] if trust_units else None
    if mapping.gaps == "drop":
        _drop(job)
    series = _series(job)
    return Market(
        name=mapping.name,
        asset=mapping.asset,
        quote=mapping.quote,
        times=job.starts.astype("datetime64[s]"),
        provenance={
            "sources": job.sources,
            "gaps": job.gaps,
            "mapping": path.name,
            **({"statistics": job.repeats} if job.repeats else {}),
            **({"notes": job.trusted} if job.trusted else {}),
        },
        **series,
    )


def _series(job: _Import) -> dict[str, dict[Any, Any]]:
    """Return the four mappings of a `Market`."""
    series: dict[str, dict[Any, Any]] = {
        "prices": {(one.venue, one.kind): _price(job, one) for one in job.mapping.price},
        "funding": {one.venue: _funding(job, one) for one in job.mapping.funding},
        "supply": {},
        "borrow": {},
    }
    for one in job.mapping.lending:
        supplied, borrowed = _lending(job, one)
        series["supply"][one.protocol, one.asset] = supplied
        if borrowed is not None:
            series["borrow"][one.protocol, one.asset] = borrowed
    return series


def _drop(job: _Import) -> None:
    """Cut the grid to the longest stretch in which no series has a hole."""
    job.gaps_seen = np.zeros(len(job.starts), np.bool_)
    _series(job)
    seen, job.gaps_seen = job.gaps_seen, None
    job.sources.clear()
    job.gaps.clear()
    if job.trusted:
        job.trusted.clear()
    kept = longest_stretch(seen)
    if kept.stop == kept.start:
        raise DataGapError(f"{job.mapping.name}: no bar without a hole is left to keep.")
    if seen.any():
        job.gaps.append(dropped(job.starts.astype("datetime64[s]"), seen, kept))
        job.starts = job.starts[kept]


def _job(path: Path, mapping: Mapping, folder: Path) -> _Import:
    where = shown(path)
    step = parse_max_gap(mapping.bar, f"mapping {where}: bar")
    edges = []
    for name in ("start", "end"):
        text = getattr(mapping, name)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise SourceError(
                f"mapping {where}: {name}: got {text!r}; write it as 2025-01-18T20:00."
            ) from None
        edges.append(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()))
    start, end = edges
    if step <= 0 or start % step or end % step or end <= start:
        raise SourceError(
            f"mapping {where}: start {mapping.start} and end {mapping.end} must be multiples of "
            f"{mapping.bar}, in order."
        )
    return _Import(folder, mapping, np.arange(start, end, step, dtype=np.int64), step)


def _price(job: _Import, source: PriceSource) -> PriceSeries:
    label = f"{source.venue} {source.kind}"
    found = job.read(source, ("open", "high", "low", "close", "volume?"), label)
    columns = {name: found.values[name] for name in OHLCV if name in found.values}
    times, columns = widened(found.times, columns, job.step, source.file)
    return price_series(job.aligner(source), label, times, columns)


def _funding(job: _Import, source: FundingSource) -> FundingSeries:
    label = f"{source.venue}/{job.mapping.asset} funding"
    found = job.read(source, ("funding_rate",), label)
    rates = found.values["funding_rate"]
    with job.judged():
        judge_settlements(
            rates,
            found.times,
            lambda row: found.place(row, "funding_rate"),
            is_daily_sum=found.is_daily_sum,
        )
    if found.is_daily_sum:
        return _spread(job, source, found, label)
    # what is stamped at the end of a bar is settled within it
    rate, counts, observed = job.aligner(source).settle(label, found.times - 1, rates)
    # holes are told by the schedule; a bar without a settlement that is due has none
    return FundingSeries(np.where(counts > 0, rate, 0.0), counts, observed)


def _spread(job: _Import, source: FundingSource, found: Columns, label: str) -> FundingSeries:
    """Spread daily sums evenly over the day's bars, and say so."""
    days = job.starts // SECONDS_PER_DAY
    rows = np.searchsorted(found.times // SECONDS_PER_DAY, days)
    rows = np.minimum(rows, len(found.times) - 1)
    lacking = found.times[rows] // SECONDS_PER_DAY != days
    if lacking.any():
        first = job.starts[int(np.argmax(lacking))].astype("datetime64[s]")
        raise DataGapError(f"{label}: no daily sum for {first}. Complete {source.file}.")
    share = job.step / SECONDS_PER_DAY
    job.gaps.append(
        {
            "series": label,
            "missing": len(days),
            "unit": "bars",
            "first": str(job.starts[0].astype("datetime64[s]")),
            "longest_s": SECONDS_PER_DAY,
            "filled_with": "day's sum, spread evenly",
        }
    )
    unseen = np.zeros(len(days), np.bool_)
    return FundingSeries(found.values["funding_rate"][rows] * share, observed=unseen)


def _lending(job: _Import, source: LendingSource) -> tuple[RateSeries, RateSeries | None]:
    label = f"{source.protocol}/{source.asset}"
    found = job.read(source, ("supply_apy_pct", "borrow_apy_pct?"), f"{label} lending")
    with job.judged():
        judge_apys(found.values["supply_apy_pct"], found.values.get("borrow_apy_pct"), found.place)
    supplied = _steps(job, source, f"{label} supply_apy", found, "supply_apy_pct")
    if "borrow_apy_pct" not in found.values:
        return supplied, None
    return supplied, _steps(job, source, f"{label} borrow_apy", found, "borrow_apy_pct")


def _steps(
    job: _Import, source: LendingSource, label: str, found: Columns, name: str
) -> RateSeries:
    """Hold a rate from its stamp until the next one, no longer than its own spacing and the gap."""
    seen = ~np.isnan(found.values[name])
    stamps, values = found.times[seen], found.values[name][seen]
    usual = float(np.median(np.diff(stamps))) if len(stamps) > 1 else float(job.step)
    if usual > job.step:  # a coarse snapshot comes when it comes; one a bar is due every bar
        usual *= STEP_TOLERANCE
    rows = np.searchsorted(stamps, job.starts, side="right") - 1
    age = np.where(rows >= 0, job.starts - stamps[np.maximum(rows, 0)], np.iinfo(np.int64).max)
    placed: FloatArray = np.where(age < usual, values[np.maximum(rows, 0)], np.nan)
    held, observed = job.aligner(source).hold(label, placed, is_rate=True)
    return RateSeries(held / 100.0, observed)
