"""The HTTP client survives what networks and venues do, and keys never leave it."""

import gzip
import itertools
import logging
import socket
import struct
import time
from email.utils import formatdate

import pytest

from basislab.data.sources import http
from basislab.data.sources.budget import Budget
from basislab.data.sources.http import Call, Client, Patience
from basislab.errors import SourceError
from tests.loopback import Loopback, loopback, reply

QUICK = Patience(attempts=4, deadline_s=10, attempt_s=1, read_s=0.3, backoff_s=1e-3)


def fetch(server: Loopback, patience: Patience = QUICK, **call: object) -> bytes:
    with Client(patience) as client:
        return client.send(Call(server.url, **call))  # type: ignore[arg-type]


def refusal(server: Loopback, patience: Patience = QUICK, **call: object) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(server, patience, **call)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    time.sleep(0.5)


def endless(connection: socket.socket) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n["
    connection.sendall(head.encode())
    for _ in range(3_000):
        connection.sendall(b" " * 16_384)
        time.sleep(1e-4)


def dripping(connection: socket.socket) -> None:
    connection.sendall(reply("[]", length=1_000)[:-2])
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.05)


GOOD = reply([1])


@pytest.mark.parametrize(
    "bad",
    [
        reply(status="429 Too Many Requests"),
        reply(status="500 Internal Server Error"),
        reply(status="503 Service Unavailable"),
        reply("", status="204 No Content"),
        reply("[1]", status="202 Accepted"),
        reply("<html>busy</html>", kind="text/html"),
        reply("[]", kind=""),
        reply("[1, 2"),
        reply("[NaN]"),
        reply(b"\xff\xfe"),
        reply(""),
        reply("[1]", length=100),
        reply("[1, 2, 3]", length=4),
        reply(gzip.compress(b"[1]")[:-4], headers=("Content-Encoding: gzip",)),
        reply(b"not gzip", headers=("Content-Encoding: gzip",)),
        reply("[1]", headers=("Content-Encoding: br",)),
        reply(status="302 Found", headers=("Location: http://127.0.0.1:9/login",)),
        reset,
        silent,
        dripping,
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200_000,
    ],
    ids=lambda bad: getattr(bad, "__name__", "") or repr(bad)[:40],
)
def test_a_fault_is_followed_by_another_attempt(bad: object) -> None:
    with loopback(bad, GOOD) as server:  # type: ignore[arg-type]
        assert fetch(server) == b"[1]"
        assert len(server.requests) == 2


def test_an_answer_without_end_is_left_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_WIRE_BYTES", 1024**2)
    with loopback(endless) as server:
        said = refusal(server, Patience(attempts=1, backoff_s=1e-3))
        assert "the answer is larger than 1 MiB" in said


def test_a_small_answer_that_unpacks_to_much_is_left_at_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """32 MiB of blanks are 32 kB of gzip; no more than the limit is ever unpacked."""
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1024**2)
    bomb = reply(gzip.compress(b" " * 32 * 1024**2), headers=("Content-Encoding: gzip",))
    with loopback(bomb) as server:
        assert "or 1 MiB unpacked" in refusal(server, Patience(attempts=1))


def test_gzip_is_unpacked() -> None:
    with loopback(reply(gzip.compress(b"[7]"), headers=("Content-Encoding: gzip",))) as server:
        assert fetch(server) == b"[7]"
        assert b"accept-encoding: gzip\r\n" in server.requests[0].lower()


def test_a_post_carries_its_body_on_every_attempt() -> None:
    with loopback(reply(status="502 Bad Gateway"), GOOD) as server:
        fetch(server, body={"type": "meta"})
        assert [r.startswith(b"POST /info") for r in server.requests] == [True, True]
        assert all(b'{"type":"meta"}' in request for request in server.requests)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 422, 451])
def test_a_refusal_is_final_and_says_what_to_do(code: int) -> None:
    with loopback(reply("Failed to\ndeserialize", status=f"{code} No")) as server:
        said = refusal(server)
        assert f"the venue answers {code} (Failed to deserialize). " in said
        assert len(server.requests) == 1


def test_after_the_last_attempt_the_error_says_what_went_wrong() -> None:
    with loopback(reply(status="500 Oops")) as server:
        assert refusal(server).endswith(": the venue answers 500. Tried 4 times; try again later.")
        assert len(server.requests) == 4


def test_retry_after_is_waited_for() -> None:
    with loopback(reply(status="429 Slow", headers=("Retry-After: 1",)), GOOD) as server:
        start = time.monotonic()
        assert fetch(server) == b"[1]"
        assert 1.0 <= time.monotonic() - start < 3.0


def test_retry_after_may_be_a_date() -> None:
    date = formatdate(time.time() + 90, usegmt=True)
    with loopback(reply(status="429 Slow", headers=(f"Retry-After: {date}",))) as server:
        said = refusal(server)
        assert "the venue answers 429 and asks to wait" in said
        assert len(server.requests) == 1, "90 s are beyond the deadline: no use in asking again"


