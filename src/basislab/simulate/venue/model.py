"""The venue engine's line of the table: bars of any width, its own accounts, a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from basislab.kernels.events import LEG_NAMES, EventLog
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import starts, step, totals
from basislab.kernels.venue.ahead import Ahead, look_ahead
from basislab.kernels.venue.bars import Bars
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.record import COLUMNS
from basislab.kernels.venue.state import NOTHING
from basislab.simulate.books import check_books
from basislab.simulate.model import Run, Starts, logged
from basislab.simulate.venue.bars import check_window, lower_bars
from basislab.simulate.venue.params import lower_many, lower_params
from basislab.simulate.venue.prices import price_sources
from basislab.types.market import FloatArray, IntArray, Market
from basislab.types.result import Result
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import CONVENTIONS, POLICY_DECISIONS, VenueConfig, resolved
from basislab.types.venue_result import PARENTS, VenueLedger, VenueResult
from basislab.types.venue_terms import LendingMarket, PerpVenue, Route
from basislab.units import SECONDS_PER_DAY

COUNTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "rebalances": (ev.REBALANCE, ()),
    "deleverages": (ev.DELEVERAGE, ()),
    "reopenings": (ev.REOPEN, ()),
    "liquidations_long": (ev.LIQUIDATION, ("long", "both")),
    "liquidations_short": (ev.LIQUIDATION, ("short", "both")),
    "resizes": (ev.RESIZE, ()),
}
"""What is counted of a run's events: their kind, and on which legs; on any where none is named."""

_COUNTED = np.array(
    [
        (kind, sum(1 << LEG_NAMES.index(leg) for leg in legs or LEG_NAMES))
        for kind, legs in COUNTS.values()
    ]
)
"""The same as the kernel reads it: legs as bits."""

IN_LIQUIDATIONS: Mapping[str, tuple[str, ...]] = {
    "perp": (
        "liquidation_fee_bps",
        "liquidation_slippage_bps",
        "liquidator_fee",
        "insurance_fee",
        "mark_step",
    ),
    "lending": ("close_factor", "bonus", "max_bonus", "bad_debt_bonus", "oracle_step"),
}
"""Constants by role that are read where a leg is liquidated, and nowhere else."""


