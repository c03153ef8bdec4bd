"""Rate limits by weight: a venue grants so much a minute, and a request waits for its share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 60.0


@dataclass
class Budget:
    """A bucket that refills evenly: never more than `per_minute` within any minute and a burst.

    Parameters
    ----------
    per_minute : float, weight
        What the venue grants.
    burst : float, weight
        What may be spent at once; a quarter of the minute by default, so that another program at
        the same address finds some left.
    clock : callable
        Seconds, never going back.
    sleep : callable
        Waits for seconds.
    """

    per_minute: float
    burst: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _left: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.burst = self.burst or self.per_minute / 4
        self._left, self._at = self.burst, self.clock()

    def take(self, weight: float) -> float:
        """Wait until `weight` is granted.

        Parameters
        ----------
        weight : float
            More than the burst is granted once the bucket is full, and paid back by those after.

        Returns
        -------
        float
            Seconds waited.
        """
        with self._lock:
            now = self.clock()
            refill = (now - self._at) * self.per_minute / WINDOW_S
            self._left, self._at = min(self.burst, self._left + refill), now
            lacking = min(weight, self.burst) - self._left
            self._left -= weight
        wait = max(0.0, lacking * WINDOW_S / self.per_minute)
        if wait:
            self.sleep(wait)
        return wait
