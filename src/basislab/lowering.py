"""From a market and a venue config to what the venue engine's kernels read: arrays and scalars."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError, DataError
from basislab.kernels.venue import bars as vb
from basislab.kernels.venue import params as vp
from basislab.types.market import FloatArray, Market, PriceSeries, RateSeries
from basislab.types.venue import PENALTY_KINDS, StudyVenue
from basislab.types.venue_config import (
    PATH_ORDERS,
    POLICY_KINDS,
    RESPONSES,
    VenueConfig,
    resolved,
)
from basislab.types.venue_terms import (
    FUNDING_PRICES,
    LOAN_PROCEDURES,
    PERP_PROCEDURES,
    LendingMarket,
    PerpVenue,
    Route,
)
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, from_bps

SIGMA_SPAN_DAYS = 7
"""Centre of mass of the exponential window that volatility is estimated over."""


class Sources(NamedTuple):
    """Which series stands for which price, and what stands in for what, in words.

    Parameters
    ----------
    mark, perp, spot, oracle : PriceSeries
    notes : tuple of str
    """

    mark: PriceSeries
    perp: PriceSeries
    spot: PriceSeries
    oracle: PriceSeries
    notes: tuple[str, ...]


def price_sources(market: Market, config: VenueConfig) -> Sources:
    """Return the four prices; one series may stand in for another, and the notes say so.

    Parameters
    ----------
    market : Market
    config : VenueConfig

    Returns
    -------
    Sources
    """
    if config.has("one_price"):
        one = market.reference_price
        return Sources(one, one, one, one, ())
    venue = resolved(config.perp, PerpVenue)
    notes: list[str] = []
    found: dict[str, PriceSeries] = {}
    stand_ins = {
        "perp": ("mark", "spot", "oracle"),
        "mark": ("perp", "oracle", "spot"),
        "spot": ("oracle", "perp", "mark"),
        "oracle": ("spot", "mark", "perp"),
    }
    if venue.procedure == "partial":  # margin at the oracle price
        stand_ins["mark"] = ("oracle", "spot", "perp")
    for kind, others in stand_ins.items():
        for candidate in (kind, *others):
            keys = [key for key in market.prices if key[1] == candidate]
            # the venue's own series first, any other venue's of that kind else
            keys.sort(key=lambda key: key[0] != venue.funding)
            if keys:
                found[kind] = market.prices[keys[0]]
                label = " ".join(keys[0])
                if candidate != kind:
                    notes.append(f"price: {label} stands in for the {kind} price")
                elif kind in ("perp", "mark") and keys[0][0] != venue.funding:
                    notes.append(f"price: {label} stands in for {venue.name}'s {kind} price")
                break
    return Sources(**found, notes=tuple(notes))


def lower_bars(market: Market, config: VenueConfig, sources: Sources) -> vb.Bars:
    """Return the arrays that the venue engine reads.

    Growth factors are compound, ``(1 + apy)^(dt / 1y) - 1``, or simple by convention.

    Parameters
    ----------
    market : Market
        Cut to the run's window.
    config : VenueConfig
    sources : Sources

    Returns
    -------
    Bars
        Arrays of shape (n_bars,), read-only.

    Raises
    ------
    DataError
        The market lacks a series.
    """
    venue = resolved(config.perp, PerpVenue)
    protocol = config.protocol
    supply = rate_of(market, "supply", protocol, market.asset)
    borrow = rate_of(market, "borrow", protocol, market.quote)
    days = market.bar_seconds / SECONDS_PER_DAY
    simple = config.has("simple_rates")
    funding = funding_of(market, config)
    stake = np.zeros(len(market))
    if config.collateral_yield is not None:
        staking = rate_of(market, "supply", config.collateral_yield, market.asset)
        stake = growth(staking.apy, days, simple=simple)
    mark, oracle = sources.mark, sources.oracle
    worst_mark = np.maximum(mark.high, np.maximum(mark.open, mark.close))
    worst_oracle = np.minimum(oracle.low, np.minimum(oracle.open, oracle.close))
    is_look = looks(market, config.monitor_seconds)
    is_look.setflags(write=False)
    return vb.Bars(
        mark=candles(mark),
        perp=candles(sources.perp),
        spot=candles(sources.spot),
        oracle=candles(oracle),
        worst_mark=frozen(worst_mark),
        worst_oracle=frozen(worst_oracle),
        supply=frozen(growth(supply.apy, days, simple=simple)),
        borrow=frozen(growth(borrow.apy, days, simple=simple)),
        stake=frozen(stake),
        funding=frozen(funding),
        taker=frozen(taker_fees(market, config, venue)),
        is_look=is_look,
        sigma=frozen(volatility(sources.spot.close, market, config)),
        carry=frozen(trailing_carry(market, config, supply, borrow, funding)),
    )


def candles(price: PriceSeries) -> vb.Candles:
    """Return a price's bars for the kernel."""
    arrays = (price.open, price.high, price.low, price.close)
    return vb.Candles(*[frozen(array) for array in arrays])


