"""``.plot()`` of what users get back, and ``--figure``: what is drawn is what was run."""

from __future__ import annotations

import pickle
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest

import basislab as bl
from basislab.cli import main
from basislab.errors import ConfigError
from basislab.report.plots import figure_file, figure_of
from basislab.research.overfit.certificate import certify_returns
from basislab.types.sweep import Sweep

KINDS = ("equity", "drawdown", "legs", "waterfall")


@pytest.fixture(scope="module")
def result():
    """12 rebalances and 5 liquidations of the sample."""
    return bl.backtest(bl.load_market(), bl.RebalanceConfig(leverage=4))


@pytest.fixture(scope="module")
def venue_result():
    return bl.backtest(bl.load_market(), bl.VenueConfig(leverage=3, monitor_seconds=86_400))


@pytest.fixture(scope="module")
def sweep():
    return bl.sweep(
        bl.load_market(), bl.RebalanceConfig(leverage=3), leverage=[2, 3], trigger=[5, 6, None]
    )


@pytest.fixture(scope="module")
def paths():
    return bl.montecarlo(
        bl.load_market(),
        bl.RebalanceConfig(leverage=3),
        leverage=[2, 3],
        paths=50,
        days=60,
        block_check=False,
        history_error=False,
    )


@pytest.fixture(scope="module")
def certificate():
    return bl.certify(bl.load_market(), bl.RebalanceConfig(leverage=2), trigger=[4, 5, 6])


def drawn(chart):
    """The rows of a chart by series, in the order drawn."""
    rows = [row for data in chart.to_dict()["datasets"].values() for row in data if "value" in row]
    return {
        name: [row["value"] for row in rows if row.get("series") == name]
        for name in dict.fromkeys(row.get("series") for row in rows)
    }


# One run


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["result", "venue_result"])
def test_every_kind_is_a_chart_that_stands_alone(request, name, kind):
    """No name of a colour's role is left, and no data are referred to that are not there."""
    chart = request.getfixturevalue(name).plot(kind)
    assert isinstance(chart, alt.LayerChart)
    assert "var(--" not in chart.to_json()
    assert "<svg" in figure_file(figure_of(request.getfixturevalue(name), kind), ".svg").decode()


def test_equity_is_drawn_with_the_hurdle_and_what_happened(result):
    """The hurdle's line ends where the result says; six digits are drawn."""
    series = drawn(result.plot())
    assert [float(f"{value:.6g}") for value in result.equity_usd] == series["equity"]
    hurdle = result.initial_usd * (1 + result.hurdle_return)
    assert series["hurdle"][-1] == pytest.approx(hurdle, rel=1e-5)
    assert len(series["capital moved"]) == result.counts["rebalances"]
    assert len(series["liquidation"]) == result.counts["liquidations"]


def test_the_deepest_loss_is_the_maximum_drawdown(result):
    assert -min(drawn(result.plot("drawdown"))["loss"]) == pytest.approx(
        result.max_drawdown, rel=1e-5
    )


def test_the_leverage_of_both_legs_begins_at_that_of_the_position(result, venue_result):
    """Both are opened at the leverage asked for; a day's interest and fees come first."""
    for run in (result, venue_result):
        series = drawn(run.plot("legs"))
        for leg in ("long", "short"):
            assert series[leg][0] == pytest.approx(run.config.leverage, rel=0.05)


def test_the_waterfall_ends_at_the_net_result(result):
    [rows] = [
        data
        for data in result.plot("waterfall").to_dict()["datasets"].values()
        if any("account" in row for row in data)
    ]
    by_name = {row["account"]: row for row in rows}
    assert by_name["net"]["amount_usd"] == pytest.approx(result.ledger.total, rel=1e-5)
    assert {name.replace("_", " ") for name in result.ledger.to_dict()} < set(by_name)


