"""The policy lab on the command line, as figures and as a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.report.plots import figure_of
from basislab.report.plots.policies import POLICY_KINDS
from basislab.report.policy_page import policy_document, policy_page
from basislab.report.policy_tables import map_table, policy_table
from basislab.research.policies import policies
from basislab.types.policy_parts import Cell
from benchmarks.policies import blocks
from tests.pages import PAGES, ROOT
from tests.venue_builders import free_venue_config, wild_market

NAMES = ("never", "bands", "resize 20%", "resize 20% + gate")


@pytest.fixture(scope="module")
def market():
    return wild_market(60)


@pytest.fixture(scope="module")
def found(market):
    base = free_venue_config(leverage=None, long_leverage=1.5, short_leverage=3.0)
    return bl.compare_policies(market, base, policies=NAMES, horizon_days=20, histories=0)


def test_the_table_begins_with_the_highest_excess_and_marks_the_reference(found):
    rows = policy_table(found).facts()
    excess = [row["excess"] for row in rows]
    assert excess == sorted(excess, reverse=True)
    assert [row["label"] for row in rows if row["is_marked"]] == [found.reference]
    assert next(row for row in rows if row["is_marked"])["difference"] == "reference"


def test_what_a_terminal_shows_fits_80_columns():
    """The longest name, the longest difference that tells apart, and no cell broken in two."""
    names = ["resize 10% edge + gate", "resize 20%"]
    market = wild_market(60)
    base = free_venue_config(leverage=None, long_leverage=1.5, short_leverage=3.0)
    wide = bl.compare_policies(market, base, policies=names, horizon_days=20, histories=0)
    cells = policy_table(wide).without_details().cells()
    columns = policy_table(wide).without_details().columns
    widths = [
        max(len(column.header), *(len(row[number]) for row in cells))
        for number, column in enumerate(columns)
    ]
    widths[-1] = max(widths[-1], len("-10.0 to -10.0 better"))
    assert sum(widths) + len(widths) <= 80


def test_the_map_stars_the_plateau_and_leaves_out_what_cannot_be_opened(found):
    cells = (*found.cells[:3], Cell(found.cells[5].leverages, 0.1, -0.02, is_plateau=False))
    cells = tuple(cell._replace(is_plateau=cell is cells[0]) for cell in cells)
    rows = map_table(replace(found, cells=cells)).cells()
    assert rows[0][1].endswith("*")
    assert rows[0][2] == "-2.0"
    assert rows[1][2] == "-"


@pytest.mark.parametrize("kind", POLICY_KINDS)
def test_every_kind_draws_itself(found, kind):
    assert found.plot(kind).to_dict()["title"]["text"]
    assert figure_of(found, kind).alt.endswith(".")


def test_the_frontier_has_a_point_a_policy(found):
    rows = figure_of(found, "frontier").rows()
    points = {row["policy"]: (row["drawdown"], row["excess"]) for row in rows}
    assert set(points) == set(NAMES)
    name = "bands"
    assert points[name] == pytest.approx(
        (found.value(name, "max_drawdown"), found.value(name, "excess_return")), rel=1e-5
    )


def test_the_fan_draws_the_policies_that_are_asked_for(found):
    rows = figure_of(found, "fan", policies=["bands"]).rows()
    assert {row["series"] for row in rows} == {"bands"}
    assert len(rows) == len(found.starts.days)
    with pytest.raises(ConfigError, match="up to 4 policies"):
        figure_of(found, "fan", policies=[*NAMES, "never"])


def test_a_page_goes_without_what_there_is_nothing_to_draw_of(found, market):
    """Without a map and with a bound at the hurdle neither map nor regret is drawn."""
    bare = replace(found, cells=(), bound_return=0 * found.bound_return)
    assert set(policy_document(found, market).figures) == set(POLICY_KINDS)
    assert set(policy_document(bare, market).figures) == {"frontier", "differences", "fan"}


def test_a_page_needs_nothing_else_and_says_what_was_found(found, market):
    page = policy_page(found, market)
    assert not re.search(r'(src|href)="https?:', page)
    assert "above the hurdle" in page
    assert "@@" not in page
    for name in NAMES:
        assert name in page


def test_the_command_line_compares_writes_and_draws(tmp_path):
    given = ["policies", "--only", "never", "--paths", "1", "--end", "2025-03-01"]
    given += ["--horizon", "14", "--histories", "2"]
    page, table, figure = (tmp_path / name for name in ("lab.html", "lab.csv", "lab.svg"))
    more = ["--html", str(page), "--csv", str(table), "--figure", str(figure)]
    done = CliRunner().invoke(app, [*given, *more, "--figure-of", "differences"])
    assert done.exit_code == 0, done.output
    assert "What every policy made, a year" in done.output
    assert "2 policies at 1.5x / 3x on sol-2025" in done.output
    assert list(pd.read_csv(table)["policy"]) == ["never", "resize 20%"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Paired differences" in figure.read_text(encoding="utf-8")


def test_the_command_line_gives_the_facts(tmp_path):
    given = ["policies", "--only", "never", "--reference", "never", "--paths", "1"]
    given += ["--end", "2025-03-01", "--horizon", "14", "--long-leverage", "1", "--json"]
    given += ["--histories", "0"]
    done = CliRunner().invoke(app, [*given, "--set", "lookback_days=3"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.output)
    assert facts["leverages"] == [1.0, 3.0]
    assert facts["gates"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nver"], "got 'nver'"),
        (["--reference", "best"], "got 'best'"),
        (["--set", "policy"], "write KEY=VALUE"),
        (["--bar", "2h"], "bar: got '2h'"),
        (["--csv", "lab.txt"], "must end in"),
    ],
)
def test_what_the_lab_does_not_take_is_refused(arguments, message):
    done = CliRunner().invoke(app, ["policies", *arguments])
    assert isinstance(done.exception, ConfigError)
    assert message in str(done.exception)


def test_the_page_shows_what_was_measured_on_the_policies_of_the_code():
    """After a change of the grid: run benchmarks/policies.py anew."""
    kept = json.loads((ROOT / "benchmarks" / "policies.json").read_text(encoding="utf-8"))
    for mark, made in blocks(kept).items():
        assert f"<!-- {mark}:begin -->\n{made}\n<!-- {mark}:end -->" in PAGES["docs/policies.md"]
    for window in kept["windows"]:
        assert [row["policy"] for row in window["policies"]] == [one.name for one in policies()]
