"""A position's figures for people: in a terminal, as one JSON object, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from basislab.position.advice import Advice
from basislab.position.state import LegState, State
from basislab.position.stress import stresses
from basislab.position.words import cut
from basislab.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from basislab.position.expect import Expected

_WIDTH = 50


def text_of(state: State, advice: Advice | None = None, expected: Sequence[Expected] = ()) -> str:
    """Return everything that is shown, as lines of text."""
    lines = [f"{cut(state.position.coin)}: equity {_usd(state.equity_usd)}"]
    lines += [*_leg("short", state.short), *_leg("loan", state.loan)]
    lines += [*_picture(state), *_both(state), *_stresses(state), *_carry(state)]
    lines += _expected(expected)
    lines.append(f"{'closing now costs':26}{_usd(state.closing_cost_usd)}")
    lines += [f"STALE  {text}" for text in state.stale]
    return "\n".join([*lines, *(_advice(advice) if advice else [])]) + "\n"


def _leg(name: str, leg: LegState | None) -> list[str]:
    if leg is None:
        return [f"{name:26}none"]
    lines = [f"{name + ' on ' + cut(leg.venue, 16):26}{leg.size:,.4f} at {_usd(leg.price_usd)}"]
    if leg.liquidation_usd is None or leg.distance is None:
        lines.append(f"{'  liquidation':26}not computed: the mode's terms are not in the answers")
    else:
        sigmas = f", {leg.sigmas:.1f} sigma" if leg.sigmas is not None else ""
        lines.append(
            f"{'  liquidation':26}{_usd(leg.liquidation_usd)}, {leg.distance:.1%} away{sigmas}"
        )
    if leg.needs_usd is not None and leg.needs_usd > 0:
        lines.append(f"{'  to add':26}{_usd(leg.needs_usd)} for the distance to be restored")
    if leg.venue_liquidation_usd is not None:
        difference = (
            f", ours {round(leg.difference_usd, 2) + 0.0:+.2f}"
            if leg.difference_usd is not None
            else ""
        )
        lines.append(f"{'  the venue says':26}{_usd(leg.venue_liquidation_usd)}{difference}")
    ratio = "margin ratio" if name == "short" else "LTV"
    shown = "unknown" if leg.ratio is None else f"{leg.ratio:.1%}"
    leverage = "unknown" if leg.leverage is None else f"{leg.leverage:.2f}x"
    lines.append(f"{'  leverage, ' + ratio + ' ':26}{leverage}, {shown}")
    return lines


def _picture(state: State) -> list[str]:
    """Both distances as bars on either side of the price, one character for 2 %."""
    loan, short = state.loan, state.short
    down = loan.distance if loan else None
    up = short.distance if short else None
    if down is None and up is None:
        return []
    half = _WIDTH // 2

    def bar(distance: float | None) -> str:
        return "=" * max(0, min(half - 1, round((distance or 0.0) * _WIDTH)))

    left = ("" if down is None else "X" + bar(down)).rjust(half)
    right = ("" if up is None else bar(up) + "X").ljust(half)
    labels = (
        f"{'' if down is None else f'-{down:.1%}':>{half}}|{'' if up is None else f'+{up:.1%}'}"
    )
    return [f"  {left}|{right}".rstrip(), f"  {labels}"]


def _both(state: State) -> list[str]:
    coin = cut(state.position.coin, 12)
    lines = [f"{'net delta':26}{state.net_delta:+,.4f} {coin}"]
    if state.short and state.loan and state.short.liquidation_usd and state.loan.liquidation_usd:
        lines.append(
            f"{'if only it moves':26}the loan dies at {_usd(state.loan.liquidation_usd)}, "
            f"the short at {_usd(state.short.liquidation_usd)}"
        )
    lines.append(f"{'idle':26}{_usd(state.position.idle_usd)}")
    return lines


def _stresses(state: State) -> list[str]:
    """Say the smallest jump that each leg does not survive."""
    rows = sorted(stresses(state.position), key=lambda row: abs(row.jump))
    said = []
    for name, dead in (
        ("the loan", [row.jump for row in rows if row.does_loan_die]),
        ("the short", [row.jump for row in rows if row.does_short_die]),
    ):
        said += [f"{name} a jump of {dead[0]:+.0%}"] if dead else []
    largest = f"{max(row.jump for row in rows):.0%}"
    return [f"{'would not survive':26}{', '.join(said) or f'nothing up to {largest}'}"]


def _carry(state: State) -> list[str]:
    carry = state.carry
    rows = [
        ("funding", carry.funding_usd),
        ("supply", carry.supply_usd),
        ("borrow", carry.borrow_usd),
        ("carry", carry.total_usd),
        ("hurdle", carry.hurdle_usd),
    ]
    return [f"{'':26}{'USD a day':>14}{'USD a year':>14}"] + [
        f"{name:26}{_plain(usd):>14}{_plain(None if usd is None else usd * DAYS_PER_YEAR):>14}"
        for name, usd in rows
    ]


def _expected(rows: Sequence[Expected]) -> list[str]:
    """Return a table by policy and days; each probability with the Monte-Carlo's error."""
    if not rows:
        return []
    days = [row.days for row in rows if row.policy == rows[0].policy]
    lines = [f"{'P(liquidation) within':26}" + "".join(f"{f'{one} d':>16}" for one in days)]
    for policy in dict.fromkeys(row.policy for row in rows):
        cells = [
            f"{row.either:.1%}" + (f" +- {row.error:.1%}" if row.error is not None else "")
            for row in rows
            if row.policy == policy
        ]
        lines.append(f"{'  ' + policy:26}" + "".join(f"{cell:>16}" for cell in cells))
    return lines


def _advice(advice: Advice) -> list[str]:
    if not advice.steps:
        return [f"{'next action':26}none: {advice.reason}"]
    lines = [f"next action: {advice.reason}"]
    lines += [f"  {number}. {step.text}" for number, step in enumerate(advice.steps, 1)]
    after = advice.after
    if after:
        parts = [
            f"{name} {leg.distance:.1%}"
            for name, leg in (("short", after.short), ("loan", after.loan))
            if leg and leg.distance is not None
        ]
        lines.append(f"{'  distances after':26}{', '.join(parts)}")
    return [*lines, f"{'  cost':26}{_usd(advice.cost_usd)}"]


def page_of(state: State, advice: Advice, expected: Sequence[Expected] = ()) -> str:
    """Return one HTML page, without scripts or anything from elsewhere."""
    title = f"Position in {escape(cut(state.position.coin))}"
    text = escape(text_of(state, advice, expected))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>body{{font-family:sans-serif;margin:2rem}}"
        "pre{font-size:1rem;overflow-x:auto}</style></head>"
        f"<body><h1>{title}</h1><pre>{text}</pre></body></html>\n"
    )


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.2f} USD"


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+,.2f}"
