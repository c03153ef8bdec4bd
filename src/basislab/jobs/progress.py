"""How far a job is, how fast, and when it will be done: on stderr, where someone is looking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Progress = Callable[[int], None]
"""Told how much was done since it was last called."""


def no_progress(done: int) -> None:
    """Show nothing."""


@contextlib.contextmanager
def progress_bar(label: str, total: int, unit: str) -> Iterator[Progress]:
    """Show a bar with rate and time left while the block runs.

    Parameters
    ----------
    label : str
    total : int
    unit : str
        What is counted, such as ``paths``.

    Yields
    ------
    callable of int
        Told how much was done.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield no_progress
        return
    from rich import progress as rich

    class Rate(rich.ProgressColumn):
        """Units a second."""

        def render(self, task: rich.Task) -> str:
            speed = task.finished_speed or task.speed
            return f"{speed:,.0f} {unit}/s" if speed else ""

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn())
    with rich.Progress(
        *columns, Rate(), rich.TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, advance=done)
