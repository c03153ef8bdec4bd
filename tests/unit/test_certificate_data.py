"""A certificate can be falsified from its page: what the page carries gives what it prints.

Nothing of basislab.research is used here but to make the page: every statistic is computed again,
from the files inside the HTML, by other means.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import subprocess
import sys
from base64 import b64decode
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import SPA
from scipy import stats
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.report.certificate.data import certificate_data
from basislab.report.render.markdown import markdown_text
from basislab.report.render.page import html_page
from basislab.research.overfit.certificate import certify_returns
from basislab.research.overfit.rules import Rules

LIMIT = 3_000_000
"""Bytes of a page."""

MADE_OF = "what the checks are made of"


class Page:
    """What a reader has: a page's text, its printed checks, and the files inside it."""

    def __init__(self, html: str, label: str) -> None:
        self.html, self.label = html, label
        links = re.findall(
            r'href="data:application/gzip;base64,([^"]+)"[^>]*data-file="([^"]+)"', html
        )
        self.texts = {name: gzip.decompress(b64decode(packed)).decode() for packed, name in links}
        self.days = self.table("returns").set_index("day")
        self.blocks = self.days.pop("cscv_block")

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(io.StringIO(self.texts[f"certificate-{name}.csv"]))

    def own(self, name: str) -> pd.DataFrame:
        """The rows of one file that are about this optimum."""
        table = self.table(name)
        return table[table.certificate == self.label]

    def setting(self, name: str) -> float:
        table = self.own("settings").set_index("name")
        return float(table.value[name])

    def family(self) -> list[str]:
        trials = self.own("trials")
        return list(trials.trial[trials.is_family == 1])

    def printed(self, check: str, title: str = "checks and thresholds") -> str:
        """The value that a table of this optimum shows beside a name."""
        table = self.html.split(f"{self.label}: {title}</span>", 1)[1]
        row = table.split(f">{check}</th>", 1)[1]
        return re.sub("<[^>]+>", "", row.split("</td>", 1)[0]).replace("\u2212", "-")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What ``basislab certify --out`` writes for the study's search at 2x."""
    out = tmp_path_factory.mktemp("certificate")
    arguments = ["certify", "--leverage", "2", "--trigger", "3,4,5,6,8,10,never", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def alone(folder):
    """The page of one certificate."""
    return Page((folder / "certificate.html").read_text(), "2x, trigger 5x")


@pytest.fixture(scope="module")
def certified(study, document):
    """The study's page with its certificates, and their labels."""
    labels = [one["label"] for one in study.facts["certificates"]]
    return html_page(document, bundle=""), labels, markdown_text(document)


@pytest.fixture(scope="module", params=["alone", 0, 1, 2])
def page(request, alone):
    """The page of one certificate, then the study's optima, each from the same page."""
    if request.param == "alone":
        return alone
    html, labels, _ = request.getfixturevalue("certified")
    return Page(html, labels[request.param])


def overfitting(returns: np.ndarray, blocks: np.ndarray) -> tuple[float, float]:
    """CSCV, a split at a time: share below the median (half at it), share that loses."""
    groups = [returns[blocks == number] for number in range(1, blocks.max() + 1)]
    sums = np.array([group.sum(axis=0) for group in groups])
    below, lost = [], []
    for half in combinations(range(len(groups)), len(groups) // 2):
        rest = [number for number in range(len(groups)) if number not in half]
        # returns have ten decimals: so have their sums, and what is equal is equal
        inside, outside = (sums[list(part)].sum(axis=0).round(10) for part in (half, rest))
        chosen = outside[np.argmax(inside)]
        rank = stats.rankdata(outside)[np.argmax(inside)] / (len(outside) + 1)
        below.append(0.5 if math.isclose(rank, 0.5) else float(rank < 0.5))
        lost.append(chosen <= 0)
    return float(np.mean(below)), float(np.mean(lost))


def test_the_overfitting_that_is_printed_follows_from_the_days(page):
    """12 870 halves of the blocks that the file marks; the smaller of both probabilities."""
    found = overfitting(page.days[page.family()].to_numpy(), page.blocks.to_numpy())
    assert page.printed("Overfitting or loss outside, the less likely") == f"{min(found):.1%}"
    assert page.printed("Probability of backtest overfitting", MADE_OF) == f"{found[0]:.1%}"
    assert page.printed("Probability of loss outside", MADE_OF) == f"{found[1]:.1%}"


def test_the_blocks_are_as_equal_as_possible_and_embargoed(alone):
    """410 days in 16 blocks of 26 or 25; one day is left out before every block but the first."""
    sizes = alone.blocks.value_counts()
    assert sizes[0] == 15 * alone.setting("cscv_embargo_rows")
    assert set(sizes.drop(0)) <= {24, 25, 26}
    assert (len(sizes), len(alone.days)) == (17, 410)


def test_the_deflated_sharpe_ratio_follows_from_the_days(page):
    """Bailey and Lopez de Prado on all trials; the sample counts as if it were uncorrelated."""
    own = page.days[page.label].to_numpy()
    every = page.days[list(page.own("trials").trial)]
    sharpes = every.mean() / every.std()
    count, size = page.setting("raw_trials"), len(own)
    assert count == len(sharpes)
    gamma = np.euler_gamma
    quantile = stats.norm.ppf
    luck = np.sqrt(sharpes.var()) * (
        (1 - gamma) * quantile(1 - 1 / count) + gamma * quantile(1 - 1 / (count * math.e))
    )
    lags = math.floor(4 * (size / 100) ** (2 / 9))
    centred = own - own.mean()
    rho = [centred[k:] @ centred[: size - k] / (centred @ centred) for k in range(1, lags + 1)]
    inflation = 1 + 2 * sum((1 - k / (lags + 1)) * r for k, r in enumerate(rho, start=1))
    effective = min(size, size / inflation)
    sharpe = own.mean() / own.std(ddof=1)
    skew, kurtosis = stats.skew(own), stats.kurtosis(own, fisher=False)
    error = math.sqrt(1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    deflated = stats.norm.cdf((sharpe - luck) * math.sqrt(effective - 1) / error)
    assert page.printed("Deflated Sharpe ratio, raw trials") == f"{deflated:.1%}"
    assert page.printed("Daily Sharpe ratio", MADE_OF) == f"{sharpe:.3f}"
    assert page.printed("Skewness of its days", MADE_OF) == f"{skew:.2f}"
    assert page.printed("Kurtosis of its days", MADE_OF) == f"{kurtosis:.2f}"


def test_the_start_days_follow_from_their_file(page):
    starts = page.own("starts")
    counted = starts[starts.is_counted == 1]
    assert (counted.held_days >= page.setting("start_least_days")).all()
    share = (counted.excess_return > 0).mean()
    assert page.printed("Start days above the hurdle") == f"{share:.1%}"
    positive = (counted.total_return > 0).mean()
    assert page.printed("Start days above the capital", MADE_OF) == f"{positive:.1%}"
    yearly = (counted.excess_return * 365 / counted.held_days).quantile(0.25)
    name = "25% of start days end below, points a year"
    assert page.printed(name, MADE_OF) == f"{100 * yearly:+.1f}"


def test_a_start_day_of_the_file_is_a_run_of_one_s_own(page):
    """The third of every hundred start days, run again from there."""
    leverage, trigger = re.fullmatch(r"(\d)x, trigger (.*)x", page.label).groups()
    for row in page.own("starts").iloc[3::100].itertuples():
        config = bl.RebalanceConfig(leverage=float(leverage), trigger=float(trigger))
        result = bl.backtest(bl.load_market(), config, start=row.day)
        paid = result.ledger.shortfall / result.initial_usd  # a certificate forgives nothing
        assert result.total_return - paid == pytest.approx(row.total_return, abs=1e-9)
        assert result.hurdle_return == pytest.approx(row.hurdle_return, abs=1e-9)


def test_the_walk_forward_follows_from_its_windows(page):
    """In every window the trial with the highest return inside is the chosen one; its returns
    outside compound against the hurdle's over the days lived."""
    windows = page.own("windows")
    best = windows.loc[windows.groupby("window").inside_return.idxmax()]
    assert (best.is_chosen == 1).all()
    assert windows.is_chosen.sum() == len(best)
    lived = pd.to_datetime(best.lived_to) - pd.to_datetime(best.lived_from)
    days = (lived.dt.days + 1).sum()
    gap = (1 + best.outside_return).prod() - (1 + best.outside_hurdle_return).prod()
    assert page.printed("Walk-forward excess, points a year") == f"{100 * gap * 365 / days:+.1f}"


def test_purge_days_lie_between_choosing_and_living(page):
    windows = page.own("windows")
    between = pd.to_datetime(windows.lived_from) - pd.to_datetime(windows.chosen_to)
    assert set(between.dt.days - 1) == {page.setting("walk_purge_rows")}
    chosen = pd.to_datetime(windows.chosen_to) - pd.to_datetime(windows.chosen_from)
    assert set(chosen.dt.days + 1) == {page.setting("walk_train_days")}


def test_every_window_is_a_run_that_pays_its_own_opening(page):
    """The chosen trial of the last window, lived again on its own days from fresh capital."""
    row = page.own("windows").query("is_chosen == 1").iloc[-1]
    leverage, trigger = re.fullmatch(r"(\d)x, trigger (.*?)x?", row.trial).groups()
    trigger = None if trigger == "never" else float(trigger)
    config = bl.RebalanceConfig(leverage=float(leverage), trigger=trigger)
    result = bl.backtest(bl.load_market(), config, start=row.lived_from, end=row.lived_to)
    assert result.total_return == pytest.approx(row.outside_return, abs=1e-9)
    assert result.ledger.trading_fees < 0


def test_neighbours_and_constants_follow_from_their_files(page):
    cells = page.own("neighbours").excess_annualized
    assert page.printed("Neighbourhood above the hurdle") == f"{(cells > 0).mean():.1%}"
    constants = page.own("constants")
    shares = (constants.excess_annualized > 0).groupby(constants.constant).mean()
    assert page.printed("Assumed constants that leave it above") == f"{shares.mean():.1%}"


def test_no_trial_above_the_hurdle_leaves_no_edge_to_explain(alone):
    """Where every mean is below zero the p-value is 1 by definition: nothing was found."""
    assert (alone.days[alone.family()].mean() < 0).all()
    assert alone.printed("Superior ability, p-value") == "1.000"


@pytest.mark.parametrize("edge", [0.0003, 0.0006])
def test_the_p_values_follow_from_the_days_by_arch(edge):
    """An own bootstrap of arch with the seed, resamples and block length that the file states.

    Both are shares of 2 000 resamples: they differ by at most four errors of their difference.
    arch studentises by its own long-run deviation; handed returns over it, it does.
    """
    returns = np.random.default_rng(3).normal(0.0, 0.005, (400, 6))
    returns[:, 2] += edge
    found = certify_returns(returns, rules=Rules(blocks=8))
    files = certificate_data([found])
    days = pd.read_csv(io.StringIO(files["certificate-returns.csv"].text), index_col="day")
    losses = -days.drop(columns="cscv_block").to_numpy()
    settings = pd.read_csv(
        io.StringIO(files["certificate-settings.csv"].text), index_col="name"
    ).value
    block = round(float(settings["bootstrap_mean_block_rows"]))
    given = {
        "block_size": block,
        "reps": int(settings["bootstrap_resamples"]),
        "seed": int(settings["bootstrap_seed"]),
    }
    zeros = np.zeros(len(losses))
    plain = SPA(zeros, losses, **given)
    plain.compute()
    scaled = SPA(zeros, losses / np.sqrt(plain._loss_diff_var), **given)
    scaled.compute()
    for mine, theirs in (
        (found.spa.reality_check, plain.pvalues["upper"]),
        (found.spa.consistent, scaled.pvalues["consistent"]),
    ):
        error = math.sqrt(2 * theirs * (1 - theirs) / given["reps"])
        assert 0.0 < theirs < 1.0
        assert mine == pytest.approx(theirs, abs=4 * error + 0.01)


def test_the_lines_on_the_page_find_its_figures_again(folder, alone):
    """The Python that the page shows, run on the files that lie beside it, prints its figures."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "certificate.md").read_text(), re.DOTALL)
    shown = re.sub("<[^>]+>", "", alone.html.split('<pre><code class="language-python">')[1])
    assert code.splitlines()[0] in shown
    assert len([line for line in code.splitlines() if line]) <= 13
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder / "data",
        capture_output=True,
        text=True,
        check=True,
    )
    found, sharpe, starts = (float(line.split()[-1]) for line in done.stdout.splitlines())
    facts = json.loads((folder / "certificate.json").read_text())
    assert found == pytest.approx(facts["cscv"]["pbo_probability"], abs=1e-12)
    assert f"{found:.1%}" in alone.html
    assert f"{sharpe:.3f}".replace("-", "\u2212") in alone.html
    assert alone.printed("Start days above the hurdle") == f"{starts:.1%}"


def test_what_lies_beside_the_page_is_what_it_carries(folder, alone):
    beside = {path.name: path.read_text() for path in (folder / "data").iterdir()}
    assert beside == alone.texts
    text = (folder / "certificate.md").read_text()
    assert all(f"(data/{name})" in text for name in beside)


def test_the_pages_stay_small(folder, certified):
    """With three optima of the study too, whose trials are written once; Vega adds about 0.8 MB."""
    assert len((folder / "certificate.html").read_bytes()) < LIMIT
    html, labels, text = certified
    page = Page(html, labels[0])
    assert len(page.days.columns) == len(page.table("trials").trial.unique())
    assert len(html.encode()) < LIMIT - 1_200_000
    assert "data/certificate-returns.csv" in text


def test_a_falsified_day_is_noticed(alone):
    """The optimum's worst day taken away from the file: its overfitting no longer agrees."""
    days = alone.days.copy()
    worst = days[alone.label].idxmin()
    days.loc[worst, alone.label] = 0.0
    found = overfitting(days[alone.family()].to_numpy(), alone.blocks.to_numpy())
    assert alone.printed("Overfitting or loss outside, the less likely") != f"{min(found):.1%}"
