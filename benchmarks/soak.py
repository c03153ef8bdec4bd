"""Watch a made position for a month against venues that misbehave, on a clock that runs fast.

    python benchmarks/soak.py [--days 30] [--every 60] [--seed 1]

Every hour another trouble is drawn: all faults of the fake venues, silence, data that stand still,
a full disk, a channel that is down, a clock that jumps, a process that is killed. The truth about
both legs is known at every poll, so that what was missed or said twice is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from basislab.data.fake import FAULTS, FakeMarket, FakeVenues, Faults
from basislab.data.sources.http import Patience
from basislab.position.answers import asked
from basislab.position.file import to_toml
from basislab.position.reading import read_answers
from basislab.position.types import Accounts, HoldingPolicy
from basislab.position.watch.conditions import Look
from basislab.position.watch.history import History
from basislab.position.watch.judge import HOUR_S, Alert
from basislab.position.watch.poll import VenuePoller, asked_of
from basislab.position.watch.watcher import Watcher

START = 1_793_491_200  # 2026-11-01T00:00Z
EVERY_S = 60.0
"""Between polls, where nothing else is said."""
HASTE = Patience(2, deadline_s=2.0, attempt_s=1.0, read_s=0.3, backoff_s=1e-3, backoff_max_s=2e-3)
TROUBLES = ("none", "faults", "silence", "frozen", "disk", "channel", "clock", "kill")
URGENT = ("short distance", "short near", "loan distance", "loan near")
ADDRESSES = Accounts(hyperliquid="0x" + "0" * 40, kamino="1" * 32)


@dataclass
class Outcome:
    """What a soak counted; `missed`, `doubled` and `grown_mib` are what must be small."""

    polls: int = 0
    crossings: int = 0
    told: int = 0
    missed: list[str] = field(default_factory=list)
    """A leg beyond its limit on data that had come, and nobody was told."""
    doubled: list[str] = field(default_factory=list)
    """The same thing told again within its hour."""
    grown_mib: float = 0.0
    """Of this process, venues included, after the first fifth."""
    troubles: dict[str, int] = field(default_factory=dict)


class World:
    """Venues, clock, disk and channel of one soak; each can be spoilt."""

    def __init__(
        self, venues: FakeVenues, place: Path, days: float, seed: int, every_s: float
    ) -> None:
        self.venues, self.place = venues, place
        self.random = np.random.default_rng(seed)
        self.moves = _prices(self.random, int(days * 86_400 / every_s), every_s)
        self.true_s, self.jumped_s, self.frozen_at = float(START), 0.0, None
        self.heard: list[Alert] = []
        self.heard_at: list[float] = []
        self.is_channel_up = True
        self.trouble = "none"
        venues.venues.accounts.clock = self._venue_clock

    def _venue_clock(self) -> float:
        return self.true_s if self.frozen_at is None else self.frozen_at

    def clock(self) -> float:
        """Return the watch's own clock."""
        return self.true_s + self.jumped_s

    def send(self, alert: Alert) -> bool:
        """Take a message, unless the channel is down."""
        if self.is_channel_up:
            self.heard.append(alert)
            self.heard_at.append(self.true_s)
        return self.is_channel_up

    def watcher(self) -> Watcher:
        """Start the watch, as a process would."""
        path = self.place / "my.toml"
        poller = VenuePoller(path, None, self.clock, HASTE)
        history = History(self.place / "my.watch.sqlite")
        # The fast clock would wait for the slow disk; what a kill leaves does not depend on it.
        history._database.execute("PRAGMA synchronous = OFF")
        asked = asked_of(poller._file)
        return Watcher(poller, history, {"made": self.send}, _nowhere, asked, self.clock)

    def enter(self, trouble: str, watcher: Watcher) -> Watcher:
        """Undo the trouble before and begin another."""
        history = watcher.keeper
        assert isinstance(history, History)
        if self.trouble == "disk":
            trouble = "none" if trouble == "kill" else trouble  # what no disk took is lost then
            history._database.execute("PRAGMA max_page_count = 1000000")
        self.trouble, self.is_channel_up = trouble, trouble != "channel"
        self.frozen_at = self.true_s if trouble == "frozen" else None
        self.jumped_s = float(self.random.uniform(-2, 2)) * HOUR_S if trouble == "clock" else 0.0
        self.venues.faults = self._faults(trouble)
        self.venues.seen.clear()  # the venues' own count of requests is not the watch's memory
        if trouble == "disk":
            history._database.execute("PRAGMA max_page_count = 1")  # no page more than there are
        if trouble == "kill":
            self.close(watcher)
            return self.watcher()
        return watcher

    def close(self, watcher: Watcher) -> None:
        """Let go of what a process that ends would let go of; nothing is saved."""
        for part in (watcher.poller, watcher.keeper):
            part.close()  # type: ignore[union-attr]

    def _faults(self, trouble: str) -> Faults:
        if trouble == "silence":
            return Faults(("reset",), 1.0, most=10**9)
        if trouble != "faults":
            return Faults()
        names = self.random.choice(list(FAULTS), 4, replace=False)
        cheap = tuple(
            str(name) for name in names if name != "endless" or self.random.random() < 0.1
        )
        seed = int(self.random.integers(1_000_000))
        return Faults(cheap, float(self.random.uniform(0.2, 1.0)), most=10**9, seed=seed)


