"""How a job tells of its progress; the command line shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int], None]
"""Told how much was done since it was last called."""


def no_progress(done: int) -> None:
    """Show nothing."""
