"""One bar, and what follows: order of the bar, path, naked leg, transfers, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basislab.errors import ConfigError, DataError
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types.venue_terms import Route
from tests.venue_builders import (
    LOAN,
    PERP,
    costly,
    events_of,
    free_venue_config,
    hourly_market,
)

SLOW = Route(name="slow", kind="transfer", delay_seconds=5_400.0)


def run(rows, *, config=None, **market):
    return simulate(hourly_market(rows, **market), config or free_venue_config())


def test_a_position_opened_at_a_close_accrues_from_the_next_bar_on():
    """2x of 10 000: 10 000 USD of coin. One bar's funding of 1e-4 on it: 1 USD, not two."""
    result = run([100.0, 100.0], funding=1e-4)
    assert 1.0 == pytest.approx(result.ledger.funding)


def monthly(**changes):
    return free_venue_config(monitor_seconds=2_592_000, policy="never", **changes)


def test_interest_is_compound():
    """30 days in one bar: 5 % a year of 10 000 and 8 % of 5 000."""
    rows = {"rows": [100.0, 100.0], "supply": 0.05, "borrow": 0.08, "hours": 720}
    accounts = run(config=monthly(), **rows).ledger.accounts
    assert 10_000 * (1.05 ** (30 / 365) - 1) == pytest.approx(accounts["supply_interest"])
    assert -5_000 * (1.08 ** (30 / 365) - 1) == pytest.approx(accounts["borrow_interest"])


def test_simple_rates_are_the_studys():
    """5 % / 365 * 30 of 10 000."""
    config = monthly(conventions=("simple_rates",))
    result = run([100.0, 100.0], supply=0.05, hours=720, config=config)
    assert 10_000 * 0.05 / 365 * 30 == pytest.approx(result.ledger.carry)


@pytest.mark.parametrize(("kind", "price"), [("oracle", 90.0), ("mark", 100.0), ("perp", 100.0)])
def test_funding_is_paid_on_the_venues_own_notional(kind, price):
    """100 coins; oracle 90, perpetual and mark 100; spot 100 so that 2x is 100 coins."""
    config = free_venue_config(perp=replace(PERP, funding_price=kind), policy="never")
    flat = {"spot": [100.0] * 2, "oracle": [90.0] * 2}
    result = run([100.0, 100.0], funding=0.001, config=config, **flat)
    assert 100 * price * 0.001 == pytest.approx(result.ledger.funding)


def test_the_spread_between_spot_and_perp_is_basis():
    """Spot 100 to 101, perpetual 100 to 100.4: 100 coins times 0.6."""
    result = run([100.0, 100.4], spot=[100.0, 101.0])
    accounts = result.ledger.accounts
    assert (60.0, 0.0) == pytest.approx((accounts["basis"], accounts["net_delta"]))


def test_a_liquidation_happens_at_its_price_and_not_at_the_close():
    """2x: debt 5 000 on 100 coins: liquidated at 66.67. Low 60, close 100: Kamino takes a tenth at
    66.67 (500 for 500.5); spot there 66.67: cost 0.50."""
    result = run([100.0, (100, 100, 60, 100), 100.0], config=free_venue_config(policy="never"))
    [hit] = [event for event in result.event_list if event.kind == "liquidation"]
    assert (1, "long") == (hit.bar, hit.leg)
    price = 5_000 / 75
    assert price == pytest.approx(result.column("liquidation_oracle")[1])
    assert result.ledger.accounts["lending_liquidation"] < 0.0


def test_the_oracle_may_overshoot_by_its_step():
    """Step 2 %: seen at 66.67 * 0.98 = 65.33: LTV 0.7653, bonus 1.53 % instead of 0.1 %."""
    lending = replace(LOAN, oracle_step=0.02)
    config = free_venue_config(policy="never", lending=lending)
    result = run([100.0, (100, 100, 66, 66.5), 66.5], config=config)
    seen = 66.0  # the step would go to 65.33, the bar's low does not
    assert seen == pytest.approx(result.column("liquidation_oracle")[1])
    ltv = 5_000 / (100 * seen)
    assert -500 * (ltv - 0.75) == pytest.approx(
        result.ledger.accounts["lending_liquidation"], rel=1e-9
    )


