"""What a certificate does with losses that the study forgives: they are paid."""

import numpy as np
import pytest

import basislab as bl
from basislab.api import resolve
from basislab.kernels import events as ev
from basislab.kernels.ledger import Accounts
from basislab.kernels.outcome import Outcome
from basislab.research.overfit.runner import Runner
from basislab.simulate import model_of
from basislab.simulate.study.losses import forgiven, unforgiven


@pytest.mark.parametrize("trigger", [6, 8, 10, None])
def test_a_certificate_pays_what_the_study_forgives(market, trigger):
    """The equity less the account `shortfall`, from the day of each liquidation on."""
    config = resolve(bl.RebalanceConfig(leverage=4, trigger=trigger))
    result = bl.backtest(market, config)
    runs = Runner(market, 30)
    paid = forgiven(runs.outcome(config, 0, len(market)))
    assert result.ledger.shortfall > 0
    assert paid.sum() == pytest.approx(result.ledger.shortfall)
    days = {event.bar for event in result.event_list if event.kind == "liquidation"}
    assert set(np.flatnonzero(paid)) <= days
    strict = result.final_usd - result.ledger.shortfall
    assert runs.finals([config], 0, len(market))[0] * config.capital_usd == pytest.approx(strict)
    first = int(np.flatnonzero(paid)[0])
    curve = runs.run(config).curve * config.capital_usd
    assert curve[:first] == pytest.approx(result.equity_usd[:first])
    assert curve[first] == pytest.approx(result.equity_usd[first] - paid[first])
    assert "forgives" in runs.notes(config)[0]


def test_what_paying_leaves_nothing_of_has_ended():
    """An equity of 100, 90, 95 with 92 forgiven on the second day: nothing is left to earn on."""
    log = ev.new_log(3)
    ev.record(log, 1, ev.LIQUIDATION, long_equity=90.0, short_equity=-92.0, equity=90.0)
    outcome = Outcome(np.array([100.0, 90.0, 95.0]), 94.0, Accounts(*[0.0] * 8, 92.0), log, 0.0)
    assert forgiven(outcome).tolist() == [0.0, 92.0, 0.0]
    assert unforgiven(outcome).tolist() == [100.0, 0.0, 0.0]


def test_a_run_without_forgiven_losses_is_what_it_was(market):
    config = resolve(bl.RebalanceConfig(leverage=2, trigger=5))
    result = bl.backtest(market, config)
    runs = Runner(market, 30)
    expected = np.append(result.equity_usd[:-1], result.final_usd)
    outcome = runs.outcome(config, 0, len(market))
    assert np.array_equal(model_of(config).curve(outcome), expected)
    assert runs.notes(config) == ()