def frozen(array: FloatArray) -> FloatArray:
    """Return an array contiguous and read-only: all lowered arrays have one type."""
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array.setflags(write=False)
    return array


def rate_of(market: Market, side: str, protocol: str, asset: str) -> RateSeries:
    """Return a lending rate of the market.

    Parameters
    ----------
    market : Market
    side : {"supply", "borrow"}
    protocol, asset : str

    Returns
    -------
    RateSeries

    Raises
    ------
    DataError
        There is none; the message lists what there is.
    """
    rates = market.supply if side == "supply" else market.borrow
    if (protocol, asset) not in rates:
        have = ", ".join("/".join(key) for key in rates) or "none"
        raise DataError(
            f"market {market.name!r}: no {side} rate of {protocol}/{asset}; it has: {have}. "
            "Choose another lending protocol or import that series."
        )
    return rates[protocol, asset]


def funding_of(market: Market, config: VenueConfig) -> FloatArray:
    """Return the funding of the config's venue; see `rate_of`."""
    venue = resolved(config.perp, PerpVenue)
    if venue.funding not in market.funding:
        have = ", ".join(market.funding) or "none"
        raise DataError(
            f"market {market.name!r}: no funding of {venue.funding!r}; it has: {have}. "
            "Choose another perp or import that venue's funding."
        )
    return market.funding[venue.funding].rate


def growth(apy: FloatArray, days: float, *, simple: bool) -> FloatArray:
    """Return what one unit earns in a bar.

    Parameters
    ----------
    apy : ndarray of shape (n_bars,), fraction per year, compound
    days : float, days
        Width of a bar.
    simple : bool
        The study's ``apy / 365`` a day instead.

    Returns
    -------
    ndarray of shape (n_bars,)

    Examples
    --------
    >>> growth(np.array([0.05]), 365.0, simple=False).round(12).tolist()
    [0.05]
    """
    if simple:
        rate = apy / DAYS_PER_YEAR
        return rate * days if days != 1.0 else rate
    return np.asarray(np.expm1(np.log1p(apy) * (days / DAYS_PER_YEAR)))


def taker_fees(market: Market, config: VenueConfig, venue: PerpVenue) -> FloatArray:
    """Return the taker fee of every bar as a fraction, by date and volume."""
    if config.has("study_costs"):
        study = resolved(config.study, StudyVenue)
        return np.full(len(market), from_bps(study.taker_fee_bps))
    fees = np.full(len(market), from_bps(venue.taker_fees[0].bps))
    for fee in venue.taker_fees:
        fees[market.times >= np.datetime64(fee.since, "s")] = from_bps(fee.bps)
    last = market.times >= np.datetime64(venue.taker_fees[-1].since, "s")
    for tier in venue.volume_fees:
        if config.volume_usd > tier.above_usd:
            fees[last] = from_bps(tier.bps)
    return fees


