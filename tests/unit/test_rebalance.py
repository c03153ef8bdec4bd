"""The study's realistic model, step by step, by hand.

Without further word: 10 000 USD at 2x from a price of 100, so 100 coins in each leg, debt 5 000,
margin 5 000, no costs, no rates; high and low are the close.
"""

from __future__ import annotations

import pytest

from basislab.kernels import rebalance
from basislab.kernels.bars import Bar
from basislab.kernels.events import new_log
from basislab.kernels.ledger import empty_accounts
from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.simulate import lower_config
from basislab.types import RebalanceConfig
from tests.builders import free_config, kinds, simulate_free

COSTS = {"taker_fee_bps": 3.5, "gas_usd": 2}


def params(**given):
    config = free_config(RebalanceConfig, **given)
    return lower_config(rebalance.Params, config, config.perp)


def quiet_bar(close, high=None, low=None):
    return Bar(0, high or close, low or close, close, 0.0, 0.0, 0.0)


def opened(close=100.0, **given):
    return rebalance.open_position(params(**given), quiet_bar(close), new_log(1))


def stepped(state, bar, **given):
    return rebalance.step(params(**given), state, bar, new_log(3))


def test_opening_costs_go_half_on_the_debt_half_off_the_margin():
    """10 000 * (15 + 3.5) bps + 2 = 20.5: debt 5 010.25, margin 4 989.75."""
    state = opened(open_fee_bps=15, venue=COSTS)
    assert state.position == Position(LongLeg(100.0, 5_010.25), ShortLeg(100.0, 100.0, 4_989.75))
    assert (state.accounts.trading_fees, state.accounts.gas) == pytest.approx((-18.5, -2.0))
    assert state.lowest_debt == 5_010.25


def test_the_opening_day_accrues():
    """Lending 1 % of 10 000 less 1 % of 5 000 of debt: 50; funding 1 % of 10 000: 100."""
    result = simulate_free(RebalanceConfig, [100.0], supply=0.01, borrow=0.01, funding=0.01)
    assert (result.ledger.carry, result.ledger.funding) == pytest.approx((50.0, 100.0))
    assert result.final_usd == pytest.approx(10_150.0)


def test_the_opening_day_is_checked_against_its_own_extremes():
    """At a high of 150 the short has nothing left, although it opened at the close of 100."""
    result = simulate_free(RebalanceConfig, [100.0], high=[150.0], low=[100.0])
    assert kinds(result) == [(0, "open", None), (0, "liquidation", "short"), (0, "reopen", None)]


def test_interest_is_earned_in_coin_and_owed_in_dollars():
    """1 % of 100 coins is 1 coin; 2 % of 5 000 is 100; funding 0.5 % of 100 * 110 = 55."""
    bar = Bar(0, 110.0, 110.0, 110.0, 0.01, 0.02, 0.005)
    state = stepped(opened(), bar, trigger=None)
    assert state.position == Position(LongLeg(101.0, 5_100.0), ShortLeg(100.0, 100.0, 5_055.0))
    assert (state.accounts.carry, state.accounts.funding) == pytest.approx((10.0, 55.0))


def test_net_coins_are_marked_with_the_quantities_before_the_accrual():
    """Day 0 earns 1 coin at 100, day 1 another 1.01 at 110: only the first gains from the rise."""
    result = simulate_free(RebalanceConfig, [100.0, 110.0], supply=0.01, trigger=None)
    assert result.ledger.revaluation == pytest.approx(1.0 * 10.0)
    assert result.ledger.carry == pytest.approx(1.0 * 100.0 + 1.01 * 110.0)


def test_what_accrues_today_counts_in_todays_check():
    """Liquidation at 5 000/95 = 52.63; with a day's 1 % of interest at 5 050/95 = 53.16."""
    calm = simulate_free(RebalanceConfig, [100.0, 100.0], low=[100.0, 53.0])
    costly = simulate_free(RebalanceConfig, [100.0, 100.0], low=[100.0, 53.0], borrow=[0.0, 0.01])
    assert calm.counts["liquidations"] == 0
    assert costly.counts["liquidations"] == 1


@pytest.mark.parametrize(
    ("low", "high", "leg"),
    [(50.0, 100.0, "long"), (100.0, 145.0, "short"), (50.0, 145.0, "both"), (55.0, 140.0, None)],
)
def test_each_leg_is_checked_at_its_own_extreme(low, high, leg):
    """The long is gone at 52.63, the short at 10 000/105 * 1.5 = 142.86; both are one event."""
    result = simulate_free(RebalanceConfig, [100.0, 100.0], low=[100, low], high=[100, high])
    legs = [event.leg for event in result.event_list if event.kind == "liquidation"]
    assert ([leg] if leg else []) == legs
    assert result.counts["liquidations"] == len(legs)


