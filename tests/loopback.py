"""A server on loopback that answers what a test tells it to, byte for byte."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = bytes | Callable[[socket.socket], object]
"""Bytes to send, or what to do with the connection."""


def reply(
    body: object = "[]",
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    headers: tuple[str, ...] = (),
    length: int | None = None,
) -> bytes:
    """Return an HTTP answer; a body that is no text or bytes is sent as JSON."""
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(raw) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@dataclass
class Loopback:
    """Answers of the server, the last one for ever, and the requests that it has seen."""

    url: str
    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def loopback(*answers: Answer) -> Iterator[Loopback]:
    """Serve `answers`, one a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Loopback(f"http://127.0.0.1:{listener.getsockname()[1]}/info", list(answers))
        thread = threading.Thread(target=_serve, args=(listener, server), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(timeout=5)


def _serve(listener: socket.socket, server: Loopback) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(0.7)
            server.requests.append(_request(connection))
            many = len(server.answers) > 1
            answer = server.answers.pop(0) if many else server.answers[0]
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    """Read one request with its body."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += (chunk := connection.recv(65_536))
        if not chunk:
            return raw
    head, _, body = raw.partition(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length: ")
    while len(body) < int(length.split(b"\r\n")[0] or 0):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