@dataclass(frozen=True)
class VenueModel:
    """How the venue engine is run; many configurations run by run."""

    kernel: Any = step
    names: ModuleType = ev
    result: type[Result] = VenueResult
    refuses: bool = True
    piece_bars: int = 1_000_000  # some ten milliseconds
    lanes: int = 1
    in_liquidations: frozenset[str] = frozenset(
        f"{role}.{name}" for role, names in IN_LIQUIDATIONS.items() for name in names
    )
    columns: tuple[str, ...] = (
        "final",
        "drawdown",
        "lowest_debt",
        "naked_bars",
        *COUNTS,
        *Accounts._fields,
    )
    counted: tuple[str, ...] = (*COUNTS, "liquidations", "naked_bars")

    def check_market(self, market: Market) -> None:
        """Take bars of any width."""

    def check(self, market: Market, config: VenueConfig) -> None:
        """Refuse what the venues would not open, a trigger that no leg can fire, unfit bars."""
        config.check_feasible(market.start.date())
        check_window(market, config)

    def series(self, config: VenueConfig) -> tuple[Hashable, ...]:
        """Return all that lowered bars and their sums hang on, a policy's memory included."""
        perp, loan = resolved(config.perp, PerpVenue), resolved(config.lending, LendingMarket)
        study = resolved(config.study, StudyVenue).taker_fee_bps
        return (
            (perp.funding, perp.funding_price, perp.procedure, perp.taker_fees, perp.volume_fees),
            (perp.valid_until,),
            (perp.funding_cap, config.faults, loan.lends, loan.dated),
            (config.volume_usd, config.protocol, config.monitor_seconds, config.collateral_yield),
            (config.conventions, study),
            perp.funding_price,
            _memory(config),
        )

    def remembers(self, config: VenueConfig) -> bool:
        """Whether the policy looks at more than the present."""
        return bool(_memory(config))

    def lower_bars(self, market: Market, config: VenueConfig) -> Bars:
        """Return the arrays that the engine reads."""
        return lower_bars(market, config, price_sources(market, config))

    def lower_params(self, config: VenueConfig, bar_seconds: int) -> Params:
        """Return the engine's parameters."""
        return lower_params(config, bar_seconds)

    def closes(self, market: Market, config: VenueConfig) -> FloatArray:
        """Return the perpetual's price."""
        return price_sources(market, config).perp.close

    def ledger(self, accounts: Mapping[str, float]) -> VenueLedger:
        """Return the ledger under the study's names and the engine's own."""
        return VenueLedger.of(accounts)

    def count(self, rows: FloatArray) -> dict[str, int]:
        """Count events by kind and leg."""
        found = np.empty(len(COUNTS))
        totals.tallied(EventLog(rows, np.array([len(rows)])), _COUNTED, found)
        return dict(zip(COUNTS, map(int, found), strict=True))

    def warnings(self, run: Run) -> list[str]:
        """Name odd choices, prices that stand in, bars without data, and what others bore."""
        part, config, ledger = run.market, run.config, run.ledger
        found = [
            *config.warnings(),
            *_other_coins(part, config),
            *_wide_bars(part, config),
            *price_sources(part, config).notes,
        ]
        if not resolved(config.lending, LendingMarket).lends:
            lenders = [key[0] for key in part.supply if key[1] == part.quote]
            stands = f"what {part.quote} earns at {lenders[0]}" if lenders else "none"
            found.append(f"the coin is held, nothing is lent: the hurdle is {stands}")
        for label, series in part.series().items():
            missing = int((~series.observed).sum())
            if missing:
                found.append(f"{label}: {missing} of {len(part)} bars hold the value before them")
        if any(event.kind == "ruined" for event in run.events):
            found.append("ruined: nothing was left and the run ended there")
        if ledger.loss_borne_by_venue > 0:
            found.append(
                f"venues and lenders bore {ledger.loss_borne_by_venue:,.2f} USD; without that the "
                f"result is {ledger.total - ledger.loss_borne_by_venue:+,.2f} USD"
            )
        return found

    def extras(self, outcome: step.Outcome) -> dict[str, Any]:
        """Return the record of every close."""
        outcome.record.setflags(write=False)
        return {
            "record": outcome.record,
            "record_names": COLUMNS,
            "naked_bars": int(outcome.naked_bars),
        }

    @property
    def shown(self) -> dict[str, tuple[str, ...]]:
        """The ledger's parents, then its accounts (USD), counts, and the lowest debt (USD)."""
        parents = {f"{name}_usd": children for name, children in PARENTS.items()}
        accounts = {f"{name}_usd": (name,) for name in Accounts._fields}
        counts = {name: (name,) for name in COUNTS}
        return {
            **(parents | {name: accounts[name] for name in accounts if name not in parents}),
            **counts,
            "liquidations": ("liquidations_long", "liquidations_short"),
            "naked_bars": ("naked_bars",),
            "lowest_debt_usd": ("lowest_debt",),
        }

    def rows(self, configs: Sequence[VenueConfig]) -> Sequence[VenueConfig]:
        """Return the configurations: each is lowered where it is run."""
        return configs

    def table(self, rows: Sequence[VenueConfig], bars: Bars, bar_seconds: int) -> FloatArray:
        """Run configurations one after the other on the same bars."""
        log = ev.new_log(ev.EVENTS_A_BAR * len(bars.funding) + 2)
        made, scratch = np.empty((len(rows), len(self.columns))), totals.new_scratch(0)
        for params, positions, decisions in lower_many(rows, bar_seconds):
            ahead, part = _ahead(params, bars), np.empty((len(positions), made.shape[1]))
            totals.tabulated(params, decisions, bars, ahead, NOTHING, _COUNTED, log, scratch, part)
            made[positions] = part
        accounts = made[:, -len(Accounts._fields) :]
        check_books(accounts, made[:, 0], np.array([config.capital_usd for config in rows]))
        return made

    def identity(self, config: VenueConfig) -> tuple[Hashable, ...]:
        """Return the model and the config without what its policy does not look at."""
        policy: dict[str, Any] = {n: 0.0 for names in POLICY_DECISIONS.values() for n in names}
        policy |= {name: getattr(config, name) for name in POLICY_DECISIONS[config.policy]}
        trigger = config.trigger_leverage if config.policy == "trigger" else 1.0
        return (config.model, replace(config, trigger=trigger, **policy))

    def curve(self, outcome: step.Outcome) -> FloatArray:
        """Return the equity at every close, the last one after closing costs."""
        outcome.equity[-1] = outcome.final
        return np.asarray(outcome.equity)

    def ahead(self, params: Params, bars: Bars) -> Ahead:
        """Return the running products and sums that quiet bars are left alone by."""
        return _ahead(params, bars)

    def starts(self, params: Params, bars: Bars, ahead: Ahead, firsts: IntArray) -> Starts:
        """Run from each of the bars `firsts` to the last, to rounding, without curves."""
        kept = starts.starts(params, bars, ahead, firsts, NOTHING)
        check_books(kept.accounts, kept.final, np.full(len(firsts), params.capital))
        return Starts(kept.final, kept.is_sunk)

    def liquidations(self, outcome: step.Outcome) -> IntArray:
        """Return the bars on which a leg was liquidated."""
        rows = logged(outcome)
        return np.asarray(rows[rows[:, 1] == ev.LIQUIDATION, 0], dtype=np.int64)

    def trial_notes(self, market: Market, config: VenueConfig, outcome: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Name odd choices, other coins' constants and prices that stand in."""
        return (
            *config.warnings(),
            *_other_coins(market, config),
            *price_sources(market, config).notes,
        )


_AHEAD: deque[tuple[Bars, int, Ahead]] = deque(maxlen=4)


def _ahead(params: Params, bars: Bars) -> Ahead:
    """Return the running sums of lowered bars; those of the last few are kept."""
    priced = params.perp.funding_price
    for known, price, ahead in tuple(_AHEAD):
        if known is bars and price == priced:
            return ahead
    ahead = look_ahead(bars, priced)
    _AHEAD.append((bars, priced, ahead))
    return ahead


def _memory(config: VenueConfig) -> tuple[Hashable, ...]:
    """Return what a policy's memory hangs on: it begins with the run. Empty without one."""
    found: list[Hashable] = []
    if config.policy == "volatility":
        found.append(resolved(config.transfer, Route).delay_seconds)
    if config.entry_apy is not None or config.exit_apy is not None:
        found += [config.share, config.leverages.long, config.lookback_days]
    return tuple(found)


def _wide_bars(part: Market, config: VenueConfig) -> list[str]:
    """Say that bars of a day are too wide for the venues' own rules."""
    if part.bar_seconds < SECONDS_PER_DAY or set(CONVENTIONS) <= set(config.conventions):
        return []
    text = (
        "bars of a day: a transfer takes a whole day here, so this is no result; bl.ensemble gives "
        "an interval over paths within the days"
    )
    return [text]


def _other_coins(part: Market, config: VenueConfig) -> list[str]:
    """Say whose constants are another coin's than the market's."""
    terms = (config.perp, config.lending, config.opening, config.swap, config.transfer)
    return [
        f"the constants of {one.name} are those of {one.asset}, and the market is {part.asset}"
        for one in terms
        if not isinstance(one, str) and one.asset not in (None, part.asset)
    ]
