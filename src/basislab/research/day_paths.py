"""The venue engine over many paths of drawn days: drawn, run and forgotten one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.kernels.venue import drawn
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.bars import Bars, Candles, Quote
from basislab.kernels.venue.state import NOTHING, OPEN, State
from basislab.kernels.venue.totals import totals
from basislab.research.days import Days, Sheet
from basislab.simulate import model_of
from basislab.simulate.venue.bars import apy_of, trailing_carry, volatility
from basislab.types.market import FloatArray, IntArray
from basislab.types.start import StartState
from basislab.types.venue_config import VenueConfig
from basislab.units import SECONDS_PER_DAY


class DayTilt(NamedTuple):
    """What is constant along a path: shifts a day, and a factor on log price moves."""

    funding: float
    carry: float
    hurdle: float
    stake: float
    volatility: float


class Walked(NamedTuple):
    """What is kept of a chunk.

    ``table`` of shape (len(drawn.COLUMNS), n_configs, n_paths), ``fan`` of shape (n_marks,
    n_configs, n_paths), ``hurdle`` of shape (n_paths,).
    """

    table: FloatArray
    fan: NDArray[np.float32]
    hurdle: FloatArray


PRICES = ("perp", "mark", "spot", "oracle")
OWN = ("worst_mark", "worst_oracle", "supply", "borrow", "stake", "funding", "sigma", "carry")
"""Series of a path that are drawn or follow from what is."""


def shared(bars: Bars) -> tuple[int, ...]:
    """Return for each of `PRICES` the first one whose series it is: that one is drawn for both."""
    series = [getattr(bars, name).close for name in PRICES]
    return tuple(next(k for k, one in enumerate(series) if one is each) for each in series)


class Walk:
    """One path at a time, in arrays that the next one overwrites.

    Parameters
    ----------
    days : Days
    places : tuple of int
        Which prices are one (`shared`).
    is_held : bool
        Whether the first bar is the last one of the history, at whose close a position is held.
    """

    def __init__(self, days: Days, places: tuple[int, ...], *, is_held: bool) -> None:
        self.days, self.places, self.skip = days, places, int(is_held)
        n_bars = len(days.ahead.funding)
        self.factors = Candles(*(np.empty(n_bars - self.skip) for _ in Candles._fields))
        prices: list[Candles] = []
        for place, first in enumerate(places):
            new = Candles(*(np.empty(n_bars) for _ in Candles._fields))
            prices.append(new if first == place else prices[first])
        own: dict[str, Any] = {name: np.zeros(n_bars) for name in OWN}
        own |= zip(PRICES, prices, strict=True)
        # what hangs on the date is the path's own time's
        self.made = days.ahead._replace(**own)
        self.bars = Bars(*(_read_only(each) for each in self.made))

    def fill(
        self, sheet: Sheet, begins: IntArray, price: float, tilt: DayTilt, drift: float
    ) -> Bars:
        """Draw one path and return its bars, which hold until the next one is drawn."""
        days, made, skip = self.days, self.made, self.skip
        count, known, power = days.count, sheet.bars, tilt.volatility * days.power
        drawn.follow(self.factors, sheet.lead, begins, count, price, power, drift / count)
        for place, name in enumerate(PRICES):
            if self.places[place] == place:
                parts = Candles(*(array[skip:] for array in getattr(made, name)))
                drawn.take_candles(parts, getattr(known, name), self.factors, begins, count)
        inf = np.inf
        for into, source, shift, least, most in (
            (made.funding, sheet.funding, tilt.funding / count, -days.cap, days.cap),
            (made.supply, known.supply, 0.0, -inf, inf),
            (made.borrow, known.borrow, -tilt.carry / count, 0.0 if tilt.carry else -inf, inf),
            (made.stake, known.stake, tilt.stake / count, -inf, inf),
        ):
            drawn.take(into[skip:], source, begins, count, shift, least, most)
        made.worst_mark[:] = days.ahead.worst_mark
        if skip:
            self._begin(sheet)
        drawn.find_worst(made.worst_mark, made.worst_oracle, self.bars)
        if model_of(days.config).remembers(days.config):
            self._remember()
        return self.bars

    def _begin(self, sheet: Sheet) -> None:
        """Stand at the history's last close, with nothing earned in that bar."""
        for name in PRICES:
            close = getattr(sheet.bars, name).close[-1]
            for array in getattr(self.made, name):
                array[0] = close
        for name in ("funding", "supply", "borrow", "stake"):
            getattr(self.made, name)[0] = 0.0

    def _remember(self) -> None:
        """Write what a policy looks back on: it begins with the path, as with any run."""
        config, made, width = self.days.config, self.made, self.days.bar_seconds
        made.sigma[:] = volatility(made.spot.close, width, config)
        part = width / SECONDS_PER_DAY
        simple = config.has("simple_rates")
        supply, borrow = (
            apy_of(rates, part, simple=simple) for rates in (made.supply, made.borrow)
        )
        made.carry[:] = trailing_carry(width, config, supply, borrow, made.funding)