def looks(market: Market, monitor_seconds: int) -> NDArray[np.bool_]:
    """Return at which closes the trader looks: those at multiples of the interval, UTC."""
    closes = market.times.astype("datetime64[s]").astype(np.int64) + market.bar_seconds
    return np.asarray(closes % monitor_seconds == 0)


def volatility(close: FloatArray, market: Market, config: VenueConfig) -> FloatArray:
    """Return the standard deviation of log returns over the reaction time, known at each close.

    An exponential window of a week; the reaction time is one look and the transfer's delay.
    """
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    weight = 1.0 / (1.0 + SIGMA_SPAN_DAYS / bar_days)
    delay = resolved(config.transfer, Route).delay_seconds
    reaction = (max(config.monitor_seconds, market.bar_seconds) + delay) / market.bar_seconds
    moves = np.diff(np.log(close), prepend=math.log(close[0])) ** 2
    sigma, variance = np.empty(len(close)), 0.0
    for index, move in enumerate(moves.tolist()):
        # the plain mean while the window fills: no bias towards the zero it starts from
        share = max(weight, 1.0 / index) if index else 1.0
        variance += share * (move - variance)
        sigma[index] = math.sqrt(variance * reaction)
    return sigma


def trailing_carry(
    market: Market, config: VenueConfig, supply: RateSeries, borrow: RateSeries, funding: FloatArray
) -> FloatArray:
    """Return the trailing mean of the gross APY on capital, ``L/2 (s + f) - (L - 1)/2 b``."""
    bars_a_day = SECONDS_PER_DAY / market.bar_seconds
    half = config.leverage / 2
    yearly = funding * bars_a_day * DAYS_PER_YEAR
    gross = half * (supply.apy + yearly) - (half - 0.5) * borrow.apy
    window = max(round(config.lookback_days * bars_a_day), 1)
    sums = np.cumsum(np.concatenate(([0.0], gross)))
    ends = np.arange(1, len(gross) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def lower_params(config: VenueConfig, bar_seconds: int) -> vp.Params:
    """Return the kernel's parameters: fractions, USD, bars.

    Parameters
    ----------
    config : VenueConfig
        With its venues resolved.
    bar_seconds : int

    Returns
    -------
    Params
    """
    study = resolved(config.study, StudyVenue)
    names = ("accrue_at_opening", "funding_first", "flat_margin", "settle_at_close", "instant")
    switches = [config.has(name) for name in (*names, "study_costs", "negative_debt")]
    return vp.Params(
        capital=config.capital_usd,
        leverage=config.leverage,
        perp=_perp(config, study),
        loan=_loan(config, study),
        costs=_costs(config, study, bar_seconds),
        policy=_policy(config),
        conventions=vp.Conventions(*switches),
        study=vp.StudyTerms(
            study.maintenance_margin,
            PENALTY_KINDS.index(study.liquidation_penalty.kind),
            study.liquidation_penalty.rate,
            from_bps(resolved(config.opening, Route).cost_bps),
            from_bps(study.taker_fee_bps),
            study.gas_usd,
        ),
        path_order=PATH_ORDERS.index(config.path_order),
    )


def _perp(config: VenueConfig, study: StudyVenue) -> vp.PerpTerms:
    venue = resolved(config.perp, PerpVenue)
    tiers = venue.margin_tiers
    bounds = np.array([tier.above_usd for tier in tiers])
    rates = np.array([tier.maintenance_rate for tier in tiers])
    if config.has("flat_margin"):
        bounds, rates = np.zeros(1), np.array([study.maintenance_margin])
    deductions = np.cumsum(np.diff(rates, prepend=rates[0]) * bounds)
    initial = np.array([1 / tier.max_leverage for tier in tiers[: len(rates)]])
    kept = 0.0 if config.has("study_costs") else 1.0
    return vp.PerpTerms(
        bounds=frozen(bounds),
        rates=frozen(rates),
        deductions=frozen(deductions),
        initial=frozen(initial),
        withdrawal_floor=venue.withdrawal_floor,
        procedure=PERP_PROCEDURES.index(venue.procedure),
        full_below=venue.full_below_usd,
        first_share=venue.first_share,
        backstop_ratio=venue.backstop_ratio,
        liquidation_fee=from_bps(venue.liquidation_fee_bps),
        buffer=venue.liquidation_buffer,
        liquidator_fee=venue.liquidator_fee,
        insurance_fee=venue.insurance_fee,
        slippage=kept * from_bps(venue.slippage_bps),
        impact=kept * from_bps(venue.impact_bps_per_100k),
        liquidation_slippage=from_bps(venue.liquidation_slippage_bps),
        mark_step=venue.mark_step,
        funding_price=FUNDING_PRICES.index(venue.funding_price),
    )


def _loan(config: VenueConfig, study: StudyVenue) -> vp.LoanTerms:
    loan = resolved(config.lending, LendingMarket)
    liquidation_ltv = loan.liquidation_ltv
    if config.has("flat_margin"):
        liquidation_ltv = 1.0 - study.maintenance_margin
    return vp.LoanTerms(
        max_ltv=min(loan.max_ltv, liquidation_ltv),
        liquidation_ltv=liquidation_ltv,
        procedure=LOAN_PROCEDURES.index(loan.procedure),
        close_factor=loan.close_factor,
        bonus=loan.bonus,
        max_bonus=loan.max_bonus,
        bad_debt_bonus=loan.bad_debt_bonus,
        full_ltv=loan.full_ltv,
        full_below=loan.full_below_usd,
        min_leftover=loan.min_leftover_usd,
        oracle_step=loan.oracle_step,
    )


def _costs(config: VenueConfig, study: StudyVenue, bar_seconds: int) -> vp.Costs:
    opening, swap = resolved(config.opening, Route), resolved(config.swap, Route)
    transfer = resolved(config.transfer, Route)
    delay = math.ceil(transfer.delay_seconds / bar_seconds)
    if config.has("study_costs"):
        gas, moving = study.gas_usd, study.transfer_cost_usd
        return vp.Costs(from_bps(opening.cost_bps), 0.0, gas, 0.0, moving, 0.0, delay)
    return vp.Costs(
        open_fee=from_bps(opening.cost_bps),
        flash_fee=from_bps(resolved(config.lending, LendingMarket).flash_loan_fee_bps),
        gas=opening.cost_usd,
        swap_fee=from_bps(swap.cost_bps),
        transfer_usd=transfer.cost_usd,
        transfer_rate=from_bps(transfer.cost_bps),
        delay_bars=delay,
    )


def _policy(config: VenueConfig) -> vp.Policy:
    entry = -math.inf if config.entry_apy is None else config.entry_apy
    leave = entry if config.exit_apy is None else config.exit_apy
    return vp.Policy(
        kind=POLICY_KINDS.index(config.policy),
        trigger=config.trigger_leverage,
        ltv_band=config.ltv_band,
        margin_band=config.margin_band,
        distance=config.distance,
        sigma_multiple=config.sigma_multiple,
        has_deleverage=config.has_deleverage,
        reserve=config.reserve,
        entry_apy=entry,
        exit_apy=leave,
        response=RESPONSES.index(config.response),
    )


def check_window(market: Market, config: VenueConfig) -> None:
    """Refuse bars that the config cannot be run on.

    Parameters
    ----------
    market : Market
        Cut to the run's window.
    config : VenueConfig

    Raises
    ------
    ConfigError
        The trader looks more often than there are bars, or the venue is gone.
    """
    if config.monitor_seconds % market.bar_seconds:
        raise ConfigError(
            f"monitor: {config.monitor_seconds} s is no multiple of the bars of "
            f"{market.bar_seconds} s. Monitor less often or import finer bars."
        )
    until = resolved(config.perp, PerpVenue).valid_until
    if until is not None and market.end.date() > until:
        raise ConfigError(
            f"perp {resolved(config.perp, PerpVenue).name}: it ended on {until}; the run goes to "
            f"{market.end:%Y-%m-%d}. End the run before."
        )
