"""The decision: criterion, walk-forward, regimes and the rules that make a word of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import basislab as bl
from basislab.api.decisions import hurdle_of
from basislab.errors import ConfigError, SourceError
from basislab.presets.terms import resolve
from basislab.research.decision import regimes
from basislab.research.decision.choice import QUANTILE, TIE, choose, within
from basislab.research.decision.grid import BANDS, LEVERAGES, LOOKS, choices, neighbours
from basislab.research.decision.past import Past
from basislab.research.decision.spans import apart, interval_of, share_interval, student_95
from basislab.research.decision.verdict import Evidence, is_thin, judge, sureness
from basislab.types.decision import HalfYear, Interval

BASE = resolve(bl.VenueConfig(leverage=2.0, capital_usd=10_000.0))


def above(middle, low, high):
    return Interval(middle=middle, low=low, high=high)


GOOD = Evidence(
    is_passed=True,
    excess=above(0.05, 0.01, 0.09),
    spans=8,
    steps=5,
    walk=0.02,
    good_share=0.8,
    paying=above(0.06, 0.02, 0.10),
)
"""Everything speaks for it; each test changes what it is about."""


def word(**changes):
    return judge(replace(GOOD, **changes))[0]


def test_everything_above_the_hurdle_is_worth_it():
    assert ("worth it", ("excess", "walk", "regimes")) == judge(GOOD)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"spans": 4}, True),
        ({"spans": 3}, False),
        ({"steps": 2}, True),
        ({"steps": 1}, False),
        ({"walk": None}, False),
        ({"excess": above(0.05, None, None)}, False),
    ],
)
def test_too_short_a_past_tells_nothing(changes, is_told):
    """Four spans and two steps are the least; nothing else is asked before."""
    assert is_told == (word(**changes) == "worth it")
    if not is_told:
        assert ("cannot be told", ("sample",)) == judge(replace(GOOD, **changes))


@pytest.mark.parametrize(
    ("middle", "walk", "expected"),
    [
        (1e-9, 1e-9, ("cannot be told", ("criterion",))),
        (0.0, 1e-9, ("not worth it", ("criterion", "excess"))),
        (1e-9, 0.0, ("not worth it", ("criterion", "walk"))),
    ],
)
def test_what_passes_no_criterion_is_never_worth_it(middle, walk, expected):
    out = replace(GOOD, is_passed=False, excess=above(middle, -0.01, 0.09), walk=walk)
    assert expected == judge(out)
    assert "cannot be told" == judge(replace(GOOD, is_passed=False))[0]


@pytest.mark.parametrize(("high", "expected"), [(0.0, "not worth it"), (1e-9, "cannot be told")])
def test_an_interval_that_ends_at_the_hurdle_is_not_worth_it(high, expected):
    """With a walk-forward above the hurdle only the interval decides."""
    assert expected == word(excess=above(-0.02, -0.05, high))


@pytest.mark.parametrize(
    ("middle", "walk", "expected"),
    [
        (0.0, 0.0, "not worth it"),
        (0.01, 0.0, "cannot be told"),
        (0.0, 0.01, "cannot be told"),
        (0.01, 1e-9, "worth it while carry pays"),
    ],
)
def test_choice_and_walk_forward_both_have_to_beat_the_hurdle(middle, walk, expected):
    assert expected == word(excess=above(middle, -0.05, 0.06), walk=walk)


@pytest.mark.parametrize(
    ("low", "share", "expected"),
    [
        (1e-9, 0.75, "worth it"),
        (0.0, 0.75, "worth it while carry pays"),
        (1e-9, 0.74, "worth it while carry pays"),
        (1e-9, None, "worth it while carry pays"),
    ],
)
def test_worth_it_needs_the_whole_interval_and_three_of_four_half_years(low, share, expected):
    assert expected == word(excess=above(0.05, low, 0.09), good_share=share)


@pytest.mark.parametrize(
    ("paying", "expected"),
    [
        (above(0.06, 1e-9, 0.1), "worth it while carry pays"),
        (above(0.06, 0.0, 0.1), "cannot be told"),
        (above(0.06, None, None), "cannot be told"),
        (None, "cannot be told"),
    ],
)
def test_while_carry_pays_needs_the_whole_interval_after_funding_that_pays(paying, expected):
    assert expected == word(good_share=0.5, paying=paying)


def test_a_word_is_surer_on_more_spans_and_an_open_one_never():
    assert ["not very sure", "fairly sure", "fairly sure", "sure"] == [
        sureness("worth it", spans) for spans in (7, 8, 15, 16)
    ]
    assert "" == sureness("cannot be told", 50)


def test_thin_is_what_is_not_known_to_beat_the_hurdle_after_little_funding():
    assert [False, True, True, True] == [
        is_thin(found)
        for found in (above(1, 1e-9, 2), above(1, 0.0, 2), above(1, None, None), None)
    ]


# ---- spans


def test_an_interval_widens_with_students_t_and_with_the_paths_own_spread():
    """Mean 2 of 1, 2, 3: s^2/3 = 1/3, t(2) = 2.920: 2 -+ 1.686; with a spread of 1 more."""
    found = interval_of(np.array([1.0, 2.0, 3.0]))
    assert found.middle == 2.0
    assert found.low == pytest.approx(2 - 2.920 / 3**0.5)
    assert interval_of(np.array([1.0, 2.0, 3.0]), 1.0).high == pytest.approx(
        2 + 2.920 * (1 / 3 + 1) ** 0.5
    )


def test_students_quantile_goes_on_where_its_table_ends():
    assert student_95(20) > student_95(21) > 1.645


def test_a_share_of_few_cases_is_never_certain():
    low, high = share_interval(1.0, 4)
    assert 0.5 < low < 1.0
    assert high == 1.0


def test_starts_apart_are_counted_from_the_last_one_taken():
    assert [0, 3] == apart(np.array([0, 50, 89, 90, 179]), 90).tolist()


# ---- criterion


def test_the_grid_is_every_pair_with_every_band_and_look():
    found = choices(BASE, 3_600)
    assert len(LEVERAGES) * len(BANDS) * len(LOOKS) == len(found) == len(set(found))


def test_bars_that_divide_no_look_are_refused():
    with pytest.raises(ConfigError, match="a look every"):
        choices(BASE, 7 * 3_600)


def test_neighbours_change_one_number_and_no_leverage_below_one():
    """Long 1x has no lower neighbour: two of the short, two of the band, one of the long."""
    config = replace(BASE, long_leverage=1.0, short_leverage=3.0, band=0.2)
    found = {(*one.leverages, one.band) for one in neighbours(config)}
    expected = {(1.2, 3, 0.2), (1, 2.4, 0.2), (1, 3.6, 0.2), (1, 3, 0.16), (1, 3, 0.24)}
    assert sorted(expected) == sorted(tuple(round(x, 9) for x in one) for one in found)


def test_without_a_lender_the_longs_leverage_is_no_number_to_change():
    held = resolve(replace(BASE, lending="none", long_leverage=1.0, short_leverage=3.0, band=0.2))
    assert {1.0} == {one.long_leverage for one in neighbours(held)}
    assert 4 == len(list(neighbours(held)))


def past_of(excess, sunk=0.0, near=0.01):
    """A past whose openings are given: by leverage pair, the same for every band and look."""
    starts = np.arange(0, 70, 7)

    def row(config):
        value = excess.get(tuple(round(x, 6) for x in config.leverages))
        is_given = value is not None and config.band in BANDS
        return np.full((10, 1), value if is_given else near)

    def openings(configs):
        shares = [sunk if np.isscalar(sunk) else sunk[one.leverages] for one in configs]
        return [
            SimpleNamespace(returns=row(one), is_sunk=np.arange(10)[:, None] < 10 * share)
            for one, share in zip(configs, shares, strict=True)
        ]

    return SimpleNamespace(starts=starts, horizon=90, n_days=200, openings=openings, excess=row)


PAIRS = ((1.0, 3.0), (2.0, 2.0))
TWO = [replace(BASE, long_leverage=a, short_leverage=b, band=0.2) for a, b in PAIRS]


def test_the_highest_lower_quartile_is_chosen():
    found = choose(past_of({PAIRS[0]: 0.01, PAIRS[1]: 0.02}), TWO)
    assert (PAIRS[1], 0.02, True) == (found.config.leverages, found.quarter, found.is_passed)
    assert QUANTILE == 0.25


def test_a_tie_goes_to_the_lower_leverage():
    """1x / 3x has 1.5 notional on the leg's share, 2x / 2x has 2: within 5 bp the first wins."""
    tied = choose(past_of({PAIRS[0]: 0.02 - 0.9 * TIE, PAIRS[1]: 0.02}), TWO)
    clear = choose(past_of({PAIRS[0]: 0.02 - 1.1 * TIE, PAIRS[1]: 0.02}), TWO)
    assert [PAIRS[0], PAIRS[1]] == [tied.config.leverages, clear.config.leverages]


