"""The mutation run that is kept: of these sources, nothing unexplained, its table on the page."""

from __future__ import annotations

import ast
import json

import pytest

from benchmarks import mutation
from benchmarks.mutants import mutants

STALE = "the kernels have changed: python benchmarks/mutation.py {}"


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


def test_the_run_is_of_these_sources(kept, names):
    """As many mutants of each module as the sources have now."""
    assert list(names) == list(kept)
    for module, found in names.items():
        assert len(found) == len(set(found)) == kept[module]["mutants"], STALE.format(module)


def test_every_survivor_is_explained(kept):
    for module, line in kept.items():
        assert [] == line["left"], module
        assert line["mutants"] == line["killed"] + line["equivalent"] + line["free"]


def test_every_explanation_is_of_a_mutant_that_there_is(kept, names):
    """And each was needed: as many as survived."""
    known = {name for found in names.values() for name in found}
    for kind, because in mutation.reasons().items():
        assert set(because) <= known
        assert len(because) == sum(line[kind] for line in kept.values())


def test_the_table_of_the_page_is_the_run(kept):
    text = mutation.PAGE.read_text(encoding="utf-8")
    shown = text.partition(mutation.BEGIN)[2].partition(mutation.END)[0]
    assert mutation.table(kept) == shown.strip(), "python benchmarks/mutation.py"


def changed(source):
    """The mutants of a function's body, as text."""
    tree = ast.parse(f"def f(a, quote, x):\n    {source}\n")
    return [mutant.name.removeprefix("m.f: ") for mutant in mutants("m", tree)]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("return a + x", ["a + x -> a - x"]),
        ("return a <= x", ["a <= x -> a < x", "a <= x -> a > x"]),
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
