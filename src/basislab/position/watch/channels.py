"""Where alerts go: the terminal, and the user's own addresses through apprise."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from basislab.errors import ConfigError
from basislab.position.watch.judge import Alert
from basislab.position.words import cut

Channel = Callable[[Alert], bool]
"""Takes a message, or says that it could not."""

MAX_TEXT = 1_000

_WORDS = {"new": "", "still": "still: ", "over": "over: "}


def line_of(alert: Alert) -> str:
    """Return an alert on one line, with its time; text from outside is cut and printable."""
    time = datetime.fromtimestamp(alert.time, UTC)
    return f"{time:%Y-%m-%d %H:%M:%S} UTC  {words_of(alert)}"


def words_of(alert: Alert) -> str:
    """Return what an alert says; what is over is named by its condition, its text may be new."""
    text = f"{alert.key}: {alert.text}" if alert.news == "over" else alert.text
    return _WORDS[alert.news] + cut(text, MAX_TEXT)


def terminal(echo: Callable[[str], object]) -> Callable[[Alert], None]:
    """Return what writes a line; a reader that has gone is no reason to stop watching."""

    def write(alert: Alert) -> None:
        with contextlib.suppress(OSError):
            echo(line_of(alert))

    return write


def channels_of(addresses: tuple[str, ...], title: str) -> dict[str, Channel]:
    """Return a channel for each address, under names that hold nothing of it but its kind.

    Raises
    ------
    ConfigError
        The extra is not installed, or an address is of no kind that it knows.
    """
    if not addresses:
        return {}
    try:
        import apprise
    except ImportError:
        raise ConfigError(
            "alerts: the package apprise is not installed. Run: pip install 'basislab[watch]'"
        ) from None
    # It writes addresses, and with them keys, to its log.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    for name in ("urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    found: dict[str, Channel] = {}
    for number, address in enumerate(addresses, 1):
        sender = apprise.Apprise()
        if not sender.add(address):
            raise ConfigError(
                f"alerts: address {number} of {len(addresses)} is of no kind that apprise knows. "
                "Kinds and forms: https://appriseit.com/services/"
            )
        kind = cut(address.partition(":")[0], 12)
        found[f"{number} {kind}"] = _apprise(sender, title)
    return found


def _apprise(sender: object, title: str) -> Channel:
    def send(alert: Alert) -> bool:
        try:
            return bool(
                sender.notify(  # type: ignore[attr-defined]
                    title=title, body=line_of(alert), body_format="text"
                )
            )
        except Exception:  # noqa: BLE001 - a hundred services; none may end the watch
            return False

    return send
