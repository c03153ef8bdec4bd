"""`basislab watch` against venues on loopback: polls, faults, restarts, kill -9, no secret."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data.fake import FakeMarket, FakeVenues, Faults
from basislab.data.sources.http import Patience
from basislab.errors import ConfigError
from basislab.position import load_position
from basislab.position.watch.poll import VenuePoller, asked_of
from benchmarks.soak import soak

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

HASTE = Patience(2, deadline_s=2.0, attempt_s=1.0, read_s=0.3, backoff_s=1e-3, backoff_max_s=2e-3)
HYPERLIQUID, KAMINO = "0x" + "0" * 40, "1" * 32


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    until = int(time.time())
    with FakeVenues(FakeMarket(until, start=until - until % 86_400 - 40 * 86_400)) as venues:
        venues.venues.accounts.clock = time.time
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        yield venues


def basislab(*words: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(app, list(words))


@pytest.fixture
def path(server: FakeVenues, tmp_path: Path) -> Path:
    """A position read from the made accounts: short 36.6 % away, loan 33.3 %."""
    path = tmp_path / "my.toml"
    words = ("--hyperliquid", HYPERLIQUID, "--kamino", KAMINO, "--out", str(path))
    assert basislab("position", "read", *words).exit_code == 0
    return path


@pytest.fixture
def ask(path: Path) -> Iterator[VenuePoller]:
    poller = VenuePoller(path, None, time.time, HASTE)
    yield poller
    poller.close()


def test_what_read_asked_is_what_watch_asks(path: Path, ask: VenuePoller) -> None:
    assert ("hyperliquid", "kamino", "position file") == asked_of(load_position(path))
    poll = ask(None)
    assert {} == poll.problems
    assert poll.position.loan is not None
    assert poll.position.loan.borrow_apy is not None
    assert ("short", "loan") == poll.legs


def test_one_silent_venue_does_not_hide_the_other(server: FakeVenues, ask: VenuePoller) -> None:
    """Kamino's answers lose their fields: the short is read, the loan stays with its old time."""
    first = ask(None).position
    server.venues.accounts.moved = 1.1
    server.venues.handlers["kamino"] = lambda *_: ({"lending": 5}, [])
    poll = ask(first)
    assert ["kamino"] == list(poll.problems)
    assert poll.position.short is not None
    assert first.short is not None
    assert first.loan is not None
    assert poll.position.short.mark_usd == pytest.approx(first.short.mark_usd * 1.1, rel=1e-3)
    assert poll.position.loan is not None
    assert first.loan.time == poll.position.loan.time
    assert () == poll.gone


def test_a_loan_that_the_venue_no_longer_holds_is_gone(
    server: FakeVenues, path: Path, ask: VenuePoller
) -> None:
    server.venues.handlers["kamino"] = lambda *_: ({"lending": []}, [])
    poll = ask(None)
    assert ("loan",) == poll.gone
    assert poll.position.loan is None
    path.write_text(
        path.read_text(encoding="utf-8").replace(f"{HYPERLIQUID[:-1]}0", "0x" + "9" * 40)
    )
    assert ("short", "loan") == ask(poll.position).gone


def test_a_file_that_is_spoilt_while_it_is_watched_is_a_problem_and_the_old_one_holds(
    path: Path, ask: VenuePoller
) -> None:
    path.write_text("version = 3", encoding="utf-8")
    poll = ask(None)
    assert "version" in poll.problems["position file"]
    assert poll.position.short is not None


def test_once_is_silent_while_all_is_well_and_tells_each_thing_once(
    server: FakeVenues, path: Path
) -> None:
    done = basislab("watch", str(path), "--once")
    assert (0, "") == (done.exit_code, done.stdout)
    server.venues.accounts.moved = 1.19
    done = basislab("watch", str(path), "--once")
    assert "short 14.8% from liquidation" in done.stdout
    assert "the policy acts: 1. deposit" in done.stdout
    assert "" == basislab("watch", str(path), "--once").stdout


