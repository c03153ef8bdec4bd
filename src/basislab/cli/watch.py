"""``basislab watch``: polls a held position and tells when something is wrong."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from basislab.position.watch.channels import Channel
    from basislab.position.watch.watcher import Watcher

LEAST_S, MOST_S = 5.0, 3_600.0


def watch(
    path: Annotated[Path, typer.Argument(help="Position file; its [accounts] are asked.")],
    *,
    every: Annotated[
        float, typer.Option("--every", help="Seconds between polls, 5 to 3600.")
    ] = 30.0,
    once: Annotated[
        bool, typer.Option("--once", help="Poll once and end, for cron; silent if all is well.")
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option("--history", help="SQLite file; beside the position file if left out."),
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(
            "--secrets",
            help="File that only you can read, with lines BASISLAB_ALERTS=URL URL and "
            "BASISLAB_RPC_URL=URL; the environment without.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Serve /metrics and /healthz on 127.0.0.1 at this port."),
    ] = None,
    try_alerts: Annotated[
        bool, typer.Option("--try-alerts", help="Send one message to every address, and end.")
    ] = False,
) -> None:
    """Watch a position: polls, history, alerts with one reminder an hour. Never trades."""
    from basislab.errors import ConfigError
    from basislab.position import load_position
    from basislab.position.watch.channels import channels_of, terminal
    from basislab.position.watch.history import History
    from basislab.position.watch.poll import VenuePoller, asked_of
    from basislab.position.watch.secrets import secrets_of
    from basislab.position.watch.watcher import Watcher
    from basislab.position.words import cut

    if not LEAST_S <= every <= MOST_S:
        raise ConfigError(f"every: got {every:g}; {LEAST_S:g} to {MOST_S:g} seconds are wanted.")
    position, told = load_position(path), secrets_of(os.environ, secrets)
    addresses = channels_of(told.alerts, f"basislab: {cut(position.coin, 12)}")
    if try_alerts:
        _try(addresses)
        return
    poller = VenuePoller(path, told.rpc_url, time.time)
    with ExitStack() as stack:
        stack.callback(poller.close)
        kept = History(history or path.with_suffix(".watch.sqlite"))
        stack.callback(kept.close)
        watcher = Watcher(
            poller, kept, addresses, terminal(typer.echo), asked_of(position), time.time
        )
        if once:
            watcher.once()
            return
        stop = _stopped_by_signals()
        polled = _served(stack, watcher, port, every)
        where = ", ".join(["the terminal", *addresses])
        typer.echo(f"watching {path} every {every:g} s; alerts to: {where}", err=True)
        while not stop.is_set():
            began = time.monotonic()
            polled()
            stop.wait(max(every - (time.monotonic() - began), 0.0))


def _stopped_by_signals() -> threading.Event:
    """Return what SIGTERM and Ctrl-C set, so that a poll is finished and kept."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _served(
    stack: ExitStack, watcher: Watcher, port: int | None, every: float
) -> Callable[[], object]:
    """Return what does one poll, with metrics of it where a port is given."""
    if port is None:
        return watcher.once
    from basislab.position.watch.metrics import Metrics, Server

    metrics, late_s = Metrics(), 3 * every + 60
    last = [time.monotonic()]
    server = stack.enter_context(Server(metrics, port, lambda: time.monotonic() - last[0] < late_s))
    typer.echo(f"metrics: {server.url}/metrics, health: {server.url}/healthz", err=True)

    def poll() -> None:
        look, _ = watcher.once()
        last[0] = time.monotonic()
        metrics.update(look, watcher.saved.memory, len(watcher.saved.outbox), time.time())

    return poll


def _try(channels: dict[str, Channel]) -> None:
    from basislab.errors import ConfigError
    from basislab.position.watch.judge import Alert
    from basislab.position.watch.secrets import ALERTS

    if not channels:
        raise ConfigError(f"alerts: no address. Set {ALERTS} in the environment or --secrets.")
    alert = Alert("try", "new", "a trial: alerts of basislab watch arrive here", time.time())
    failed = [name for name, send in channels.items() if not send(alert)]
    for name in channels:
        typer.echo(f"{name}: {'NOT sent' if name in failed else 'sent'}")
    if failed:
        raise typer.Exit(1)
