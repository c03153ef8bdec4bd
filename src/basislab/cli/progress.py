"""What is being done, how far it is and when it will be done: on stderr, never in a result.

On a terminal a spinner or a bar; elsewhere (a log, a notebook, a pipe) a plain line now and then.
What takes less than two seconds says nothing there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.jobs.progress import Progress

Item = TypeVar("Item")

FIRST_S = 2.0
"""Seconds before the first plain line."""
EVERY_S = 10.0
"""Seconds between plain lines."""

MODELS_S, ENGINE_S = 10, 60
"""What compiling takes on a common machine, for people who wait."""


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done while the block runs; what it yields replaces the text."""
    console = _console()
    if console.is_terminal:
        with console.status(text) as spinner:
            yield spinner.update
        return
    doing = [text]
    with _plain_lines(lambda seconds: f"{doing[0]} ({seconds:.0f} s)"):
        yield lambda new: doing.__setitem__(0, new)


@contextmanager
def progress_bar(label: str, total: int, unit: str) -> Iterator[Progress]:
    """Show how much of `total` is done, the rate and the time left; yield what is to be told."""
    console = _console()
    if not console.is_terminal:
        done = [0]
        with _plain_lines(lambda seconds: _line(label, done[0], total, unit, seconds)):
            yield lambda more: done.__setitem__(0, done[0] + more)
        return
    from rich import progress as rich

    class Rate(rich.ProgressColumn):
        """Units a second."""

        def render(self, task: rich.Task) -> str:
            speed = task.finished_speed or task.speed
            return f"{speed:,.0f} {unit}/s" if speed and speed >= 1 else ""

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn())
    with rich.Progress(
        *columns, Rate(), rich.TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda more: bar.update(task, advance=more)


def progress(items: Iterable[Item], label: str, total: int, unit: str) -> Iterator[Item]:
    """Yield `items` under a progress bar."""
    with progress_bar(label, total, unit) as tell:
        for item in items:
            yield item
            tell(1)


@contextmanager
def shares(label: str) -> Iterator[tuple[Callable[[str, float], None], Callable[[str], None]]]:
    """Show the done share of named parts; yield what is told of it, and of any trouble."""
    console = _console()
    if not console.is_terminal:
        parts: dict[str, float] = {}
        troubles: list[str] = []
        with _plain_lines(lambda _: _parts_line(label, parts, len(troubles))):
            yield parts.__setitem__, troubles.append
        return
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def track(part: str, share: float) -> None:
            if part not in tasks:
                tasks[part] = bar.add_task(part, total=1.0)
            bar.update(tasks[part], completed=share)

        yield track, bar.console.print


class CompileNotice:
    """Says once what is being compiled: the waiting would look like work on the command."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, module: str) -> None:
        """Take the module of a kernel; the venue engine is by far the largest."""
        is_engine = module.startswith("basislab.kernels.venue")
        what = "venue engine" if is_engine else "models"
        if what not in self.said:
            self.said.add(what)
            about = ENGINE_S if is_engine else MODELS_S
            _write(f"compiling the {what} for this machine (once, about {about} s)")


def _line(label: str, done: int, total: int, unit: str, seconds: float) -> str:
    """Return one plain line.

    >>> _line("sweep", 300, 1200, "configurations", 20.0)
    'sweep: 300 of 1,200 configurations, about 60 s left'
    >>> _line("sweep", 0, 1200, "configurations", 2.0)
    'sweep: 0 of 1,200 configurations'
    """
    left = f", about {seconds * (total - done) / done:.0f} s left" if 0 < done < total else ""
    return f"{label}: {done:,} of {total:,} {unit}{left}"


def _parts_line(label: str, parts: dict[str, float], troubles: int) -> str:
    told = ", ".join(f"{name} {share:.0%}" for name, share in list(parts.items()) if share < 1)
    requests = "request" if troubles == 1 else "requests"
    again = f"; {troubles} {requests} asked again" if troubles else ""
    return f"{label}: {told or 'working'}{again}"


@contextmanager
def _plain_lines(line: Callable[[float], str]) -> Iterator[None]:
    """Write a line of the seconds that went by after `FIRST_S`, and then every `EVERY_S`."""
    ended = threading.Event()
    begun = monotonic()

    def speak() -> None:
        wait = FIRST_S
        while not ended.wait(wait):
            _write(line(monotonic() - begun))
            wait = EVERY_S

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False)