def test_what_is_liquidated_too_often_is_not_chosen():
    """One opening of ten within 90 days is above 5 %."""
    sunk = {PAIRS[0]: 0.0, PAIRS[1]: 0.1}
    found = choose(past_of({PAIRS[0]: 0.001, PAIRS[1]: 0.02}, sunk=sunk), TWO)
    assert (PAIRS[0], True) == (found.config.leverages, found.is_passed)


def test_what_has_a_neighbour_at_the_hurdle_is_not_chosen():
    found = choose(past_of({PAIRS[0]: 0.01, PAIRS[1]: 0.02}, near=0.0), TWO)
    assert (PAIRS[1], False) == (found.config.leverages, found.is_passed)


def test_a_choice_sees_only_openings_that_have_ended():
    """Openings end 90 days after their start: by day 97 only those of days 0 and 7."""
    past = past_of({PAIRS[0]: 0.01, PAIRS[1]: 0.02})
    rows = {PAIRS[0]: np.array([1.0] * 2 + [-9.0] * 8), PAIRS[1]: np.array([0.5] * 2 + [9.0] * 8)}
    past.excess = lambda one: rows.get(one.leverages, np.ones(10))[:, None]
    assert [PAIRS[0], PAIRS[1]] == [
        choose(past, TWO, until).config.leverages for until in (97, None)
    ]


