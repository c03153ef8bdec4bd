"""One tree of errors, and the units that messages and code share."""

from __future__ import annotations

import inspect

import pytest

from basislab import errors
from basislab.errors import (
    BasisLabError,
    ClusterError,
    ConfigError,
    DataError,
    DataGapError,
    LedgerError,
    SourceError,
)
from basislab.units import from_bps, from_percent


def test_every_error_has_one_root():
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    known = {BasisLabError, ClusterError, ConfigError, DataError, DataGapError, LedgerError}
    assert known | {SourceError} == set(classes)
    assert all(issubclass(cls, BasisLabError) for cls in classes)


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (DataGapError, DataError),
        (SourceError, DataError),
        (DataError, BasisLabError),
        (ConfigError, BasisLabError),
        (ClusterError, BasisLabError),
        (LedgerError, BasisLabError),
    ],
)
def test_the_tree_is_as_drawn(child, parent):
    assert child.__base__ is parent
    assert f"{child.__name__} " in errors.__doc__


@pytest.mark.parametrize(("bps", "fraction"), [(0, 0.0), (3.5, 0.00035), (15, 0.0015), (1e4, 1.0)])
def test_basis_points_as_fractions(bps, fraction):
    assert fraction == from_bps(bps)


@pytest.mark.parametrize(("percent", "fraction"), [(0, 0.0), (4.6, 0.046), (100, 1.0)])
def test_percent_as_fractions(percent, fraction):
    assert fraction == from_percent(percent)