def _read_only(each: Any) -> Any:
    """Return views as the engine knows lowered arrays."""
    if isinstance(each, Candles):
        return Candles(*(_read_only(array) for array in each))
    view = each.view()
    view.setflags(write=False)
    return view


def held_state(held: StartState | None, bars: Bars) -> State:
    """Return the engine's state at the last close of some bars, at which a position is held."""
    if held is None:
        return NOTHING
    prices = (bars.mark, bars.perp, bars.spot, bars.oracle)
    quote = Quote(*(float(price.close[-1]) for price in prices))
    begun = NOTHING._replace(idle=held.idle_usd, last=quote)
    if held.coins == 0.0 and held.contracts == 0.0:
        return begun
    long = LongLeg(held.coins, held.debt_usd)
    short = ShortLeg(held.contracts, held.entry_usd, held.margin_usd)
    return begun._replace(position=Position(long, short), status=OPEN, lowest_debt=held.debt_usd)


def walk(
    days: Days,
    configs: Sequence[VenueConfig],
    draws: Iterable[tuple[int, IntArray, DayTilt]],
    n_paths: int,
    *,
    price: float,
    drift: float,
    marks: Sequence[int],
    held: StartState | None = None,
) -> Walked:
    """Run configurations over paths.

    Parameters
    ----------
    draws : iterable of (path number, ndarray of int64 of shape (n_days,), DayTilt)
        Rows of the days and the tilt of every path; a path takes the sheet of its number.
    price : float, USD per coin
        The reference price's close before the path.
    drift : float
        Mean log return of a day, around which moves are widened.
    marks : sequence of int
        Days at whose end the equity is kept.
    held : StartState, optional
        What is held at the history's last close; else each run opens at its first close.
    """
    model, skip = model_of(days.config), int(held is not None)
    told = [model.lower_params(config, days.bar_seconds) for config in configs]
    prices = sorted({params.perp.funding_price for params in told})
    at = (np.array(marks, np.int64) + 1) * days.count - 1 + skip
    table = np.empty((n_paths, len(configs), len(drawn.COLUMNS)))
    fan = np.empty((n_paths, len(configs), len(marks)), np.float32)
    hurdle = np.empty(n_paths)
    begun = held_state(held, days.sheets[0].bars)
    walks: dict[tuple[int, ...], Walk] = {}
    for k, (path, rows, tilt) in enumerate(draws):
        sheet = days.sheets[path % len(days.sheets)]
        places = shared(sheet.bars)
        if places not in walks:
            walks[places] = Walk(days, places, is_held=held is not None)
        bars = walks[places].fill(sheet, days.begins[rows], price, tilt, drift)
        hurdle[k] = np.prod(days.rows.hurdle[rows] + tilt.hurdle) - 1.0
        ahead = {one: look_ahead(bars, one) for one in prices}
        for number, params in enumerate(told):
            known = ahead[params.perp.funding_price]
            kept = totals(params, bars, known, begun, is_held=held is not None)
            drawn.note(kept, params.capital, at, table[k, number], fan[k, number])
    return Walked(table.transpose(2, 1, 0), fan.transpose(2, 1, 0), hurdle)