def test_a_share_over_a_horizon_is_told_for_ninety_days():
    """19 % in 180 days is 1 - 0.81^0.5 = 10 % in 90."""
    assert within(0.19, 180) == pytest.approx(0.1)


# ---- regimes


@pytest.fixture(scope="module")
def sample():
    return bl.load_market()


@pytest.fixture(scope="module")
def past(sample):
    growth = hurdle_of(sample, BASE, "supply")[1]
    return Past(sample, growth, 90, paths=1)


def test_carry_is_supply_and_funding_less_the_loan_on_the_capital(sample):
    """2x / 2x: notional 1, debt 1/2 of the capital: s + f - b / 2, a day."""
    lent = sample.supply["kamino", "SOL"].apy / 365
    owed = sample.borrow["kamino", "USDC"].apy / 365
    funding = sample.funding["hyperliquid"].rate
    found = regimes.daily_carry(sample, BASE)
    np.testing.assert_allclose(lent + funding - owed / 2, found, rtol=0, atol=1e-15)


def test_half_years_multiply_to_the_whole(past):
    rows = regimes.half_years(past, BASE)
    assert ["2024 H2", "2025 H1", "2025 H2", "2026 H1"] == [row.name for row in rows]
    assert past.n_days == sum(row.days_count for row in rows)
    hurdle = np.prod([1 + row.hurdle_return for row in rows])
    assert np.prod(past.growth) == pytest.approx(hurdle)


