"""What a run of the venue engine hangs on: which leg dies first, and which assumption decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from basislab.errors import ConfigError
from basislab.kernels.venue import events, lending, perp, step
from basislab.kernels.venue.bars import Bar, bar_at
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.state import State
from basislab.research.ensemble import run_finest
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types.ensemble import Difference, Ensemble
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue, Terms

ROLES = ("perp", "lending", "opening", "swap", "transfer")


class Death(NamedTuple):
    """How a leg dies, as it was opened.

    Parameters
    ----------
    leg : str
        "long" or "short".
    price_usd : float, USD per coin
        Of the oracle (long) or the mark (short) at which liquidation starts.
    distance : float, fraction of the price at the opening
        Down for the long, up for the short.
    cost_usd : float, USD
        What the liquidation takes at that price.
    share : float, fraction
        Of the leg, closed or seized by it.
    leverage : float
        Of the leg at that price.
    """

    leg: str
    price_usd: float
    distance: float
    cost_usd: float
    share: float
    leverage: float


class End(NamedTuple):
    """What a run makes at one end of an assumption's range.

    Parameters
    ----------
    annualized : float, fraction per year
        The median over the paths.
    change : Difference, fraction per year
        Against the run as assumed, on the same paths.
    excess_sign : int
        1 where the whole interval is above the hurdle, -1 where it is below, else 0.
    """

    annualized: float
    change: Difference
    excess_sign: int


class Sensitivity(NamedTuple):
    """How far one assumption moves the result.

    Parameters
    ----------
    role, name, field : str
        Where it belongs, such as perp, hyperliquid, mark_step.
    value, low, high : float
        Assumed, and its range.
    at_low, at_high : End or None
        Result at both ends; None where that cannot be run.
    excess_sign : int
        As assumed; see `End`.
    """

    role: str
    name: str
    field: str
    value: float
    low: float
    high: float
    at_low: End | None
    at_high: End | None
    excess_sign: int

    @property
    def ends(self) -> tuple[End, ...]:
        """The ends that can be run."""
        return tuple(end for end in (self.at_low, self.at_high) if end is not None)

    @property
    def span(self) -> float:
        """Largest change of the median result, fraction per year."""
        return max((abs(end.change.median) for end in self.ends), default=0.0)

    @property
    def excess_changes_sign(self) -> bool:
        """Whether what is said of the hurdle is another at one end: beaten, not, or undecided."""
        return any(end.excess_sign != self.excess_sign for end in self.ends)


def opened(market: Market, config: VenueConfig, number: int = 0) -> tuple[Params, State, Bar]:
    """Return a position opened at the close of a bar, whatever the carry, and the bar."""
    sources = price_sources(market, config)
    held = replace(config, entry_apy=None, exit_apy=None)
    params = lower_params(held, market.bar_seconds)
    bar = bar_at(lower_bars(market, held, sources), number)
    return params, step.open_position(params, bar, events.new_log(2)), bar


def deaths(
    market: Market, config: VenueConfig, *, start: date | None = None, end: date | None = None
) -> list[Death]:
    """Return how each leg dies as opened, the nearer first; a leg without debt does not."""
    return deaths_of(*opened(market.window(start, end), config))


def deaths_of(params: Params, state: State, bar: Bar) -> list[Death]:
    """Return how each leg of an opened position dies, the nearer first."""
    long, short = state.position.long, state.position.short
    found = []
    price = lending.liquidation_price(params.loan, long)
    if price > 0.0:
        seen = price * (1.0 - params.loan.oracle_step)
        gone = lending.liquidated(params.loan, long, seen)
        share = gone.seized / long.quantity
        cost = gone.seized * seen - gone.repaid
        leverage = 1.0 / (1.0 - params.loan.liquidation_ltv)
        found.append(Death("long", price, 1.0 - price / bar.close.oracle, cost, share, leverage))
    price = perp.liquidation_price(params.perp, short)
    if short.contracts > 0.0:
        seen = price * (1.0 + params.perp.mark_step)
        has_been = False
        out = perp.liquidated(params.perp, short, seen, seen, bar.taker, has_been)
        share = out.closed / short.contracts
        rate = perp.maintenance_margin(params.perp, short.contracts * price)
        leverage = short.contracts * price / rate
        found.append(Death("short", price, price / bar.close.mark - 1.0, out.cost, share, leverage))
    return sorted(found, key=lambda death: death.distance)


SENSITIVITY_PATHS = 16
"""Paths on which assumptions are varied; as many as a paired difference needs."""


def sensitivities(
    market: Market,
    config: VenueConfig,
    *,
    start: date | None = None,
    end: date | None = None,
    paths: int = SENSITIVITY_PATHS,
) -> list[Sensitivity]:
    """Run every assumed constant at both ends of its range, all others as they are.

    On the market's own bars, or on the same paths within days. What decides the verdict comes
    first, then the largest span.
    """
    part = market.window(start, end)
    varied = list(_varied(config))
    tried = [one for _, ends in varied for one in ends if one is not None]
    base, *made = run_finest(part, [config, *tried], paths=paths)
    found, results = [], iter(made)
    for (role, terms, field, low, high), ends in varied:
        at_low, at_high = (None if one is None else _end(next(results), base) for one in ends)
        value, sign = float(getattr(terms, field)), base.excess_sign
        found.append(Sensitivity(role, terms.name, field, value, low, high, at_low, at_high, sign))
    return sorted(found, key=lambda one: (-one.excess_changes_sign, -one.span))


def _end(made: Ensemble, base: Ensemble) -> End:
    return End(made.median(), made.versus(base), made.excess_sign)


def _varied(
    config: VenueConfig,
) -> Iterator[tuple[tuple[str, Terms, str, float, float], list[VenueConfig | None]]]:
    """Yield every assumption with the configs at its ends; None where it cannot be opened."""
    for role in ROLES:
        terms = getattr(config, role)
        for field, low, high in terms.assumed:
            yield (
                (role, terms, field, low, high),
                [_with(config, role, field, value) for value in (low, high)],
            )


def _with(config: VenueConfig, role: str, field: str, value: float) -> VenueConfig | None:
    try:
        terms = replace(getattr(config, role), **{field: value}, assumed=())
        changed: dict[str, Any] = {role: terms}
        varied = replace(config, **changed)
        varied.check_feasible()
    except ConfigError:
        return None
    return varied


def firing_legs(config: VenueConfig) -> tuple[str, ...]:
    """Return the legs that can fire the policy's trigger before they are liquidated.

    Both for policies that watch the distance itself.

    Examples
    --------
    >>> from basislab.presets.terms import resolve
    >>> firing_legs(resolve(VenueConfig(leverage=2, trigger=5)))
    ('short',)
    """
    if config.policy != "trigger":
        return ("long", "short") if config.policy != "never" else ()
    ends = firing_ends(config)
    triggers = config.triggers._asdict()
    return tuple(leg for leg, end in ends.items() if triggers[leg] < end)


def firing_ends(config: VenueConfig) -> dict[str, float]:
    """Return the leverage at which each leg is liquidated: no trigger above it is ever reached.

    A long without debt is none of them.

    Examples
    --------
    >>> from basislab.presets.terms import resolve
    >>> firing_ends(resolve(VenueConfig(leverage=2)))
    {'long': 4.0, 'short': 40.0}
    """
    loan, venue = resolved(config.lending, LendingMarket), resolved(config.perp, PerpVenue)
    ends = {
        "long": loan.liquidation_leverage,
        "short": 1.0 / venue.margin_tiers[0].maintenance_rate,
    }
    return ends if not config.is_debtless else {"short": ends["short"]}
