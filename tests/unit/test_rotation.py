"""The floor, by hand: 10 000 USD at 2x from 100, notional 10 000, maintenance 5 %.

Liquidation prices are 100 * (1 -/+ 0.95 / 2) = 52.5 and 147.5; nearer than 10 % of the extreme are
a low under 58.33 and a high over 134.09. No costs, no rates; high and low are the close.
"""

from __future__ import annotations

import pytest

from basislab.types import RotationConfig
from tests.builders import kinds, simulate_free

COSTS = {"taker_fee_bps": 3.5, "gas_usd": 2}
EXACT = {"maintenance_margin": 0}
"""Without maintenance the liquidation prices of 100 are 50 and 150, exactly."""


def rotate(close, **given):
    return simulate_free(RotationConfig, close, **given)


def exits(result):
    return [(e.bar, e.reason) for e in result.event_list if e.kind == "close"]


def test_it_accrues_from_the_day_after_the_opening():
    """Carry 10 000 * 1 % - 5 000 * 0.4 % = 80, funding 0.5 % = 50; the next day on 10 130."""
    result = rotate([100.0] * 3, supply=0.01, borrow=0.004, funding=0.005)
    assert result.equity_usd.tolist() == pytest.approx([10_000.0, 10_130.0, 10_130.0 * 1.013])
    assert result.ledger.carry == pytest.approx(80 * 2.013)
    assert result.ledger.funding == pytest.approx(50 * 2.013)


def test_opening_pays_the_round_trip_at_once():
    """10 000 * (15 + 2 * 3.5) bps = 22, gas 2; the next day's notional is 9 976."""
    result = rotate([100.0] * 2, open_fee_bps=15, venue=COSTS, funding=0.01)
    assert result.equity_usd.tolist() == pytest.approx([9_976.0, 9_976.0 * 1.01])
    assert (result.ledger.trading_fees, result.ledger.gas) == pytest.approx((-22.0, -2.0))
    assert result.event_list[0].cost_usd == pytest.approx(24.0)


def test_an_exit_costs_no_fee_and_reopening_costs_all_of_it():
    """Closed on day 1, opened again on day 2: 22 + 2 twice, the second on 9 976."""
    result = rotate([100.0, 57.0, 57.0], open_fee_bps=15, venue=COSTS)
    assert kinds(result) == [(0, "open", None), (1, "close", "buffer_long"), (2, "open", None)]
    assert result.equity_usd[1] == pytest.approx(9_976.0)
    assert result.equity_usd[2] == pytest.approx(9_976.0 * (1 - 22e-4) - 2)
    assert result.counts == {"rotations": 2, "liquidations": 0}


def test_price_moves_never_enter_its_books():
    result = rotate([100.0, 130.0, 70.0, 120.0], buffer=0)
    assert result.equity_usd.tolist() == [10_000.0] * 4
    assert result.ledger.revaluation == 0.0


@pytest.mark.parametrize(
    ("low", "high", "reason", "touched"),
    [
        (58.34, 100.0, None, 0),
        (58.33, 100.0, "buffer_long", 0),
        (52.51, 100.0, "buffer_long", 0),
        (52.5, 100.0, "liquidation_long", 1),
        (100.0, 134.09, None, 0),
        (100.0, 134.10, "buffer_short", 0),
        (100.0, 147.49, "buffer_short", 0),
        (100.0, 147.5, "liquidation_short", 1),
        (58.33, 134.10, "buffer_short", 0),  # the later rule replaces the reason
        (52.5, 134.10, "buffer_short", 1),  # ... also that of a liquidation
        (58.33, 147.5, "liquidation_short", 1),
        (52.5, 147.5, "liquidation_short", 2),
    ],
)
def test_the_exit_rules_and_their_order(low, high, reason, touched):
    """5 % of the capital once, where the recorded reason is a liquidation; each side counts."""
    result = rotate([100.0, 100.0], low=[100, low], high=[100, high])
    assert ([(1, reason)] if reason else []) == exits(result)
    assert result.counts["liquidations"] == touched
    is_penalised = reason is not None and reason.startswith("liquidation")
    assert result.ledger.liquidation_penalty == (-500.0 if is_penalised else 0.0)
    assert result.final_usd == (9_500.0 if is_penalised else 10_000.0)


def test_the_penalty_is_an_event_before_its_close():
    result = rotate([100.0, 100.0], low=[100, 50], high=[100, 150])
    penalty, close = result.event_list[1:]
    assert (penalty.kind, penalty.leg, penalty.penalty_usd) == (
        "liquidation_penalty",
        "both",
        500.0,
    )
    assert (penalty.equity_usd, close.equity_usd) == (9_500.0, 9_500.0)
    assert (close.kind, close.leg, close.reason) == ("close", "both", "liquidation_short")


def test_an_exit_without_touch_has_no_leg():
    assert rotate([100.0, 57.0]).event_list[1].leg is None


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [
        (100.0, 100.0, None),  # (100 - 50)/100 and (150 - 100)/100 are not below 0.5
        (99.0, 99.0, "buffer_long"),
        (101.0, 101.0, "buffer_short"),
    ],
)
def test_a_distance_equal_to_the_buffer_is_far_enough(low, high, reason):
    result = rotate([100.0, 100.0], low=[100, low], high=[100, high], buffer=0.5, venue=EXACT)
    assert ([(1, reason)] if reason else []) == exits(result)