def test_a_gap_liquidates_at_the_open():
    result = run([100.0, (60, 61, 60, 60), 60.0], config=free_venue_config(policy="never"))
    assert 60.0 == result.column("liquidation_oracle")[1]


def test_the_perps_wick_does_not_touch_the_loan():
    """The perpetual falls to 50 and back; spot and oracle stay: nobody is liquidated."""
    wick = [100.0, (100, 100, 50, 100), 100.0]
    assert run(wick, spot=[100.0] * 3, oracle=[100.0] * 3).counts["liquidations_long"] == 0
    assert run(wick).counts["liquidations_long"] == 1


def test_what_is_left_of_the_margin_is_kept():
    """2x short dies at 150 / 1.025 = 146.34: equity 2.5 % of 14 634 = 365.85 stays, naked above."""
    config = free_venue_config(policy="never", monitor_seconds=86_400)
    result = run([100.0, (100, 150, 100, 150), 150.0], config=config)
    price = 150 / 1.025
    assert price == pytest.approx(result.column("liquidation_mark")[1])
    assert 100 * (150 - price) == pytest.approx(result.ledger.accounts["naked"])
    assert 0.0 == result.ledger.accounts["perp_liquidation"]
    assert 100 * (150 - price) + 10_000 == pytest.approx(result.final_usd)
    assert result.naked_bars == 2


def test_with_one_price_the_order_of_the_extremes_decides_nothing():
    """Isolated legs, no action within a bar: each is liquidated at its own price either way."""
    for row in ((106, 150, 60, 100), (104, 150, 60, 100)):
        finals = {
            run([100.0, row, 100.0], config=unwatched(path_order=order)).final_usd
            for order in ("nearest", "pessimistic")
        }
        assert len(finals) == 1


def unwatched(**changes):
    return free_venue_config(policy="never", monitor_seconds=86_400, **changes)


def test_pessimistic_keeps_the_order_that_leaves_less():
    """The short dies at a mark of 146.34. The low (-44) is nearer than the high (+46): from 60 / 40
    up to 150 the perpetual then stands at 145.53; from the open, 104 to 150, at 146.34. Buying 100
    back there costs 81 more, which pessimistic takes."""
    row, fills = (104, 150, 60, 100), (104, 150, 40, 100)
    other = {name: [100.0, row, 100.0] for name in ("spot", "oracle", "mark")}
    nearest = run([100.0, fills, 100.0], config=unwatched(), **other)
    worse = run([100.0, fills, 100.0], config=unwatched(path_order="pessimistic"), **other)
    mark = 150 / 1.025
    fill = 40 + (mark - 60) / 90 * 110
    assert 100 * (mark - fill) == pytest.approx(nearest.final_usd - worse.final_usd, rel=1e-6)


def test_funding_settles_after_the_bars_liquidations():
    """A short that dies within the bar gets none of the bar's funding."""
    config = free_venue_config(policy="never", monitor_seconds=86_400)
    result = run([100.0, (100, 150, 100, 100)], funding=0.01, config=config)
    assert 0.0 == result.ledger.funding


def test_funding_can_kill_at_the_close():
    """Funding of -50 % eats the margin: the health check at the close sees it."""
    config = free_venue_config(policy="never", monitor_seconds=86_400)
    result = run([100.0, 100.0, 100.0], funding=[0.0, -0.49, 0.0], config=config)
    assert (1, "liquidation", "short") in events_of(result)


def test_a_decision_is_done_at_the_next_open_and_arrives_after_the_delay():
    """Trigger at the close of bar 1; out at the open of bar 2; 90 minutes: there at bar 4."""
    config = free_venue_config(trigger=3.0, transfer=SLOW)
    result = run([100.0, 125.0, 125.0, 125.0, 125.0], config=config)
    assert [(0, "open", None), (2, "rebalance", None), (4, "arrival", None)] == events_of(result)
    assert [0.0, 0.0, 2_500.0, 2_500.0, 0.0] == pytest.approx(result.column("transit_usd"))
    assert np.allclose(result.equity_usd, 10_000.0)


