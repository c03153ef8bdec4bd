"""What goes wrong in a run of the venue engine, by a list: when, what, and how badly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_number

FaultKind = Literal["adl", "outage", "delay", "failure", "gone"]
FAULT_KINDS: tuple[FaultKind, ...] = ("adl", "outage", "delay", "failure", "gone")
SUDDEN: tuple[FaultKind, ...] = ("adl", "gone")
"""What happens at one moment, and needs no end."""

MAX_FAULTS = 62
"""A bar names the faults that hold in it by the bits of one integer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : {"adl", "outage", "delay", "failure", "gone"}
        "adl": the perpetual venue closes a `share` of the short at the open of the bar that holds
        `start`, `beyond` above the mark; the long is naked until the trader's response. "outage":
        no order and no transfer passes from `start` to `end`; what was decided waits. "delay":
        transfers that leave meanwhile take `seconds` longer. "failure": they come back to idle
        cash, less their cost. "gone": the perpetual venue is gone at the open of the bar that
        holds `start`, and the short with its margin; the long is closed, for good.
    start : datetime
        UTC where it names no zone.
    end : datetime, optional
        Exclusive; needed by kinds that last.
    share : float, fraction of the short
    beyond : float, fraction of the mark
    seconds : float, seconds

    Raises
    ------
    ConfigError
        An unknown kind, a value outside its range, an end that is missing or not after the start.

    Examples
    --------
    >>> Fault(kind="adl", start=datetime(2025, 10, 10, 21), share=0.4).share
    0.4
    """

    kind: FaultKind
    start: datetime
    end: datetime | None = None
    share: float = 1.0
    beyond: float = 0.0
    seconds: float = 3_600.0

    def __post_init__(self) -> None:
        check_choice(self, "kind", FAULT_KINDS)
        check_number(self, "share", 0, 1, "fraction of the short", above=True)
        check_number(self, "beyond", 0, 1, "fraction of the mark")
        check_number(self, "seconds", 0, 30 * 86_400, "seconds")
        for name in ("start", "end"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, datetime):
                raise ConfigError(f"Fault.{name}: got {value!r}; it must be a datetime.")
            if value.tzinfo is None:
                object.__setattr__(self, name, value.replace(tzinfo=UTC))
        if self.kind not in SUDDEN and (self.end is None or self.end <= self.start):
            raise ConfigError(
                f"Fault: {self.kind} from {self.start} to {self.end}: give an end after the start."
            )
