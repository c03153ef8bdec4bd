"""From a daily market to paths within its days (docs/intraday.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels import bridge as kernel
from basislab.research import intraday_constants as known
from basislab.types.market import (
    FloatArray,
    FundingSeries,
    Market,
    PriceKey,
    PriceSeries,
    RateSeries,
)
from basislab.units import SECONDS_PER_DAY

Value = TypeVar("Value", bound=np.generic)

WALKS_OF_A_KIND = 640
"""Kept in the library, after those that reach too little are left out."""

NEAR_OF_A_KIND = 16
"""Walks to choose from for every cell of (start, end)."""

WALK_NUMBERS = 1 << 20
"""Numbers set aside for the walks of one kind."""

PART_OF_WICKS = 0.35
"""What spot shows of the perpetual's wicks where nothing else is known."""

MAX_PATHS = 100_000


@lru_cache(maxsize=2)
def library_of(seed: int) -> kernel.Library:
    """Return the walks of a seed, drawn once."""
    return draw_library(seed, known.HOUR_WEIGHTS, known.WIDTHS, known.KINDS)


def draw_library(
    seed: int,
    hour_weights: tuple[float, ...],
    widths: tuple[float, ...],
    kinds: tuple[tuple[tuple[float, float], ...], ...],
) -> kernel.Library:
    """Draw walks for days of every level; see `basislab.research.intraday_constants`."""
    weights = np.array(hour_weights) / np.sum(hour_weights)
    walks, near = [], []
    for level, both in enumerate(kinds):
        made = [
            _kind(seed, weights, shape, left_out, (len(both) * level + place) * WALK_NUMBERS)
            for place, (shape, left_out) in enumerate(both)
        ]
        walks.append(np.concatenate(made))
        near.append(
            np.concatenate(
                [_near(each, place * WALKS_OF_A_KIND) for place, each in enumerate(made)], axis=2
            )
        )
    return kernel.Library(np.array(walks), np.array(near, dtype=np.int32), np.array(widths))


def _kind(
    seed: int, weights: FloatArray, shape: float, left_out: float, first: int
) -> NDArray[np.float32]:
    """Return walks of one kind: of those drawn, the ones that reach furthest for their moves."""
    count = round(WALKS_OF_A_KIND / (1.0 - left_out))
    walks = np.empty((count, kernel.STEPS_A_DAY + 1), np.float32)
    reach = np.empty(count)
    kernel.draw_walks(walks, reach, weights, shape, seed, first)
    furthest = np.argsort(-reach, kind="stable")[:WALKS_OF_A_KIND]
    return walks[np.sort(furthest)]


def _near(walks: NDArray[np.float32], offset: int) -> NDArray[np.int64]:
    """Return for every cell the walks that start and end nearest to its middle."""
    middles = (np.arange(kernel.BINS) + 0.5) / kernel.BINS
    starts = np.concatenate([walks[:, 0], 1.0 - walks[:, 0]])
    ends = np.concatenate([walks[:, -1], 1.0 - walks[:, -1]])
    # a walk that starts or ends at its extreme has no end left to be bent
    is_stiff = (starts <= 0.0) | (starts >= 1.0) | (ends <= 0.0) | (ends >= 1.0)
    distance = (
        (middles[:, None, None] - starts) ** 2
        + (middles[None, :, None] - ends) ** 2
        + 9.0 * is_stiff
    )
    upright = offset + np.arange(len(walks))
    numbers = np.concatenate([upright, -1 - upright])
    return np.asarray(numbers[np.argsort(distance, axis=2, kind="stable")[..., :NEAR_OF_A_KIND]])