def test_a_share_of_the_equity_is_the_penalty_and_of_the_close():
    """Low 40, close 90: the long has 9 000 - 5 000 and loses half of it; the short keeps 6 000."""
    result = simulate_free(RebalanceConfig, [100.0, 90.0], low=[100.0, 40.0])
    event = result.event_list[1]
    assert (event.kind, event.leg, event.penalty_usd) == ("liquidation", "long", 2_000.0)
    assert (event.long_equity_usd, event.short_equity_usd) == (4_000.0, 6_000.0)
    assert event.equity_usd == 8_000.0
    assert result.final_usd == 8_000.0


def test_a_share_of_the_notional_is_the_penalty():
    """2.5 % of 100 * 90 = 225 of the long's 4 000."""
    result = simulate_free(
        RebalanceConfig, [100.0, 90.0], low=[100.0, 40.0], venue={"penalty": ("notional", 0.025)}
    )
    assert result.ledger.liquidation_penalty == pytest.approx(-225.0)
    assert result.final_usd == pytest.approx(10_000.0 - 225.0)


def test_a_share_of_the_notional_is_capped_by_the_equity():
    """Close 52: the long has 5 200 - 5 000 = 200; of 10 % of its notional, 520, it pays these."""
    result = simulate_free(
        RebalanceConfig, [100.0, 52.0], low=[100.0, 50.0], venue={"penalty": ("notional", 0.1)}
    )
    assert result.ledger.liquidation_penalty == pytest.approx(-200.0)
    assert result.ledger.shortfall == 0.0


def test_an_equity_below_zero_is_forgiven_and_booked():
    """Close 45: the long has -500, nothing to penalise; the short's 10 500 are all that is left."""
    result = simulate_free(RebalanceConfig, [100.0, 45.0])
    assert (result.ledger.shortfall, result.ledger.liquidation_penalty) == (500.0, 0.0)
    assert result.final_usd == 10_500.0


def test_both_legs_pay_their_own_penalty():
    """Close 110: the long's 6 000 and the short's 4 000 each lose half: 5 000 are left."""
    result = simulate_free(RebalanceConfig, [100.0, 110.0], low=[100, 40], high=[100, 180])
    assert result.event_list[1].penalty_usd == 5_000.0
    assert result.final_usd == 5_000.0


def test_reopening_pays_for_the_old_short_and_the_new_position():
    """Left 8 000 (see above, less costs): fees on the new notional, on the old short, and gas.

    Opening costs 20.5 leave the long 3 989.75 and the short 5 989.75 at 90. Half of the long's
    goes: T = 7 984.625. Fees T/2 * 2 * 18.5 bps = 14.77155625, 9 000 * 3.5 bps = 3.15, gas 2.
    """
    bar = quiet_bar(90.0, low=40.0)
    state = stepped(opened(open_fee_bps=15, venue=COSTS), bar, open_fee_bps=15, venue=COSTS)
    left = 7_984.625 - 14.771_556_25 - 3.15 - 2
    assert state.position.long.quantity == pytest.approx(left / 2 * 2 / 90)
    assert state.position.long.debt == pytest.approx(left / 2)
    assert state.position.short.contracts == state.position.long.quantity
    assert state.position.short.entry == 90.0
    assert state.position.short.margin == pytest.approx(left / 2)
    assert state.accounts.trading_fees == pytest.approx(-18.5 - 14.771_556_25 - 3.15)
    assert state.accounts.gas == pytest.approx(-4.0)


@pytest.mark.parametrize(("trigger", "is_moved"), [(4.99, True), (5.0, False), (5.01, False)])
def test_capital_is_moved_above_the_trigger(trigger, is_moved):
    """At 125 the short has 2 500 against 12 500: five times, which is not above 5."""
    result = simulate_free(RebalanceConfig, [100.0, 125.0], trigger=trigger)
    assert result.counts["rebalances"] == int(is_moved)


@pytest.mark.parametrize(("trigger", "is_moved"), [(2.99, True), (3.0, False)])
def test_a_stretched_long_counts_like_a_stretched_short(trigger, is_moved):
    """At 75 the long has 2 500 against 7 500: three times."""
    result = simulate_free(RebalanceConfig, [100.0, 75.0], trigger=trigger)
    assert result.counts["rebalances"] == int(is_moved)


@pytest.mark.parametrize(
    ("close", "is_moved"), [(100.0625, False), (100.125, True), (99.875, True)]
)
def test_five_dollars_or_less_are_not_moved(close, is_moved):
    """80 coins: a rise of 1/16 wants 5.00 moved, one of 1/8 wants 10, a fall of 1/8 -10."""
    result = simulate_free(RebalanceConfig, [100.0, close], capital_usd=8_000, trigger=1)
    assert result.counts["rebalances"] == int(is_moved)


