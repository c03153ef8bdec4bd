"""What the engine would have done from the same start on the same hours, by a policy of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.errors import ConfigError
from basislab.position.replay.books import Hours, moment
from basislab.position.replay.log import Log
from basislab.types.market import Market
from basislab.types.venue_config import PolicyKind, VenueConfig
from basislab.units import SECONDS_PER_HOUR

LEVERAGE_STEP = 0.01
"""Leverages are those of the log, rounded to so much: a fill price is not the hour's close."""


@dataclass(frozen=True)
class Start:
    """What was held at first: coins sold and lent, debt, margin, and the hour's close."""

    bar: int
    price: float
    sold: float
    lent: float
    debt_usd: float
    margin_usd: float

    @property
    def capital_usd(self) -> float:
        """Equity of both legs."""
        return self.lent * self.price - self.debt_usd + self.margin_usd

    @property
    def leverages(self) -> tuple[float, float]:
        """Of the long and of the short."""
        worth = self.lent * self.price
        return worth / (worth - self.debt_usd), self.sold * self.price / self.margin_usd


@dataclass(frozen=True)
class Alone:
    """A run of the engine from the log's start; USD, signed from our side."""

    policy: str
    start: Start
    accounts: dict[str, float]
    events: dict[str, int]
    change_usd: float


def start_of(log: Log, hours: Hours, margin_usd: float) -> Start:
    """Return where the log starts: its first balance of the loan, its first sale.

    Raises
    ------
    ConfigError
        No such balance or sale, or a loan that is not above water.
    """
    balances = [row for row in log.loan if row.event == "balance"]
    sales = [fill for fill in log.fills if fill.before + fill.coins < 0]
    if not balances or not sales:
        raise ConfigError(
            "replay: the engine needs a start. The log must hold a fill after which coins are "
            "sold, and a balance of the loan."
        )
    bar = hours.bar_of(sales[0].time / 1_000)
    if bar is None:
        raise ConfigError(
            f"replay: the first sale, {moment(sales[0].time / 1_000)}, is outside the market."
        )
    # Orders fill in parts: what is held when the hour ends is what was opened.
    opened = [fill for fill in log.fills if fill.time / 1_000 < hours.ends[bar]]
    sold = -(opened[-1].before + opened[-1].coins)
    start = Start(bar, float(hours.spot[bar]), sold, balances[0].coins, balances[0].usd, margin_usd)
    if sold <= 0 or start.lent * start.price <= start.debt_usd or margin_usd <= 0:
        raise ConfigError(
            "replay: the start has no short, no margin, or a loan that is worth less than its debt."
        )
    return start


def engine_alone(
    log: Log,
    market: Market,
    hours: Hours,
    *,
    margin_usd: float,
    policy: PolicyKind,
    perp: str,
    lending: str,
) -> Alone:
    """Run the engine with the log's capital and leverages over the log's hours."""
    from basislab.api import backtest
    from basislab.types.venue_result import VenueResult

    start = start_of(log, hours, margin_usd)
    long, short = (max(round(one / LEVERAGE_STEP) * LEVERAGE_STEP, 1.0) for one in start.leverages)
    config = VenueConfig(
        long_leverage=long,
        short_leverage=short,
        capital_usd=start.capital_usd,
        policy=policy,
        perp=perp,
        lending=lending,
    )
    last = int(np.searchsorted(hours.ends, log.span[1] + SECONDS_PER_HOUR / 4))
    part = market.part(slice(start.bar, max(last, start.bar + 2)))
    result = backtest(part, config, accept_quality=True)
    assert isinstance(result, VenueResult)  # noqa: S101 - of a VenueConfig
    kinds = [event.kind for event in result.event_list]
    return Alone(
        policy,
        start,
        dict(result.ledger.accounts),
        {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        result.ledger.total,
    )