def _nowhere(_: Alert) -> None:
    """Write nothing."""


def _prices(random: np.random.Generator, steps: int, every_s: float) -> np.ndarray:
    """Return a price that wanders through both limits several times a day, its mean kept."""
    memory = float(np.exp(-every_s / (3 * HOUR_S)))
    shocks = random.standard_normal(steps) * 0.16 * np.sqrt(1 - memory**2)
    level, levels = 0.0, np.empty(steps)
    for step in range(steps):
        level = memory * level + shocks[step]
        levels[step] = level
    return np.exp(levels)


def soak(
    days: float,
    place: Path,
    seed: int = 1,
    trouble_s: float = HOUR_S,
    every_s: float = EVERY_S,
    tell: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Watch for so many days; BASISLAB_VENUES_URL is set for the while."""
    outcome = Outcome()
    until = START + int(days * 86_400)
    with FakeVenues(FakeMarket(until, start=START - 40 * 86_400)) as venues:
        os.environ["BASISLAB_VENUES_URL"] = venues.url
        try:
            world = World(venues, place, days, seed, every_s)
            _write_position(place)
            watcher = world.watcher()
            was: dict[str, bool] = {}
            base = 0.0
            for step, move in enumerate(world.moves):
                if step % max(int(trouble_s / every_s), 1) == 0:
                    trouble = str(world.random.choice(TROUBLES))
                    watcher = world.enter(trouble, watcher)
                    outcome.troubles[trouble] = outcome.troubles.get(trouble, 0) + 1
                venues.venues.accounts.moved = float(move)
                look, _ = watcher.once()
                _judge(outcome, world, watcher, look, was)
                world.true_s += every_s
                if step % int(86_400 / every_s) == 0:
                    tell(f"day {step * every_s / 86_400:.0f}: {outcome}")
                if step == len(world.moves) // 5:
                    base = _resident_mib()
            outcome.grown_mib = _resident_mib() - base
            world.close(watcher)
        finally:
            del os.environ["BASISLAB_VENUES_URL"]
    outcome.told = len(world.heard)
    outcome.doubled = _doubled(world)
    return outcome


def _write_position(place: Path) -> None:
    accounts = ADDRESSES
    answers = asked(accounts.hyperliquid, accounts.kamino, None, None)
    position = read_answers(answers).position.model_copy(
        update={"accounts": accounts, "policy": HoldingPolicy(volatility_annual=0.8)}
    )
    (place / "my.toml").write_text(to_toml(position), encoding="utf-8")


def _judge(
    outcome: Outcome, world: World, watcher: Watcher, look: Look, was: dict[str, bool]
) -> None:
    """Compare what is told with the truth, where the venue's own numbers had come."""
    outcome.polls += 1
    accounts = world.venues.venues.accounts
    distances = {
        "short": 1.4 * accounts.opened / 1.025 / accounts.price - 1,
        "loan": 1 - accounts.opened * 0.5 / 0.75 / accounts.price,
    }
    limits = {"distance": 0.15 * 1.25, "near": 0.15 * 0.5}
    for key in URGENT:
        leg, limit = key.split()
        is_bad = distances[leg] < limits[limit] - 1e-4
        outcome.crossings += is_bad and not was.get(key, False)
        was[key] = is_bad
        venue = "hyperliquid" if leg == "short" else "kamino"
        seen = getattr(look.state, leg)
        has_come = seen and not seen.stale and venue not in look.poll.problems
        kept = watcher.saved.memory.get(key)
        if is_bad and has_come and leg not in look.poll.gone and not (kept and kept.is_open):
            outcome.missed.append(f"{key} at {world.true_s:.0f} ({world.trouble})")
    if world.is_channel_up and watcher.saved.outbox:
        outcome.missed.append(f"unsent at {world.true_s:.0f} ({world.trouble})")


def _doubled(world: World) -> list[str]:
    """Return what was told twice within an hour, by the watch's clock and the true one.

    Of what is urgent an end in between makes it new.
    """
    found = []
    last: dict[str, tuple[Alert, float]] = {}
    for alert, true_s in zip(world.heard, world.heard_at, strict=True):
        if alert.news == "over":
            if alert.key in (*URGENT, "action"):
                last.pop(alert.key, None)
            continue
        if alert.key in last:
            before, then_s = last[alert.key]
            if alert.time - before.time < HOUR_S and true_s - then_s < HOUR_S:
                found.append(f"{alert.key} at {true_s:.0f}: {before.news}, {alert.news}")
        last[alert.key] = alert, true_s
    return found


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Soak, and print what was counted; status 1 where something was missed or said twice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=EVERY_S)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        outcome = soak(chosen.days, Path(place), chosen.seed, every_s=chosen.every, tell=_progress)
    print(json.dumps(asdict(outcome), indent=1))
    sys.exit(bool(outcome.missed or outcome.doubled or outcome.grown_mib > 20))


if __name__ == "__main__":
    main()