def test_a_long_run_is_drawn_by_day():
    """2400 hours are 100 days: the last equity of each, its deepest loss."""
    hours = 2_400
    market = replace(
        bl.load_market(),
        name="made",
        times=np.datetime64("2025-01-01", "s") + np.arange(hours) * np.timedelta64(1, "h"),
        prices={
            ("hyperliquid", "perp"): bl.PriceSeries(*(150 + np.sin(np.arange(hours) / 9),) * 4)
        },
        funding={"hyperliquid": bl.FundingSeries(np.full(hours, 1e-5))},
        supply={("kamino", coin): bl.RateSeries(np.full(hours, 0.05)) for coin in ("SOL", "USDC")},
        borrow={("kamino", "USDC"): bl.RateSeries(np.full(hours, 0.06))},
        provenance={},
    )
    run = bl.backtest(market, bl.VenueConfig(leverage=2))
    series = drawn(run.plot())
    assert [float(f"{value:.6g}") for value in run.equity_usd[23::24]] == series["equity"]
    loss = drawn(run.plot("drawdown"))["loss"]
    assert len(loss) == 100
    assert -min(loss) == pytest.approx(run.max_drawdown, rel=1e-5)


@pytest.mark.parametrize("model", [bl.StaticConfig, bl.RotationConfig, bl.ConditionalConfig])
def test_models_without_legs_say_so(model):
    run = bl.backtest(bl.load_market(), model(leverage=2))
    assert isinstance(run.plot("waterfall"), alt.LayerChart)
    with pytest.raises(ConfigError, match="keeps no two legs; 'legs' is for rebalance and venue"):
        run.plot("legs")


def test_an_unknown_kind_is_named_with_those_there_are(result):
    with pytest.raises(ConfigError, match=r"plot: got 'equty' \(did you mean 'equity'\?\)"):
        result.plot("equty")


def test_a_result_remembers_the_window_that_it_saw():
    run = bl.backtest(
        bl.load_market(), bl.StaticConfig(leverage=2), start="2025-03-01", end="2025-03-31"
    )
    assert len(run.market) == 31
    assert len(drawn(run.plot())["equity"]) == 31


# Sweeps


def test_a_sweep_is_drawn_as_a_map_of_what_it_holds(sweep):
    """Two leverages down, three triggers across."""
    [rows] = sweep.plot().to_dict()["datasets"].values()
    assert len(rows) == 6
    cell = next(row for row in rows if (row["down"], row["across"]) == ("3", "never"))
    wanted = sweep[(sweep["leverage"] == 3) & sweep["trigger"].isna()]["excess_return"].item()
    assert cell["label"] == f"{wanted:+.1%}".replace("-", "\u2212")


def test_a_map_takes_another_column_and_other_sides(sweep):
    [rows] = sweep.plot(show="liquidations", down="trigger").to_dict()["datasets"].values()
    assert {row["down"] for row in rows} == {"5", "6", "never"}
    assert {row["label"] for row in rows} == {f"{n:g}" for n in sweep["liquidations"]}


def test_a_sweep_of_one_field_is_a_line():
    found = bl.sweep(bl.load_market(), bl.StaticConfig(leverage=3), leverage=[2, 3, 4])
    [rows] = found.plot().to_dict()["datasets"].values()
    assert [row["at"] for row in rows] == ["2", "3", "4"]
    assert [row["value"] for row in rows] == pytest.approx(found["excess_return"], rel=1e-5)


def test_over_further_fields_the_mean_is_drawn():
    found = bl.sweep(
        bl.load_market(),
        bl.StaticConfig(leverage=3),
        leverage=[2, 3],
        capital_usd=[1e3, 1e4],
        open_fee_bps=[10, 20],
    )
    figure = figure_of(found, "map")
    assert "mean over open fee bps" in figure.title
    assert len(figure.rows()) == 4


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"show": "excess"}, "did you mean 'excess_return'"),
        ({"down": "buffer"}, "down: got 'buffer'"),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(sweep, choices, said):
    with pytest.raises(ConfigError, match=said):
        sweep.plot(**choices)


def test_a_table_of_which_nothing_was_swept_is_refused(sweep):
    with pytest.raises(ConfigError, match="nothing was swept"):
        sweep.drop(columns=["leverage", "trigger"]).plot()