def test_without_delay_it_arrives_at_that_open():
    result = run([100.0, 125.0, 125.0], config=free_venue_config(trigger=3.0))
    assert [(0, "open", None), (2, "rebalance", None), (2, "arrival", None)] == events_of(result)


def test_a_transfer_costs_what_it_costs_and_the_rest_arrives():
    """2 500 moved: 1.50 and 1 bp = 1.75."""
    transfer = Route(name="t", kind="transfer", cost_usd=1.5, cost_bps=1.0)
    result = run([100.0, 125.0, 125.0], config=free_venue_config(trigger=3.0, transfer=transfer))
    assert -1.75 == pytest.approx(result.ledger.transfer_fees)


def test_a_policy_looks_only_when_it_looks():
    """Every four hours: closes at 04:00; the spike of bar 1 has gone by then."""
    config = free_venue_config(trigger=3.0, monitor_seconds=14_400)
    assert [(0, "open", None)] == events_of(run([100, 125, 125, 100, 100], config=config))
    late = run([100.0, 100.0, 100.0, 125.0, 125.0], config=config)
    assert (4, "rebalance", None) in events_of(late)


def test_out_of_the_perp_goes_at_most_what_the_venue_lets_go():
    """At 60: loan equity 1 000, short 9 000: 4 000 wanted; 9 000 - 600 may go: 4 000 moves. With a
    floor of 100 % of notional 3 000 may go."""
    rows = [100.0, (100, 100, 70, 70), 70.0, 70.0]
    free = run(rows, config=free_venue_config(trigger=3.0))
    [move] = [event for event in free.event_list if event.kind == "rebalance"]
    assert -3_000.0 == pytest.approx(move.moved_usd)
    tight = free_venue_config(
        trigger=3.0, perp=replace(PERP, withdrawal_floor=0.9), has_deleverage=False
    )
    [move] = [event for event in run(rows, config=tight).event_list if event.kind == "rebalance"]
    assert -(8_000 - 0.9 * 7_000) == pytest.approx(move.moved_usd)


def test_a_surplus_beyond_zero_debt_is_idle_cash_and_never_negative_debt():
    """1.1x: debt 500; at 70 the short can send 1 650 / 2 more than that."""
    rows = [100.0, 70.0, 70.0, 70.0]
    config = free_venue_config(leverage=1.1, trigger=1.12)
    result = run(rows, config=config)
    assert result.column("idle_usd")[-1] > 0.0
    assert result.column("ltv")[-1] == 0.0
    kept = run(rows, config=replace(config, conventions=("negative_debt",)))
    assert kept.column("idle_usd")[-1] == 0.0


@pytest.mark.parametrize("response", ["rehedge", "reopen", "exit"])
def test_a_naked_leg_is_answered_at_the_next_open(response):
    """The short dies in bar 1, is seen at its close, answered at the open of bar 2."""
    config = free_venue_config(policy="never", response=response)
    result = run([100.0, (100, 150, 100, 150), 150.0, 150.0, 150.0], config=config)
    assert result.naked_bars == 1
    last = result.column("net_coins")[-1]
    assert 0.0 == pytest.approx(last, abs=1e-9)
    done = {"rehedge": "rehedge", "reopen": "reopen", "exit": "close"}[response]
    assert done in {event.kind for event in result.event_list if event.bar == 2}
    held = result.column("long_usd")[-1] > 0.0
    assert held == (response == "reopen")


def test_a_reserve_is_kept_idle_and_used_first():
    """10 % idle: legs of 4 500 each; a stretched short gets the 1 000 before the loan is asked."""
    config = free_venue_config(reserve=0.1, trigger=3.0)
    result = run([100.0, 125.0, 125.0, 125.0], config=config)
    assert 1_000.0 == pytest.approx(result.column("idle_usd")[0])
    assert 0.0 == pytest.approx(result.column("idle_usd")[2])


