"""Waterfalls: bars that begin where the one above ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

from basislab.report import words
from basislab.report.charts.base import AT_CHOSEN_LEVERAGE, Chart, Held, Rows, chosen, sized
from basislab.report.charts.palette import role


def bar(
    leverage: float, account: str, start: float, end: float, colour: str | None = None
) -> dict[str, Any]:
    """Return a bar from one amount to another, USD; by default in the colour of its sign."""
    amount = end - start
    return {
        "leverage": leverage,
        "account": account,
        "from_usd": start,
        "to_usd": end,
        "right_usd": max(start, end),
        "amount_usd": amount,
        "label": words.signed_usd(amount).replace("-", "\u2212"),
        "colour": role(colour or ("gain" if amount >= 0 else "loss")),
    }


def steps(
    leverage: float, amounts: Iterable[tuple[str, float]], total: str, start: float = 0.0
) -> Rows:
    """Return a bar for every amount, USD, from `start` on, and one for where they end."""
    rows: Rows = []
    level = start
    for account, amount in amounts:
        rows.append(bar(leverage, account, level, level + amount))
        level += amount
    return [*rows, bar(leverage, total, 0.0, level, colour="ink")]


def waterfall_chart(held: Held, rows: Rows, order: Sequence[str], leverage: float) -> Chart:
    """Return the bars of the leverage that is chosen, one an account, in order."""
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .encode(
            y=alt.Y(
                "account:N",
                sort=list(order),
                title=None,
                axis=alt.Axis(labelColor=role("ink"), labelLimit=140),
            ),
            tooltip=[
                alt.Tooltip("account:N"),
                alt.Tooltip("amount_usd:Q", title="USD", format="+,.2f"),
                alt.Tooltip("to_usd:Q", title="sum so far, USD", format="+,.2f"),
            ],
        )
    )
    axis = alt.Axis(format=",.0f", grid=True, tickCount=5, title="USD")
    bars = base.mark_bar(height=alt.RelativeBandSize(band=0.66)).encode(
        x=alt.X("from_usd:Q", axis=axis, scale=alt.Scale(padding=48)),
        x2="to_usd:Q",
        color=alt.Color("colour:N", scale=None),
    )
    texts = base.mark_text(align="left", dx=6, color=role("ink")).encode(
        x=alt.X("right_usd:Q"), text="label:N"
    )
    zero = (
        alt.Chart(held.add([{"zero": 0.0}])).mark_rule(color=role("soft")).encode(x=alt.X("zero:Q"))
    )
    layers = alt.layer(bars, zero, texts).add_params(chosen(leverage))
    return sized(layers, 30 * len(order))
