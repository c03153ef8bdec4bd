"""A fetch that dies loses nothing: kill -9 at a hundred points, a full disk, two at once."""

import hashlib
import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from basislab.data import load_market
from basislab.data.build.answers import stored_rows
from basislab.data.build.recipe import Recipe
from basislab.data.fake import FakeMarket, FakeVenues
from basislab.data.fetch.market import Fetcher, fetch_market
from basislab.data.keep.vault import Vault
from basislab.errors import DataError
from basislab.types import Market

FIRST, DAYS, ROUNDS = datetime(2025, 3, 10, tzinfo=UTC), 20, 100
RECIPE = Recipe("SOL", "2025-03-01", perp=("hyperliquid",))
END = FIRST + timedelta(days=DAYS)

# One process with everything imported and no thread. Every round is a fork of it that fetches, and
# kills itself at the n-th thing that it asks of the system: a file, a name, a connection.
KILLED = """
import os, signal, sys
from datetime import datetime, UTC
import duckdb, httpx2, stamina, pandas
from basislab.data import check, load_market
from basislab.data.fetch.market import Fetcher, Patience, Recipe, fetch_market
from basislab.data.sources import binance, defillama, hyperliquid, kamino
from basislab.data.judge import plausible
recipe = Recipe("SOL", "2025-03-01")
print("ready", flush=True)
for line in sys.stdin:
    now, left = (int(word) for word in line.split())
    child = os.fork()
    if child == 0:
        asked = 0
        def hook(event, args):
            global asked
            asked += 1
            if asked == left:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        moment = datetime.fromtimestamp(now, UTC)
        fetcher = Fetcher(patience=Patience(backoff_s=1e-3), now=lambda: moment)
        fetch_market(recipe, fetcher=fetcher)
        with open(os.environ["COUNTED"], "w") as file:
            file.write(str(asked))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.fixture
def venues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeVenues]:
    start = int(datetime(2025, 2, 25, tzinfo=UTC).timestamp())
    with FakeVenues(FakeMarket(int(END.timestamp()), start=start)) as server:
        monkeypatch.setenv("BASISLAB_VENUES_URL", server.url)
        monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("COUNTED", str(tmp_path / "counted"))
        yield server


def fetched(now: datetime = END) -> Market:
    return fetch_market(RECIPE, fetcher=Fetcher(now=lambda: now)).market


def is_whole(market: Market, of: Market) -> bool:
    """Tell whether a market is one that a fetch without accident gives on some day."""
    return of.window(end=market.end.date()).fingerprint == market.fingerprint


def test_kill_nine_at_a_hundred_points_loses_nothing(
    venues: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setenv("BASISLAB_HOME", str(tmp_path / "clean"))
        clean = fetched()
    chance = random.Random(11)  # noqa: S311 - moments, not secrets
    path = tmp_path / "home" / "markets" / RECIPE.name
    killed, ends = 0, set()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as zygote:
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        assert zygote.stdout.readline() == "ready\n"

        def run(now: datetime, left: int) -> int:
            zygote.stdin.write(f"{int(now.timestamp())} {left}\n")
            zygote.stdin.flush()
            return int(zygote.stdout.readline())

        with monkeypatch.context() as other:
            assert run(FIRST, 0) == 0
        most = int((tmp_path / "counted").read_text())
        for number in range(ROUNDS):
            day = FIRST + timedelta(days=1 + number * DAYS // ROUNDS)
            # An update asks for about as much as the first fetch; some shall come to their end.
            code = run(day, chance.randint(1, most + most // 3))
            assert code in {0, -9}
            killed += code == -9
            manifest = json.loads((path / "manifest.json").read_text())
            for name, digest in manifest["files"].items():
                assert hashlib.sha256((path / name).read_bytes()).hexdigest() == digest
            ends.add(manifest["last"])
            if number % 10 == 0:
                assert is_whole(load_market(path), clean)
        zygote.stdin.close()
    assert killed > ROUNDS / 2
    assert len(ends) > 1, "old and new ones were met"
    assert fetched().fingerprint == clean.fingerprint
    vault = Vault()
    for feed in RECIPE.feeds():
        assert sum(len(rows.times) for _, rows in stored_rows(vault, feed)) > DAYS


def test_two_fetches_at_once_give_the_market_that_one_gives(
    venues: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from datetime import datetime, UTC\n"
        "from basislab.data.fetch.market import Fetcher, Recipe, fetch_market\n"
        "for day in (10, 20, 30):\n"
        "    now = datetime(2025, 3, day, tzinfo=UTC)\n"
        "    fetch_market(Recipe('SOL', '2025-03-01'), fetcher=Fetcher(now=lambda: now))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    together = load_market(RECIPE.name)
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "alone"))
    assert fetched().fingerprint == together.fingerprint
    assert dict(fetched().provenance) == dict(together.provenance)


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(
    venues: FakeVenues, tmp_path: Path
) -> None:
    """A limit on the size of files stands in for the disk: a real error of a real write."""
    early = fetched(FIRST)
    before = set((tmp_path / "home").rglob("*.json.gz"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
    try:
        with pytest.raises(DataError, match=r"cannot be written \(File too large\).*same command"):
            fetched()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert set((tmp_path / "home").rglob("*.json.gz")) == before
    assert not list((tmp_path / "home" / "payloads").rglob("*.tmp"))
    assert load_market(RECIPE.name).fingerprint == early.fingerprint
    assert len(fetched()) == DAYS + 9


def test_a_read_only_home_is_one_sentence(
    venues: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be written"):
        fetched()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