def test_where_a_transfer_cannot_suffice_both_legs_are_cut():
    """3x at 128: the loan may lend little at 2/3 LTV... with max LTV 70 % not enough: cut."""
    lending = replace(LOAN, max_ltv=0.70, liquidation_ltv=0.75)
    config = free_venue_config(leverage=3.0, trigger=6.0, lending=lending)
    result = run([100.0, 125.0, 125.0, 125.0], config=config)
    assert result.counts["deleverages"] == 1
    assert 0.0 == pytest.approx(result.column("net_coins")[-1], abs=1e-9)
    kept = run([100.0, 125.0, 125.0, 125.0], config=replace(config, has_deleverage=False))
    assert kept.counts["deleverages"] == 0


@pytest.mark.parametrize(
    ("policy", "row", "fires"),
    [
        ({"policy": "bands", "ltv_band": 0.70, "margin_band": 0.1}, 71.0, True),
        ({"policy": "bands", "ltv_band": 0.71, "margin_band": 0.1}, 71.0, False),
        ({"policy": "bands", "ltv_band": 0.74, "margin_band": 0.2}, 125.1, True),
        ({"policy": "bands", "ltv_band": 0.74, "margin_band": 0.19}, 125.0, False),
        ({"policy": "distance", "distance": 0.10}, 74.0, True),
        ({"policy": "distance", "distance": 0.09}, 74.0, False),
        ({"policy": "volatility", "sigma_multiple": 1.0}, 74.0, True),
        ({"policy": "volatility", "sigma_multiple": 0.1}, 74.0, False),
        ({"policy": "never"}, 74.0, False),
    ],
)
def test_when_a_leg_is_stretched(policy, row, fires):
    """71: LTV 5 000 / 7 100 = 0.704. 125: short 2 500 / 12 500 = 0.2. 74: 66.67 is 9.9 % away, and
    one hour's log return of -0.30 is more than that."""
    result = run([100.0, row, row], config=free_venue_config(**policy))
    assert (result.counts["rebalances"] == 1) == fires


def test_entry_and_exit_on_carry():
    """Waits for carry above 5 %, leaves below 0 %: 0.1 % an hour is far above, -0.5 % below."""
    config = free_venue_config(entry_apy=0.05, exit_apy=0.0, lookback_days=1, policy="never")
    funding = [-1e-4] * 3 + [1e-3] * 3 + [-5e-3] * 3
    result = run([100.0] * 9, funding=funding, config=config)
    kinds = [event.kind for event in result.event_list]
    assert ["reopen", "close"] == kinds
    assert result.column("idle_usd")[0] == 10_000.0
    assert result.column("idle_usd")[-1] == pytest.approx(result.final_usd)


def test_an_exit_without_an_entry_is_for_good():
    """Negative carry throughout: one close at the open of bar 2, and no costs of coming back."""
    config = free_venue_config(exit_apy=0.0, lookback_days=1, policy="never")
    result = run([100.0] * 9, funding=-1e-3, config=costly(config))
    assert [(0, "open", None), (2, "close", "carry")] == events_of(result)
    assert result.column("idle_usd")[-1] == pytest.approx(result.final_usd)


def test_an_exit_above_the_entry_is_refused():
    """Between the two the run would open and close at every look."""
    with pytest.raises(ConfigError, match=r"exit_apy 0\.08 is above entry_apy 0\.05"):
        free_venue_config(entry_apy=0.05, exit_apy=0.08)
    assert free_venue_config(entry_apy=0.05, exit_apy=0.05).exit_apy == 0.05


def test_nothing_left_ends_the_run():
    """A costly opening of 100 %: ruined at once, nothing owed."""
    opening = Route(name="o", kind="opening", cost_usd=20_000.0)
    result = run([100.0] * 3, config=free_venue_config(opening=opening))
    assert [(0, "open", None), (0, "ruined", None)] == events_of(result)
    assert (0.0, 0.0) == (result.final_usd, result.equity_usd[-1])


