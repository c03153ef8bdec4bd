"""What bars of a width leave open in a run of the venue engine, as numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from basislab.simulate import simulate
from basislab.simulate.venue import price_sources
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_result import VenueResult
from basislab.types.venue_terms import PerpVenue, Route


class Undecided(NamedTuple):
    """What the bars do not say about a run.

    Parameters
    ----------
    both_bars : int
        Bars whose range reaches the liquidation prices of both legs, as these stood at the close
        before: which of them was reached first is not in the data.
    hit_bars : int
        Bars with a liquidation; its time within the bar is unknown, and so is how long the other
        leg was naked in it.
    order_usd : float, USD
        Final equity where the worse order of high and low is taken, less that of this run.
    transfers : int
        Transfers, each of which takes whole bars.
    prompt_usd : float, USD
        Final equity if transfers took no time at all, less that of this run.
    funding_usd : float, USD
        Funding of the bars in which the short was liquidated, on its notional at the close before:
        booked with or without depending on when it happened.
    """

    both_bars: int
    hit_bars: int
    order_usd: float
    transfers: int
    prompt_usd: float
    funding_usd: float


def undecided(market: Market, config: VenueConfig) -> Undecided:
    """Return what a market's bars leave open in a run.

    Parameters
    ----------
    market : Market
        Cut to the run's window.
    config : VenueConfig
        With its venues resolved.

    Raises
    ------
    ConfigError, DataError
        As `simulate`.
    """
    result = _run(market, config)
    worse = _run(market, replace(config, path_order="pessimistic"))
    route = replace(resolved(config.transfer, Route), delay_seconds=0.0, assumed=())
    prompt = _run(market, replace(config, transfer=route))
    mark = result.column("liquidation_mark") > 0
    hits = mark | (result.column("liquidation_oracle") > 0)
    return Undecided(
        both_bars=int(both_reached(market, result).sum()),
        hit_bars=int(hits.sum()),
        order_usd=worse.final_usd - result.final_usd,
        transfers=result.counts["rebalances"] + result.counts["reopenings"],
        prompt_usd=prompt.final_usd - result.final_usd,
        funding_usd=_funding_at_stake(market, result, mark),
    )


def _run(market: Market, config: VenueConfig) -> VenueResult:
    result = simulate(market, config)
    assert isinstance(result, VenueResult)  # noqa: S101 - the config decides the type
    return result


def both_reached(market: Market, result: VenueResult) -> np.ndarray:
    """Return in which bars the range reaches both legs' liquidation prices of the close before.

    Parameters
    ----------
    market : Market
        Cut to the run's window.

    Returns
    -------
    ndarray of bool, shape (n_bars,)
        False in the first bar.
    """
    sources = price_sources(market, result.config)
    oracle, mark = sources.oracle, sources.mark
    below = oracle.close * (1.0 - result.column("long_distance"))
    above = mark.close * (1.0 + result.column("short_distance"))
    reached = np.zeros(len(market), dtype=bool)
    reached[1:] = (oracle.low[1:] <= below[:-1]) & (mark.high[1:] >= above[:-1])
    return reached


def _funding_at_stake(market: Market, result: VenueResult, hits: np.ndarray) -> float:
    """Return the funding, in absolute terms, of the notional held before each of these bars."""
    ratio, worth = result.column("margin_ratio"), result.column("short_usd")
    notional = np.divide(worth, ratio, out=np.zeros(len(market)), where=ratio > 0)
    venue = resolved(result.config.perp, PerpVenue)
    rate = np.abs(market.funding[venue.funding].rate)
    return float((rate[1:] * notional[:-1])[hits[1:]].sum())
