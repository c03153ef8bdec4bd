"""Small venues, quotes and hourly markets for the tests of the venue engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.bars import Bar, Quote
from basislab.kernels.venue.totals import totals
from basislab.simulate.venue import lower_params
from basislab.types import FundingSeries, LiquidationPenalty, Market, PriceSeries, RateSeries
from basislab.types.constants import DatedFee, MarginTier
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_terms import LendingMarket, PerpVenue, Route
from tests import plain

PERP = PerpVenue(
    name="perp",
    funding="perp",
    taker_fees=(DatedFee(date(2020, 1, 1), 0.0),),
    margin_tiers=(MarginTier(0.0, 0.025, 20.0),),
    withdrawal_floor=0.1,
    full_below_usd=100_000.0,
    first_share=0.2,
    backstop_ratio=2 / 3,
)
"""Hyperliquid's rules without costs; tests add the one that they are about."""

LOAN = LendingMarket(
    name="loan",
    protocol="kamino",
    max_ltv=0.74,
    liquidation_ltv=0.75,
    procedure="kamino",
    close_factor=0.1,
    bonus=0.001,
    max_bonus=0.05,
    bad_debt_bonus=0.01,
    full_ltv=0.95,
    full_below_usd=2.0,
)
"""Kamino's rules without an oracle step."""

FREE = {
    "opening": Route(name="opening", kind="opening"),
    "swap": Route(name="swap", kind="swap"),
    "transfer": Route(name="transfer", kind="transfer"),
    "study": StudyVenue(
        name="study",
        funding="perp",
        taker_fee_bps=0,
        maintenance_margin=0.05,
        liquidation_penalty=LiquidationPenalty(kind="equity", rate=0.5),
        transfer_cost_usd=0,
        gas_usd=0,
        rotation_penalty=0.05,
    ),
}


def free_venue_config(**changes):
    """A config of the venue engine without costs: 10 000 USD at 2x, watched at every hour.

    The size is not kept, so that a test is about what it names; those of the band name it.
    """
    changes.setdefault("leverage", 2.0)
    changes.setdefault("band", None)
    return VenueConfig(**({"perp": PERP, "lending": LOAN} | FREE | changes))


def perp_terms(rates=(0.025,), bounds=(0.0,), leverages=(20.0,), **changes):
    """Kernel terms of a perpetual venue, without costs."""
    rates, bounds = np.array(rates), np.array(bounds)
    deductions = np.cumsum(np.diff(rates, prepend=rates[0]) * bounds)
    values = {
        "bounds": bounds,
        "rates": rates,
        "deductions": deductions,
        "initial": 1 / np.array(leverages),
        "withdrawal_floor": 0.1,
        "procedure": vp.MARKET,
        "full_below": 100_000.0,
        "first_share": 0.2,
        "backstop_ratio": 2 / 3,
        "liquidation_fee": 0.0,
        "buffer": 0.0,
        "liquidator_fee": 0.0,
        "insurance_fee": 0.0,
        "slippage": 0.0,
        "impact": 0.0,
        "liquidation_slippage": 0.0,
        "mark_step": 0.0,
        "funding_price": vp.ORACLE_PRICE,
    }
    for array in (values["bounds"], values["rates"], values["deductions"], values["initial"]):
        array.setflags(write=False)
    return vp.PerpTerms(**(values | changes))


def loan_terms(**changes):
    """Kernel terms of Kamino's SOL reserve, without an oracle step."""
    values = {
        "max_ltv": 0.74,
        "liquidation_ltv": 0.75,
        "procedure": vp.KAMINO,
        "close_factor": 0.1,
        "bonus": 0.001,
        "max_bonus": 0.05,
        "bad_debt_bonus": 0.01,
        "full_ltv": 0.95,
        "full_below": 2.0,
        "min_leftover": 0.0,
        "oracle_step": 0.0,
    }
    return vp.LoanTerms(**(values | changes))


QUOTE = Quote(mark=100.0, perp=102.0, spot=96.0, oracle=90.0)
"""Four prices that cannot be taken for one another."""


def kernel_params(config=None, **changes):
    """Kernel parameters of a config (without costs, 2x) on hourly bars; groups may be replaced."""
    return lower_params(config or free_venue_config(), 3_600)._replace(**changes)


def kernel_bar(close=QUOTE, **changes):
    """Bar 7 at one quote throughout, without rates or fees, at whose close the trader looks."""
    values = {"number": 7, "open": close, "high": close, "low": close, "close": close}
    values |= {"worst_mark": close.mark, "worst_oracle": close.oracle, "is_look": True}
    for name in ("supply", "borrow", "stake", "funding", "taker", "sigma", "carry"):
        values[name] = 0.0
    return Bar(**(values | changes))


