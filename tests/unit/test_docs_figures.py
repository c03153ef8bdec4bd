"""Every figure on a page is computed: its sentence stands here with the run that gives it."""

from __future__ import annotations

import re

import pytest

import basislab as bl
from basislab import backtest
from basislab.kernels import legs, rebalance, rotation, static
from basislab.report import words
from basislab.research import breakeven
from basislab.types.ensemble import LEVEL
from tests.pages import PAGES, prose

MODELS_PAGE = PAGES["docs/models.md"]
ADRS = [name for name in PAGES if name.startswith("docs/adr/")]


def percent(fraction: float) -> str:
    return f"{100 * fraction:+.1f} %"


def usd(amount: float) -> str:
    return f"{amount:,.0f}".replace(",", " ")


def run_of(config: type, leverage: float, **decisions: object) -> bl.Result:
    return backtest(bl.load_market(), config(leverage=leverage, **decisions))


def best(leverage: float) -> bl.Result:
    """The highest return of the study's grid; triggers below 1.3 times the leverage are skipped."""
    grid = [t for t in (3, 4, 5, 6, 8, 10, None) if t is None or t >= 1.3 * leverage]
    runs = [run_of(bl.RebalanceConfig, leverage, trigger=trigger) for trigger in grid]
    assert not any(event.kind == "ruined" for run in runs for event in run.event_list)
    return max(runs, key=lambda run: run.final_usd)


def baseline() -> str:
    """The table of 0.1.0."""
    leverages = (2, 3, 4)

    def line(label: str, cell: object) -> str:
        return f"| {label} | {' | '.join(cell(leverage) for leverage in leverages)} |"  # type: ignore[operator]

    def annual(config: type, **decisions: object) -> object:
        return lambda leverage: percent(run_of(config, leverage, **decisions).annualized_return)

    def best_cell(leverage: float) -> str:
        run = best(leverage)
        return f"{percent(run.annualized_return)} ({run.config.trigger_leverage:g}x)"

    def counts_cell(leverage: float) -> str:
        counts = run_of(bl.RebalanceConfig, leverage).counts
        return f"{counts['rebalances']} / {counts['liquidations']}"

    def costs_cell(leverage: float) -> str:
        ledger = run_of(bl.RebalanceConfig, leverage).ledger
        return f"{usd(-ledger.costs)} / {usd(-ledger.liquidation_penalty)}"

    default = bl.RebalanceConfig
    lines = [
        "| return a year, simple | 2x | 3x | 4x |",
        "|---|---|---|---|",
        line("static, with book slippage", annual(bl.StaticConfig, slippage="book")),
        line("rebalance, default trigger", annual(default)),
        line("rebalance, best trigger of the grid", best_cell),
        line("full rotation", annual(bl.RotationConfig)),
        line("conditional deployment", annual(bl.ConditionalConfig)),
        line("rebalance, 1 000 USD", annual(default, capital_usd=1_000)),
        line("rebalance, 100 000 USD", annual(default, capital_usd=100_000)),
        line("rebalance, drift-study", annual(default, perp="drift-study")),
        line("the hurdle", lambda leverage: percent(run_of(default, leverage).hurdle_annualized)),
        line("rebalances / liquidations, default trigger", counts_cell),
        line("all fees / penalties, default trigger, USD", costs_cell),
    ]
    return "\n".join(lines)


