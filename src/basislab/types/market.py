"""`Market`: everything that happened, on one UTC grid, read-only and fingerprinted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basislab.errors import ConfigError, DataError
from basislab.types.dates import Day, as_day
from basislab.types.market_checks import check_grid, check_keys, check_series
from basislab.units import SECONDS_PER_DAY

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
TimeArray = NDArray[np.datetime64]

PriceKey = tuple[str, str]
"""(venue, kind); kind is one of `PRICE_KINDS`."""

RateKey = tuple[str, str]
"""(protocol, asset)."""

PRICE_KINDS = ("perp", "spot", "mark", "oracle")


def _frozen(values: ArrayLike, dtype: Any) -> NDArray[Any]:
    array = np.array(values, dtype=dtype, copy=True, ndmin=1)
    array.setflags(write=False)
    return array


def _bare(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Return `array` itself where it is read-only and of `dtype`, else a frozen copy."""
    if isinstance(array, np.ndarray) and array.dtype == dtype and not array.flags.writeable:
        return array
    return _frozen(array, dtype)


class _Series:
    """What the three kinds of series share: windowing, observation mask, validation order."""

    _arrays: tuple[str, ...]
    observed: BoolArray

    def __len__(self) -> int:
        return len(self.observed)

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild through the constructor: numpy would unpickle writable arrays."""
        values = {name: getattr(self, name) for name in (*self._arrays, "observed")}
        return _made, (type(self), values)

    def _freeze(self, n_bars: int) -> None:
        for name in self._arrays:
            values = getattr(self, name)
            if values is None:
                continue
            array = _bare(values, np.int64 if name == "settlements" else np.float64)
            if array.shape != (n_bars,):
                raise DataError(
                    f"{type(self).__name__}.{name}: expected shape ({n_bars},), got {array.shape}. "
                    "All arrays of a series have one value a bar."
                )
            object.__setattr__(self, name, array)
        observed = np.ones(n_bars, np.bool_) if self.observed is None else self.observed
        object.__setattr__(self, "observed", _bare(observed, np.bool_))
        if self.observed.shape != (n_bars,):
            raise DataError(
                f"{type(self).__name__}.observed: expected shape ({n_bars},), "
                f"got {self.observed.shape}."
            )

    def _window(self, bars: slice) -> Self:
        """Return the same series over `bars`, without copying."""
        part = object.__new__(type(self))
        for name in (*self._arrays, "observed"):
            values = getattr(self, name)
            object.__setattr__(part, name, None if values is None else values[bars])
        return part


def _made(kind: type[_Series], values: dict[str, Any]) -> _Series:
    return kind(**values)


@dataclass(frozen=True, eq=False)
class PriceSeries(_Series):
    """Prices of one instrument at one venue.

    Parameters
    ----------
    open, high, low, close : array_like of shape (n_bars,), USD per coin
        Finite and > 0.
    volume : array_like of shape (n_bars,), coin, optional
        Traded volume, >= 0.
    observed : array_like of bool, shape (n_bars,), optional
        False where the bar was filled and not seen; all True by default.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None = None
    observed: BoolArray = None  # type: ignore[assignment]  # all True when left out

    _arrays = ("open", "high", "low", "close", "volume")

    def __post_init__(self) -> None:
        self._freeze(len(np.atleast_1d(self.close)))


@dataclass(frozen=True, eq=False)
class FundingSeries(_Series):
    """Funding of one perpetual venue.

    Parameters
    ----------
    rate : array_like of shape (n_bars,), fraction of notional per bar
        Sum of the rates settled within the bar; > 0 means longs pay shorts.
    settlements : array_like of int, shape (n_bars,), optional
        How many settlements the sum holds.
    observed : array_like of bool, shape (n_bars,), optional
        False where the bar was filled and not seen; all True by default.
    """

    rate: FloatArray
    settlements: IntArray | None = None
    observed: BoolArray = None  # type: ignore[assignment]

    _arrays = ("rate", "settlements")

    def __post_init__(self) -> None:
        self._freeze(len(np.atleast_1d(self.rate)))


