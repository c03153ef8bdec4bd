"""Markets of several series: a small mapping file says which file holds what.

Prices, funding and lending rates keep their venues; nothing is spliced. A price or a settlement
that is missing is an error unless the mapping allows holes of that length; a lending rate is a
step, held from its stamp until the next one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basislab.data.build.align import Aligner, dropped, longest_stretch, parse_max_gap
from basislab.data.build.assemble import OHLCV, price_series
from basislab.data.build.resample import widened
from basislab.data.read.columns import Columns, read_columns
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
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

STEP_TOLERANCE = 1.05
"""A snapshot that is this much later than usual is no hole."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _File(_Strict):
    file: str
    columns: dict[str, str] = Field(default_factory=dict)
    max_gap: str | None = None


class PriceSource(_File):
    """A price: its venue, its kind, its file.

    Parameters
    ----------
    venue : str
    kind : {"perp", "spot", "mark", "oracle"}
    file : str
    columns : dict
        From time, open, high, low, close, volume to the file's own names.
    max_gap : str, optional
        In place of the mapping's.
    """

    venue: str
    kind: Literal["perp", "spot", "mark", "oracle"]


class FundingSource(_File):
    """Funding: its venue and its file; a settlement stamped T is of the bar that ends at T.

    Parameters
    ----------
    venue, file, columns, max_gap
        See `PriceSource`; columns time and funding_rate, a simple rate a settlement.
    """

    venue: str


class LendingSource(_File):
    """Lending rates: protocol, asset and file.

    Parameters
    ----------
    protocol, asset : str
    file, columns, max_gap
        See `PriceSource`; columns time, supply_apy_pct and borrow_apy_pct, percent.
    """

    protocol: str
    asset: str


class Mapping(_Strict):
    """A mapping file.

    Parameters
    ----------
    name, asset, quote : str
    bar : {"15m", "1h", "4h", "1d"}
    start, end : str
        First bar's open and the end of the last one, UTC.
    max_gap : str, optional
        Longest hole that is filled.
    gaps : {"error", "ffill", "interpolate", "drop"}, optional
        What becomes of a hole; ffill where there is a max_gap, else error.
    price, funding, lending : list
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


@dataclass
class _Import:
    """One import: where files lie, the grid, what was decided about holes."""

    folder: Path
    mapping: Mapping
    starts: IntArray
    step: int
    sources: list[dict[str, str]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    gaps_seen: BoolArray | None = None

    def read(self, source: _File, names: tuple[str, ...]) -> Columns:
        """Return a file's columns, in seconds since 1970 and float64."""
        found = read_columns(self.folder / source.file, names, source.columns)
        self.sources.append({"file": found.name, "sha256": found.sha256})
        return found

    def aligner(self, source: _File) -> Aligner:
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

    Returns
    -------
    Market

    Raises
    ------
    SourceError
        A mapping or file that cannot be read as what it claims to be.
    DataGapError
        A hole longer than allowed.
    """
    path = Path(path)
    mapping = _parse(path)
    changes = {"name": name or mapping.name, "max_gap": max_gap or mapping.max_gap}
    mapping = mapping.model_copy(update=changes)
    job = _job(path, mapping, Path(folder) if folder is not None else path.parent)
    if mapping.gaps == "drop":
        _drop(job)
    series = _series(job)
    return Market(
        name=mapping.name,
        asset=mapping.asset,
        quote=mapping.quote,
        times=job.starts.astype("datetime64[s]"),
        provenance={"sources": job.sources, "gaps": job.gaps, "mapping": path.name},
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
    kept = longest_stretch(seen)
    if kept.stop == kept.start:
        raise DataGapError(f"{job.mapping.name}: no bar without a hole is left to keep.")
    if seen.any():
        job.gaps.append(dropped(job.starts.astype("datetime64[s]"), seen, kept))
        job.starts = job.starts[kept]


def _parse(path: Path) -> Mapping:
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"mapping {path}: it cannot be read ({error}).") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SourceError(f"mapping {path}: {where}: {first['msg']}.") from None


def _job(path: Path, mapping: Mapping, folder: Path) -> _Import:
    step = parse_max_gap(mapping.bar)
    edges = []
    for name in ("start", "end"):
        text = getattr(mapping, name)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise SourceError(
                f"mapping {path}: {name}: got {text!r}; write it as 2025-01-18T20:00."
            ) from None
        edges.append(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()))
    start, end = edges
    if step <= 0 or start % step or end % step or end <= start:
        raise SourceError(
            f"mapping {path}: start {mapping.start} and end {mapping.end} must be multiples of "
            f"{mapping.bar}, in order."
        )
    return _Import(folder, mapping, np.arange(start, end, step, dtype=np.int64), step)


def _price(job: _Import, source: PriceSource) -> PriceSeries:
    found = job.read(source, ("open", "high", "low", "close", "volume?"))
    columns = {name: found.values[name] for name in OHLCV if name in found.values}
    label = f"{source.venue} {source.kind}"
    times, columns = widened(found.times, columns, job.step, source.file)
    return price_series(job.aligner(source), label, times, columns)


def _funding(job: _Import, source: FundingSource) -> FundingSeries:
    found = job.read(source, ("funding_rate",))
    label = f"{source.venue}/{job.mapping.asset} funding"
    if found.is_daily_sum:
        return _spread(job, source, found, label)
    # jitter: a settlement is stamped a little after its hour, rarely a quarter of one
    stamps = np.round(found.times / SECONDS_PER_HOUR).astype(np.int64) * SECONDS_PER_HOUR
    # what is stamped at the end of a bar is settled within it
    rate, counts, observed = job.aligner(source).settle(
        label, stamps - 1, found.values["funding_rate"]
    )
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
    found = job.read(source, ("supply_apy_pct", "borrow_apy_pct?"))
    label = f"{source.protocol}/{source.asset}"
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