def test_a_sweep_is_a_dataframe_in_everything(sweep):
    """What is cut out of it is one too and can still be drawn; pandas' own plots stay."""
    assert isinstance(sweep, pd.DataFrame)
    part = sweep[sweep["leverage"] == 3].sort_values("excess_return")
    assert (type(part), part.swept) == (Sweep, ("leverage", "trigger"))
    assert len(part.plot().to_dict()["datasets"]) == 1
    again = pickle.loads(pickle.dumps(sweep))  # noqa: S301 - our own
    assert (again.swept, again.equals(sweep)) == (sweep.swept, True)
    pd.testing.assert_frame_equal(pd.DataFrame(sweep), pd.DataFrame(sweep.copy()))
    assert sweep.groupby("leverage")["excess_return"].mean().shape == (2,)
    assert list(sweep.merge(sweep, on="leverage").columns[:1]) == ["leverage"]
    with pytest.raises((ImportError, TypeError), match=r"matplotlib|requires"):
        sweep.plot(x="leverage", y="excess_return", kind="scatter", backend="matplotlib")


# Many paths, certificates


def test_the_fan_holds_the_quantiles(paths):
    chart = paths.plot(config=1)
    rows = next(data for data in chart.to_dict()["datasets"].values() if len(data) > 1)
    assert [row["day"] for row in rows] == list(paths.fan_days)
    assert rows[-1]["q2"] == pytest.approx(paths.fan[-1, 1, 2], rel=1e-5)
    assert "rebalance 3x" in chart.to_dict()["title"]["text"]


@pytest.mark.parametrize("config", [2, -1])
def test_a_configuration_that_is_not_there_is_refused(paths, config):
    with pytest.raises(ConfigError, match=f"config: got {config}; it must be a row"):
        paths.plot(config=config)


@pytest.mark.parametrize("kind", ["start_days", "neighbourhood", "splits", "walk_forward"])
def test_a_certificate_draws_the_figures_of_its_page(certificate, kind):
    assert "datasets" in certificate.plot(kind).to_dict()


def test_a_certificate_of_bare_returns_has_no_neighbourhood():
    noise = np.random.default_rng(1).normal(0, 0.01, (400, 3))
    with pytest.raises(ConfigError, match="has no 'neighbourhood': it was made from bare returns"):
        certify_returns(noise).plot("neighbourhood")


# Files


@pytest.fixture
def basislab(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["basislab", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


@pytest.mark.parametrize("kind", ["equity", "waterfall"])
def test_backtest_draws_a_picture(basislab, tmp_path, kind):
    path = tmp_path / "new" / "run.svg"
    status, _, said = basislab("backtest", "--figure", path, "--figure-of", kind)
    assert status == 0, said
    assert f"written: {path}" in said
    assert ET.fromstring(path.read_text()).tag.endswith("svg")  # noqa: S314 - our own file


def test_a_page_stands_alone_and_fits_a_phone(basislab, tmp_path):
    status, out, _ = basislab("backtest", "--json", "--figure", tmp_path / "run.html")
    assert (status, out[0]) == (0, "{")
    page = (tmp_path / "run.html").read_text()
    assert 'name="viewport"' in page
    assert not [mark for mark in ('src="http', 'href="http', "var(--") if mark in page]
    assert "</script><script>" not in page.split("basislabVega.embed")[1]


def test_montecarlo_draws_its_fan(basislab, tmp_path):
    cheap = ["--paths", 30, "--days", 60, "--no-block-check", "--no-history-error"]
    status, _, said = basislab("montecarlo", *cheap, "--figure", tmp_path / "fan.png")
    assert status == 0, said
    assert (tmp_path / "fan.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("command", ["backtest", "sweep", "montecarlo"])
def test_an_unknown_ending_is_refused_before_anything_runs(basislab, monkeypatch, command):
    def ran(*given):
        raise AssertionError("it ran")

    monkeypatch.setattr("basislab.data.load_market", ran)
    monkeypatch.setattr("basislab.scenarios.market_loader", ran)
    status, _, said = basislab(command, "--figure", "run.pdf")
    assert (status, said) == (
        2,
        "error: output run.pdf: it must end in .svg or .png or .html.\n",
    )


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(basislab, tmp_path):
    path = tmp_path / "legs.svg"
    path.write_text("old")
    status, _, said = basislab(
        "backtest", "--model", "static", "--figure", path, "--figure-of", "legs"
    )
    assert (status, path.read_text()) == (2, "old")
    assert "keeps no two legs" in said
    assert [path] == list(tmp_path.iterdir())


def test_importing_the_package_loads_nothing_that_draws():
    code = (
        "import sys, basislab; basislab.backtest; "
        "print(sorted({'altair', 'vl_convert', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
