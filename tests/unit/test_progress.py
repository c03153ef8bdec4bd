"""What a waiting person is told: a line now and then where there is no terminal, on stderr only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from basislab.cli import progress as shown
from basislab.cli.progress import progress, progress_bar, shares, status

COMMAND = [sys.executable, "-c", "from basislab.cli import main; main()"]
ALL_AT_ONCE = """
from basislab.cli import main, progress
progress.FIRST_S = progress.EVERY_S = 0.05
main()
"""


class Spoken:
    """The lines that were written, and a way to wait for one more."""

    def __init__(self):
        self.lines, self.one = [], threading.Event()

    def __call__(self, line):
        self.lines.append(line)
        self.one.set()


@pytest.fixture
def spoken(monkeypatch):
    """Lines come at once and then never again."""
    monkeypatch.setattr(shown, "FIRST_S", 0.01)
    monkeypatch.setattr(shown, "EVERY_S", 3600.0)
    found = Spoken()
    monkeypatch.setattr(shown, "_write", found)
    return found


def test_what_is_quick_says_nothing(capsys):
    with status("working") as say:
        say("still working")
    assert list(progress([1, 2], "run", 2, "items")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_wait_says_what_is_being_done(spoken):
    with status("loading"):
        assert spoken.one.wait(10)
    assert spoken.lines == ["loading (0 s)"]


def test_a_wait_says_the_newest_thing(monkeypatch, spoken):
    monkeypatch.setattr(shown, "EVERY_S", 0.01)
    with status("loading") as say:
        say("computing fees")
        spoken.one.clear()
        assert spoken.one.wait(10)
    assert spoken.lines[-1].startswith("computing fees (")


def test_a_search_says_how_far_it_is(monkeypatch, spoken):
    """The clock stands at 20 s: 300 of 1200 are done, so the other 900 take 60 s."""
    monkeypatch.setattr(shown, "FIRST_S", 0.2)
    times = iter([0.0, 20.0])
    monkeypatch.setattr(shown, "monotonic", lambda: next(times))
    with progress_bar("sweep", 1200, "configurations") as tell:
        tell(100)
        tell(200)
        assert spoken.one.wait(10)
    assert spoken.lines == ["sweep: 300 of 1,200 configurations, about 60 s left"]


def test_a_fetch_names_what_is_still_coming_and_what_was_asked_again(monkeypatch, spoken):
    monkeypatch.setattr(shown, "EVERY_S", 0.01)
    with shares("fetch") as (track, say):
        track("SOL funding", 1.0)
        track("SOL prices", 0.4)
        say("again: 429")
        spoken.one.clear()
        assert spoken.one.wait(10)
    assert spoken.lines[-1] == "fetch: SOL prices 40%; 1 request asked again"


def test_an_error_ends_the_lines(spoken):
    with pytest.raises(ValueError, match="no"), status("working"):
        raise ValueError("no")
    assert not [thread for thread in threading.enumerate() if "speak" in thread.name]


def run(code, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )


def test_json_on_stdout_stays_json_while_lines_come():
    done = run(ALL_AT_ONCE, "backtest", "--json")
    assert json.loads(done.stdout)["bars"] == 410
    assert "running (" in done.stderr


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_compiling_is_said_once_and_only_where_the_cache_is_cold(tmp_path):
    """Only the static model's kernel, which takes a second or two."""
    words = ("backtest", "--model", "static", "--leverage", "2", "--json")
    code = COMMAND[-1]
    cold, warm = (run(code, *words, BASISLAB_CACHE=str(tmp_path)) for _ in range(2))
    assert cold.stdout == warm.stdout
    said = [line for line in cold.stderr.splitlines() if line.startswith("compiling")]
    assert said == ["compiling the models for this machine (once, about 10 s)"]
    assert "compiling" not in warm.stderr


def test_each_part_of_the_engine_is_said_once(spoken):
    tell = shown.CompileNotice()
    for module in ("static", "rebalance", "venue.step", "venue.whole"):
        tell(f"basislab.kernels.{module}")
    assert [line.split(" for ")[0] for line in spoken.lines] == [
        "compiling the models",
        "compiling the venue engine",
    ]
