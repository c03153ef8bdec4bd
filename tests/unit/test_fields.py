"""Setters and sums made from a NamedTuple's own fields."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from basislab.kernels.fields import fields_of, sums_of


class Books(NamedTuple):
    fees: float
    bars: int
    is_open: bool


def test_what_is_not_named_stays():
    put = fields_of(Books, "is_open", "fees")
    assert Books(2.5, 7, True) == put(Books(1.0, 7, False), True, 2.5)


def test_each_field_alone_can_be_replaced():
    for name, value in (("fees", 3.0), ("bars", 4), ("is_open", True)):
        before = Books(1.0, 2, False)
        assert before._replace(**{name: value}) == fields_of(Books, name)(before, value)


@pytest.mark.parametrize("names", [("fee",), ("fees", "fees")])
def test_a_misspelt_or_repeated_field_is_refused_when_it_is_made(names):
    """Such a setter would change nothing, or take a value that it drops."""
    with pytest.raises(TypeError, match=r"fields_of\(Books\).*its fields are"):
        fields_of(Books, *names)


def test_amounts_are_added_by_name():
    """1 + 2 = 3 and 7 - 1 = 6."""
    add = sums_of(Books)
    assert Books(3.0, 6, True) == add(Books(1.0, 7, True), fees=2.0, bars=-1)
