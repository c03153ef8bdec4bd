# ruff: noqa: RUF001 - a minus is a minus
"""The equations that chapters print, in one place; their derivations are in docs/models.md."""

from __future__ import annotations

FORMULAS: dict[str, str] = {
    "notional": "N = C/2 · L",
    "static": "P&L per day = N·s − (N − C/2)·b + N·f;  costs once: N·(open + 2·taker) + gas + book",
    "long_equity": "long equity = coins · price − debt",
    "short_equity": "short equity = margin + contracts · (entry − price)",
    "leverage": "effective leverage of a leg = notional at the close / equity of the leg",
    "liquidation": "liquidated where equity at the day's extreme ≤ m · notional at that extreme",
    "ledger": "carry + funding − fees − penalties + revaluation + forgiven = change of equity",
    "gross_apy": "gross a year = L/2·(s + f) − (L − 1)/2·b",
    "breakeven_days": "days to break even = round trip / gross a year · 365",
    "breakeven_funding": "funding needed = (2·(r + cost·365/days) + (L − 1)·b) / L − s",
    "long_distance": "long survives a fall of (1/L − m)/(1 − m)",
    "short_distance": "short survives a rise of (1/L − m)/(1 + m)",
    "annualized": "return a year = return · 365 / days (simple)",
    "hurdle": "hurdle = Π (1 + supply APY)^(1/365) − 1",
    "trailing": "mean of L/2·(s + f) − (L − 1)/2·b over the days before",
}
"""Equation by name. s supply, b borrow, f funding, m maintenance, r required return, all a year."""
