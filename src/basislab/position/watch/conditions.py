"""What can be wrong with a held position, one condition each, with the words that say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from basislab.position.advice import Advice, advise
from basislab.position.read_loan import DISAGREEMENT
from basislab.position.state import LegState, State, state_of
from basislab.position.types import Position
from basislab.position.watch.judge import Condition
from basislab.position.words import cut

WARN = 1.25
"""Without a limit of its own the first warning comes at so many times the policy's distance."""

LAST = 0.5
"""The last warning comes at this share of the policy's distance."""

PRICES_APART = 0.02
"""Mark and lending oracle that differ by more are named."""

GONE_S, SILENCE_S, DISAGREE_S, CARRY_S = 90.0, 120.0, 300.0, 3_600.0
"""How long a leg is missing, a venue silent, figures disagree, the carry low, before it is told."""


LEG_OF = {"hyperliquid": "short", "kamino": "loan", "aave": "loan"}
"""Which leg an account holds."""


@dataclass(frozen=True)
class Poll:
    """What one poll found: the position, or what is left of it, and whom it could not ask."""

    position: Position
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why not, by whom was asked."""
    notes: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """Legs that their venue no longer holds."""
    legs: tuple[str, ...] = ("short", "loan")
    """Legs that the file has."""


@dataclass(frozen=True)
class Look:
    """A poll and its figures at one moment."""

    poll: Poll
    state: State
    advice: Advice
    asked: tuple[str, ...]
    problem: str = ""
    """Why the history could not be kept."""


def look_at(poll: Poll, now: datetime, asked: tuple[str, ...], problem: str = "") -> Look:
    """Return a poll's figures; legs that are gone are not judged as if they were there."""
    position = poll.position
    return Look(poll, state_of(position, now), advise(position, now), asked, problem)


def conditions_of(look: Look) -> list[Condition]:
    """Return every condition, bad or not; their order is that of the messages."""
    return [
        *_gone(look),
        *_distances(look),
        _action(look),
        *_ratios(look),
        _delta(look),
        _carry(look),
        _stale(look),
        *_silent(look),
        _disagreement(look),
        _history(look),
    ]


def _level(
    key: str,
    value: float | None,
    limit: float,
    text: str,
    hysteresis: float,
    *,
    is_above: bool = False,
    is_urgent: bool = False,
    patience_s: float = 0.0,
) -> Condition:
    """Return the condition of a number that must not be below (or above) its limit."""
    if value is None:
        return Condition(key, text, None, is_well=False, is_urgent=is_urgent, patience_s=patience_s)
    sign = -1.0 if is_above else 1.0
    is_bad = sign * value < sign * limit
    is_well = sign * value >= sign * limit + hysteresis * abs(limit)
    return Condition(key, text, is_bad, is_well, is_urgent, patience_s)


def _legs(look: Look) -> list[tuple[str, LegState]]:
    return [(name, leg) for name in look.poll.legs if (leg := _leg(look, name))]


def _leg(look: Look, name: str) -> LegState | None:
    """Return a leg's figures; None while it is gone, or was and nobody answers."""
    found: LegState | None = getattr(look.state, name)
    return None if name in look.poll.gone else found


def _stale_words(look: Look) -> list[str]:
    return [text for _, leg in _legs(look) for text in leg.stale]


def _gone(look: Look) -> list[Condition]:
    """Judge by several polls: an answer without a loan may be the indexer's mistake."""
    found = []
    silent = {LEG_OF.get(venue) for venue in look.poll.problems}
    for name in look.poll.legs:
        is_gone = None if name in silent else name in look.poll.gone
        text = f"the {name} is gone: closed or liquidated. Look at both venues at once"
        found.append(
            Condition(f"{name} gone", text, is_gone, is_well=not is_gone, patience_s=GONE_S)
        )
    return found


def _distances(look: Look) -> list[Condition]:
    policy, limits = look.state.position.policy, look.state.position.watch
    first = limits.distance_below or min(WARN * policy.act_below, 0.99)
    found = []
    for name in look.poll.legs:
        value, words = _distance(look, name)
        for key, limit in (("distance", first), ("near", LAST * policy.act_below)):
            text = f"{name} {_share(value)} from liquidation (limit {limit:.1%}): {words}"
            found.append(
                _level(f"{name} {key}", value, limit, text, limits.hysteresis, is_urgent=True)
            )
    return found


