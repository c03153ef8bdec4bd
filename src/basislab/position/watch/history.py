"""What was seen and told, in SQLite: survives restarts and kill -9, and does without a disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from basislab.errors import ConfigError
from basislab.position.types import Position
from basislab.position.watch.judge import Alert, Kept

KEEP_S = 400 * 86_400
"""Rows older than this are deleted."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS polls (time REAL PRIMARY KEY, figures TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (time REAL, key TEXT, news TEXT, text TEXT);
CREATE INDEX IF NOT EXISTS alerts_time ON alerts (time);
CREATE TABLE IF NOT EXISTS kept (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Saved:
    """Everything that the next poll, or the next process, goes on from."""

    memory: Mapping[str, Kept] = field(default_factory=dict)
    outbox: tuple[tuple[str, Alert], ...] = ()
    """Messages that a channel, named first, has not taken yet."""
    position: Position | None = None


class History:
    """One file of one watch at a time.

    Raises
    ------
    ConfigError
        It is no database, cannot be opened, or another watch writes to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _locked(path)
        try:
            self._database = _opened(path)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise ConfigError(
                f"history {path}: {error}. Move the file away, or name another with --history."
            ) from None

    def close(self) -> None:
        """Let another watch have it; may be called again."""
        self._database.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def load(self) -> Saved:
        """Return what was saved last; nothing where nothing was, or where it is of another form."""
        with contextlib.suppress(ValidationError, sqlite3.Error, KeyError, TypeError, ValueError):
            row = self._database.execute("SELECT value FROM kept").fetchone()
            if row:
                return _saved(json.loads(row[0]))
        return Saved()

    def save(
        self, saved: Saved, time: float, figures: Mapping[str, Any], alerts: tuple[Alert, ...] = ()
    ) -> str:
        """Write one poll whole or not at all; return why not, empty where it is written."""
        told = [(alert.time, alert.key, alert.news, alert.text) for alert in alerts]
        try:
            with self._database as database:
                if figures:
                    row = (time, json.dumps(figures))
                    database.execute("INSERT OR REPLACE INTO polls VALUES (?, ?)", row)
                database.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?)", told)
                database.execute("INSERT OR REPLACE INTO kept VALUES (1, ?)", (_text(saved),))
                database.execute("DELETE FROM polls WHERE time < ?", (time - KEEP_S,))
                database.execute("DELETE FROM alerts WHERE time < ?", (time - KEEP_S,))
        except sqlite3.Error as error:
            return str(error)
        return ""


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5.0)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.executescript(_SCHEMA)
    return database


def _locked(path: Path) -> int:
    """Hold the file's lock until the process ends, however it ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # whose position it is is private
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise ConfigError(
            f"history {path}: it cannot be written ({error.strerror}). Name another with --history."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise ConfigError(
            f"history {path}: another watch writes to it. End that one, or name another file with "
            "--history."
        ) from None
    return lock


def _text(saved: Saved) -> str:
    return json.dumps(
        {
            "memory": {key: asdict(kept) for key, kept in saved.memory.items()},
            "outbox": [[channel, asdict(alert)] for channel, alert in saved.outbox],
            "position": saved.position.model_dump_json() if saved.position else None,
        }
    )


def _saved(tree: Any) -> Saved:
    position = tree["position"]
    return Saved(
        memory={key: Kept(**kept) for key, kept in tree["memory"].items()},
        outbox=tuple((channel, Alert(**alert)) for channel, alert in tree["outbox"]),
        position=Position.model_validate_json(position) if position else None,
    )
