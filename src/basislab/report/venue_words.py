"""A run of the venue engine in plain words: what dies first, who paid, what decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from basislab.report import words
from basislab.research.venue import (
    Death,
    End,
    Sensitivity,
    deaths,
    firing_ends,
    firing_legs,
    sensitivities,
)
from basislab.types.ensemble import Ensemble
from basislab.types.market import Market
from basislab.types.result import time_labels
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_result import VenueResult
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_HOUR

_SERIES = {"long": ("loan", "oracle"), "short": ("short", "mark")}


def plain_words(
    market: Market,
    result: VenueResult,
    *,
    start: date | None = None,
    end: date | None = None,
    with_sensitivity: bool = True,
) -> list[str]:
    """Return what a run says, a sentence each; every number is computed."""
    config = result.config
    said = dying(deaths(market, config, start=start, end=end))
    said += [*liquidated(result), naked(result), borne(result), firing(config)]
    said += [*resized(result), hurdle(result)]
    if with_sensitivity and market.bar_seconds < SECONDS_PER_DAY:
        said += deciding(sensitivities(market, config, start=start, end=end))
    return said


VERDICTS = {1: "beats", 0: "may or may not beat", -1: "does not beat"}
"""Of an interval against the hurdle, by the sign of its excess."""


def ensemble_words(
    market: Market,
    found: Ensemble,
    *,
    start: date | None = None,
    end: date | None = None,
    with_sensitivity: bool = True,
) -> list[str]:
    """Return what an ensemble on paths within the days says, a sentence each."""
    config: Any = found.config
    low, high = found.interval()
    least, most = found.probability()
    goal = found.hurdle_return * DAYS_PER_YEAR / found.n_days
    earned = (
        f"on paths within the days the return is {words.percent(found.median())} a year, on 90 % "
        f"of them {words.percent(low)} to {words.percent(high)}; it {VERDICTS[found.excess_sign]} "
        f"the hurdle of {words.percent(goal)}"
    )
    sunk = (
        f"{words.share(least, 0)} to {words.share(most, 0)} of the paths meet a liquidation, by "
        "what the oracle is shown of the perpetual's wicks"
    )
    said = [*dying(deaths(market, config, start=start, end=end)), earned, sunk, firing(config)]
    if config.size_band is not None:
        times = words.plural(round(found.median("resizes")), "time")
        said.append(
            f"the size is kept within {words.share(config.size_band, 0)} of what the equity "
            f"carries: {times} on the median path"
        )
    if with_sensitivity:
        said += deciding(sensitivities(market, config, start=start, end=end))
    return said


def dying(found: Sequence[Death]) -> list[str]:
    """Say which leg dies first, where, how far that is, and what it would cost."""
    said = []
    for rank, death in enumerate(found):
        leg, series = _SERIES[death.leg]
        order = "first" if rank == 0 else "then"
        side = "below" if death.leg == "long" else "above"
        said.append(
            f"as opened, {order} the {leg} is liquidated: at {death.price_usd:,.2f} USD of the "
            f"{series} price, {words.share(death.distance)} {side} the opening, where its leverage "
            f"is {death.leverage:.1f}; that takes {words.share(death.share, 0)} of the leg and "
            f"costs {words.usd(death.cost_usd, 2)} USD"
        )
    return said


def liquidated(result: VenueResult) -> list[str]:
    """Say where liquidations happened."""
    said = []
    for leg, column in (("loan", "liquidation_oracle"), ("short", "liquidation_mark")):
        prices = result.column(column)
        bars = np.flatnonzero(prices > 0.0)
        if len(bars):
            label = time_labels(result.times[bars[:1]], result.bar_seconds)[0]
            said.append(
                f"the {leg} was liquidated in {words.plural(len(bars), 'bar')}, first in that of "
                f"{label} at {prices[bars[0]]:,.2f} USD"
            )
    return said or ["no leg was liquidated"]


def naked(result: VenueResult) -> str:
    """Say for how long a leg was naked, and what that brought."""
    if not result.naked_bars:
        return "no leg was ever naked at a close"
    hours = result.naked_bars * result.bar_seconds / SECONDS_PER_HOUR
    amount = words.signed_usd(result.ledger.accounts["naked"], 2)
    return (
        f"a leg was naked for {hours:g} hours in all, counted at closes; while it was, price moves "
        f"made {amount} USD"
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


def firing(config: VenueConfig) -> str:
    """Say which legs can fire the policy before they die, and where a trigger has to lie."""
    legs = firing_legs(config)
    if not legs:
        return "no trigger: capital is never moved"
    if config.policy != "trigger":
        return (
            f"the policy ({config.policy}) watches both legs: either can be fired by its own state"
        )
    ends = firing_ends(config)
    told = [
        f"the {_SERIES[leg][0]} is liquidated at leverage {end:.1f}" for leg, end in ends.items()
    ]
    each = dict.fromkeys(round(getattr(config.triggers, leg), 2) for leg in ends)
    trigger = " / ".join(words.multiple(one) for one in each)
    able = words.join([f"the {_SERIES[leg][0]}" for leg in legs])
    only = "" if len(legs) == len(ends) else "only "
    return f"trigger {trigger} can be fired {only}by {able}: {words.join(told)}"


def resized(result: VenueResult) -> list[str]:
    """Say how the size was kept."""
    band = result.config.size_band
    if band is None:
        return []
    times = words.plural(result.counts["resizes"], "time")
    return [f"the size is kept within {words.share(band, 0)} of what the equity carries: {times}"]


def hurdle(result: VenueResult) -> str:
    """Say what stands above or below the hurdle."""
    if not result.has_hurdle:
        return "the market holds no rate that the quote coin could earn instead: there is no hurdle"
    excess = result.annualized_return - result.hurdle_annualized
    verb = "beats" if excess > 0.0 else "does not beat"
    return (
        f"the return of {words.percent(result.annualized_return, 2)} a year {verb} the hurdle of "
        f"{words.percent(result.hurdle_annualized, 2)}: excess {words.points(excess)} points a year"
    )


def deciding(found: Sequence[Sensitivity]) -> list[str]:
    """Say which assumed constant moves the result most, and which flip the verdict."""
    if not found:
        return ["nothing in the presets is marked as assumed"]
    top = max(found, key=lambda one: one.span)
    flips = [one for one in found if one.excess_changes_sign]
    said = [f"of what is assumed, the result hangs most on {_range(top)}{_turns(top)}"]
    said += [f"it also hangs on {_range(one)}{_turns(one)}" for one in flips if one is not top]
    if not flips:
        said.append("no assumed constant, moved alone over its range, turns the verdict")
    return said


def _turns(one: Sensitivity) -> str:
    return "; whether it beats the hurdle depends on it" if one.excess_changes_sign else ""


def _range(one: Sensitivity) -> str:
    ends = [_end(end) for end in (one.at_low, one.at_high)]
    return (
        f"{one.name}'s {one.field} ({one.value:g}, may be {one.low:g} to {one.high:g}): {ends[0]} "
        f"at its low, {ends[1]} at its high"
    )


def _end(end: End | None) -> str:
    return "no position" if end is None else f"{words.percent(end.annualized, 2)} a year"
