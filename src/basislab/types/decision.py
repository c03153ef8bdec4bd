"""`Decision`: whether a position is worth it, how it would be held, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from basislab import plotting
from basislab._version import VERSION
from basislab.types.market import FloatArray
from basislab.types.result import Event
from basislab.types.venue_config import VenueConfig

Word = Literal["worth it", "worth it while carry pays", "not worth it", "cannot be told"]
Sureness = Literal["sure", "fairly sure", "not very sure", ""]


def _in(unit: str) -> Any:
    return field(metadata={"unit": unit})


_RETURN = "fraction of capital"
_YEARLY = "fraction of capital per year, simple"
_APY = "fraction per year"
_SHARE = "fraction"
_COUNT = "number"
_USD = "USD"
_LEVERAGE = "multiple of one leg's equity"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A middle and the ends of its 90 % interval; the ends are None where too little is known."""

    middle: float = _in(_YEARLY)
    low: float | None = _in(_YEARLY)
    high: float | None = _in(_YEARLY)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The sizes that the criterion picked, and what it saw of them.

    Where none passed, the one that the openings speak for most, with `is_passed` false.
    """

    label: str
    is_passed: bool
    long_leverage: float = _in(_LEVERAGE)
    short_leverage: float = _in(_LEVERAGE)
    band: float | None = _in("fraction of the size")
    look_hours: float = _in("hours")
    quarter_return: float = _in(_RETURN)
    middle_return: float = _in(_RETURN)
    liquidated_share: float = _in(_SHARE)


@dataclass(frozen=True, kw_only=True)
class WalkRow:
    """One step of the walk-forward: what the past chose, and what it then made."""

    first_day: str
    last_day: str
    label: str
    outside_return: float = _in(_RETURN)
    hurdle_return: float = _in(_RETURN)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Chosen on the past alone, step after step."""

    rows: tuple[WalkRow, ...]
    excess_annualized: float | None = _in(_YEARLY)
    beaten_count: int = _in(_COUNT)


@dataclass(frozen=True, kw_only=True)
class Luck:
    """What the certificate says of all that was tried; None where it says nothing."""

    trials_count: int = _in(_COUNT)
    overfitting_probability: float | None = _in(_SHARE)
    edge_probability: float | None = _in(_SHARE)
    chance_probability: float | None = _in(_SHARE)


@dataclass(frozen=True, kw_only=True)
class HalfYear:
    """A half-year of the chosen position."""

    name: str
    days_count: int = _in(_COUNT)
    funding_apy: float = _in(_APY)
    carry_apy: float = _in(_APY)
    hurdle_return: float = _in(_RETURN)
    made_return: float = _in(_RETURN)

    @property
    def excess_return(self) -> float:
        """What it made more than the hurdle."""
        return self.made_return - self.hurdle_return