def sentences() -> dict[str, list[str]]:
    """Page -> the sentences with figures in it, each figure computed here."""
    market = bl.load_market()
    drift = run_of(bl.RebalanceConfig, 4, perp="drift-study")
    unforgiven = drift.ledger.total - drift.ledger.shortfall
    tuned = run_of(bl.RebalanceConfig, 2, trigger=5)
    book = tuned.ledger
    naive = run_of(bl.RebalanceConfig, 2).ledger
    hours = market.funding["hyperliquid"].settlements
    published = (
        round(naive.carry),
        round(naive.funding),
        round(book.costs),
        round(naive.revaluation),
    )
    apy = market.supply["kamino", "USDC"].apy.mean()
    high = market.reference_price.high.max()
    static_2x = run_of(bl.StaticConfig, 2, slippage="book").annualized_return
    changes = [
        f"with the study's {len(market)} days as built-in sample",
        f"hides {usd(drift.ledger.shortfall)} USD of forgiven losses;",
        f"the gain of {percent(drift.annualized_return)} a year there is nothing else,",
        f"without it the result is {percent(unforgiven / 10_000 * 365 / len(market))}.",
        f"earned {100 * apy:.2f} % APY on average.",
        f"Static at 2x is printed as +5.9 %; the study's own script gives {percent(static_2x)}.",
        f"The highest price is printed as 295.54; the data have {high:.2f}.",
        f"is printed as {' / '.join(map(str, published))}.",
        f"Right for trigger 5: carry {book.carry:.2f}, funding {book.funding:.2f},",
        f"fees {book.costs:.2f}, revaluation {book.revaluation:.2f}, net {book.total:+.2f}.",
        f"lets a short at 2x survive {percent((1 - 0.05) / (2 - 1 + 0.05))};",
        f"right is {percent(breakeven.short_liquidation_distance(2, 0.05))}.",
        f"The first and the last day have {hours[0]} and {hours[-1]} hours of funding.",
        baseline(),
    ]
    penalty = bl.load_venue("hyperliquid-study").rotation_penalty
    equations_ = [
        f"{static.BOOK_BASE_BPS:g} bps up to {usd(static.BOOK_FREE_USD)} USD of notional, then",
        f"a further {static.BOOK_STEP_BPS:g} bps per {usd(static.BOOK_STEP_USD)} USD",
        f"more than {rebalance.MIN_MOVE_USD:g} USD",
        f"The {rebalance.MIN_MOVE_USD:g} USD rule",
        f"at least {legs.MIN_EQUITY_USD:g} USD of equity, and {legs.NO_EQUITY_LEVERAGE:g} without",
        f"$X$ > {rotation.MIN_CAPITAL_USD:g} USD",
        f"the last {rotation.APY_WINDOW} deployed days",
        rf"\mathrm{{penalty}} = {100 * penalty:g}\,\%",
        '"Never" is 999',
    ]
    glossary = ["5 % APY means 1.05", "5 % is 0.05 / 365", "One basis point is 0.01 %"]
    scenarios = ["fractions (0.05, not 5 %)"]
    threefold = run_of(bl.RebalanceConfig, 3)
    near = [run_of(bl.RebalanceConfig, 2, trigger=trigger) for trigger in (4, 5, 6)]
    down, up, last = (percent(run.annualized_return) for run in near)
    faq = [
        f"carry and funding come to +{usd(threefold.ledger.carry + threefold.ledger.funding)} USD;",
        f"one liquidation takes {usd(-threefold.ledger.liquidation_penalty)} USD,",
        f"and {usd(-threefold.ledger.revaluation)} USD go to revaluation.",
        f"trigger 5 ends at {up} a year, and its neighbours 4 and 6 at {down} and {last}.",
        f"{100 * tuned.hurdle_return:+.2f} % over the sample's window.",
        f"it shows {percent(drift.annualized_return)} a year,",
        f"the forgiven losses it is {percent(unforgiven / 10_000 * 365 / len(market))}.",
    ]
    return {
        "CHANGELOG.md": changes,
        "docs/models.md": equations_,
        "docs/glossary.md": glossary,
        "docs/scenarios.md": scenarios,
        "docs/faq.md": faq,
        "docs/quickstart.md": [],
        "docs/reading-the-report.md": [f"{(1 - LEVEL) / 2:.0%} to {(1 + LEVEL) / 2:.0%}"],
        "docs/api.md": [],
        "ARCHITECTURE.md": [],
        **{name: [] for name in ADRS},
    }


@pytest.fixture(scope="module")
def computed() -> dict[str, list[str]]:
    return sentences()


FIGURE = re.compile(r"[+-]?\d[\d .,]*(?<! )(?: |\\,\\)?(?:%|USD\b|bps\b)|(?<![\w$(^])[+-]\d+\.\d+")


def test_figures_are_computed(computed: dict[str, list[str]]) -> None:
    """Each sentence as computed stands on its page."""
    for page, expected in computed.items():
        text = " ".join(PAGES[page].split())
        for sentence in expected:
            assert " ".join(sentence.split()) in text, f"{page}: {sentence}"


def test_no_figure_is_typed(computed: dict[str, list[str]]) -> None:
    """What is left when the computed sentences, the examples and the baseline are taken away."""
    capitals = ("10 000 USD", "1 000 USD", "100 000 USD")
    for page, expected in computed.items():
        text = " ".join(prose(PAGES[page]).split())
        for sentence in (*expected, *capitals):
            text = text.replace(" ".join(sentence.split()), "")
        assert [match[0] for match in FIGURE.finditer(text)] == [], page


def test_a_typed_figure_would_be_seen() -> None:
    """The net above is awake: percentages, dollars, basis points, signed numbers."""
    typed = ["earns +4.0 % a year", "costs 1 569 USD", "a fee of 3.5 bps", "a net of -36.98 in all"]
    assert all(FIGURE.search(text) for text in typed)
    assert not FIGURE.search("10 to 12 of 410 in 2025-04-20, ADR 0003, v0.1.0")


def test_what_the_pages_say_about_the_sample() -> None:
    """Claims without a figure: rotation as a floor, forgiven losses, a gain below the hurdle."""
    assert "at 2x on the sample it ends above the realistic model" in " ".join(MODELS_PAGE.split())
    floor = run_of(bl.RotationConfig, 2)
    assert floor.final_usd > run_of(bl.RebalanceConfig, 2).final_usd
    drift = run_of(bl.RebalanceConfig, 4, perp="drift-study").ledger
    assert drift.total > 0 > drift.total - drift.shortfall
    assert 0 < best(2).annualized_return < best(2).hurdle_annualized
    for leverage in (2, 3, 4):
        distances = (
            breakeven.short_liquidation_distance(leverage, 0.05),
            breakeven.long_liquidation_distance(leverage, 0.05),
        )
        assert distances[0] < distances[1]
    assert words.trigger(legs.NO_EQUITY_LEVERAGE) == "never"
    assert run_of(bl.RebalanceConfig, 3).counts["liquidations"] == 1
    assert [
        run_of(bl.RebalanceConfig, 2, trigger=trigger).counts["liquidations"] for trigger in (4, 5)
    ] == [1, 0]
    assert any("debt" in text for text in run_of(bl.RebalanceConfig, 1.5).warnings)