@dataclass(frozen=True, eq=False)
class RateSeries(_Series):
    """A lending or borrowing rate of one asset at one protocol.

    Parameters
    ----------
    apy : array_like of shape (n_bars,), fraction per year, compound
        As the protocol quotes it, 0.05 for 5 %.
    observed : array_like of bool, shape (n_bars,), optional
        False where the bar was filled and not seen; all True by default.
    utilisation : array_like of shape (n_bars,), fraction, optional
        How much of what is supplied to the reserve is lent out.
    """

    apy: FloatArray
    observed: BoolArray = None  # type: ignore[assignment]
    utilisation: FloatArray | None = None

    _arrays = ("apy", "utilisation")

    def __post_init__(self) -> None:
        self._freeze(len(np.atleast_1d(self.apy)))


@dataclass(frozen=True, eq=False, repr=False)
class Market:
    """One asset's prices, funding and lending rates on one regular UTC grid.

    A market holds any number of price, funding and rate series side by side and never splices two
    venues into one. It is immutable: arrays are read-only, and `fingerprint` identifies the content
    (not the name).

    Parameters
    ----------
    name : str
        How people call it.
    asset, quote : str
        The coin that is held and shorted, and the coin that is borrowed.
    times : array_like of datetime64, shape (n_bars,)
        Bar opens, UTC, strictly regular.
    prices : mapping of (venue, kind) to PriceSeries
        kind is "perp", "spot", "mark" or "oracle". The first one is the reference price.
    funding : mapping of venue to FundingSeries
    supply, borrow : mapping of (protocol, asset) to RateSeries
    provenance : mapping, optional
        Where the content comes from; not part of the fingerprint.

    Raises
    ------
    DataError
        Irregular times, unequal lengths, values that are not finite, prices <= 0, negative APYs.
    """

    name: str
    asset: str
    times: TimeArray
    prices: Mapping[PriceKey, PriceSeries]
    funding: Mapping[str, FundingSeries] = field(default_factory=dict)
    supply: Mapping[RateKey, RateSeries] = field(default_factory=dict)
    borrow: Mapping[RateKey, RateSeries] = field(default_factory=dict)
    quote: str = "USDC"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _bare(self.times, np.dtype("datetime64[s]")))
        for kind in ("prices", "funding", "supply", "borrow", "provenance"):
            object.__setattr__(self, kind, MappingProxyType(dict(getattr(self, kind))))
        keys = [part for key in (*self.prices, *self.supply, *self.borrow) for part in key]
        check_keys(self.name, (self.asset, self.quote, *self.funding, *keys))
        if not self.prices:
            raise DataError(f"market {self.name!r}: it has no price series. Give at least one.")
        check_grid(self.name, self.times)
        for label, series in self.series().items():
            arrays = {name: getattr(series, name) for name in series._arrays}
            check_series(f"market {self.name!r}, {label}", self.times, len(series), arrays)

    def series(self) -> dict[str, _Series]:
        """Return every series under its printable label, in a fixed order.

        Returns
        -------
        dict of str to PriceSeries, FundingSeries or RateSeries
            Labels such as ``price hyperliquid perp`` or ``borrow kamino USDC``.
        """
        groups: dict[str, _Series] = {f"price {v} {k}": s for (v, k), s in self.prices.items()}
        groups |= {f"funding {v}": s for v, s in self.funding.items()}
        groups |= {f"supply {p} {a}": s for (p, a), s in self.supply.items()}
        groups |= {f"borrow {p} {a}": s for (p, a), s in self.borrow.items()}
        return groups

    def __len__(self) -> int:
        return len(self.times)

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild through the constructor: a mapping proxy cannot be pickled."""
        values = (getattr(self, f.name) for f in fields(self))
        return Market, tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

    def __repr__(self) -> str:
        return (
            f"Market({self.name!r}: {self.asset}/{self.quote}, {len(self)} bars of "
            f"{self.bar_seconds // 3600} h, {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}, "
            f"{len(self.series())} series)"
        )

    @cached_property
    def bar_seconds(self) -> int:
        """Width of a bar in seconds; a market of one bar counts as daily."""
        if len(self.times) < 2:
            return SECONDS_PER_DAY
        return int((self.times[1] - self.times[0]).astype(np.int64))

    @property
    def start(self) -> datetime:
        """Open of the first bar."""
        return _utc(self.times[0])

    @property
    def end(self) -> datetime:
        """Open of the last bar."""
        return _utc(self.times[-1])

    @property
    def reference_price(self) -> PriceSeries:
        """The first price series: what the study's models trade at."""
        return next(iter(self.prices.values()))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content (grid, every series, their keys), independent of the name."""
        digest = hashlib.sha256()
        head = [self.asset, self.quote, sorted(self.series()), next(iter(self.prices))]
        digest.update(json.dumps(head).encode())
        digest.update(self.times.astype("<i8").tobytes())
        for label, series in sorted(self.series().items()):
            digest.update(label.encode())
            for name in (*series._arrays, "observed"):
                values = getattr(series, name)
                if values is None and name in _LATER:
                    continue
                digest.update(f"{name}:{values is not None};".encode())
                if values is not None:
                    digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
        return f"sha256:{digest.hexdigest()}"

    def window(self, start: Day | None = None, end: Day | None = None) -> Market:
        """Return the bars from `start` to `end`, both days inclusive, without copying.

        Parameters
        ----------
        start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
            Days, UTC, of a time the day in which it lies; the market's own when left out.

        Returns
        -------
        Market
            A view with the same name; its fingerprint is that of its own content.

        Raises
        ------
        ConfigError
            No day, a day outside the market, or `end` before `start`.
        """
        if start is None and end is None:
            return self
        return self.part(self.bars_between(start, end))

    def part(self, bars: slice) -> Market:
        """Return the bars of a slice, without copying.

        Parameters
        ----------
        bars : slice
            Of places in `times`; never empty.

        Returns
        -------
        Market
            As `window` returns it.
        """
        part = object.__new__(Market)
        parts: dict[str, Any] = {
            kind: MappingProxyType({k: s._window(bars) for k, s in getattr(self, kind).items()})
            for kind in ("prices", "funding", "supply", "borrow")
        }
        same = {k: getattr(self, k) for k in ("name", "asset", "quote", "provenance")}
        for key, value in (same | parts | {"times": self.times[bars]}).items():
            object.__setattr__(part, key, value)
        return part

    def bars_between(self, start: Day | None = None, end: Day | None = None) -> slice:
        """Return the slice of bars whose day lies in [start, end].

        Parameters
        ----------
        start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
            Days, UTC, of a time the day in which it lies; the market's own when left out.

        Returns
        -------
        slice
            Over the bars; never empty.

        Raises
        ------
        ConfigError
            No day, a day outside the market, or `end` before `start`.
        """
        first, last = self.start.date(), self.end.date()
        low_day, high_day = as_day(start, "start") or first, as_day(end, "end") or last
        for field_name, day in (("start", low_day), ("end", high_day)):
            if not first <= day <= last:
                raise ConfigError(
                    f"{field_name}: {day} is outside market {self.name!r}, "
                    f"which covers {first} to {last}."
                )
        if high_day < low_day:
            raise ConfigError(f"end: {high_day} lies before start {low_day}. Exchange them.")
        edges = np.array([low_day, high_day], dtype="datetime64[D]")
        low = np.searchsorted(self.times, edges[0].astype(self.times.dtype), side="left")
        high = np.searchsorted(
            self.times, (edges[1] + np.timedelta64(1, "D")).astype(self.times.dtype), side="left"
        )
        return slice(int(low), int(high))


def _utc(time: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(np.int64)), tz=UTC)


_LATER = ("utilisation",)
"""Arrays that came after fingerprints: where they are absent, a fingerprint is what it was."""