def held(long=(10.0, 500.0), short=(10.0, 110.0, 400.0), *, quote=QUOTE, idle=0.0, **changes):
    """A state that holds a loan (coins, debt) and a short (contracts, entry, margin), marked."""
    state = plain.venue()["state"].idle_state(idle, quote)
    position = Position(LongLeg(*long), ShortLeg(*short))
    values = {"position": position, "status": vs.OPEN, "lowest_debt": long[1]}
    return state._replace(**(values | changes))


def posted(before, after):
    """What was posted between two states, by account."""
    pairs = zip(before.accounts._fields, before.accounts, after.accounts, strict=True)
    return {name: pytest.approx(new - old) for name, old, new in pairs if new != old}


def candle_series(rows):
    """A price series of (open, high, low, close) rows; a number is a flat bar."""
    full = [(row,) * 4 if isinstance(row, int | float) else row for row in rows]
    return PriceSeries(*(np.array(column, float) for column in zip(*full, strict=True)))


def hourly_market(
    perp, *, spot=None, oracle=None, mark=None, supply=0.0, borrow=0.0, funding=0.0, hours=1
):
    """A market of hourly (or wider) bars from (open, high, low, close) rows; rates as APY."""
    n_bars = len(perp)

    def spread(values):
        return np.broadcast_to(np.asarray(values, float), (n_bars,)).copy()

    prices = {("perp", "perp"): candle_series(perp)}
    if mark is not None:
        prices["perp", "mark"] = candle_series(mark)
    if spot is not None:
        prices["perp", "spot"] = candle_series(spot)
    if oracle is not None:
        prices["perp", "oracle"] = candle_series(oracle)
    step = np.timedelta64(hours, "h")
    return Market(
        name="made",
        asset="SOL",
        times=np.datetime64("2025-01-01", "s") + np.arange(n_bars) * step,
        prices=prices,
        funding={"perp": FundingSeries(spread(funding))},
        supply={
            ("kamino", "SOL"): RateSeries(spread(supply)),
            ("kamino", "USDC"): RateSeries(spread(0.05)),
        },
        borrow={("kamino", "USDC"): RateSeries(spread(borrow))},
    )


def searched(params, bars):
    """What a search keeps of a run."""
    ahead = look_ahead(bars, params.perp.funding_price)
    return totals(params, bars, ahead, vs.NOTHING, is_held=False)


def events_of(result):
    """A result's events as (bar, kind, leg or reason)."""
    return [(event.bar, event.kind, event.leg or event.reason) for event in result.event_list]


def costly(config, **changes):
    """Return the config with costs and frictions everywhere."""
    return replace(
        config,
        perp=replace(
            PERP,
            taker_fees=(DatedFee(date(2020, 1, 1), 4.5),),
            slippage_bps=1.0,
            impact_bps_per_100k=1.4,
            liquidation_slippage_bps=20.0,
            mark_step=0.001,
        ),
        lending=replace(LOAN, oracle_step=0.002, flash_loan_fee_bps=0.1),
        opening=Route(name="opening", kind="opening", cost_usd=0.1, cost_bps=15.0),
        swap=Route(name="swap", kind="swap", cost_bps=3.0),
        transfer=Route(
            name="transfer", kind="transfer", cost_usd=1.5, cost_bps=1.0, delay_seconds=300.0
        ),
        **changes,
    )


def wild_market(days: int = 40, hours: int = 1, seed: int = 2):
    """Hours (or wider bars) of a random walk that moves about 6 % a day, with funding."""
    rng = np.random.default_rng(seed)
    n_bars = days * 24 // hours
    steps = rng.normal(0.0, 0.012 * np.sqrt(hours), n_bars)
    close = 100.0 * np.exp(np.cumsum(steps))
    opened = np.concatenate(([100.0], close[:-1]))
    spread = np.exp(np.abs(rng.normal(0.0, 0.004, (2, n_bars))))
    high, low = np.maximum(opened, close) * spread[0], np.minimum(opened, close) / spread[1]
    rows = list(zip(opened.tolist(), high.tolist(), low.tolist(), close.tolist(), strict=True))
    funding = rng.normal(0.00002, 0.00004, n_bars)
    return hourly_market(rows, supply=0.05, borrow=0.08, funding=funding, hours=hours)
