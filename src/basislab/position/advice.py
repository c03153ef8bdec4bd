"""The next action: exact amounts in a safe order, found by applying them to the position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from basislab.position.liquidation import loan_needs, short_needs
from basislab.position.state import LegState, State, closing_cost, state_of
from basislab.position.types import Position
from basislab.position.words import cut

Kind = Literal["deposit", "repay", "borrow", "withdraw", "reduce"]

LEAST_USD = 0.01
_HALVINGS = 60


@dataclass(frozen=True)
class Step:
    """One thing to do: USD, or coins of each leg where both are reduced together."""

    kind: Kind
    venue: str
    usd: float
    coins: float
    text: str


@dataclass(frozen=True)
class Advice:
    """Steps in their order, their cost, and the figures after them; a reason where there are none.

    `after` is None where no step is proposed.
    """

    steps: tuple[Step, ...]
    reason: str
    cost_usd: float
    after: State | None

    def to_dict(self) -> dict[str, Any]:
        """Return the advice, JSON-ready."""
        return {
            "steps": [vars(step) for step in self.steps],
            "reason": self.reason,
            "cost_usd": self.cost_usd,
            "after": self.after.to_dict() if self.after else None,
        }


def advise(position: Position, now: datetime | None) -> Advice:
    """Return what restores the policy's distances; nothing on numbers that are stale or unknown.

    Idle cash goes first, then what the other leg has to spare, then both legs are reduced by one
    share, so that the position stays neutral.
    """
    state, policy = state_of(position, now), position.policy
    if state.stale:
        return Advice(
            (), "no action is proposed on stale numbers: read the position again", 0, None
        )
    legs = [leg for leg in (state.short, state.loan) if leg]
    if any(leg.distance is None for leg in legs):
        return Advice((), "the margin mode's liquidation price cannot be computed", 0, None)
    if all((leg.distance or 0.0) >= policy.act_below for leg in legs):
        return Advice((), f"every leg is at least {policy.act_below:.1%} away", 0, None)
    close = Close(_is_close(state.short, policy.act_below), _is_close(state.loan, policy.act_below))
    steps: list[Step] = []
    moved = _from_idle(position, close, steps)
    moved = _from_other_leg(moved, close, steps)
    cost = 0.0
    left: Position | None = moved
    if _lacks(moved, close) > LEAST_USD:
        left, cost = _reduced_until_safe(moved, close, steps)
    after = state_of(left, now) if left else None
    return Advice(tuple(steps), "a leg is closer than the policy allows", cost, after)


class Close(NamedTuple):
    """Which legs are closer to liquidation than the policy allows."""

    short: bool
    loan: bool


def _is_close(leg: LegState | None, least: float) -> bool:
    return leg is not None and leg.distance is not None and leg.distance < least


def _needs(position: Position) -> tuple[float, float]:
    """USD that the short and the loan need up to the restored distance; below 0 is to spare."""
    target = position.policy.restore_to
    short = short_needs(position.short, target) if position.short else 0.0
    loan = loan_needs(position.loan, target) if position.loan else 0.0
    return short, loan


def _lacks(position: Position, close: Close) -> float:
    """USD that the leg which lacks most still needs, of those that were too close."""
    needs = _needs(position)
    return max(need for need, is_close in zip(needs, close, strict=True) if is_close)


def _from_idle(position: Position, close: Close, steps: list[Step]) -> Position:
    """Give idle cash to the legs that are too close, the closer one first."""
    state = state_of(position, None)
    legs = [(state.short, close.short, 0, deposited), (state.loan, close.loan, 1, repaid)]
    near = [(leg.distance or 0.0, of, adds) for leg, is_close, of, adds in legs if leg and is_close]
    for _, of, adds in sorted(near, key=lambda one: one[0]):
        usd = min(_needs(position)[of], position.idle_usd)
        if usd >= LEAST_USD:
            position = adds(position, usd, steps)
            position = position.model_copy(update={"idle_usd": max(position.idle_usd - usd, 0.0)})
    return position


def _from_other_leg(position: Position, close: Close, steps: list[Step]) -> Position:
    """Move what one leg has to spare beyond the restored distance to the leg that lacks."""
    if position.short is None or position.loan is None:
        return position
    is_withdrawable = position.short.margin_mode in ("isolated", "cross")
    lacks, (short, loan) = _lacks(position, close), _needs(position)
    if lacks <= LEAST_USD:
        return position
    if short > 0 > loan:
        ceiling = position.loan.max_ltv * position.loan.size * position.loan.price_usd
        usd = min(lacks, -loan, max(ceiling - position.loan.debt_usd, 0.0))
        if usd >= LEAST_USD:
            position = deposited(borrowed(position, usd, steps), usd, steps)
    elif loan > 0 > short and is_withdrawable:
        usd = min(lacks, -short, _withdrawable(position))
        if usd >= LEAST_USD:
            position = repaid(withdrawn(position, usd, steps), usd, steps)
    return position


def _withdrawable(position: Position) -> float:
    """Equity above max(initial margin, the venue's floor) of the notional, USD, 0 or more."""
    from basislab.presets.terms import load_perp

    short = position.short
    if short is None:
        return 0.0
    notional = short.size * short.mark_usd
    rate = max(rate for bound, rate in short.margin_tiers if notional >= bound)
    kept = max(2 * rate, load_perp(short.venue).withdrawal_floor) * notional
    equity = short.margin_usd + short.size * (short.entry_usd - short.mark_usd)
    return max(equity - kept - short.other_maintenance_usd, 0.0)


def _reduced_until_safe(
    position: Position, close: Close, steps: list[Step]
) -> tuple[Position | None, float]:
    """Reduce both legs by the smallest share that restores the distances, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried = reduced(position, middle)
        is_enough = tried is None or _lacks(tried, close) <= 0
        low, high = (low, middle) if is_enough else (middle, high)
    found = reduced(position, high)
    share = high if found else 1.0
    words, usd, coins = [], 0.0, 0.0
    if short := position.short:
        coins, usd = short.size * share, short.size * share * short.mark_usd
        words.append(f"buy back {coins:,.4f} {cut(position.coin, 12)} on {cut(short.venue, 16)}")
    if loan := position.loan:
        coins, usd = loan.size * share, loan.size * share * loan.price_usd
        words.append(f"sell {coins:,.4f} on {cut(loan.venue, 16)} and repay with it")
    text = f"reduce by {share:.2%}, all at once: {', '.join(words)}"
    steps.append(Step("reduce", "both", usd, coins, text))
    return found, closing_cost(position, share)


def reduced(position: Position, share: float) -> Position | None:
    """Return the position after closing a share of both legs; None where nothing is left.

    The short's result and cost stay in its margin, the sold coins repay debt, the rest is idle.
    """
    if share >= 1 - 1e-9:
        return None
    kept, idle = 1 - share, position.idle_usd
    short, loan = position.short, position.loan
    if short:
        gain = share * short.size * (short.entry_usd - short.mark_usd)
        cost = closing_cost(position.model_copy(update={"loan": None}), share)
        update = {"size": short.size * kept, "margin_usd": short.margin_usd + gain - cost}
        short = short.model_copy(update=update)
    if loan:
        cost = closing_cost(position.model_copy(update={"short": None}), share)
        proceeds = share * loan.size * loan.price_usd - cost
        paid = min(proceeds, loan.debt_usd)
        idle += proceeds - paid
        update = {"size": loan.size * kept, "debt_usd": loan.debt_usd - paid}
        loan = loan.model_copy(update=update)
    return position.model_copy(update={"short": short, "loan": loan, "idle_usd": idle})


def deposited(position: Position, usd: float, steps: list[Step]) -> Position:
    """Add margin to the short."""
    return _margin(position, usd, steps, "deposit", "deposit {} USD of margin to {}")


def withdrawn(position: Position, usd: float, steps: list[Step]) -> Position:
    """Take margin from the short."""
    return _margin(position, -usd, steps, "withdraw", "withdraw {} USD of margin from {}")


def repaid(position: Position, usd: float, steps: list[Step]) -> Position:
    """Repay debt of the loan."""
    return _debt(position, -usd, steps, "repay", "repay {} USD of debt on {}")


def borrowed(position: Position, usd: float, steps: list[Step]) -> Position:
    """Borrow more against the loan's collateral."""
    return _debt(position, usd, steps, "borrow", "borrow {} USD more on {}")


def _margin(position: Position, usd: float, steps: list[Step], kind: Kind, text: str) -> Position:
    short = position.short
    if short is None:
        return position
    steps.append(
        Step(
            kind, short.venue, abs(usd), 0.0, text.format(f"{abs(usd):,.2f}", cut(short.venue, 16))
        )
    )
    changed = short.model_copy(update={"margin_usd": short.margin_usd + usd})
    return position.model_copy(update={"short": changed})


def _debt(position: Position, usd: float, steps: list[Step], kind: Kind, text: str) -> Position:
    loan = position.loan
    if loan is None:
        return position
    steps.append(
        Step(kind, loan.venue, abs(usd), 0.0, text.format(f"{abs(usd):,.2f}", cut(loan.venue, 16)))
    )
    changed = loan.model_copy(update={"debt_usd": max(loan.debt_usd + usd, 0.0)})
    return position.model_copy(update={"loan": changed})
