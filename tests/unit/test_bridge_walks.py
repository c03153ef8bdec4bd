"""The paths within a day, step by step and by hand: levels, cells, bent walks, bars, wicks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from basislab.kernels.rng import below, draw
from tests import plain

walks = plain.bridge()
STEPS = 288


@pytest.mark.parametrize(("high", "level"), [(109.9, 0), (110.0, 1), (119.9, 1), (130.0, 2)])
def test_a_days_level_is_how_many_widths_it_reaches(high, level):
    """From a low of 100; the widths are those of 110 and 120."""
    widths = np.array([math.log(110 / 100), math.log(120 / 100)])
    assert level == walks.level_of(widths, 100.0, high)


@pytest.mark.parametrize(
    ("price", "low", "high", "share"),
    [(102.5, 100.0, 110.0, 0.25), (110.0, 100.0, 110.0, 1.0), (100.0, 100.0, 100.0, 0.5)],
)
def test_a_price_is_a_share_of_its_days_range(price, low, high, share):
    assert share == walks.share_of(price, low, high)


@pytest.mark.parametrize(
    ("share", "cell"), [(0.0, 0), (0.0833, 0), (0.0834, 1), (0.9166, 10), (0.9167, 11), (1.0, 11)]
)
def test_a_twelfth_of_the_range_is_a_cell(share, cell):
    assert cell == walks.cell_of(share)


@pytest.mark.parametrize(
    ("share", "low", "high", "price"),
    [
        (0.25, 100.0, 110.0, 102.5),
        (0.0, 0.2, 0.9, 0.2),
        (1.0, 0.2, 0.9, 0.9),  # 0.2 + (0.9 - 0.2) is less in binary
    ],
)
def test_a_share_is_a_price_between_low_and_high_and_never_beyond(share, low, high, price):
    assert price == walks.stretched(share, low, high)


def made_walk(power=1.0):
    """From 0.5 to 0 at step 72, to 1 at 216, to 0.5 at the end; `power` bends both outer parts."""
    step = np.arange(STEPS + 1)
    fall = 0.5 * np.clip(1 - step / 72, 0, 1) ** power
    rise = np.clip((step - 72) / 144, 0, 1)
    back = 0.5 - 0.5 * np.clip(1 - (step - 216) / 72, 0, 1) ** power
    return (fall + rise - np.where(step > 216, back, 0.0)).astype(np.float32)


def bent(walk, number, start, end):
    way = np.full(STEPS + 1, np.nan)
    walks.bend(way, walk, number, start, end)
    return way


@pytest.mark.parametrize(("number", "turn"), [(0, 1), (5, 1), (-1, -1)])
def test_a_walk_is_moved_at_its_ends_by_a_line_to_its_extremes(number, turn):
    """From 0.3 to 0.9 instead of 0.5 to 0.5: 0.2 less at the start, half of it at step 36, none
    from 72 to 216, 0.2 more at 252. A negative number is the walk upside down."""
    walk = made_walk().astype(float)
    upright = walk if turn > 0 else 1 - walk
    way = bent(made_walk(), number, 0.3, 0.9)
    step = np.arange(STEPS + 1)
    moved = -0.2 * np.clip(1 - step / 72, 0, 1) + 0.4 * np.clip((step - 216) / 72, 0, 1)
    assert way == pytest.approx(upright + moved, abs=1e-6)
    assert (0.3, 0.9) == (way[0], way[-1])


@pytest.mark.parametrize(("number", "bound"), [(0, 0.0), (-1, 1.0)])
def test_a_bent_walk_stays_between_its_extremes(number, bound):
    """A walk that falls fast first lies below the line to zero and is cut there; one that stays at
    its top for long is cut at one. Turned over it is the other way round."""
    begin = bent(made_walk(2.0), number, bound, 0.5)
    end = bent(made_walk(0.5), number, 0.5, 1 - bound)
    assert (begin[:72] == bound).all()
    assert (end[217:] == 1 - bound).all()
    assert (0.0, 1.0) == (begin.min(), end.max())


def test_a_walk_whose_first_step_is_an_extreme_is_moved_there_alone():
    """From 0 over 1 at step 100 to 0.5; the other way round it ends at an extreme."""
    step = np.arange(STEPS + 1)
    walk = np.where(step <= 100, step / 100, 1 - (step - 100) / 376).astype(np.float32)
    way = bent(walk, 0, 0.2, 0.5)
    assert 0.2 == way[0]
    assert way[1:] == pytest.approx(walk[1:].astype(float), abs=1e-6)
    back = bent(walk[::-1].copy(), 0, 0.5, 0.2)
    assert 0.2 == back[-1]
    assert back[:-1] == pytest.approx(walk[:0:-1].astype(float), abs=1e-6)


def days(*candles, first=20_000):
    columns = zip(*candles, strict=True)
    numbers = np.arange(first, first + len(candles))
    return walks.Days(numbers, *(np.array(column, float) for column in columns))


def test_an_hours_bar_holds_its_steps_and_the_next_ones_first():
    """100 to 110: 105 throughout, but 100 in step 11, 110 in step 12, which ends the first hour and
    begins the second, and 102.5 in the step after it and in the last one."""
    way = np.full(STEPS + 1, 0.5)
    way[11], way[12], way[13], way[-1] = 0.0, 1.0, 0.25, 0.25
    bars = np.empty((4, 24))
    walks.fill_day(bars, way, days((105, 110, 100, 102.5)), 0)
    assert [105, 110, 100, 110] == bars[:, 0].tolist()
    assert [110, 110, 102.5, 105] == bars[:, 1].tolist()
    assert [105, 105, 105, 105] == bars[:, 2].tolist()
    assert [105, 105, 102.5, 102.5] == bars[:, 23].tolist()


@pytest.mark.parametrize("count", [1, 2, 24])
def test_the_days_own_open_and_close_are_in_its_first_and_last_bar(count):
    """What is known moves by no rounding; here by a whole dollar, to either side."""
    for begin, end in ((106.0, 104.0), (104.0, 106.0)):
        bars = np.empty((4, count))
        walks.fill_day(bars, np.full(STEPS + 1, 0.5), days((1, 9, 1, 9), (begin, 110, 100, end)), 1)
        assert (begin, end) == (bars[0, 0], bars[3, -1])
        for bar, own in ((0, begin), (-1, end)):
            others = [105.0, begin, end] if count == 1 else [105.0, own]
            assert (max(others), min(others)) == (bars[1, bar], bars[2, bar])


def library(n_levels=2, n_walks=3, n_near=1, widths=(0.5,)):
    """Walks that differ; every cell's number tells level, start and end."""
    cells = np.arange(n_levels * 144 * n_near, dtype=np.int32)
    near = cells.reshape(n_levels, 12, 12, n_near)
    each = np.stack([made_walk(power) for power in 1 + np.arange(n_levels * n_walks) / 4])
    return walks.Library(each.reshape(n_levels, n_walks, -1), near, np.array(widths))


