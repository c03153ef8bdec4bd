"""A run of the venue engine in plain words: what dies first, who paid, what decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from basislab.report import words
from basislab.research.venue import Death, Sensitivity, deaths, firing_legs, sensitivities
from basislab.types.market import Market
from basislab.types.venue_result import VenueResult
from basislab.units import SECONDS_PER_HOUR

_SERIES = {"long": ("loan", "oracle"), "short": ("short", "mark")}


def plain_words(
    market: Market,
    result: VenueResult,
    *,
    start: date | None = None,
    end: date | None = None,
    with_sensitivity: bool = True,
) -> list[str]:
    """Return what a run says, a sentence each; every number is computed.

    Parameters
    ----------
    market : Market
    result : VenueResult
    start, end : date, optional
        Window of the run.
    with_sensitivity : bool
        Whether the assumptions are run over their ranges, two runs each.

    Returns
    -------
    list of str
    """
    config = result.config
    said = dying(deaths(market, config, start=start, end=end))
    said += [*liquidated(result), naked(result), borne(result), firing(result), hurdle(result)]
    if with_sensitivity:
        said += deciding(sensitivities(market, config, start=start, end=end))
    return said


def dying(found: Sequence[Death]) -> list[str]:
    """Say which leg dies first, where, how far that is, and what it would cost."""
    said = []
    for rank, death in enumerate(found):
        leg, series = _SERIES[death.leg]
        order = "first" if rank == 0 else "then"
        away = -death.distance if death.leg == "long" else death.distance
        said.append(
            f"as opened, {order} the {leg} is liquidated: at {death.price_usd:,.2f} USD of the "
            f"{series} price, {words.percent(away)} away, at leverage {death.leverage:.1f}; it "
            f"takes {words.share(death.share, 0)} of the leg and costs "
            f"{words.usd(death.cost_usd, 2)} USD"
        )
    return said


def liquidated(result: VenueResult) -> list[str]:
    """Say where liquidations happened."""
    said = []
    for leg, column in (("loan", "liquidation_oracle"), ("short", "liquidation_mark")):
        prices = result.column(column)
        bars = np.flatnonzero(prices > 0.0)
        if len(bars):
            label = result.times[bars[0]].astype("datetime64[m]")
            said.append(
                f"the {leg} was liquidated in {len(bars)} bar(s), first in that of {label} UTC at "
                f"{prices[bars[0]]:,.2f} USD"
            )
    return said


def naked(result: VenueResult) -> str:
    """Say for how long a leg was naked, and what that brought."""
    if not result.naked_bars:
        return "no leg was ever naked at a close"
    hours = result.naked_bars * result.bar_seconds / SECONDS_PER_HOUR
    amount = words.signed_usd(result.ledger.accounts["naked"], 2)
    return (
        f"a leg was naked for {hours:g} hours in all; while it was, price moves made {amount} USD"
    )


def borne(result: VenueResult) -> str:
    """Say what venues and lenders bore."""
    amount = result.ledger.loss_borne_by_venue
    if amount <= 0.0:
        return "venues and lenders bore no loss"
    return (
        f"venues and lenders bore {words.usd(amount, 2)} USD; without that the return is "
        f"{words.percent(result.own_return, 2)}"
    )


def firing(result: VenueResult) -> str:
    """Say which legs can fire the trigger."""
    legs = firing_legs(result.config)
    if not legs:
        return "no trigger: capital is never moved"
    names = words.join([_SERIES[leg][0] for leg in legs])
    return f"the policy can be fired by the {names} before liquidation"


def hurdle(result: VenueResult) -> str:
    """Say what stands above or below the hurdle."""
    excess = result.annualized_return - result.hurdle_annualized
    verb = "beats" if excess > 0.0 else "does not beat"
    return (
        f"{words.percent(result.annualized_return, 2)} a year {verb} the hurdle of "
        f"{words.percent(result.hurdle_annualized, 2)}: excess {words.points(excess)} points"
    )


def deciding(found: Sequence[Sensitivity]) -> list[str]:
    """Say which assumed constant moves the result most, and which flip the verdict."""
    if not found:
        return ["nothing in the presets is marked as assumed"]
    top = max(found, key=lambda one: one.span)
    said = [f"most sensitive, of what is assumed, to {_range(top)}"]
    flips = [one for one in found if one.excess_changes_sign]
    said += [f"whether it beats the hurdle depends on {_range(one)}" for one in flips]
    return said


def _range(one: Sensitivity) -> str:
    return (
        f"{one.name} {one.field}, {one.value:g} in {one.low:g} to {one.high:g}: "
        f"{words.percent(one.annualized_low, 2)} to {words.percent(one.annualized_high, 2)} a year"
    )
