"""The mutation run that is kept: of these sources, nothing unexplained, its table on the page."""

from __future__ import annotations

import ast
import json
import re

import pytest

from benchmarks import mutation
from benchmarks.mutants import mutants


@pytest.fixture(scope="module")
def kept():
    return json.loads(mutation.RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def names():
    """Today's mutants, by module."""
    return {
        module: [mutant.name for mutant in mutants(module, tree)]
        for module, tree in mutation.trees([])
    }


@pytest.fixture(scope="module")
def current(kept):
    """The modules that are what they were when they were run."""
    since = mutation.changed(kept)
    return {name: line for name, line in kept.items() if name not in since}


def test_what_is_kept_is_of_modules_that_there_are(kept, names):
    """And every other module is said to be new or changed."""
    assert set(kept) <= set(names)
    for module, found in names.items():
        assert len(found) == len(set(found)), module
    changed = {
        module for module in names if kept.get(module, {}).get("mutants") != len(names[module])
    }
    empty = {module for module, found in names.items() if not found}
    assert set(mutation.changed(kept)) == changed - empty


def test_every_survivor_is_explained(current):
    for module, line in current.items():
        assert [] == line["left"], module
        assert line["mutants"] == line["killed"] + line["equivalent"] + line["free"]


def test_every_explanation_is_of_a_mutant_that_there_is(current, names):
    """And each was needed: as many as survived."""
    known = {name for module in current for name in names[module]}
    for kind, because in mutation.reasons().items():
        told = [name for name in because if re.split("[.:]", name)[0] in current]
        assert set(told) <= known
        assert len(told) == sum(line[kind] for line in current.values())


def test_the_table_of_the_page_is_the_run(kept):
    text = mutation.PAGE.read_text(encoding="utf-8")
    shown = text.partition(mutation.BEGIN)[2].partition(mutation.END)[0]
    assert mutation.table(kept) == shown.strip(), "python benchmarks/mutation.py --page"


def changed(source):
    """The mutants of a function's body, as text."""
    tree = ast.parse(f"def f(a, quote, x):\n    {source}\n")
    return [mutant.name.removeprefix("m.f: ") for mutant in mutants("m", tree)]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("return a + x", ["a + x -> a - x"]),
        ("return a <= x", ["a <= x -> a < x", "a <= x -> a > x"]),
        ("return a < x == 0.5", ["a < x == 0.5 -> a <= x == 0.5", "a < x == 0.5 -> a >= x == 0.5",
                                 "a < x == 0.5 -> a < x != 0.5", "a < x == 0.5 -> a < x == 1.5"]),
        ("return not a", ["not a -> a"]),
        ("return a and x", ["a and x -> a or x", "a and x -> x", "a and x -> a"]),
        ("return x * 0.5", ["x * 0.5 -> x / 0.5", "x * 0.5 -> x * 1.5"]),
        ("return max(a, x)", ["max(a, x) -> min(a, x)"]),
        ("return abs(quote.spot)", ["abs(quote.spot) -> quote.spot",
                                    "abs(quote.spot) -> abs(quote.mark)"]),
        ("return a == OPEN", ["a == OPEN -> a != OPEN", "a == OPEN -> a == -1"]),
        ("x += a", ["x += a -> x -= a", "x += a -> (nothing)"]),
        ("a = f(a, x)", ["a = f(a, x) -> (nothing)"]),
        ("post(gas=x)", ["post(gas=x) -> (nothing)", "gas=x -> gas=0.0"]),
    ],
)  # fmt: skip
def test_what_a_line_may_be_mistaken_for(source, wanted):
    assert sorted(wanted) == sorted(changed(source))


def test_a_mutant_is_the_source_with_one_change():
    tree = ast.parse("def f(a, x):\n    return a + x\n")
    [mutant] = mutants("m", tree)
    mutant.apply()
    assert "def f(a, x):\n    return a - x" == ast.unparse(ast.fix_missing_locations(tree))
    assert (2, 2) == mutant.lines