@pytest.mark.parametrize(
    ("candle", "level", "cell"),
    [((100, 120, 100, 110), 0, 0 * 12 + 6), ((190, 200, 100, 100), 1, 10 * 12 + 0)],
)
def test_a_walk_is_picked_by_the_days_width_start_and_end(candle, level, cell):
    """A range beyond exp(0.5) is the second level; starts at 0 and 0.9 of it, ends at 0.5 and 0."""
    found = walks.pick(library(), days((1, 1, 1, 1), candle), 1, 7, 3)
    assert (level, 144 * level + cell) == found


def test_which_of_the_near_walks_is_drawn_by_seed_path_and_day():
    """The first word of the draw labelled 2^62 + path, for the day's number."""
    given, candles = library(n_near=5), days((100, 120, 100, 110), (100, 120, 100, 110))
    for seed, path, day in ((7, 3, 0), (7, 3, 1), (7, 4, 1), (8, 4, 1)):
        word = draw(seed, (1 << 62) + path, 20_000 + day).a
        assert walks.pick(given, candles, day, seed, path)[1] == 5 * 6 + below(word, 5)


@pytest.mark.parametrize(("number", "index"), [(0, 0), (2, 2), (-3, 2)])
def test_a_path_is_its_days_walks_as_the_leading_price_picks_them(number, index):
    """The first or third walk, upright or turned over, of the leader's level; on the day's own
    prices."""
    given = library(widths=(0.15,))
    given.near[...] = number
    lead = days((100, 110, 100, 110), (100, 120, 100, 110))
    own = days((50, 60, 40, 45), (45, 70, 40, 70))
    bars = np.empty((4, 48))
    walks.fill_path(bars, given, lead, own, 7, 3)
    ends = [(0.5, 0.25), (5 / 30, 1.0)]
    for day, (start, end) in enumerate(ends):
        wanted = np.empty((4, 24))
        way = bent(given.walks[day, index], number, start, end)
        walks.fill_day(wanted, way, own, day)
        assert wanted.tolist() == bars[:, 24 * day : 24 * day + 24].tolist()