@pytest.mark.parametrize(("low", "high"), [(50.01, 100.0), (100.0, 149.99)])
def test_without_buffer_only_a_touch_closes(low, high):
    """Buffer 0: the unmanaged position."""
    result = rotate([100.0, 100.0], low=[100, low], high=[100, high], buffer=0, venue=EXACT)
    assert exits(result) == []


def test_the_opening_day_is_not_checked():
    result = rotate([100.0], low=[1.0], high=[1_000.0])
    assert kinds(result) == [(0, "open", None)]


def test_liquidation_prices_stay_those_of_the_entry_until_it_reopens():
    """100 to 130 to 57: still the buffer of 52.5. Reopened at 57, the price of 57 is fine."""
    result = rotate([100.0, 130.0, 57.0, 57.0, 57.0])
    assert kinds(result) == [(0, "open", None), (2, "close", "buffer_long"), (3, "open", None)]


def test_it_reopens_on_the_last_day_too():
    result = rotate([100.0, 57.0, 57.0], open_fee_bps=15)
    assert kinds(result)[-1] == (2, "open", None)
    assert result.final_usd == pytest.approx(10_000 * (1 - 15e-4) ** 2)


class TestMinimumApy:
    """The mean of the last 7 deployed days, times 365, below the minimum."""

    def test_seven_deployed_days_are_needed(self):
        """Days 1 to 7 are deployed: the rule fires on day 7."""
        assert exits(rotate([100.0] * 7, min_apy=0.01)) == []
        assert exits(rotate([100.0] * 8, min_apy=0.01)) == [(7, "min_apy")]

    def test_the_window_survives_a_rotation(self):
        """Reopened on day 8, day 9 is the eighth deployed one: it fires at once."""
        assert exits(rotate([100.0] * 10, min_apy=0.01)) == [(7, "min_apy"), (9, "min_apy")]

    def test_days_without_a_position_are_not_in_the_window(self):
        """Days 1, 2, 4, ..., 8 are deployed: the seventh is day 8, not day 7."""
        result = rotate([100.0, 100.0, 57.0, 57.0] + [57.0] * 5, min_apy=0.01)
        assert exits(result) == [(2, "buffer_long"), (8, "min_apy")]

    def test_a_mean_at_the_minimum_is_enough(self):
        assert exits(rotate([100.0] * 9, min_apy=0.0)) == []

    def test_it_looks_at_the_last_seven(self):
        """1 % on day 1 alone: the mean of days 1 to 7 is 52 % a year, of 2 to 8 nothing."""
        result = rotate([100.0] * 9, funding=[0.0, 0.01] + [0.0] * 7, min_apy=0.5)
        assert exits(result) == [(8, "min_apy")]

    def test_a_day_is_measured_on_the_capital_it_began_with(self):
        """2x and 1 %: 100 of 10 000, then 101 of 10 100; the mean is 3.65 a year on the dot."""
        assert exits(rotate([100.0] * 8, funding=0.01, min_apy=3.649)) == []
        assert exits(rotate([100.0] * 8, funding=0.01, min_apy=3.651)) == [(7, "min_apy")]

    def test_it_replaces_a_liquidation_and_its_penalty(self):
        """Touched on day 7: the side counts, nothing is charged."""
        result = rotate([100.0] * 8, low=[100] * 7 + [50], min_apy=0.01)
        assert exits(result) == [(7, "min_apy")]
        assert result.counts["liquidations"] == 1
        assert result.final_usd == 10_000.0

    def test_without_a_minimum_there_is_no_rule(self):
        assert exits(rotate([100.0] * 9, funding=-0.001)) == []


class TestCapital:
    """With 100 USD or less it does not reopen; what falls to zero is ruined."""

    @pytest.mark.parametrize(("capital", "is_reopened"), [(125.0, False), (125.1, True)])
    def test_it_reopens_above_100(self, capital, is_reopened):
        """A penalty of 20 % leaves 100 of 125, which is not above 100."""
        result = rotate([100.0, 50.0, 50.0], capital_usd=capital, venue={"rotation_penalty": 0.2})
        assert result.counts["rotations"] == 1 + is_reopened

    def test_the_first_opening_asks_for_no_minimum(self):
        assert kinds(rotate([100.0], capital_usd=50)) == [(0, "open", None)]

    def test_ruined_by_funding(self):
        """-120 % of 10 000 leave -2 000, which are forgiven."""
        result = rotate([100.0] * 4, funding=[0.0, -1.2, 0.0, 0.0])
        assert kinds(result) == [(0, "open", None), (1, "ruined", None)]
        assert result.equity_usd.tolist() == [10_000.0, 0.0, 0.0, 0.0]
        assert result.ledger.shortfall == pytest.approx(2_000.0)

    def test_ruined_at_zero(self):
        """-100 %: nothing is left, nothing is forgiven."""
        result = rotate([100.0] * 3, funding=[0.0, -1.0, 0.0])
        assert kinds(result)[-1] == (1, "ruined", None)
        assert result.ledger.shortfall == 0.0

    def test_ruined_by_the_penalty(self):
        result = rotate([100.0, 50.0, 50.0], venue={"rotation_penalty": 1})
        assert kinds(result)[-2:] == [(1, "close", "liquidation_long"), (1, "ruined", None)]
        assert result.ledger.liquidation_penalty == -10_000.0

    def test_ruined_by_the_costs_of_opening(self):
        """25 000 of gas due, 10 000 paid."""
        result = rotate([100.0] * 3, venue={"gas_usd": 25_000}, funding=0.01)
        assert kinds(result) == [(0, "open", None), (0, "ruined", None)]
        assert result.equity_usd.tolist() == [0.0] * 3
        assert result.ledger.gas == -10_000.0
