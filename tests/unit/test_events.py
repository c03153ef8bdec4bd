"""The event log: codes, names, columns, and how they reach `Event`."""

from __future__ import annotations

import math

from basislab.kernels import events as ev
from basislab.kernels.events import EventLog, new_log, record
from basislab.kernels.venue import events as venue_events
from basislab.types import Event, RebalanceConfig
from tests.builders import simulate_free


def test_codes_are_the_positions_of_their_names():
    kinds = (ev.OPEN, ev.REBALANCE, ev.LIQUIDATION, ev.REOPEN, ev.CLOSE, ev.LIQUIDATION_PENALTY)
    assert [
        "open",
        "rebalance",
        "liquidation",
        "reopen",
        "close",
        "liquidation_penalty",
        "ruined",
    ] == [ev.KIND_NAMES[kind] for kind in (*kinds, ev.RUINED)]
    assert [None, "long", "short", "both"] == [
        ev.LEG_NAMES[leg] for leg in (ev.NO_LEG, ev.LONG, ev.SHORT, ev.BOTH)
    ]
    reasons = (
        ev.NO_REASON,
        ev.LIQUIDATION_LONG,
        ev.LIQUIDATION_SHORT,
        ev.BUFFER_LONG,
        ev.BUFFER_SHORT,
        ev.MIN_APY,
        ev.APY,
        ev.PROXIMITY,
    )
    assert [
        None,
        "liquidation_long",
        "liquidation_short",
        "buffer_long",
        "buffer_short",
        "min_apy",
        "apy",
        "liquidation_proximity",
    ] == [ev.REASON_NAMES[reason] for reason in reasons]


def test_a_record_fills_one_row():
    log = new_log(1)
    record(log, 7, ev.CLOSE, ev.BOTH, ev.APY, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert log.filled.tolist() == [1]
    assert log.rows[0].tolist() == [7, ev.CLOSE, ev.BOTH, ev.APY, 1, 2, 3, 4, 5, 6]


def test_what_a_record_leaves_out_is_nothing_or_unknown():
    """Amounts are 0, equities NaN, no leg, no reason."""
    log = new_log(1)
    record(log, 0, ev.OPEN)
    assert log.rows[0, :7].tolist() == [0, ev.OPEN, ev.NO_LEG, ev.NO_REASON, 0, 0, 0]
    assert all(math.isnan(value) for value in log.rows[0, 7:])


def test_records_follow_each_other():
    log = new_log(1)
    for bar in range(3):
        record(log, bar, ev.OPEN)
    assert log.rows[: log.filled[0], 0].tolist() == [0.0, 1.0, 2.0]


def test_a_row_has_every_column_and_a_log_room_for_every_event():
    """An opening and, on every bar, liquidation, reopening and ruin."""
    log = new_log(5)
    assert isinstance(log, EventLog)
    assert log.rows.shape == (3 * 5 + 2, len(ev.COLUMNS))


def test_the_logs_columns_are_the_fields_of_an_event():
    """`simulate` hands them over by position."""
    assert Event._fields[6:12] == ev.COLUMNS[4:]
    assert len(Event._fields[6:]) == venue_events.COLUMNS - 4  # a resize has its own
    assert Event._fields[:6] == ("bar", "time", "kind", "leg", "reason", "price_usd")


def test_an_event_carries_its_amounts():
    """2x from 100: 100 coins each. At 130 the short holds 2 000, the long 8 000; 3 000 are moved.

    The transfer costs 3, paid by both.
    """
    result = simulate_free(
        RebalanceConfig, [100.0, 130.0], trigger=3, venue={"transfer_cost_usd": 3}
    )
    event = result.event_list[1]
    assert event == Event(
        bar=1,
        time="2025-01-02",
        kind="rebalance",
        leg=None,
        reason=None,
        price_usd=130.0,
        moved_usd=3_000.0,
        cost_usd=3.0,
        penalty_usd=0.0,
        long_equity_usd=8_000.0,
        short_equity_usd=2_000.0,
        equity_usd=9_997.0,
    )
