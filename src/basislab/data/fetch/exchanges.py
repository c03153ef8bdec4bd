"""A client that asks exchanges through ccxt: ccxt writes and reads, our client sends.

ccxt's own transport is replaced, so that backoff, deadlines, limits on size, TLS, the refusal of
redirects and the stand-in of the tests hold for every exchange; no key is ever given to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from basislab.data.sources import local_url
from basislab.data.sources.feeds import CCXT
from basislab.data.sources.http import Call, Check, Client, TransientError
from basislab.data.sources.payload import parse_json
from basislab.errors import BasisLabError, ConfigError, SourceError
from basislab.types.checks import nearest

_KINDS = ("spot", "linear", "swap")
"""Lists of markets that are loaded where an exchange has several."""


class ExchangeClient(Client):
    """Sends calls to the venues, and those of ``ccxt://`` through ccxt; see `Client`."""

    def _once(self, call: Call, check: Check, end: float) -> bytes:
        """Ask once; the body of what ccxt answers is its unified rows as JSON."""
        if not call.url.startswith(f"{CCXT}://"):
            return super()._once(call, check, end)
        parts = urlsplit(call.url)
        asked = dict(parse_qsl(parts.query))
        since, until = int(asked["since"]), int(asked["until"])
        given: dict[str, Any] = {"since": since, "limit": int(asked["limit"])}
        if "timeframe" in asked:
            given["timeframe"] = asked["timeframe"]
        exchange, method = self._exchange(parts.netloc), parts.path.strip("/")
        if not exchange.has.get(method):
            raise SourceError(
                f"{call.label}: ccxt knows no {method} of {parts.netloc}. Take another exchange."
            )
        with _ccxt_errors(call):
            rows = getattr(exchange, method)(asked["symbol"], **given, params={"until": until})
            # Some exchanges give what is near.
            rows = [row for row in rows if since <= _time(row) <= until]
            body = json.dumps(rows, allow_nan=False).encode()
        self._check(call, body, check)
        return body

    def _exchange(self, name: str) -> Any:
        """Return ccxt's exchange of that name, its transport replaced by ours."""
        if not hasattr(self, "_exchanges"):
            self._exchanges: dict[str, Any] = {}
        if name not in self._exchanges:
            exchange = _load(name)
            exchange.fetch = lambda *words, **named: self._fetch(exchange, *words, **named)
            self._exchanges[name] = exchange
        return self._exchanges[name]

    def _fetch(
        self, exchange: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Stand in for ccxt's transport."""
        content = json.loads(body) if body else None
        if method not in ("GET", "POST") or (method == "POST" and not isinstance(content, dict)):
            raise SourceError(f"{url}: ccxt wants to {method} what is no JSON. Take another venue.")
        call = Call(local_url(url), content if method == "POST" else None)
        answer = super().send(call)
        tree = parse_json(answer, call.label)
        # Many exchanges say in an answer of status 200 that something is wrong.
        exchange.handle_errors(200, "OK", url, method, {}, answer.decode(), tree, headers, body)
        return tree


@contextmanager
def _ccxt_errors(call: Call) -> Iterator[None]:
    """Turn ccxt's errors into ours; what may be better the next time is a `TransientError`."""
    ccxt = _library(urlsplit(call.url).netloc)
    try:
        yield
    except BasisLabError:
        raise
    except ccxt.OperationFailed as error:
        raise TransientError(_told(call, error)) from None
    except ccxt.BaseError as error:
        raise SourceError(f"{_told(call, error)} Check coin and quote.") from None
    except Exception as error:  # noqa: BLE001 - ccxt stumbles in any way over what it does not expect
        raise TransientError(
            f"{call.label}: ccxt cannot read the answer ({type(error).__name__}); the exchange "
            "answers otherwise than it expects."
        ) from None


def _library(name: str) -> Any:
    try:
        import ccxt
    except ImportError as error:
        raise ConfigError(
            f"ccxt:{name}: ccxt cannot be loaded ({error}). Install the extra: "
            "pip install 'basislab[ccxt]'."
        ) from None
    return ccxt


def _load(name: str) -> Any:
    ccxt = _library(name)
    if name not in ccxt.exchanges:
        raise ConfigError(
            f"ccxt:{name}: no such exchange{nearest(name, list(ccxt.exchanges))}; ccxt "
            f"{ccxt.__version__} knows {len(ccxt.exchanges)}."
        )
    exchange = getattr(ccxt, name)()
    exchange.enableRateLimit = local_url("https://x/") == "https://x/"
    lists = exchange.options.get("fetchMarkets")
    if isinstance(lists, dict) and isinstance(lists.get("types"), list):
        lists["types"] = [kind for kind in lists["types"] if kind in _KINDS]
    return exchange


def _time(row: Any) -> int:
    return int(row[0] if isinstance(row, list) else row["timestamp"])


def _told(call: Call, error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{call.label}: {type(error).__name__} of ccxt ({text})."
