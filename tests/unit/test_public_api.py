"""The public names: all there, all documented, and free to import."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import basislab

HEAVY = ("numpy", "numba", "pandas", "pydantic", "duckdb", "pandera", "typer", "rich")
PUBLIC = [name for name in basislab.__all__ if not name.startswith("__")]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy():
    loaded = python(
        f"import sys, basislab; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_a_result_needs_no_pandas_until_it_is_asked_for_a_frame():
    """A backtest of the sample and its summary: pandas comes with `.equity`."""
    code = """
import sys, basislab as bl
result = bl.backtest(bl.load_market(), bl.RebalanceConfig(leverage=3))
result.summary(), result.to_dict()
print("pandas" in sys.modules)
result.equity
print("pandas" in sys.modules)
"""
    assert python(code).split() == ["False", "True"]


@pytest.mark.parametrize("name", basislab.__all__)
def test_every_public_name_resolves(name):
    assert getattr(basislab, name) is not None
    assert name in dir(basislab)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name):
    text = inspect.getdoc(getattr(basislab, name))
    assert text
    assert text.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_its_homes(name):
    """What is loaded on demand is the very object of the module that defines it."""
    home = basislab._HOME_OF[name]
    assert getattr(basislab, name) is getattr(importlib.import_module(home), name)


def test_the_homes_and_the_names_are_the_same_set():
    assert set(PUBLIC) == set(basislab._HOME_OF)
    assert len(basislab.__all__) == len(set(basislab.__all__))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'basislab' has no attribute 'backtests'"):
        _ = basislab.backtests


def test_a_star_import_gives_the_public_names():
    names = python("from basislab import *; print(sorted(set(dir()) - set(dir(__builtins__))))")
    assert all(repr(name) in names for name in PUBLIC)


def test_the_version_is_the_distributions():
    from importlib.metadata import version

    assert basislab.__version__ == version("basislab")


@pytest.mark.parametrize(
    "name",
    ["StaticConfig", "RebalanceConfig", "RotationConfig", "ConditionalConfig", "backtest", "run"],
)
def test_what_has_parameters_documents_every_one(name):
    thing = getattr(basislab, name)
    text = inspect.getdoc(thing)
    for parameter in inspect.signature(thing).parameters:
        assert parameter in text
