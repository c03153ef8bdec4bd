"""The one HTTP client: retries, rate limits, deadlines and size limits; keys never leave it.

Everything that a network or a venue can do wrong ends in a retry or in one sentence. An answer that
is returned is complete, of the right type, strict JSON, and passed the check of its caller.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from basislab._version import VERSION
from basislab.data.sources.budget import Budget
from basislab.data.sources.payload import parse_json
from basislab.errors import DataError, SourceError

if TYPE_CHECKING:
    import httpx2

MAX_WIRE_BYTES = 32 * 1024**2
MAX_BODY_BYTES = 64 * 1024**2
"""Limits on what is read from the network and on what it unpacks to."""

_RETRIED = frozenset({408, 418, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EXCERPT = 120
_CHUNK = 65_536


@dataclass(frozen=True)
class Call:
    """One request.

    Parameters
    ----------
    url : str
        Without any key: ``{key}`` stands where one belongs, and is what messages and records show.
    body : mapping, optional
        JSON of a POST; a GET without it.
    weight : float
        What it costs of the venue's rate limit.
    keys : mapping of str to str
        Secrets by the name of their place in `url`.
    """

    url: str
    body: Mapping[str, Any] | None = None
    weight: float = 1.0
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def method(self) -> str:
        """GET or POST."""
        return "GET" if self.body is None else "POST"

    @property
    def label(self) -> str:
        """How messages name the request."""
        return self.url if self.body is None else f"{self.url} {json.dumps(dict(self.body))}"

    def secret_url(self) -> str:
        """Return the URL that is sent."""
        url = self.url
        for name, value in self.keys.items():
            url = url.replace(f"{{{name}}}", value)
        return url


@dataclass(frozen=True)
class Patience:
    """How long and how often is tried.

    Parameters
    ----------
    attempts : int
        Requests at most.
    deadline_s : float, seconds
        For all attempts and waits of one call together.
    attempt_s : float, seconds
        For one answer, however slowly it drips.
    read_s : float, seconds
        Silence after which an answer is given up.
    backoff_s, backoff_max_s : float, seconds
        First wait, doubled each time, and the longest one; as much again is added at random.
    """

    attempts: int = 7
    deadline_s: float = 180.0
    attempt_s: float = 60.0
    read_s: float = 15.0
    backoff_s: float = 0.5
    backoff_max_s: float = 15.0


class TransientError(SourceError):
    """An answer that another attempt may get right.

    Parameters
    ----------
    wait_s : float, seconds, optional
        How long the venue asks to wait.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


Check = Callable[[Any], object]
"""Raises `SourceError` if a parsed answer is not what it should be."""