def test_what_the_lenders_bear_is_booked_in_the_open():
    """A gap to 40: value 4 000, debt 5 000: bad debt 5 000 - 4 000 / 1.01, the short has won."""
    config = free_venue_config(policy="never", monitor_seconds=86_400)
    result = run([100.0, 40.0], config=config)
    assert 5_000 - 4_000 / 1.01 == pytest.approx(result.ledger.loss_borne_by_venue)
    assert result.own_return < result.total_return
    assert any("venues and lenders bore" in text for text in result.warnings)


def test_costs_of_opening_and_closing_by_hand():
    """Coins 100 at 100. Opening: (15 + 3) bps of 10 000, 0.1 bps of 5 000, 0.10; the fill
    100 * (1 - 1.14e-4), 4.5 bps. Closing: 3.1 bps of 10 000; fill 100 * (1 + 1.14e-4)."""
    config = costly(free_venue_config(policy="never"))
    result = run([100.0, 100.0], config=config)
    slip = 1e-4 + 1.4e-4 * 10_000 / 100_000
    accounts = result.ledger.accounts
    opening = 18.0 + 0.05 + 10_000 * (1 - slip) * 4.5e-4
    closing = 3.1 + 10_000 * (1 + slip) * 4.5e-4
    assert -(opening + closing) == pytest.approx(accounts["trading_fees"])
    assert -2 * 10_000 * slip == pytest.approx(accounts["slippage"])
    assert -0.1 == accounts["gas"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leverage": 3.9}, "cannot be opened at loan: it stops at 3.85 .its max LTV is 74%"),
        ({"trigger": 40.0}, "no leg can fire it: the loan is liquidated at 4.00"),
        ({"monitor_seconds": 5_400}, "no multiple of the bars of 3600 s"),
        ({"conventions": ("one_prise",)}, "known: one_price"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(changes, message):
    with pytest.raises(ConfigError, match=message):
        run([100.0, 100.0], config=free_venue_config(**changes))


def test_a_trigger_that_only_the_short_can_fire_is_a_warning():
    result = run([100.0, 100.0], config=free_venue_config(trigger=5.0))
    assert any("can only ever be fired by the short" in text for text in result.warnings)


def test_a_market_without_the_series_is_refused():
    with pytest.raises(DataError, match="no supply rate of aave/SOL"):
        run([100.0] * 2, config=free_venue_config(lending=replace(LOAN, protocol="aave")))
    with pytest.raises(DataError, match="no funding of 'x'"):
        run([100.0] * 2, config=free_venue_config(perp=replace(PERP, funding="x")))


def test_one_series_that_stands_in_for_another_is_named():
    result = run([100.0, 100.0])
    assert any("perp perp stands in for the oracle price" in text for text in result.warnings)
    full = hourly_market([100.0] * 2, spot=[100.0] * 2, oracle=[100.0] * 2)
    named = [text for text in simulate(full, free_venue_config()).warnings if "stands in" in text]
    assert ["price: perp perp stands in for the mark price"] == named


def test_fees_change_on_their_date():
    """Dated schedule: 3.5 bps to 2025-01-01T01:00... here from 2025-01-02 on 4.5."""
    from datetime import date

    from basislab.types.constants import DatedFee, VolumeFee

    fees = (DatedFee(date(2020, 1, 1), 3.5), DatedFee(date(2025, 1, 2), 4.5))
    perp = replace(PERP, taker_fees=fees, volume_fees=(VolumeFee(5e6, 4.0),))
    market = hourly_market([100.0] * 30)
    for volume, after in ((0.0, 4.5e-4), (6e6, 4.0e-4)):
        config = free_venue_config(perp=perp, volume_usd=volume)
        taker = lower_bars(market, config, price_sources(market, config)).taker
        assert (3.5e-4, after) == (taker[23], taker[24])


def test_the_delay_is_rounded_up_to_whole_bars():
    config = free_venue_config(transfer=SLOW)
    assert [2, 1] == [lower_params(config, width).costs.delay_bars for width in (3_600, 14_400)]
