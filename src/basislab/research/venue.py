"""What a run of the venue engine hangs on: which leg dies first, and which assumption decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from basislab.errors import ConfigError
from basislab.kernels.venue import events, lending, perp, step
from basislab.kernels.venue.bars import bar_at
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue

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


class Sensitivity(NamedTuple):
    """How far one assumption moves the result.

    Parameters
    ----------
    role, name, field : str
        Where it belongs, such as perp, hyperliquid, mark_step.
    value, low, high : float
        Assumed, and its range.
    annualized_low, annualized_high : float or None, fraction per year
        Result at both ends; None where that cannot be run.
    annualized : float, fraction per year
        As assumed.
    excess_changes_sign : bool
        Whether the position beats its hurdle at one end and not at the other, or not as assumed.
    """

    role: str
    name: str
    field: str
    value: float
    low: float
    high: float
    annualized_low: float | None
    annualized_high: float | None
    annualized: float
    excess_changes_sign: bool

    @property
    def span(self) -> float:
        """Largest change of the result, fraction per year."""
        ends = (self.annualized_low, self.annualized_high)
        return max((abs(end - self.annualized) for end in ends if end is not None), default=0.0)


def deaths(
    market: Market, config: VenueConfig, *, start: date | None = None, end: date | None = None
) -> list[Death]:
    """Return how each leg dies as opened, the nearer first; a leg without debt does not."""
    part = market.window(start, end)
    sources = price_sources(part, config)
    held = replace(config, entry_apy=None, exit_apy=None)
    params = lower_params(held, part.bar_seconds)
    bar = bar_at(lower_bars(part, held, sources), 0)
    state = step.open_position(params, bar, events.new_log(2))
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


def sensitivities(
    market: Market, config: VenueConfig, *, start: date | None = None, end: date | None = None
) -> list[Sensitivity]:
    """Run every assumed constant at both ends of its range, all others as they are.

    What decides the verdict comes first, then the largest span.
    """
    base = simulate(market, config, start=start, end=end)

    def at(role: str, field: str, value: float) -> float | None:
        try:
            terms = replace(getattr(config, role), **{field: value}, assumed=())
            varied: Any = replace(config, **{role: terms})
            return simulate(market, varied, start=start, end=end).annualized_return
        except ConfigError:
            return None

    found = []
    for role in ROLES:
        terms = getattr(config, role)
        for field, low, high in terms.assumed:
            ends = at(role, field, low), at(role, field, high)
            tried = [value for value in (*ends, base.annualized_return) if value is not None]
            changes_sign = len({value > base.hurdle_annualized for value in tried}) > 1
            value = float(getattr(terms, field))
            found.append(
                Sensitivity(
                    role,
                    terms.name,
                    field,
                    value,
                    low,
                    high,
                    *ends,
                    base.annualized_return,
                    changes_sign,
                )
            )
    return sorted(found, key=lambda one: (-one.excess_changes_sign, -one.span))


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