def _distance(look: Look, name: str) -> tuple[float | None, str]:
    """Return what is judged, and its prices; an old loan is judged at the mark, if that is fresh.

    An indexer may lag by hours: its debt is then nearly right, its price is not.
    """
    leg, short = _leg(look, name), _leg(look, "short")
    coin = cut(look.state.position.coin, 12)
    if leg is None or leg.liquidation_usd is None:
        return None, ""
    words = f"dies at {_usd(leg.liquidation_usd)}"
    if not leg.stale:
        return leg.distance, f"{coin} at {_usd(leg.price_usd)}, {words}"
    if name == "loan" and short and not short.stale:
        value = 1 - leg.liquidation_usd / short.price_usd
        return (
            value,
            f"{coin} at {_usd(short.price_usd)} by the short's mark, the loan is stale, {words}",
        )
    return None, ""


def _action(look: Look) -> Condition:
    """Judge whether the policy acts: a leg is closer than it allows, until both are well beyond."""
    state, policy = look.state, look.state.position.policy
    distances = [leg.distance for _, leg in _legs(look)]
    known = [one for one in distances if one is not None]
    steps = "; ".join(f"{n}. {step.text}" for n, step in enumerate(look.advice.steps, 1))
    text = f"the policy acts: {steps}" if steps else "the policy has nothing to do"
    is_whole = len(known) == len(look.poll.legs) > 0
    is_judged = is_whole and not _stale_words(look)
    value = min(known) if is_judged else None
    hysteresis = state.position.watch.hysteresis
    return _level("action", value, policy.act_below, text, hysteresis, is_urgent=True)


def _ratios(look: Look) -> list[Condition]:
    position, limits = look.state.position, look.state.position.watch
    found = []
    for name in look.poll.legs:
        key, said, limit = "margin ratio", "margin ratio", limits.margin_ratio_above
        if name == "loan":
            own = position.loan.max_ltv if position.loan else 1.0
            key, said, limit = "ltv", "LTV", limits.ltv_above or own
        leg = _leg(look, name)
        value = None if leg is None or leg.stale else leg.ratio
        text = f"{said} {_share(value)} (limit {limit:.1%})"
        found.append(_level(key, value, limit, text, limits.hysteresis, is_above=True))
    return found


def _delta(look: Look) -> Condition:
    state, limits = look.state, look.state.position.watch
    legs = _legs(look)
    largest = max((leg.size for _, leg in legs), default=0.0)
    coin = cut(state.position.coin, 12)
    is_pair = len(legs) == 2 and not state.stale
    value = abs(state.net_delta) / largest if is_pair else None
    text = f"net delta {state.net_delta:+,.4f} {coin}, {_share(value)} of the larger leg"
    limit = limits.net_delta_above
    return _level("net delta", value, limit, text, limits.hysteresis, is_above=True)


def _carry(look: Look) -> Condition:
    carry, limits = look.state.carry, look.state.position.watch
    hurdle = carry.hurdle_usd
    value = None if _stale_words(look) or look.poll.gone or hurdle is None else carry.total_usd
    text = f"carry {_usd(carry.total_usd)} a day, below the hurdle of {_usd(hurdle)}"
    return _level("carry", value, hurdle or 0.0, text, limits.hysteresis, patience_s=CARRY_S)


def _stale(look: Look) -> Condition:
    stale = _stale_words(look)
    text = f"data stale: {'; '.join(stale)}" if stale else "data fresh again"
    return Condition("stale", text, bool(stale), is_well=not stale)


def _silent(look: Look) -> list[Condition]:
    found = []
    for venue in look.asked:
        why = look.poll.problems.get(venue)
        text = f"{venue} is not read: {cut(why, 200)}" if why else f"{venue} is read again"
        found.append(
            Condition(f"{venue} silent", text, why is not None, why is None, patience_s=SILENCE_S)
        )
    return found


def _disagreement(look: Look) -> Condition:
    said = []
    for name, leg in _legs(look):
        if leg.difference_usd is not None and abs(leg.difference_usd) > DISAGREEMENT * (
            leg.venue_liquidation_usd or 0.0
        ):
            said.append(
                f"{name} dies at {_usd(leg.liquidation_usd)}, its venue says "
                f"{_usd(leg.venue_liquidation_usd)}"
            )
    short, loan = look.state.short, look.state.loan
    if short and loan and abs(short.price_usd / loan.price_usd - 1) > PRICES_APART:
        said.append(f"mark {_usd(short.price_usd)}, lending oracle {_usd(loan.price_usd)}")
    text = f"numbers disagree: {'; '.join(said)}" if said else "numbers agree"
    is_bad = None if _stale_words(look) else bool(said)
    return Condition("numbers", text, is_bad, is_well=not said, patience_s=DISAGREE_S)


def _history(look: Look) -> Condition:
    why = cut(look.problem, 200)
    text = f"the history is not kept: {why}. Watching goes on" if why else "the history is kept"
    return Condition("history", text, bool(why), is_well=not why)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.2f} USD"