def test_a_retry_after_that_says_nothing_is_ignored() -> None:
    with loopback(reply(status="429 Slow", headers=("Retry-After: soon",)), GOOD) as server:
        assert fetch(server) == b"[1]"


def test_the_deadline_ends_all_attempts() -> None:
    patience = Patience(attempts=100, deadline_s=0.5, read_s=0.1, backoff_s=0.05)
    with loopback(silent) as server:
        start = time.monotonic()
        assert "no answer in time (read)" in refusal(server, patience)
        assert time.monotonic() - start < 2.0


def test_waits_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """backoff_s * 2^n, and up to backoff_s more at random."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    with loopback(reply(status="500 Oops")) as server:
        refusal(server, Patience(attempts=5, backoff_s=0.1))
    assert len(waits) == 4
    for number, wait in enumerate(waits):
        assert 0.1 * 2**number <= wait <= 0.1 * 2**number + 0.1
    assert len({wait - 0.1 * 2**n for n, wait in enumerate(waits)}) == 4


def test_what_the_caller_refuses_is_asked_for_again() -> None:
    def only_lists(tree: object) -> None:
        if not isinstance(tree, list):
            raise SourceError("not a list.")

    told: list[str] = []
    with loopback(reply({}), GOOD) as server, Client(QUICK, on_retry=told.append) as client:
        assert client.send(Call(server.url), only_lists) == b"[1]"
    assert told == ["not a list."]


@pytest.mark.parametrize("target", ["https://elsewhere.example/x", "/login", ""])
def test_no_redirect_is_followed(target: str) -> None:
    with loopback(reply(status="301 Moved", headers=(f"Location: {target}",))) as server:
        assert "which is not followed" in refusal(server, Patience(attempts=1))
        assert len(server.requests) == 1


def test_only_this_machine_is_asked_without_tls() -> None:
    with Client(QUICK) as client, pytest.raises(SourceError, match="not https"):
        client.send(Call("http://api.hyperliquid.xyz/info"))


def test_a_server_without_a_certificate_is_not_trusted() -> None:
    with loopback(GOOD) as server:
        server.url = server.url.replace("http:", "https:")
        assert "the connection failed" in refusal(server, Patience(attempts=1))


KEY = "hunter2hunter2"


@pytest.mark.parametrize(
    "answer",
    [
        reply(f"bad key {KEY}", status="403 Forbidden"),
        reply(status="302 Found", headers=(f"Location: http://{KEY}.example/",)),
        reply("{}", kind=f"text/{KEY}"),
        reply(f'["{KEY}'),
        reply("[1]", length=99),
        reset,
        silent,
        b"HTTP/1.1 200 hunter2hunter2\r\nbroken " + KEY.encode() + b"\r\n\r\n",
    ],
    ids=lambda answer: getattr(answer, "__name__", "") or repr(answer)[:30],
)
def test_a_key_is_in_no_message_log_or_record(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    with loopback(answer) as server, caplog.at_level(logging.DEBUG):  # type: ignore[arg-type]
        url = server.url + "/{DEFILLAMA_API_KEY}/chart"
        call = Call(url, keys={"DEFILLAMA_API_KEY": KEY})
        patience = Patience(attempts=2, read_s=0.3, backoff_s=1e-3)
        with Client(patience) as client, pytest.raises(SourceError) as caught:
            client.send(call)
        assert KEY.encode() in server.requests[0]
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert KEY not in repr(call)
    assert KEY not in call.label
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpcore2")]
    assert KEY not in " ".join(ours)


def test_a_missing_key_is_named_before_anything_is_sent() -> None:
    with loopback(GOOD) as server:
        said = refusal(server, keys={"DEFILLAMA_API_KEY": ""})
        assert "no DEFILLAMA_API_KEY. Set it in the environment." in said
        assert server.requests == []


def test_a_budget_spreads_weight_over_the_minute() -> None:
    """1 200 a minute, 300 at once: 30 requests of 20 need (600 - 300) / 20 per second = 15 s."""
    ticks = itertools.count()
    now = [0.0]

    def sleep(seconds: float) -> None:
        next(ticks)
        now[0] += seconds

    budget = Budget(1_200, clock=lambda: now[0], sleep=sleep)
    for _ in range(30):
        budget.take(20)
    assert now[0] == pytest.approx(15.0)
    assert next(ticks) == 15


def test_a_weight_above_the_burst_is_granted_and_paid_back() -> None:
    now = [0.0]
    budget = Budget(60, burst=10, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, s))
    assert budget.take(40) == 0.0
    assert budget.take(1) == pytest.approx(31.0)


def test_the_client_takes_the_budget_of_its_host() -> None:
    waits: list[float] = []
    with loopback(GOOD) as server:
        host = server.url.split("/")[2]
        budget = Budget(60, burst=1, clock=lambda: 0.0, sleep=waits.append)
        with Client(QUICK, {host: budget}) as client:
            client.send(Call(server.url))
            client.send(Call(server.url, weight=2))
    assert waits == [1.0]
