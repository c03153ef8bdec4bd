"""What a fetched market is made of: venues, time and the decision about gaps; kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from basislab.data.build.align import parse_max_gap
from basislab.data.build.assemble import QUOTE
from basislab.data.sources import feed_of, source_of
from basislab.data.sources.feeds import WIDTHS, Feed, Part, Wanted
from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.dates import as_day
from basislab.units import SECONDS_PER_DAY

BARS = {name: seconds for seconds, name in WIDTHS.items()}
GAPS = ("error", "ffill", "drop", "interpolate")
PARTS: tuple[Part, ...] = ("perp", "spot", "funding", "lending")


@dataclass(frozen=True)
class Recipe:
    """What to fetch and how to put it together.

    Parameters
    ----------
    asset : str
        Coin, such as SOL, ETH or BTC.
    since : str
        First day; kept as ISO text, whatever `as_day` took.
    until : str, optional
        Last day, inclusive, alike; None follows the time.
    perp : tuple of str
        Sources of prices and funding; the first one is the reference price.
    spot : tuple of str
        Of further prices.
    funding : tuple of str
        Of further funding without prices.
    lending : tuple of str
        Of rates of the coin and of USDC.
    gaps : {"error", "ffill", "drop", "interpolate"}
        What becomes of a hole; see `basislab.data.build.align`.
    max_gap : str, optional
        Longest hole that is filled, such as ``3h``.
    reserves : tuple of str
        Reserves of Kamino beside those that are known by name, each ``COIN=ADDRESS``.

    Raises
    ------
    ConfigError
        An unknown name, or a day that is none.
    """

    asset: str
    since: str
    until: str | None = None
    bar: str = "1d"
    perp: tuple[str, ...] = ("hyperliquid",)
    spot: tuple[str, ...] = ()
    funding: tuple[str, ...] = ()
    lending: tuple[str, ...] = ("kamino",)
    gaps: str = "error"
    max_gap: str | None = None
    reserves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "asset", self.asset.upper())
        for name in ("since", "until"):
            day = as_day(getattr(self, name), name)
            object.__setattr__(self, name, day and day.isoformat())
        for name in ("perp", "spot", "funding", "lending", "reserves"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        if not self.asset.isalnum() or not self.asset.isascii() or len(self.asset) > 16:
            raise ConfigError(f"asset: got {self.asset!r}; wanted is a coin such as SOL.")
        if not self.perp:
            raise ConfigError("perp: at least one venue is needed, such as hyperliquid.")
        self._check_names()
        self._refuse_twice("spot", self.spot)
        self._refuse_twice("funding", self._settling())
        fills = self.gaps in ("ffill", "interpolate")
        if fills != bool(parse_max_gap(self.max_gap)):
            raise ConfigError(
                f"max_gap: got {self.max_gap!r} with gaps {self.gaps!r}; ffill and interpolate "
                "need the longest hole that they may fill, such as 3h, and the others take none."
            )
        if self.until and self.end(datetime.max.replace(tzinfo=UTC)) <= self.start:
            raise ConfigError(f"until: {self.until} lies before since {self.since}.")

    def _check_names(self) -> None:
        known: dict[str, list[str]] = {"bar": list(BARS), "gaps": list(GAPS)}
        for name, there in known.items():
            if (value := getattr(self, name)) not in there:
                raise ConfigError(
                    f"{name}: got {value!r}{nearest(value, there)}; there are {', '.join(there)}."
                )
        for part in PARTS:
            for source in getattr(self, part):
                source_of(part, source)

    def _settling(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.perp, *self.funding)))

    def _refuse_twice(self, part: Part, sources: tuple[str, ...]) -> None:
        venues: dict[str, str] = {}
        for source in sources:
            venue = self._feed(part, source).key[0]
            if venues.setdefault(venue, source) != source:
                raise ConfigError(
                    f"{part}: {venues[venue]} and {source} are the same venue, asked in two ways. "
                    "Take one."
                )

    def _feed(self, part: Part, source: str, coin: str | None = None) -> Feed:
        return feed_of(part, Wanted(source, coin or self.asset, self.bar_s, self.reserves))

    @property
    def bar_s(self) -> int:
        """Width of a bar, seconds."""
        return BARS[self.bar]

    @property
    def start(self) -> int:
        """Open of the first bar, seconds since 1970."""
        return _midnight("since", self.since)

    def end(self, now: datetime) -> int:
        """Return the close of the last bar that has ended.

        Parameters
        ----------
        now : datetime
            UTC.

        Returns
        -------
        int, seconds since 1970
        """
        passed = int(now.timestamp()) // self.bar_s * self.bar_s
        if self.until is None:
            return passed
        return min(passed, _midnight("until", self.until) + SECONDS_PER_DAY)

    @property
    def funding_shift_s(self) -> int:
        """Seconds by which a settlement counts earlier than its stamp.

        A settlement at T is for the hour that ends at T: in hourly bars it belongs to the bar
        before. Daily bars follow the study, which sums what is stamped on a date.
        """
        return 1 if self.bar == "1h" else 0

    @property
    def name(self) -> str:
        """Default name of the market."""
        venue, _ = self._feed("perp", self.perp[0]).key
        return f"{self.asset.lower()}-{venue}-{self.bar}"

    def feeds(self) -> list[Feed]:
        """Return the feeds of the market, the reference price first.

        Raises
        ------
        ConfigError
            A source that has not got what is asked for.
        """
        feeds = [self._feed("perp", source) for source in self.perp]
        feeds += [self._feed("spot", source) for source in self.spot]
        feeds += [self._feed("funding", source) for source in self._settling()]
        for source in self.lending:
            feeds += [self._feed("lending", source, coin) for coin in (self.asset, QUOTE)]
        return feeds

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON values; what came later is left out where it says nothing."""
        values = asdict(self)
        if not self.reserves:
            del values["reserves"]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, content: Any) -> Recipe:
        """Read what `to_dict` wrote, from any JSON value.

        Raises
        ------
        ConfigError
            Not a recipe.
        """
        known = {field.name: str(field.type) for field in fields(cls)}
        if not isinstance(content, Mapping) or not all(
            key in known and _is_of(value, known[key]) for key, value in content.items()
        ):
            content = {}
        if not {"asset", "since"} <= content.keys():
            raise ConfigError(
                "recipe: the market does not say how it was fetched. Fetch it with "
                "'basislab data fetch'."
            )
        lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
        return cls(**{**content, **lists})


def _is_of(value: object, kind: str) -> bool:
    """Tell whether a JSON value can stand for a field, whose annotation is given as text."""
    if kind.startswith("tuple"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) or (value is None and "None" in kind)


def _midnight(name: str, day: str) -> int:
    parsed = as_day(day, name)
    if parsed is None or not date(2009, 1, 1) <= parsed <= date(2100, 1, 1):
        raise ConfigError(f"{name}: {day} is no day of any market.")
    return (parsed - date(1970, 1, 1)).days * SECONDS_PER_DAY
