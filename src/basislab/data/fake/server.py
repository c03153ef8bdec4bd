"""The server: HTTP on loopback, all venues under one address, faults where they are wanted."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from basislab.data.fake.faults import Faults, spoil_body
from basislab.data.fake.market import FakeMarket
from basislab.data.fake.venues import Refused, Venues

MAX_REQUEST_BYTES = 65_536
_ENDLESS_BYTES = 256 * 1024**2
_STATUS = {"error": (500, 502, 503), "storm": (429,), "redirect": (302,), "html": (200,)}


class FakeVenues:
    """All venues of a made market at one address of this machine.

    Parameters
    ----------
    market : FakeMarket, optional
        Up to this hour by default.
    faults : Faults
        May be replaced while the server runs.
    port : int
        0 takes a free one.

    Examples
    --------
    >>> with FakeVenues() as venues:
    ...     venues.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self, market: FakeMarket | None = None, faults: Faults | None = None, port: int = 0
    ) -> None:
        self.venues = Venues(market or FakeMarket(until=int(time.time())))
        self.faults = faults or Faults()
        self.seen: Counter[str] = Counter()
        self.spoilt: Counter[str] = Counter()
        self.pages: dict[str, bytes] = {}
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        """Address for ``BASISLAB_VENUES_URL``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        """Serve until interrupted."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.serve_forever()
        self._server.server_close()


def _handler(owner: FakeVenues) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        fake = owner

    return Handler


class _Server(ThreadingHTTPServer):
    """Clients that hang up are no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forget it; the faults are counted."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True
    fake: FakeVenues

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        length = min(int(self.headers.get("content-length") or 0), MAX_REQUEST_BYTES)
        try:
            self._serve(json.loads(self.rfile.read(length)))
        except ValueError:
            self._send(422, b"Failed to deserialize the JSON body", "text/plain")

    def log_message(self, *_: Any) -> None:
        """Keep quiet; the faults are counted."""

    def _serve(self, body: Any) -> None:
        parts = urlsplit(self.path)
        request = f"{self.path} {json.dumps(body, sort_keys=True)}"
        faults = self.fake.faults
        fault = faults.choose(request, self.fake.seen[request])
        self.fake.seen[request] += 1
        self.fake.spoilt.update([fault] if fault else [])
        try:
            answer, rows = self.fake.venues.answer(parts.path, dict(parse_qsl(parts.query)), body)
        except Refused as refused:
            self._send(refused.status, refused.text.encode(), "text/plain")
            return
        if fault == "half":
            del rows[len(rows) // 2 :]
        faults.spoil_rows(rows, request)
        with contextlib.suppress(OSError):  # the client has had enough
            self._send_spoilt(fault, answer, parts.path)

    def _send_spoilt(self, fault: str, answer: Any, path: str) -> None:
        content = spoil_body(fault, answer)
        if fault == "stuck":
            content = self.fake.pages.get(path, content)
        elif not fault:
            self.fake.pages.setdefault(path, content)
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
        elif fault == "endless":
            self._send_endless()
        elif fault in _STATUS:
            codes = _STATUS[fault]
            code = codes[sum(self.fake.spoilt.values()) % len(codes)]
            head = {"Location": "https://elsewhere.example/"} if code == 302 else {}
            head |= {"Retry-After": "0"} if self.fake.spoilt[fault] % 2 else {}
            self._send(code, b"<html>no</html>", "text/html", head)
        elif fault == "length":
            self._send(200, content, promised=len(content) + 100)
            self.close_connection = True
        else:
            self._send(200, content)

    def _send(
        self,
        status: int,
        content: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        promised: int | None = None,
    ) -> None:
        headers = dict(headers or {})
        if "gzip" in self.headers.get("accept-encoding", "") and len(content) > 1_000:
            content = gzip.compress(content, 1) if promised is None else content
            headers |= {"Content-Encoding": "gzip"} if promised is None else {}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(promised or len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _send_endless(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(_ENDLESS_BYTES // MAX_REQUEST_BYTES):
            self.wfile.write(b" " * MAX_REQUEST_BYTES)