class Client:
    """Sends calls to the venues.

    Parameters
    ----------
    budgets : mapping of str to Budget, optional
        Rate limits by host.
    on_retry : callable of str, optional
        Is told why a call is repeated.
    """

    def __init__(
        self,
        patience: Patience | None = None,
        budgets: Mapping[str, Budget] | None = None,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.patience = patience or Patience()
        self.budgets = dict(budgets or {})
        self.on_retry = on_retry
        self._clients: dict[tuple[bool, bool], httpx2.Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def send(self, call: Call, check: Check = lambda _: None) -> bytes:
        """Return the body of the answer, decompressed.

        Parameters
        ----------
        check : callable
            Is given the parsed JSON of every attempt; what it refuses is asked for again.

        Returns
        -------
        bytes
            Strict JSON that passed `check`.

        Raises
        ------
        SourceError
            What went wrong with the last attempt, without any key.
        """
        import stamina

        if not all(call.keys.values()):
            missing = next(name for name, value in call.keys.items() if not value)
            raise SourceError(f"{call.url}: no {missing}. Set it in the environment.")
        end = time.monotonic() + self.patience.deadline_s
        attempts = stamina.retry_context(
            on=lambda error: self._backoff(error, end),
            attempts=self.patience.attempts,
            timeout=self.patience.deadline_s,
            wait_initial=self.patience.backoff_s,
            wait_max=self.patience.backoff_max_s,
            wait_jitter=self.patience.backoff_s,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._once(call, check, end)
        except TransientError as error:
            tried = "once" if attempt.num == 1 else f"{attempt.num} times"
            raise SourceError(f"{error} Tried {tried}; try again later.") from None
        raise AssertionError("a retry context ends with a return or an error")

    def _backoff(self, error: Exception, end: float) -> bool | float:
        if not isinstance(error, TransientError):
            return False
        self.on_retry(str(error))
        if error.wait_s is None:
            return True
        return error.wait_s if time.monotonic() + error.wait_s < end else False

    def _once(self, call: Call, check: Check, end: float) -> bytes:
        _refuse_plain_http(call)
        host = urlsplit(call.url).netloc
        if budget := self.budgets.get(host):
            budget.take(call.weight)
        until = min(end, time.monotonic() + self.patience.attempt_s)
        with _transport_errors(call):
            request = self._request(call)
            with self._client(call).stream(**request) as response:
                _check_status(call, response)
                _check_type(call, response)
                body = _read(call, response, until)
        self._check(call, body, check)
        return body

    def _check(self, call: Call, body: bytes, check: Check) -> None:
        """Let the caller look at an answer; what it refuses may be better the next time."""
        try:
            check(parse_json(body, f"{call.label}: answer"))
        except TransientError:
            raise
        except DataError as error:
            raise TransientError(_clean(str(error), call)) from None

    def _request(self, call: Call) -> dict[str, Any]:
        request: dict[str, Any] = {"method": call.method, "url": call.secret_url()}
        if call.body is not None:
            request["json"] = dict(call.body)
        return request

    def _client(self, call: Call) -> httpx2.Client:
        import httpx2

        # The proxies of the environment are for the network, not for a server on this machine,
        # and where there is no TLS there is no list of authorities to load either.
        parts = urlsplit(call.url)
        is_local, has_tls = parts.hostname in _LOOPBACK, parts.scheme == "https"
        if (is_local, has_tls) not in self._clients:
            _silence_urls()
            self._clients[is_local, has_tls] = httpx2.Client(
                verify=has_tls,
                follow_redirects=False,
                trust_env=not is_local,
                timeout=httpx2.Timeout(self.patience.read_s, connect=10.0),
                headers={
                    "user-agent": f"basislab/{VERSION}",
                    "accept": "application/json",
                    "accept-encoding": "gzip",
                },
            )
        return self._clients[is_local, has_tls]


def _refuse_plain_http(call: Call) -> None:
    parts = urlsplit(call.url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise SourceError(
            f"{call.url}: not https. Only a server on this machine may be asked without TLS."
        )


@contextmanager
def _transport_errors(call: Call) -> Iterator[None]:
    """Turn the library's errors into ours; theirs quote the URL, and with it the key."""
    import httpx2

    try:
        yield
    except httpx2.TimeoutException as error:
        kind = type(error).__name__.replace("Timeout", "").lower()
        raise TransientError(f"{call.label}: no answer in time ({kind}).") from None
    except httpx2.HTTPError as error:
        reason = _clean(str(error) or type(error).__name__, call)
        raise TransientError(f"{call.label}: the connection failed ({reason}).") from None
    except httpx2.InvalidURL:
        raise SourceError(f"{call.url}: not a URL. Correct the address or the key.") from None


def _check_status(call: Call, response: httpx2.Response) -> None:
    code = response.status_code
    if code == 200:
        return
    if 200 < code < 300:
        raise TransientError(f"{call.label}: the venue answers {code}, without an answer.")
    if 300 <= code < 400:
        target = urlsplit(response.headers.get("location", "")).netloc or "another page"
        raise TransientError(
            f"{call.label}: redirected to {_clean(target, call)}, which is not followed."
        )
    if code in _RETRIED:
        wait = _retry_after(response.headers.get("retry-after"))
        asked = f" and asks to wait {wait:g} s" if wait else ""
        raise TransientError(f"{call.label}: the venue answers {code}{asked}.", wait)
    remedies = {
        401: "Check the key in the environment.",
        402: "This answer needs a paid key; see docs/fetching.md.",
        403: "The venue refuses this address or key.",
        404: "The venue does not know this coin, pool or reserve.",
        451: "The venue does not serve this country.",
    }
    remedy = remedies.get(code, "The request is refused; report it if it goes on.")
    raise SourceError(f"{call.label}: the venue answers {code}{_excerpt(call, response)}. {remedy}")


def _retry_after(text: str | None) -> float | None:
    """Return seconds from a Retry-After of seconds or of a date; None if it says nothing."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _excerpt(call: Call, response: httpx2.Response) -> str:
    raw = b""
    for chunk in response.iter_raw(_CHUNK):
        raw += chunk
        if len(raw) >= _EXCERPT:
            break
    text = _clean(raw[:_EXCERPT].decode("ascii", "replace").strip(), call)
    return f" ({text})" if text else ""


def _check_type(call: Call, response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise TransientError(
            f"{call.label}: content type {_clean(kind, call) or 'missing'}, not JSON."
        )


def _read(call: Call, response: httpx2.Response, until: float) -> bytes:
    """Read and unpack the body within the limits; nothing larger is ever held."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise TransientError(f"{call.label}: content encoding {_clean(encoding, call)} unasked.")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    wire, parts, size = 0, [], 0
    for chunk in response.iter_raw(_CHUNK):
        wire += len(chunk)
        part = chunk
        if unpack is not None:
            try:
                part = unpack.decompress(chunk, MAX_BODY_BYTES - size + 1)
            except zlib.error:
                raise TransientError(f"{call.label}: damaged gzip data.") from None
        size += len(part)
        if wire > MAX_WIRE_BYTES or size > MAX_BODY_BYTES:
            raise TransientError(
                f"{call.label}: the answer is larger than {MAX_WIRE_BYTES // 1024**2} MiB, or "
                f"{MAX_BODY_BYTES // 1024**2} MiB unpacked."
            )
        if time.monotonic() > until:
            raise TransientError(f"{call.label}: the answer does not end in time.")
        parts.append(part)
    if unpack is not None and not unpack.eof:
        raise TransientError(f"{call.label}: the gzip data end early.")
    return b"".join(parts)


def _clean(text: str, call: Call) -> str:
    """Return printable text on one line without the call's secrets."""
    for value in call.keys.values():
        if value:
            text = text.replace(value, "***")
    return "".join(char if char.isprintable() else " " for char in text)


def _silence_urls() -> None:
    """Keep URLs out of logs: at INFO the library would write every one, and so a key."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    logging.getLogger("stamina").addHandler(logging.NullHandler())  # no retry on a bare stderr
