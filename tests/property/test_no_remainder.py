"""No account is a remainder: whichever booking is taken out of the sources, the identity breaks."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import basislab.kernels
from basislab.simulate import lower_config, lower_market
from basislab.types import ConditionalConfig, RebalanceConfig, RotationConfig, StaticConfig
from tests import plain
from tests.builders import STUDY_MODELS, free_config, make_market

SOURCES = Path(basislab.kernels.__file__).parent
CAPITAL = 10_000.0

COSTS = {"taker_fee_bps": 3.5, "gas_usd": 2, "transfer_cost_usd": 3}
RATES = {"supply": 0.001, "borrow": 0.0005, "funding": 0.001}


def costly(kind, leverage=2.0, venue=None, **decisions):
    return free_config(
        kind, leverage=leverage, open_fee_bps=15, venue=COSTS | (venue or {}), **decisions
    )


RUNS = {
    "static": [
        (make_market([100.0] * 3, **RATES), costly(StaticConfig, slippage="book")),
    ],
    "rebalance": [
        # calm, then capital is moved
        (make_market([100.0, 101.0, 125.0], **RATES), costly(RebalanceConfig, trigger=3)),
        # both legs liquidated within their margin
        (
            make_market(
                [100.0, 110.0, 100.0], high=[100, 180, 100], low=[100, 40, 100], **RATES
            ),
            costly(RebalanceConfig),
        ),
        # the long under water at the close
        (make_market([100.0, 45.0, 45.0], **RATES), costly(RebalanceConfig)),
        # the short under water at the close
        (make_market([100.0, 200.0, 200.0], **RATES), costly(RebalanceConfig)),
        # a close outside of the day's range: below zero without a liquidation
        (
            make_market([100.0, 100.0, 100.0], high=[100, 10, 100], funding=[0, -1.2, 0]),
            costly(RebalanceConfig, trigger=None),
        ),
    ],
    "rotation": [
        (make_market([100.0, 100.0, 40.0, 40.0, 40.0], **RATES), costly(RotationConfig)),
        (make_market([100.0, 100.0], funding=[0, -1.2]), costly(RotationConfig)),
    ],
    "conditional": [
        (
            make_market([100.0, 101.0, 102.0, 103.0], supply=0.001, borrow=0.0005, funding=[
                0.001, 0.001, -0.02, 0.0
            ]),
            costly(ConditionalConfig),
        ),
        (make_market([100.0, 101.0], supply=0.001, funding=0.001), costly(ConditionalConfig)),
        (make_market([100.0, 100.0], funding=[0.01, -1.2]), costly(ConditionalConfig)),
    ],
}  # fmt: skip
"""Runs that reach every booking of a model: a new booking needs a run that reaches it."""


class Booking(NamedTuple):
    """One keyword of one call of ``book``, in the order of the source."""

    module: str
    function: str
    number: int
    account: str

    def __str__(self) -> str:
        return f"{self.module}.{self.function}-{self.number}-{self.account}"


def calls_of_book(tree: ast.AST) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "id", None) == "book"]


def bookings() -> list[Booking]:
    found = []
    for path in sorted(SOURCES.glob("*.py")):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef):
                found += [
                    Booking(path.stem, function.name, number, keyword.arg or "**")
                    for number, call in enumerate(calls_of_book(function))
                    for keyword in call.keywords
                ]
    return found


def without(booking: Booking) -> plain.Transform:
    """Return the change that drops one keyword of one call."""

    def drop(module: str, tree: ast.Module) -> ast.Module:
        if module == booking.module:
            functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
            function = next(node for node in functions if node.name == booking.function)
            call = calls_of_book(function)[booking.number]
            call.keywords = [one for one in call.keywords if one.arg != booking.account]
        return tree

    return drop


@cache
def lowered(model: str) -> list:
    kernel = next(entry.kernel for kind, entry in STUDY_MODELS.items() if kind.model == model)
    return [
        (lower_config(kernel.Params, config, config.perp), lower_market(market, "perp", "kamino"))
        for market, config in RUNS[model]
    ]


def unexplained(kernels) -> float:
    """Largest part of any run that its accounts do not explain, as a share of the capital."""
    found = 0.0
    for model in RUNS:
        for params, bars in lowered(model):
            outcome = kernels[model].run(params, bars)
            found = max(found, abs(sum(outcome.accounts) - (outcome.final - CAPITAL)) / CAPITAL)
    return found


def test_the_untouched_sources_explain_every_run(plain_kernels):
    assert unexplained(plain_kernels) < 1e-12


@pytest.mark.parametrize("booking", bookings(), ids=str)
def test_dropping_one_booking_breaks_the_identity(booking):
    assert unexplained(plain.load(without(booking))) > 1e-9


def test_every_model_has_runs_and_every_account_a_booking():
    """The parametrisation above is read from the sources; nothing books past it."""
    found = bookings()
    assert {kind.model for kind in STUDY_MODELS} == set(RUNS)
    assert {account for entry in STUDY_MODELS.values() for account in entry.accounts} == {
        booking.account for booking in found
    }
    assert len(found) == len(set(found)) >= 30


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.py")), ids=lambda path: path.stem)
def test_accounts_change_by_book_only(path):
    """Amounts are keywords of ``book``; nobody but ledger.py builds `Accounts`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [1] * len(calls_of_book(tree)) == [len(call.args) for call in calls_of_book(tree)]
    built = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Accounts"
    ]
    assert built == [] or path.name == "ledger.py"