class _Held(NamedTuple):
    """What is the same on every path."""

    funding: dict[str, FundingSeries]
    supply: dict[tuple[str, str], RateSeries]
    borrow: dict[tuple[str, str], RateSeries]


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """Markets of narrower bars that agree with every day of a daily one.

    ``bridge[i]`` is the market of path i, made when it is asked for; ``len(bridge)`` the number of
    paths. On every path each day's first open, highest high, lowest low and last close are the
    day's own. A day's path depends on the seed, the path's number, the day's date and the day's own
    prices: on nothing before or after it. Docs/intraday.md has the equations.

    Parameters
    ----------
    market : Market
        Daily bars.
    bar_seconds : int
        Width of the bars, a divisor of a day and a multiple of five minutes.
    part_of_wicks : float, fraction
        1: the oracle sees the perpetual's prices. Less: of what lies beyond a day's open and close
        the oracle sees this part. Only where the market has no spot or oracle price.

    Raises
    ------
    ConfigError
        Bars that are not daily, or a field outside its range.
    """

    market: Market
    bar_seconds: int = 3_600
    paths: int = 64
    seed: int = 0
    part_of_wicks: float = 1.0

    def __post_init__(self) -> None:
        width = self.market.bar_seconds
        if width != SECONDS_PER_DAY:
            raise ConfigError(
                f"market {self.market.name!r}: its bars are {width} s wide; a bridge leads through "
                "daily bars. Use the market as it is."
            )
        if self.market.times.astype("datetime64[s]").astype(np.int64)[0] % SECONDS_PER_DAY:
            raise ConfigError(
                f"market {self.market.name!r}: its days do not begin at midnight UTC, and activity "
                "within a day is known by the hour UTC. Import it with bars that do."
            )
        step = SECONDS_PER_DAY // kernel.STEPS_A_DAY
        if self.bar_seconds < step or self.bar_seconds % step or SECONDS_PER_DAY % self.bar_seconds:
            raise ConfigError(
                f"bar: got {self.bar_seconds} s; it must divide a day and be a multiple of "
                f"{step // 60} minutes, such as 1h or 15m."
            )
        if not 1 <= self.paths <= MAX_PATHS:
            raise ConfigError(f"paths: got {self.paths}; it must be from 1 to {MAX_PATHS:,}.")
        if not 0 <= self.seed < 1 << 60:
            raise ConfigError(f"seed: got {self.seed}; it must be from 0 to 2^60 - 1.")
        if not 0.0 <= self.part_of_wicks <= 1.0:
            raise ConfigError(f"part_of_wicks: got {self.part_of_wicks}; it must be from 0 to 1.")

    @property
    def bars_a_day(self) -> int:
        """Bars within a day."""
        return SECONDS_PER_DAY // self.bar_seconds

    @property
    def has_one_price(self) -> bool:
        """Whether nothing but the perpetual says what spot and the oracle would have shown."""
        return not any(kind in ("spot", "oracle") for _, kind in self.market.prices)

    def __len__(self) -> int:
        return self.paths

    def __getitem__(self, path: int) -> Market:
        if not -self.paths <= path < self.paths:
            raise IndexError(f"path {path} of {self.paths}")
        prices = {
            key: PriceSeries(
                open=rows[0],
                high=rows[1],
                low=rows[2],
                close=rows[3],
                observed=self._repeated(self._observed(key)),
            )
            for key, rows in self.prices(path % self.paths).items()
        }
        return Market(
            name=self.market.name,
            asset=self.market.asset,
            quote=self.market.quote,
            times=self.times,
            prices=prices,
            provenance=dict(self.market.provenance) | {"bridge": self._recipe(path % self.paths)},
            **self._held._asdict(),
        )

    def prices(self, path: int) -> dict[PriceKey, FloatArray]:
        """Return the prices of a path: open, high, low, close, shape (4, n_bars), read-only."""
        library = library_of(self.seed)
        lead = self._days[next(iter(self._days))]
        found: dict[PriceKey, FloatArray] = {}
        for key, days in self._days.items():
            bars = np.empty((4, len(self.market) * self.bars_a_day))
            kernel.fill_path(bars, library, lead, days, self.seed, path)
            found[key] = bars
        if self.has_one_price and self.part_of_wicks < 1.0:
            (venue, _), whole = next(iter(found.items()))
            cut = whole.copy()
            kernel.cut_wicks(cut, lead, self.part_of_wicks)
            found[venue, "spot"], found[venue, "oracle"] = whole, cut
        for bars in found.values():
            bars.setflags(write=False)
        return found

    @cached_property
    def times(self) -> NDArray[np.datetime64]:
        """Bar opens, UTC."""
        inside = np.arange(self.bars_a_day) * np.timedelta64(self.bar_seconds, "s")
        return np.asarray((self.market.times[:, None] + inside).ravel())

    @cached_property
    def notes(self) -> dict[str, str]:
        """What is not known of the funding within the days, in words, by venue."""
        found = {}
        for venue, series in self.market.funding.items():
            counts = series.settlements
            odd = len(series) if counts is None else int(np.sum(~self._is_even(counts)))
            if odd:
                found[venue] = (
                    f"funding {venue}: on {odd} of {len(series)} days the settlements are not "
                    "known one by one; the day's sum is spread evenly"
                )
        return found

    @cached_property
    def _days(self) -> dict[PriceKey, kernel.Days]:
        number = self.market.times.astype("datetime64[D]").astype(np.int64)
        return {
            key: kernel.Days(
                number,
                np.ascontiguousarray(series.open),
                np.maximum(series.high, np.maximum(series.open, series.close)),
                np.minimum(series.low, np.minimum(series.open, series.close)),
                np.ascontiguousarray(series.close),
            )
            for key, series in self.market.prices.items()
        }

    @cached_property
    def _held(self) -> _Held:
        return _Held(
            {venue: self._spread(series) for venue, series in self.market.funding.items()},
            self._rates(self.market.supply),
            self._rates(self.market.borrow),
        )

    def _rates(
        self, rates: Mapping[tuple[str, str], RateSeries]
    ) -> dict[tuple[str, str], RateSeries]:
        return {
            key: RateSeries(
                self._repeated(series.apy),
                self._repeated(series.observed),
                None if series.utilisation is None else self._repeated(series.utilisation),
            )
            for key, series in rates.items()
        }

    def _spread(self, series: FundingSeries) -> FundingSeries:
        """Spread a day's funding over its settlements, evenly where they are not known."""
        count = self.bars_a_day
        settled = np.full(len(series), count)
        if series.settlements is not None:
            settled = np.where(self._is_even(series.settlements), series.settlements, count)
        step = count // np.minimum(settled, count)
        is_due = np.arange(count) % step[:, None] == 0
        rate = np.where(is_due, (series.rate / is_due.sum(axis=1))[:, None], 0.0)
        return FundingSeries(rate.ravel(), observed=self._repeated(series.observed))

    def _is_even(self, settlements: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say on which days settlements follow at one distance that is a whole number of bars."""
        count = self.bars_a_day
        some = np.maximum(settlements, 1)
        return np.asarray((settlements > 0) & ((count % some == 0) | (some % count == 0)))

    def _observed(self, key: PriceKey) -> NDArray[np.bool_]:
        prices = self.market.prices
        return prices.get(key, self.market.reference_price).observed

    def _repeated(self, values: NDArray[Value]) -> NDArray[Value]:
        return np.repeat(values, self.bars_a_day)

    def _recipe(self, path: int) -> dict[str, float | str]:
        return {
            "days": self.market.fingerprint,
            "path": path,
            "seed": self.seed,
            "part_of_wicks": self.part_of_wicks,
        }
