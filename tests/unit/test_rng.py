"""The counter-based generator against the known answers of its authors."""

import numpy as np
import pytest

from basislab.kernels.rng import Words, below, draw, philox


def words(*values):
    return Words(*map(np.uint64, values))


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers(counter, key, expected):
    """kat_vectors of Random123, philox4x32 with 10 rounds."""
    assert tuple(map(int, philox(words(*counter), *map(np.uint64, key)))) == expected


def test_seed_and_path_use_all_their_bits():
    """Key (low, high) of the seed, counter (number, low, high of the path, 0)."""
    seed, path = (7 << 32) + 5, (3 << 32) + 2
    expected = philox(words(9, 2, 3, 0), np.uint64(5), np.uint64(7))
    assert draw(seed, path, 9) == expected


def test_draws_of_neighbours_differ():
    found = {draw(seed, path, number) for seed in (0, 1) for path in (0, 1) for number in (0, 1)}
    assert len(found) == 8


def test_below_covers_its_range_evenly():
    """2^32 words over 10 numbers: the ends are hit, and the mean of many draws is 4.5."""
    assert below(np.uint64(0), 10) == 0
    assert below(np.uint64(2**32 - 1), 10) == 9
    drawn = [below(word, 10) for path in range(500) for word in draw(1, path, 0)]
    assert set(drawn) == set(range(10))
    # standard error 2.87 / sqrt(2000) = 0.064
    assert abs(np.mean(drawn) - 4.5) < 4 * 0.064
