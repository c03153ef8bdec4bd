"""Booking, and costs that cannot all be paid."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from basislab.kernels.ledger import Accounts, Charge, affordable, book, empty_accounts


def test_new_books_are_empty():
    assert empty_accounts() == Accounts(*[0.0] * 9)


@pytest.mark.parametrize("account", Accounts._fields)
def test_an_amount_lands_in_its_account_alone(account):
    """Twice 2: 4 there, 0 elsewhere."""
    accounts = book(book(empty_accounts(), **{account: 2.0}), **{account: 2.0})
    assert dict.fromkeys(Accounts._fields, 0.0) | {account: 4.0} == accounts._asdict()


@pytest.mark.parametrize(
    ("trading", "gas", "equity", "paid"),
    [
        (10.0, 2.0, 100.0, Charge(10.0, 2.0, 12.0)),
        (10.0, 2.0, 12.0, Charge(10.0, 2.0, 12.0)),
        (10.0, 2.0, 11.0, Charge(10.0, 1.0, 11.0)),  # trading fees come first
        (10.0, 2.0, 4.0, Charge(4.0, 0.0, 4.0)),
        (10.0, 2.0, 0.0, Charge(0.0, 0.0, 0.0)),
        (10.0, 2.0, -5.0, Charge(0.0, 0.0, 0.0)),
        (0.0, 0.0, 5.0, Charge(0.0, 0.0, 0.0)),
    ],
)
def test_costs_are_capped_at_what_is_there(trading, gas, equity, paid):
    assert paid == affordable(trading, gas, equity)


@given(trading=st.floats(0.0, 1e3), gas=st.floats(0.0, 1e3), equity=st.floats(0.0, 2e3))
@example(trading=5.314240094578603, gas=1e9, equity=23.149463950321806)
@example(trading=9.687083235471773, gas=1e9, equity=28.235325720576807)
@settings(deadline=None)
def test_costs_that_take_everything_leave_exactly_nothing(trading, gas, equity):
    """Lock-in: ``equity - (trading + (equity - trading))`` is 3.6e-15 for the first example.

    A run whose costs took everything went on with that instead of being ruined.
    """
    left = equity - affordable(trading, gas, equity).total
    assert left >= 0.0
    if trading + gas >= equity:
        assert left == 0.0