def test_a_little_more_than_five_dollars_is_moved():
    """81 coins and a rise of 1/16: 5.0625."""
    result = simulate_free(RebalanceConfig, [100.0, 100.0625], capital_usd=8_100, trigger=1)
    assert result.event_list[1].moved_usd == 5.0625


def test_moving_capital_makes_the_halves_equal_and_costs_both_the_same():
    """At 130: 8 000 and 2 000; 3 000 are borrowed and paid in; 3 USD are shared."""
    state = stepped(
        opened(venue={"transfer_cost_usd": 3}),
        quiet_bar(130.0),
        trigger=3,
        venue={"transfer_cost_usd": 3},
    )
    assert state.position == Position(LongLeg(100.0, 8_001.5), ShortLeg(100.0, 100.0, 7_998.5))
    assert state.accounts == empty_accounts()._replace(transfer_fees=-3.0)


def test_capital_moves_to_the_long_leg_too():
    """At 70: 2 000 and 8 000; debt 5 000 to 2 000, margin 5 000 to 2 000."""
    state = stepped(opened(), quiet_bar(70.0), trigger=3)
    assert state.position == Position(LongLeg(100.0, 2_000.0), ShortLeg(100.0, 100.0, 2_000.0))


def test_debt_below_zero_is_remembered():
    """1x from 100: no debt. At 50, 2 500 and 7 500: 2 500 flow back, the debt is -2 500."""
    state = stepped(opened(leverage=1), quiet_bar(50.0), leverage=1, trigger=0.5)
    assert (state.position.long.debt, state.lowest_debt) == (-2_500.0, -2_500.0)


def test_debt_below_zero_earns_and_is_remembered_through_a_liquidation():
    """-2 500 at 10 % a day is -2 750; that day's high takes the short, the reopened debt is 0."""
    moved = stepped(opened(leverage=1), quiet_bar(50.0), leverage=1, trigger=0.5)
    bar = Bar(1, 1_000.0, 50.0, 50.0, 0.0, 0.1, 0.0)
    state = stepped(moved, bar, leverage=1, trigger=0.5)
    assert state.accounts.carry == 250.0
    assert (state.position.long.debt, state.lowest_debt) == (0.0, -2_750.0)


def test_a_day_with_a_liquidation_moves_nothing_else():
    result = simulate_free(RebalanceConfig, [100.0, 130.0], high=[100.0, 150.0], trigger=1)
    assert [(1, "liquidation", "short"), (1, "reopen", None)] == kinds(result)[1:]


def test_never_does_not_fire_for_a_leg_without_equity():
    """The short has -4 000, hidden by a high of 10: its leverage is 999, which is not above 999."""
    result = simulate_free(
        RebalanceConfig, [100.0, 100.0], high=[100.0, 10.0], funding=[0.0, -0.9], trigger=None
    )
    assert result.counts["rebalances"] == 0
    assert result.final_usd == pytest.approx(1_000.0)


def test_the_short_is_bought_back_at_the_end_outside_of_the_curve():
    """100 * 110 * 3.5 bps = 3.85 (opening: 3.5); no gas, no event."""
    result = simulate_free(RebalanceConfig, [100.0, 110.0], venue={"taker_fee_bps": 3.5})
    assert result.equity_usd.tolist() == pytest.approx([9_996.5, 9_996.5])
    assert result.final_usd == pytest.approx(9_996.5 - 3.85)
    assert result.ledger.trading_fees == pytest.approx(-7.35)
    assert kinds(result) == [(0, "open", None)]


def test_drawdown_is_measured_from_the_capital():
    """Opening costs of 3.5 on 10 000 are a drawdown, the closing costs are not."""
    result = simulate_free(RebalanceConfig, [100.0, 110.0], venue={"taker_fee_bps": 3.5})
    assert result.max_drawdown == pytest.approx(3.5e-4)


def test_a_model_sees_only_the_days_of_its_window(market):
    """Opened on 2025-06-01 at that day's close, whatever came before."""
    from datetime import date

    from basislab import backtest

    result = backtest(market, RebalanceConfig(leverage=3), start=date(2025, 6, 1))
    assert (result.event_list[0].time, result.event_list[0].bar) == ("2025-06-01", 0)
    assert result.event_list[0].price_usd == result.closes[0]


