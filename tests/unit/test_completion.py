"""The shell's completion, asked as bash and zsh ask it, and the groups of the help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from basislab.data import load_market, save_market

CODE = "import sys; sys.argv[:] = ['basislab', *sys.argv[1:]]; import basislab.cli as c; c.main()"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with one stored market and one that is broken."""
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path))
    save_market(load_market(), name="mine")
    (tmp_path / "markets" / "broken").mkdir()
    return tmp_path


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )


def bash(line):
    """What bash is offered for the last word of a line."""
    words = line.split(" ")
    done = run(_BASISLAB_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("basislab mo", ["montecarlo"]),
        ("basislab backtest --model r", ["rebalance", "rotation"]),
        ("basislab sweep --model ven", ["venue"]),
        ("basislab backtest --lending m", ["marginfi"]),
        ("basislab sweep --perp hyperliquid-study,dr", ["hyperliquid-study,drift-study", "+"]),
        ("basislab venues hyperliquid-", ["hyperliquid-study"]),
        ("basislab data export nothing", []),
    ],
)
def test_bash_is_offered_what_there_is(line, offered):
    """`+`: and others."""
    found = bash(line)
    if offered and offered[-1] == "+":
        assert set(offered[:-1]) <= set(found)
    else:
        assert offered == found


@pytest.mark.parametrize(
    "line", ["basislab backtest --market ", "basislab data show ", "basislab certify --market "]
)
def test_markets_of_the_home_are_offered(home, line):
    """A damaged market too: its name may be what one wants to look at."""
    assert ["sample", "sol-2025", "broken", "mine"] == bash(line)


def test_a_home_that_cannot_be_read_offers_nothing(tmp_path):
    """A link to itself."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    done = run(
        _BASISLAB_COMPLETE="complete_bash",
        COMP_WORDS="basislab data update ",
        COMP_CWORD="3",
        BASISLAB_HOME=str(loop),
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_zsh_is_offered_the_same(home):
    done = run(
        _BASISLAB_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="basislab backtest --market mi"
    )
    assert '"mine"' in done.stdout
    assert "sol-2025" not in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_shown(shell):
    assert "_BASISLAB_COMPLETE" in run("--show-completion", shell).stdout


def test_the_help_groups_commands_by_what_one_wants():
    """Every visible command stands in a group; the options come first."""
    from typer.main import get_command

    from basislab.cli.app import app

    lines = run("--help", COLUMNS="80").stdout.splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads[1:] == [
        "Options:",
        "Try a position:",
        "Judge it:",
        "Hold one:",
        "Data and venues:",
        "This program:",
    ]
    below = lines[lines.index("Try a position:") :]
    listed = {line.split()[0] for line in below if line.startswith("  ")}
    assert set(get_command(app).commands) <= listed
    assert max(map(len, lines)) <= 80
