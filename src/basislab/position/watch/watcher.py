"""One poll after another: ask, judge, keep, tell. Clock, poller and channels are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from basislab.position.types import Position
from basislab.position.watch.channels import Channel
from basislab.position.watch.conditions import Look, Poll, conditions_of, look_at
from basislab.position.watch.history import Saved
from basislab.position.watch.judge import Alert, judge

Poller = Callable[[Position | None], Poll]
"""Is given the position as it was read last."""


class Keeper(Protocol):
    """Where polls are kept."""

    def load(self) -> Saved:
        """Return what was saved last."""

    def save(
        self, saved: Saved, time: float, figures: Mapping[str, Any], alerts: tuple[Alert, ...] = ()
    ) -> str:
        """Keep one poll; return why not."""


@dataclass
class Watcher:
    """Polls, and remembers between polls."""

    poller: Poller
    keeper: Keeper
    channels: Mapping[str, Channel]
    """May be down; what they did not take is kept for them."""
    write: Callable[[Alert], object]
    """Writes a line where the watch runs."""
    asked: tuple[str, ...]
    clock: Callable[[], float]
    saved: Saved = field(init=False)
    problem: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.saved = self.keeper.load()

    def once(self) -> tuple[Look, tuple[Alert, ...]]:
        """Poll once; return what was seen and what is to be told."""
        poll = self.poller(self.saved.position)
        now = self.clock()
        look = look_at(poll, datetime.fromtimestamp(now, UTC), self.asked, self.problem)
        alerts, memory = judge(conditions_of(look), self.saved.memory, now)
        # Kept before it is sent: a process that dies in between sends it after its restart.
        outbox = self._outbox(alerts)
        self.saved = Saved(memory, outbox, poll.position)
        self.problem = self.keeper.save(self.saved, now, figures(look), alerts)
        for alert in alerts:
            self.write(alert)
        self._deliver(now)
        return look, alerts

    def _outbox(self, alerts: tuple[Alert, ...]) -> tuple[tuple[str, Alert], ...]:
        """Add the new messages; a newer one takes the place of an older one about the same thing.

        What was new, and is over before anybody heard of it, is not told at all.
        """
        pending = {(channel, alert.key): alert for channel, alert in self.saved.outbox}
        for alert in alerts:
            for channel in self.channels:
                before = pending.pop((channel, alert.key), None)
                is_unheard = before is not None and before.news == "new"
                if is_unheard and alert.news == "over":
                    continue
                told = replace(alert, news="new") if is_unheard else alert
                pending[channel, alert.key] = told
        return tuple(
            (channel, alert) for (channel, _), alert in pending.items() if channel in self.channels
        )

    def _deliver(self, now: float) -> None:
        """Send what is unsent; a channel that fails once is left alone until the next poll."""
        left: list[tuple[str, Alert]] = []
        for channel, alert in self.saved.outbox:
            is_down = any(name == channel for name, _ in left)
            if is_down or not self.channels[channel](alert):
                left.append((channel, alert))
        if len(left) < len(self.saved.outbox):
            self.saved = replace(self.saved, outbox=tuple(left))
            self.problem = self.keeper.save(self.saved, now, {}) or self.problem


def figures(look: Look) -> dict[str, Any]:
    """Return what the history keeps of a poll."""
    state = look.state
    found: dict[str, Any] = {
        "equity_usd": state.equity_usd,
        "net_delta": state.net_delta,
        "carry_usd_a_day": state.carry.total_usd,
        "problems": dict(look.poll.problems),
        "stale": list(state.stale),
    }
    for name, leg in (("short", state.short), ("loan", state.loan)):
        if leg:
            found[name] = {
                "price_usd": leg.price_usd,
                "liquidation_usd": leg.liquidation_usd,
                "distance": leg.distance,
                "ratio": leg.ratio,
                "size": leg.size,
            }
    return found