def test_a_half_year_of_a_few_days_is_not_judged():
    def row(days, made):
        return HalfYear(
            name="", days_count=days, funding_apy=0, carry_apy=0, hurdle_return=0, made_return=made
        )

    assert 0.5 == regimes.good_share((row(29, 1.0), row(30, 1.0), row(180, -1.0)))
    assert regimes.good_share((row(29, 1.0),)) is None


def test_levels_of_funding_hold_every_opening_that_has_a_past_once(past):
    levels = regimes.funding_levels(past, BASE)
    had = int((past.starts >= regimes.TRAILING_DAYS).sum())
    assert had == sum(level.starts_count for level in levels)
    parts = [regimes.at_level(past, BASE, *ends) for ends in ((-np.inf, 0.1), (0.1, np.inf))]
    assert had == sum(part.starts_count for part in parts)


def test_funding_that_repeats_itself_is_foretold_and_noise_is_not(past):
    """A slow wave: last week's says nearly all of next week; of white noise nothing is known."""
    days = np.arange(past.n_days)
    rng = np.random.default_rng(3)
    wave = SimpleNamespace(market=None, n_days=past.n_days)
    for rates, least, most in (
        (np.sin(days / 40), 0.5, 1.0),
        (rng.normal(size=past.n_days), -2.0, 0.1),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(regimes, "daily_funding", lambda _market, _config, r=rates: r)
            assert least < regimes.persistence(wave, BASE, 7, 7) < most


def test_openings_pay_their_opening_and_agree_with_a_run_of_their_own(past, sample):
    """The third opening, day 14, held 90 days, is the backtest of these days on the path."""
    config = replace(BASE, long_leverage=1.5, short_leverage=3.0)
    found = past.openings([config])[0].returns[2, 0]
    path = past.paths[0].window(str(past.days[14]), str(past.days[103]))
    assert bl.backtest(path, config).total_return == pytest.approx(found, abs=1e-12)


def test_what_venues_refuse_is_no_opening_and_no_choice(past):
    high = replace(BASE, long_leverage=9.0, short_leverage=3.0)
    found = past.openings([high])[0]
    assert np.isnan(found.returns).all()
    assert found.is_sunk.all()
    assert not choose(past, [high]).is_passed


# ---- hurdle


def test_where_the_coin_is_held_the_hurdle_names_the_markets_own_lender(sample):
    held = resolve(replace(BASE, lending="none", long_leverage=1.0))
    assert "lending USDC on Kamino" == hurdle_of(sample, held, "supply")[0]


def test_a_hurdle_is_a_rate_or_a_series_of_ones_own(sample, tmp_path):
    """5 % a year for 410 days; a file steps to 10 % on the 366th day."""
    name, growth = hurdle_of(sample, BASE, 0.05)
    assert ("5 % a year", 410) == (name, len(growth))
    assert np.prod(growth) == pytest.approx(1.05 ** (410 / 365))
    path = tmp_path / "bills.csv"
    path.write_text("day,yield_pct\n2024-01-01,5\n2025-12-31,10\n")
    name, growth = hurdle_of(sample, BASE, str(path))
    assert "bills.csv" == name
    assert np.prod(growth) == pytest.approx(1.05 ** (365 / 365) * 1.1 ** (45 / 365))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,apy\n2025-01-05,0.05\n", "begins at"),
        ("day,apy\n2024-01-01,\n", "A missing rate is not zero"),
        ("day,apy\n2024-01-02,0.05\n2024-01-01,0.05\n", "Put them in order"),
        ("day,apy,more\n2024-01-01,0.05,1\n", "two columns"),
    ],
)
def test_a_hurdles_file_that_leaves_a_day_open_is_refused(sample, tmp_path, text, says):
    path = tmp_path / "rate.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=says):
        hurdle_of(sample, BASE, path)


@pytest.mark.parametrize("given", ["nowhere.csv", "nan", 7.0])
def test_a_hurdle_that_is_none_is_refused(sample, given):
    with pytest.raises(ConfigError, match="hurdle: got"):
        hurdle_of(sample, BASE, given)