def test_half_of_a_wick_is_kept_and_all_of_the_body():
    """Bodies of 100 to 104, and of 108 down to 104."""
    bars = np.array([[100.0, 104, 108, 106], [110, 104, 112, 108], [90, 101, 100, 104],
                     [103, 104, 107, 104]])  # fmt: skip
    walks.cut_wicks(bars, days((100, 110, 90, 104), (108, 112, 100, 104)), 0.5)
    assert [[100, 104, 108, 106], [107, 104, 110, 108], [95, 101, 102, 104],
            [103, 104, 107, 104]] == bars.tolist()  # fmt: skip


def test_four_normal_numbers_are_box_and_mullers_of_four_words():
    """Two radii by the first and third word, two turns by the second and fourth."""
    for number in range(3):
        a, b, c, d = (float(word) / 2**32 for word in draw(7, 5, number))
        one = math.sqrt(-2 * math.log(a + 2**-32)) * np.exp(2j * math.pi * b)
        two = math.sqrt(-2 * math.log(c + 2**-32)) * np.exp(2j * math.pi * d)
        wanted = one.real, one.imag, two.real, two.imag
        assert wanted == pytest.approx(walks.normals(7, 5, number), rel=1e-12)


def marsaglia_tsang(shape, label, number):
    """A gamma number as the paper has it, two draws a try, and the number of tries."""
    d = shape + 1 - 1 / 3
    c = 1 / math.sqrt(9 * d)
    for tries in range(16):
        x = walks.normals(7, label, number + 2 * tries)[0]
        u = (float(draw(7, label, number + 2 * tries + 1).a) + 1) / 2**32
        v = (1 + c * x) ** 3
        if v > 0 and math.log(u) < x**2 / 2 + d - d * v + d * math.log(v):
            break
    root = (float(draw(7, label, number + 32).a) + 1) / 2**32
    return d * v * root ** (1 / shape), tries


LABEL, FAR = 9, 155_008
"""A first normal number of -3.97 leaves less than nothing to be cubed."""


@pytest.mark.parametrize("shape", [0.45, 1.7])
def test_gamma_numbers_are_marsaglia_and_tsangs(shape):
    """Some of them by a second try."""
    tried = set()
    for number in (FAR, *range(0, 64 * 3_000, 64)):
        wanted, tries = marsaglia_tsang(shape, LABEL, number)
        assert wanted == pytest.approx(walks.gamma(shape, 7, LABEL, number), rel=1e-12)
        tried.add(tries)
    assert {0, 1} <= tried


def test_gamma_numbers_have_mean_and_variance_of_their_shape():
    """Both are the shape: 0.45 within five standard errors of 4 000; the logarithm's mean is the
    digamma of it, -2.43."""
    found = np.array([walks.gamma(0.45, 7, 9, 64 * number) for number in range(4_000)])
    assert found.mean() == pytest.approx(0.45, abs=5 * (0.45 / 4_000) ** 0.5)
    assert found.var() == pytest.approx(0.45, rel=0.25)
    assert np.log(found).mean() == pytest.approx(-2.4283, abs=0.2)


@pytest.mark.parametrize("number", [11, 27, 338])
def test_a_walk_is_its_hours_steps_on_an_uneven_clock(number):
    """72 draws of four steps; each hour's variance is its weight times a gamma number. Onto [0, 1];
    the reach is the range over the root of the hours' squared moves. One walk lies on both sides of
    its start, one below it and one above."""
    weights = np.arange(1, 25) / 300
    walk = np.empty(STEPS + 1, np.float32)
    reach = walks.draw_walk(walk, weights, 0.45, 7, number)
    paces = [walks.gamma(0.45, 7, (1 << 61) + number, 64 * hour) for hour in range(24)]
    fours = [walks.normals(7, (1 << 60) + number, part) for part in range(72)]
    steps = np.concatenate(fours) * np.repeat(np.sqrt(weights * paces), 12)
    way = np.concatenate(([0.0], np.cumsum(steps)))
    low, high = way.min(), way.max()
    assert walk == pytest.approx((way - low) / (high - low), abs=1e-6)
    assert reach == pytest.approx((high - low) / np.sqrt((np.diff(way[::12]) ** 2).sum()))


def test_walks_are_numbered_from_the_first_that_is_asked_for():
    many, reach = np.empty((2, STEPS + 1), np.float32), np.empty(2)
    one = np.empty(STEPS + 1, np.float32)
    weights = np.full(24, 1 / 24)
    walks.draw_walks(many, reach, weights, 0.45, 7, 5)
    for index in range(2):
        assert reach[index] == walks.draw_walk(one, weights, 0.45, 7, 5 + index)
        assert one.tolist() == many[index].tolist()
