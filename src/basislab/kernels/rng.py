"""Counter-based random numbers: what is drawn depends on (seed, path, draw), never on the order.

Philox 4x32-10: ten rounds of multiply and exchange turn a 128-bit counter and a 64-bit key into
128 random bits. There is no state to carry, so any worker can make any part of any path.

References
----------
Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC '11. The known
answers of its library Random123 are tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


class Words(NamedTuple):
    """Four random words of 32 bits, each in a uint64."""

    a: np.uint64
    b: np.uint64
    c: np.uint64
    d: np.uint64


def philox(counter: Words, key_0: np.uint64, key_1: np.uint64) -> Words:
    """Return the 128 random bits of one counter.

    Parameters
    ----------
    key_0, key_1 : uint64
        Each < 2^32.

    Examples
    --------
    >>> zero = np.uint64(0)
    >>> [hex(word) for word in philox(Words(zero, zero, zero, zero), zero, zero)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d = counter
    for _ in range(10):
        product_0 = MULTIPLIER_0 * a
        product_1 = MULTIPLIER_1 * c
        a = (product_1 >> HALF) ^ b ^ key_0
        b = product_1 & LOW
        c = (product_0 >> HALF) ^ d ^ key_1
        d = product_0 & LOW
        key_0 = (key_0 + WEYL_0) & LOW
        key_1 = (key_1 + WEYL_1) & LOW
    return Words(a, b, c, d)


def draw(seed: int, path: int, number: int) -> Words:
    """Return draw `number` of a path.

    Parameters
    ----------
    seed, path : int, >= 0
    number : int, >= 0, below 2^32

    Returns
    -------
    Words
    """
    key, label = np.uint64(seed), np.uint64(path)
    counter = Words(np.uint64(number), label & LOW, label >> HALF, np.uint64(0))
    return philox(counter, key & LOW, key >> HALF)


def below(word: np.uint64, n: int) -> int:
    """Return a 32-bit word as a whole number in [0, n): ``floor(word n / 2^32)``.

    Parameters
    ----------
    n : int, below 2^31
        Some numbers are likelier by at most ``n / 2^32``.

    Examples
    --------
    >>> below(np.uint64(1 << 31), 10)
    5
    """
    return int((word * np.uint64(n)) >> HALF)


compile_module(globals())
