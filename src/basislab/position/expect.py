"""How likely a liquidation is from here: the engine's Monte-Carlo from a held position."""

from __future__ import annotations

from dataclasses import dataclass, replace

from basislab.errors import ConfigError
from basislab.position.start import start_state_of
from basislab.position.state import state_of
from basislab.position.types import Loan, Position, Short
from basislab.types.constants import MarginTier
from basislab.types.market import Market
from basislab.types.venue_config import PolicyKind, VenueConfig
from basislab.types.venue_terms import LendingMarket, PerpVenue

HORIZONS = (1, 7, 30, 90)
"""Days."""

PATHS = 2_000

POLICIES: dict[str, PolicyKind] = {"nothing is done": "never", "by the policy": "distance"}
"""What is done on the paths, in words, and the engine's name for it."""

_LENDERS = {"aave": "aave-v3"}
"""Venues of a position whose preset has another name."""


@dataclass(frozen=True)
class Expected:
    """P(liquidation) within so many days: of either leg, of the loan, of the short.

    `error` is the Monte-Carlo's standard error of `either`.
    """

    policy: str
    days: int
    either: float
    loan: float
    short: float
    error: float | None


def expected(
    position: Position, market: Market, *, paths: int = PATHS, seed: int = 0
) -> tuple[Expected, ...]:
    """Return the probabilities for doing nothing, and for the policy of the file.

    Paths begin at the market's last close, with the position's own limits; debt, margin and entry
    are scaled to it, so that both distances are today's.

    Raises
    ------
    ConfigError
        A leg is missing or its mode has no liquidation price; a market of another coin.
    DataError
        The market lacks a series.
    """
    from basislab.api import montecarlo

    short, loan = position.short, position.loan
    if short is None or loan is None or short.margin_mode == "portfolio":
        raise ConfigError(
            "P(liquidation): both legs are wanted, and a margin mode whose liquidation price is "
            "computed. Leave --market out."
        )
    if market.asset != position.coin:
        raise ConfigError(
            f"market {market.name!r}: it is of {market.asset}, the position of {position.coin}."
        )
    config = _config(position, short, loan)
    start = start_state_of(at_close(position, market, config))
    found: list[Expected] = []
    for name, policy in POLICIES.items():
        run = montecarlo(
            market,
            replace(config, policy=policy),
            paths=paths,
            days=HORIZONS[-1],
            seed=seed,
            horizons=HORIZONS,
            from_day="now",
            start_state=start,
            block_check=False,
            history_error=False,
        )
        for days in HORIZONS:
            key = f"liquidation_{days}d"
            found.append(
                Expected(
                    name,
                    days,
                    run.value(key),
                    run.value(f"liquidation_long_{days}d"),
                    run.value(f"liquidation_short_{days}d"),
                    run.errors(key).get("montecarlo"),
                )
            )
    return tuple(found)


def at_close(position: Position, market: Market, config: VenueConfig) -> Position:
    """Return the position with all USD scaled from its own prices to the market's last close."""
    from basislab.simulate.venue import price_sources

    short, loan = position.short, position.loan
    assert short is not None  # noqa: S101 - the caller looked
    assert loan is not None  # noqa: S101
    prices = price_sources(market, config)
    mark = float(prices.mark.close[-1]) / short.mark_usd
    oracle = float(prices.oracle.close[-1]) / loan.price_usd
    scaled = {name: getattr(short, name) * mark for name in ("entry_usd", "mark_usd", "margin_usd")}
    owed = {name: getattr(loan, name) * oracle for name in ("debt_usd", "price_usd")}
    return position.model_copy(
        update={
            "short": short.model_copy(update=scaled),
            "loan": loan.model_copy(update=owed),
            "idle_usd": position.idle_usd * mark,
        }
    )


def _config(position: Position, short: Short, loan: Loan) -> VenueConfig:
    from basislab.presets.terms import load_lending, load_perp, resolve

    perp: PerpVenue = load_perp(short.venue)
    lending: LendingMarket = load_lending(_LENDERS.get(loan.venue, loan.venue))
    tiers = tuple(MarginTier(bound, rate, 1 / (2 * rate)) for bound, rate in short.margin_tiers)
    state = state_of(position, None)
    legs = [leg.leverage for leg in (state.loan, state.short) if leg]
    if None in legs or len(legs) < 2:
        raise ConfigError("P(liquidation): a leg is under water. Leave --market out.")
    long_leverage, short_leverage = (max(one or 1.0, 1.0) for one in legs)
    lending = replace(lending, liquidation_ltv=loan.liquidation_ltv, max_ltv=loan.max_ltv, dated=())
    return resolve(
        VenueConfig(
            long_leverage=long_leverage,
            short_leverage=short_leverage,
            perp=replace(perp, margin_tiers=tiers),
            lending=lending,
            distance=position.policy.act_below,
            band=None,
        )
    )
