"""``/metrics`` for Prometheus and ``/healthz``, on this machine only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from basislab.errors import ConfigError
from basislab.position.watch.conditions import Look
from basislab.position.watch.judge import Memory

if TYPE_CHECKING:
    from prometheus_client import Gauge

LOOPBACK = "127.0.0.1"

_LEG_GAUGES = {
    "price_usd": "Mark of the short, lending oracle of the loan",
    "liquidation_usd": "Price at which the leg is liquidated",
    "distance": "Distance to liquidation as a share of the price",
    "ratio": "Margin ratio of the short, loan-to-value of the loan",
    "size": "Coins",
}
_GAUGES = {
    "equity_usd": "Equity",
    "net_delta": "Coins long less coins short",
    "carry_usd_a_day": "Carry of a day at the present rates",
    "hurdle_usd_a_day": "What the hurdle asks of a day",
    "last_poll_seconds": "When the last poll ended, seconds since 1970",
    "unsent_alerts": "Messages that a channel has not taken yet",
    "history_is_kept": "1 while polls can be written to the history",
}


class Metrics:
    """Gauges of the last look; a number that is not known is not shown."""

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Gauge
        except ImportError:
            raise ConfigError(
                "metrics: the package prometheus-client is not installed. Run: "
                "pip install 'basislab[watch]'"
            ) from None
        self.registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"basislab_{name}", text, labels, registry=self.registry)

        self._leg = {name: gauge(f"leg_{name}", text, "leg") for name, text in _LEG_GAUGES.items()}
        self._age = gauge("leg_age_seconds", "Age of the leg's numbers", "leg")
        self._one = {name: gauge(name, text) for name, text in _GAUGES.items()}
        self._is_read = gauge("venue_is_read", "1 where the last poll read it", "venue")
        self._alert = gauge("alert_is_open", "1 while a condition is told", "condition")

    def update(self, look: Look, memory: Memory, unsent: int, now: float) -> None:
        """Show a look."""
        state = look.state
        held = {"short": state.position.short, "loan": state.position.loan}
        for name, leg in (("short", state.short), ("loan", state.loan)):
            values = {key: getattr(leg, key, None) for key in _LEG_GAUGES}
            for key, value in values.items():
                _set(self._leg[key], value, name)
            read = held[name]
            _set(self._age, now - read.time.timestamp() if read else None, name)
        figures = {
            "equity_usd": state.equity_usd,
            "net_delta": state.net_delta,
            "carry_usd_a_day": state.carry.total_usd,
            "hurdle_usd_a_day": state.carry.hurdle_usd,
            "last_poll_seconds": now,
            "unsent_alerts": float(unsent),
            "history_is_kept": 0.0 if look.problem else 1.0,
        }
        for key, value in figures.items():
            self._one[key].set(float("nan") if value is None else value)
        for venue in look.asked:
            self._is_read.labels(venue).set(0.0 if venue in look.poll.problems else 1.0)
        self._alert.clear()
        for key, kept in memory.items():
            self._alert.labels(key).set(1.0 if kept.is_open else 0.0)


def _set(gauge: Gauge, value: float | None, label: str) -> None:
    if value is None:
        gauge.remove(label)
    else:
        gauge.labels(label).set(value)


class Server:
    """Serves metrics and health from a thread of its own.

    Parameters
    ----------
    is_healthy : callable
        Whether polls come as they should.
    """

    def __init__(self, metrics: Metrics, port: int, is_healthy: Callable[[], bool]) -> None:
        from prometheus_client import make_wsgi_app

        pages = make_wsgi_app(metrics.registry)

        def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            path = environ.get("PATH_INFO")
            if path == "/metrics":
                answer: Iterable[bytes] = pages(environ, start)
                return answer
            is_well = path == "/healthz" and is_healthy()
            status = "200 OK" if is_well else "503 Service Unavailable"
            status = status if path == "/healthz" else "404 Not Found"
            start(status, [("Content-Type", "text/plain; charset=utf-8")])
            return [b"ok\n" if is_well else b"no\n"]

        try:
            self._server = make_server(LOOPBACK, port, app, WSGIServer, _Quiet)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port: {port} cannot be used ({error}). Choose another.") from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing: a scrape is no news."""