@dataclass(frozen=True, kw_only=True)
class FundingLevel:
    """Openings that followed 30 days of funding in one range, and what the horizon then made."""

    low_apy: float | None = _in(_APY)
    high_apy: float | None = _in(_APY)
    starts_count: int = _in(_COUNT)
    spans_count: int = _in(_COUNT)
    beaten_count: int = _in(_COUNT)
    excess: Interval | None


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the chosen position made over the whole past, every cost paid."""

    annualized: float = _in(_YEARLY)
    low_annualized: float = _in(_YEARLY)
    high_annualized: float = _in(_YEARLY)
    hurdle_annualized: float = _in(_YEARLY)
    drawdown: float = _in("fraction of the peak")
    excess: Interval
    spans_count: int = _in(_COUNT)
    resizes_count: float = _in(_COUNT)
    liquidations_count: float = _in(_COUNT)
    rival_annualized: float | None = _in(_YEARLY)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a horizon made, over every start day of the past and every path within its days."""

    windows_count: int = _in(_COUNT)
    spans_count: int = _in(_COUNT)
    middle_usd: float = _in(_USD)
    low_usd: float = _in(_USD)
    high_usd: float = _in(_USD)
    beats_share: float = _in(_SHARE)
    beats_low_share: float = _in(_SHARE)
    beats_high_share: float = _in(_SHARE)
    liquidated_share: float = _in(_SHARE)
    liquidated_high_share: float = _in(_SHARE)
    worst_month_usd: float = _in(_USD)


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What the horizon makes from now, over drawn futures whose levels are uncertain.

    ``beats_share`` is None where the hurdle is not the lender's supply rate.
    """

    paths_count: int = _in(_COUNT)
    middle_usd: float = _in(_USD)
    low_usd: float = _in(_USD)
    high_usd: float = _in(_USD)
    beats_share: float | None = _in(_SHARE)
    long_liquidated_share: float = _in(_SHARE)
    short_liquidated_share: float = _in(_SHARE)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What to buy, owe and sell for this capital at the last price, and when to act."""

    price_usd: float = _in("USD per coin")
    coins: float = _in("coins")
    long_usd: float = _in(_USD)
    own_usd: float = _in(_USD)
    debt_usd: float = _in(_USD)
    contracts: float = _in("coins")
    margin_usd: float = _in(_USD)
    long_death_usd: float | None = _in("USD per coin")
    long_distance: float | None = _in("fraction of the price")
    short_death_usd: float | None = _in("USD per coin")
    short_distance: float | None = _in("fraction of the price")
    resize_below_usd: float | None = _in("USD per coin")
    resize_above_usd: float | None = _in("USD per coin")
    resize_usd: float | None = _in(_USD)
    entry_usd: float = _in(_USD)
    exit_usd: float = _in(_USD)
    carry_usd_daily: float = _in("USD per day")
    breakeven_days: float | None = _in("days")


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """A constant that nobody verified, and what the position makes at both ends of its range."""

    name: str
    field: str
    value: float = _in("as the constant's unit says")
    low: float = _in("as the constant's unit says")
    high: float = _in("as the constant's unit says")
    low_annualized: float | None = _in(_YEARLY)
    high_annualized: float | None = _in(_YEARLY)
    is_deciding: bool


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One of the market's own worst moves, met by a position opened the day before.

    ``kind`` is "rise" or "fall" within one look, or "funding": its worst 30 days, for a year.
    """

    kind: Literal["rise", "fall", "funding"]
    day: str
    size: float = _in("fraction of the price; of funding, a year")
    excess_return: float = _in(_RETURN)
    is_liquidated: bool


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """How far funding says what funding will be: R2 out of sample against its mean so far."""

    month_r2: float | None = _in("dimensionless, at most 1")
    horizon_r2: float | None = _in("dimensionless, at most 1")
    assumed_count: int = _in(_COUNT)
    is_daily: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Equity by day for the figure, USD: the path whose end is the median of all paths."""

    days: NDArray[np.datetime64]
    chosen_usd: FloatArray
    hurdle_usd: FloatArray
    rival_usd: FloatArray | None
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """Whether to hold a position, which, and how sure that is.

    Parameters
    ----------
    word : {"worth it", "worth it while carry pays", "not worth it", "cannot be told"}
        Chosen by the rules of `basislab.research.decision.verdict`.
    sureness : {"sure", "fairly sure", "not very sure", ""}
    why : tuple of str
        What decided, in the order in which it was asked.
    hurdle : str
        What the money would do instead, by name.
    chosen : Chosen
    config : VenueConfig
        Of what was chosen, venues resolved.
    paying, lean : FundingLevel
        Openings after funding that pays, and after less.
    curves : Curves
        Equity by day, of the figure.
    ahead : Ahead or None
        None where there is too little history to draw from.
    notes : tuple of str
        What a reader has to know of the data.
    """

    market_name: str
    market_fingerprint: str
    asset: str
    quote: str
    first_day: str
    last_day: str
    days_count: int
    capital_usd: float
    horizon_days: int
    paths_count: int
    hurdle: str
    word: Word
    sureness: Sureness
    why: tuple[str, ...]
    chosen: Chosen
    config: VenueConfig
    made: Made
    walk: Walk
    luck: Luck
    half_years: tuple[HalfYear, ...]
    funding_levels: tuple[FundingLevel, ...]
    paying: FundingLevel
    lean: FundingLevel
    expected: Expected
    orders: Orders
    assumptions: tuple[Assumption, ...]
    replays: tuple[Replay, ...]
    unknown: Unknown
    curves: Curves
    notes: tuple[str, ...] = ()
    ahead: Ahead | None = None
    code_version: str = VERSION

    PARTS = (
        *("made", "walk", "luck", "half_years", "funding_levels", "paying", "lean"),
        *("expected", "ahead", "orders", "assumptions", "replays", "unknown"),
    )

    @property
    def days(self) -> str:
        """The days that it rests on, as a phrase."""
        return f"{self.first_day} to {self.last_day}"

    def to_dict(self) -> dict[str, Any]:
        """Return every number of the memo, JSON-ready; a number's unit ends its name.

        Returns
        -------
        dict
            The verdict (``word``, ``sureness``, ``why``), the market, the ``hurdle``'s name, the
            decisions (``chosen``), and the parts of the memo by name.
        """
        return {
            "word": self.word,
            "sureness": self.sureness,
            "why": list(self.why),
            "market": self.market_name,
            "market_fingerprint": self.market_fingerprint,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "days": self.days_count,
            "capital_usd": self.capital_usd,
            "horizon_days": self.horizon_days,
            "paths": self.paths_count,
            "hurdle": self.hurdle,
            "chosen": asdict(self.chosen),
            **{name: _plain(getattr(self, name)) for name in self.PARTS},
            "warnings": list(self.notes),
            "basislab": self.code_version,
        }

    def summary(self) -> str:
        """Return the answer and its main numbers as text; `basislab decide` prints the memo."""
        sure = f" ({self.sureness})" if self.sureness else ""
        held = self.chosen.label if self.chosen.is_passed else "nothing passes the criterion"
        made, expected, excess = self.made, self.expected, self.made.excess
        ends = "" if excess.low is None else f"   {excess.low:+.1%} to {excess.high:+.1%}"
        rows = [
            ("position", held),
            ("return a year", f"{made.annualized:+.1%}"),
            (f"hurdle a year: {self.hurdle}", f"{made.hurdle_annualized:+.1%}"),
            ("above the hurdle, 90 % interval", f"{excess.middle:+.1%}{ends}"),
            (f"{self.horizon_days} days, USD", f"{expected.middle_usd:+,.0f}"),
            ("beats the hurdle", f"{expected.beats_share:.0%}"),
            ("a leg liquidated", f"{expected.liquidated_share:.1%}"),
        ]
        width = max(len(name) for name, _ in rows)
        head = f"{self.word.capitalize()}{sure}: {self.market_name}, {self.days}"
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        return "\n".join([head, *lines, *(f"! {note}" for note in self.notes)])

    def plot(self, kind: str = "equity") -> Any:
        """Draw a figure of the memo as an Altair chart.

        Parameters
        ----------
        kind : {"equity", "regimes"}
            Equity of the choice beside the hurdle and the study's trigger, with what happened;
            return and hurdle by half-year.

        Returns
        -------
        altair.Chart or altair.LayerChart

        Raises
        ------
        ConfigError
            An unknown kind.
        """
        return plotting.drawer(self, kind)

    def __repr__(self) -> str:
        held = self.chosen.label if self.chosen.is_passed else "none"
        return (
            f"Decision({self.word!r} on {self.market_name}: {held}, excess "
            f"{self.made.excess.middle:+.2%} a year over {self.hurdle})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.summary())}</pre>"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