class TestRuin:
    """A run whose equity falls to zero or below ends there, and pays no more than it has."""

    def assert_ruined(self, result, events):
        assert events == kinds(result)
        assert (result.final_usd, result.ledger.total) == (0.0, pytest.approx(-10_000.0))
        ruin = result.event_list[-1].bar
        assert set(result.equity_usd[ruin:].tolist()) == {0.0}
        assert any("ruined" in text for text in result.warnings)

    def test_by_opening_fees(self):
        """100 % of a notional of 10 000 is all there is; 2 USD of gas find nothing."""
        result = simulate_free(
            RebalanceConfig, [100.0, 100.0], open_fee_bps=10_000, venue={"gas_usd": 2}
        )
        self.assert_ruined(result, [(0, "open", None), (0, "ruined", None)])
        assert (result.ledger.trading_fees, result.ledger.gas) == (-10_000.0, 0.0)

    def test_by_gas(self):
        """25 000 due, 10 000 paid."""
        result = simulate_free(RebalanceConfig, [100.0] * 2, venue={"gas_usd": 25_000})
        self.assert_ruined(result, [(0, "open", None), (0, "ruined", None)])
        assert result.ledger.gas == -10_000.0

    def test_by_penalties(self):
        """Both legs lose 100 % of their equity."""
        result = simulate_free(
            RebalanceConfig,
            [100.0, 110.0, 120.0],
            low=[100, 40, 120],
            high=[100, 180, 120],
            venue={"penalty": ("equity", 1.0)},
        )
        self.assert_ruined(
            result, [(0, "open", None), (1, "liquidation", "both"), (1, "ruined", None)]
        )
        assert result.ledger.liquidation_penalty == -10_000.0
        assert result.equity_usd.tolist() == [10_000.0, 0.0, 0.0]

    def test_by_the_costs_of_reopening(self):
        """Gas 6 000 leaves 2 000 a leg; half of that is penalty; 2 000 of 6 000 gas can be paid."""
        result = simulate_free(
            RebalanceConfig,
            [100.0, 100.0, 100.0],
            low=[100, 40, 100],
            high=[100, 180, 100],
            venue={"gas_usd": 6_000},
        )
        self.assert_ruined(
            result, [(0, "open", None), (1, "liquidation", "both"), (1, "ruined", None)]
        )
        assert (result.ledger.gas, result.ledger.liquidation_penalty) == (-8_000.0, -2_000.0)

    def test_by_the_cost_of_a_transfer(self):
        """Moving 3 000 would cost 20 000: the 10 000 that are there."""
        result = simulate_free(
            RebalanceConfig, [100.0, 130.0, 130.0], trigger=3, venue={"transfer_cost_usd": 20_000}
        )
        self.assert_ruined(result, [(0, "open", None), (1, "rebalance", None), (1, "ruined", None)])
        assert result.ledger.transfer_fees == -10_000.0

    def test_by_the_cost_of_a_transfer_to_the_last_cent(self):
        """Lock-in: both legs derived again held 1.1e-13 USD, and the run went on with them."""
        result = simulate_free(
            RebalanceConfig,
            [0.7, 0.875, 0.875],
            leverage=3,
            capital_usd=3_333,
            trigger=3.01,
            venue={"transfer_cost_usd": 10_000},
        )
        assert kinds(result)[-1] == (1, "ruined", None)
        assert result.final_usd == 0.0

    def test_by_rates_with_both_legs_below_zero(self):
        """Interest 200 % of 5 000, funding -120 % of 10 000: legs at -5 000 and -7 000.

        Carry -10 000, funding -12 000, forgiven 12 000: the capital is lost, no more.
        """
        result = simulate_free(
            RebalanceConfig, [100.0, 100.0], borrow=[0.0, 2.0], funding=[0.0, -1.2]
        )
        self.assert_ruined(
            result, [(0, "open", None), (1, "liquidation", "both"), (1, "ruined", None)]
        )
        ledger = result.ledger
        assert (ledger.carry, ledger.funding) == pytest.approx((-10_000.0, -12_000.0))
        assert ledger.shortfall == pytest.approx(12_000.0)

    def test_without_a_liquidation(self):
        """A high of 10 below the close hides the short's -7 000 from the check; 2 000 are short."""
        result = simulate_free(
            RebalanceConfig,
            [100.0, 100.0, 100.0],
            high=[100, 10, 100],
            funding=[0.0, -1.2, 0.0],
            trigger=None,
        )
        self.assert_ruined(result, [(0, "open", None), (1, "ruined", None)])
        assert result.ledger.shortfall == pytest.approx(2_000.0)

    def test_nothing_happens_after_it(self):
        """Rates and crashes of later days find no position."""
        result = simulate_free(
            RebalanceConfig,
            [100.0, 100.0, 10.0, 500.0],
            venue={"gas_usd": 25_000},
            supply=0.01,
            funding=0.01,
        )
        assert result.ledger.total == pytest.approx(-10_000.0)
        assert (result.ledger.carry, result.ledger.funding) == (0.0, 0.0)
