"""Break-even arithmetic of the position: costs, spreads, funding, liquidation distances.

The published study's formulas dropped terms; these are the right ones (docs/models.md, section
"Break-even"). Every rate is a fraction per year, every distance a fraction of the entry price.
"""

from __future__ import annotations

from basislab.units import DAYS_PER_YEAR


def gross_apy(leverage: float, supply_apy: float, borrow_apy: float, funding_apy: float) -> float:
    """Return the return on capital before costs: ``L/2 (s + f) - (L - 1)/2 b``.

    Parameters
    ----------
    supply_apy, borrow_apy, funding_apy : float, fraction per year

    Returns
    -------
    float, fraction of capital per year

    Examples
    --------
    >>> round(gross_apy(2.0, 0.05, 0.07, 0.04), 6)
    0.055
    """
    return leverage / 2 * (supply_apy + funding_apy) - (leverage - 1) / 2 * borrow_apy


def breakeven_spread(leverage: float, cost_of_capital: float) -> float:
    """Return the spread on notional that pays for the costs: ``2/L * cost``.

    Parameters
    ----------
    cost_of_capital : float, fraction of capital
        Fees and transfers of the whole holding period.

    Returns
    -------
    float, fraction of notional

    Examples
    --------
    >>> breakeven_spread(4.0, 0.01)
    0.005
    """
    return 2 / leverage * cost_of_capital


def breakeven_funding(
    leverage: float,
    supply_apy: float,
    borrow_apy: float,
    cost_of_capital: float = 0.0,
    holding_days: float = DAYS_PER_YEAR,
    required_apy: float = 0.0,
) -> float:
    """Return the funding at which the position earns exactly `required_apy` after costs.

    Solves ``gross_apy(f) = required + cost * 365 / days`` for f.

    Parameters
    ----------
    supply_apy, borrow_apy : float, fraction per year
    cost_of_capital : float, fraction of capital
        Of the round trip, spread over the holding period.
    holding_days : float, days, > 0
    required_apy : float, fraction of capital per year
        0 to break even, the hurdle to beat it.

    Returns
    -------
    float, fraction of notional per year

    Examples
    --------
    >>> round(breakeven_funding(2.0, 0.05, 0.07), 6)
    -0.015
    """
    required = required_apy + cost_of_capital * DAYS_PER_YEAR / holding_days
    return (2 * required + (leverage - 1) * borrow_apy) / leverage - supply_apy


def days_to_breakeven(cost_of_capital: float, net_apy: float) -> float:
    """Return how long a position must be held to earn its costs.

    Parameters
    ----------
    cost_of_capital : float, fraction of capital
    net_apy : float, fraction of capital per year

    Returns
    -------
    float, days
        inf where the position earns nothing.

    Examples
    --------
    >>> round(days_to_breakeven(0.01, 0.05), 6)
    73.0
    """
    return cost_of_capital / net_apy * DAYS_PER_YEAR if net_apy > 0 else float("inf")


def long_liquidation_distance(leverage: float, maintenance: float) -> float:
    """Return how far the price can fall before the long is liquidated: ``(1/L - m)/(1 - m)``.

    Parameters
    ----------
    maintenance : float, fraction of notional, < 1

    Returns
    -------
    float, fraction of the entry price

    Examples
    --------
    >>> round(long_liquidation_distance(2.0, 0.05), 6)
    0.473684
    """
    return (1 / leverage - maintenance) / (1 - maintenance)


def short_liquidation_distance(leverage: float, maintenance: float) -> float:
    """Return how far the price can rise before the short is liquidated: ``(1/L - m)/(1 + m)``.

    Parameters
    ----------
    maintenance : float, fraction of notional

    Returns
    -------
    float, fraction of the entry price

    Examples
    --------
    >>> round(short_liquidation_distance(2.0, 0.05), 6)
    0.428571
    """
    return (1 / leverage - maintenance) / (1 + maintenance)