def test_a_venue_that_fails_ends_nothing(server: FakeVenues, path: Path, ask: VenuePoller) -> None:
    server.faults = Faults(("error",), 1.0, most=10**9)
    server.venues.handlers["hyperliquid"] = lambda *_: ("nonsense", [])
    before = path.read_text(encoding="utf-8")
    poll = ask(load_position(path))
    assert {"hyperliquid", "kamino"} == set(poll.problems)
    assert path.read_text(encoding="utf-8") == before


def test_choices_outside_their_range_are_refused(path: Path) -> None:
    assert isinstance(basislab("watch", str(path), "--every", "1").exception, ConfigError)
    assert isinstance(basislab("watch", str(path), "--try-alerts").exception, ConfigError)
    assert isinstance(basislab("watch", str(path.parent / "no.toml")).exception, ConfigError)


class Heard(HTTPServer):
    """The user's own channel: a JSON webhook."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/s3cret-path"


@pytest.fixture
def channel() -> Iterator[Heard]:
    with Heard() as heard:
        thread = threading.Thread(target=heard.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield heard
        heard.shutdown()
        thread.join()


def test_alerts_reach_the_users_address_and_it_is_shown_nowhere(
    server: FakeVenues, path: Path, channel: Heard
) -> None:
    """Also the node's key: not in the output, the history, or an error."""
    node = f"{server.url}/nowhere/s3cret-key"
    text = path.read_text(encoding="utf-8").replace(
        f'kamino = "{KAMINO}"', f'aave = "0x{"a" * 40}"'
    )
    path.write_text(text, encoding="utf-8")
    server.venues.accounts.moved = 1.19
    secrets = path.parent / "secrets"
    secrets.write_text(
        f"BASISLAB_ALERTS={channel.address} json://127.0.0.1:9/s3cret2?cto=1&rto=1\n"
        f"BASISLAB_RPC_URL={node}\n",
        encoding="utf-8",
    )
    secrets.chmod(0o600)
    words = ("watch", str(path), "--secrets", str(secrets))
    tried = basislab(*words, "--try-alerts")
    assert "1 json: sent\n2 json: NOT sent" in tried.output
    done = basislab(*words, "--once")
    assert done.exit_code == 0
    assert any("short 14.8% from liquidation" in body for body in channel.bodies)
    assert any(json.loads(body)["title"] == "basislab: SOL" for body in channel.bodies)
    kept = path.with_suffix(".watch.sqlite").read_bytes() + done.output.encode()
    for file in path.parent.iterdir():
        kept += file.read_bytes() if file != secrets else b""
    kept += tried.output.encode()
    assert b"nowhere" in kept.replace(b"***", b"nowhere") or b"not read" in kept
    assert b"s3cret" not in kept


def test_kill_nine_and_a_restart_tell_nothing_twice_and_lose_nothing(
    server: FakeVenues, path: Path
) -> None:
    """Killed after its first alert; the next process knows of it, and SIGTERM ends it in order."""
    server.venues.accounts.moved = 1.19
    command = [
        sys.executable,
        "-c",
        "from basislab.cli import main; main()",
        "watch",
        str(path),
        "--every",
        "5",
    ]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}

    def started() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    first = started()
    assert first.stdout is not None
    assert "short 14.8% from liquidation" in first.stdout.readline()
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    second = started()
    assert second.stderr is not None
    assert "watching" in second.stderr.readline()
    deadline = time.monotonic() + 60
    while _polls(path) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    second.send_signal(signal.SIGTERM)
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "short 14.8%" not in out
    with sqlite3.connect(path.with_suffix(".watch.sqlite")) as database:
        told = [key for (key,) in database.execute("SELECT key FROM alerts")]
    database.close()
    assert 1 == told.count("short distance")


def _polls(path: Path) -> int:
    with sqlite3.connect(path.with_suffix(".watch.sqlite")) as database:
        (count,) = database.execute("SELECT count(*) FROM polls").fetchone()
    database.close()
    return int(count)


def test_a_soak_of_some_hours_misses_nothing_and_says_nothing_twice(tmp_path: Path) -> None:
    """Another trouble every ten minutes; `python benchmarks/soak.py` does a month of it."""
    outcome = soak(0.2, tmp_path, seed=7, trouble_s=600)
    assert [] == outcome.missed
    assert [] == outcome.doubled
    assert outcome.crossings > 10
    assert len(outcome.troubles) > 5
