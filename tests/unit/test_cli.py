"""The command line as a user meets it: output, files, statuses, messages."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from basislab.cli.output import write_text
from basislab.errors import ConfigError
from tests.builders import INTERRUPTIBLE

COMMAND = [sys.executable, "-c", "from basislab.cli import main; main()"]
STUDY = Path(__file__).parents[2] / "studies" / "sol-2025" / "study.toml"


def basislab(*arguments, stdin="", columns="80", **more):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": columns, "PYTHONIOENCODING": "utf-8"},
        check=False,
        **more,
    )


def scenario_file(folder, *scenarios, name="s.json"):
    path = folder / name
    path.write_text(json.dumps({"version": 1, "scenarios": list(scenarios)}))
    return path


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from basislab.cli.app import app\n"
        "from typer.main import get_command\n"
        "get_command(app).main(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'numba', 'pandas', 'pydantic', 'duckdb', 'pandera', 'rich.table'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "HEAVY []"
    assert "study" in run.stdout


def test_study_writes_what_it_prints(tmp_path):
    run = basislab("study", STUDY, "--out", tmp_path, columns="100")
    assert run.returncode == 0, run.stderr
    printed = [line.rstrip() for line in run.stdout.splitlines()]
    written = (tmp_path / "study.txt").read_text(encoding="utf-8").splitlines()
    assert printed == written
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert facts["waterfall"][2]["final_usd"] == pytest.approx(9609.68, abs=0.005)
    assert "written:" in run.stderr


def test_study_in_the_repository_is_what_is_computed(study):
    """The committed report is regenerated with `make study`; its text is compared exactly."""
    from basislab.report.render.terminal import screen_text

    assert screen_text(study.screen()) == STUDY.with_name("study.txt").read_text(encoding="utf-8")


def test_readme_shows_what_the_study_prints():
    script = Path(__file__).parents[2] / "scripts" / "update_readme.py"
    run = subprocess.run([sys.executable, script, "--check"], check=False)
    assert run.returncode == 0, "run scripts/update_readme.py"


def test_output_without_colour_when_piped():
    run = basislab("backtest", "--leverage", 2)
    assert "\x1b[" not in run.stdout
    assert "Hurdle" in run.stdout


@pytest.mark.parametrize("model", ["static", "rebalance", "rotation", "conditional"])
def test_backtest_of_every_model_shows_the_hurdle_and_a_waterfall(model):
    run = basislab("backtest", "--model", model, "--leverage", 2)
    assert run.returncode == 0, run.stderr
    assert "Excess over the hurdle" in run.stdout
    assert "Waterfall, USD" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_backtest_json_is_the_scenario_result(tmp_path):
    one = basislab("backtest", "--leverage", 3, "--trigger", 6, "--json")
    path = scenario_file(tmp_path, {"model": "rebalance", "leverage": 3, "trigger": 6})
    [other] = json.loads(basislab("run", path).stdout)["results"]
    assert json.loads(one.stdout) == {k: v for k, v in other.items() if k != "id"}


def test_trigger_never_is_the_null_of_a_scenario(tmp_path):
    one = json.loads(basislab("backtest", "--trigger", "never", "--json").stdout)
    path = scenario_file(tmp_path, {"model": "rebalance", "leverage": 3, "trigger": None})
    [other] = json.loads(basislab("run", path).stdout)["results"]
    assert one["final_usd"] == other["final_usd"]
    assert one["counts"]["rebalances"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backtest", "--leverage", "0.5"], "leverage: got 0.5; it must be a number in [1, 100]"),
        (["backtest", "--trigger", "often"], "--trigger: got 'often'"),
        (["backtest", "--set", "gas"], "write KEY=VALUE"),
        (["backtest", "--set", "leverage=2"], "leverage is given already"),
        (["backtest", "--model", "venue", "--set", "ltvband=1"], "did you mean 'ltv_band'?"),
        (["backtest", "--perp", "hyperliquid-stud"], "did you mean 'hyperliquid-study'?"),
        (["backtest", "--market", "nowhere"], "nowhere"),
        (["backtest", "--start", "2025-13-01"], "2025-13-01"),
        (["backtest", "--start", "2031-01-01"], "outside market"),
        (["backtest", "--model", "static", "--trigger", "5"], "model 'static' takes slippage"),
        (["backtest", "--model", "martingale"], "martingale"),
        (["venues", "binance-study"], "is unknown"),
        (["study", "none.toml"], "cannot be read"),
        (["run", "none.json"], "cannot be read"),
        (["nonsense"], "nonsense"),
    ],
)
def test_errors_are_one_message_on_stderr_with_status_2(arguments, message):
    run = basislab(*arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_run_status_1_keeps_the_results_of_the_others(tmp_path):
    path = scenario_file(
        tmp_path, {"id": "good", "model": "static", "leverage": 2}, {"id": "bad", "model": "x"}
    )
    out = tmp_path / "deep" / "results.json"
    run = basislab("run", path, "--out", out)
    assert run.returncode == 1
    good, bad = json.loads(out.read_text())["results"]
    assert good["id"] == "good"
    assert bad == {
        "id": "bad",
        "error": {"type": "ConfigError", "message": bad["error"]["message"]},
    }


def test_run_reads_standard_input_and_toml(tmp_path):
    body = {"version": 1, "scenarios": [{"model": "static", "leverage": 2, "start": "2025-01-01"}]}
    piped = basislab("run", "-", "--no-events", stdin=json.dumps(body))
    toml = tmp_path / "s.toml"
    toml.write_text(
        'version = 1\n[[scenarios]]\nmodel = "static"\nleverage = 2\nstart = 2025-01-01\n'
    )
    [from_json] = json.loads(piped.stdout)["results"]
    [from_toml] = json.loads(basislab("run", toml, "--no-events").stdout)["results"]
    assert from_json == from_toml
    assert "events" not in from_json


def test_equity_is_added_on_request_and_ends_before_the_closing_fee(tmp_path):
    path = scenario_file(tmp_path, {"model": "rebalance", "leverage": 2})
    [result] = json.loads(basislab("run", path, "--equity").stdout)["results"]
    assert len(result["equity_usd"]) == result["bars"]
    assert result["equity_usd"][-1] > result["final_usd"]


def test_bad_files_are_refused_whole(tmp_path):
    path = tmp_path / "s.json"
    for text, message in [
        ("{", "not valid JSON"),
        ("[]", "it must be an object"),
        ('{"version": 2, "scenarios": []}', "version"),
        ('{"version": 1, "scenarios": [], "extra": 1}', "unknown key extra"),
    ]:
        path.write_text(text)
        run = basislab("run", path)
        assert (run.returncode, run.stdout) == (2, "")
        assert message in run.stderr


def test_a_closed_reader_ends_the_command_quietly():
    """As in `basislab backtest --json | head -1`."""
    process = subprocess.Popen(
        [*COMMAND, "run", "-", "--equity"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    scenarios = [{"model": "static", "leverage": 2} for _ in range(50)]
    process.stdin.write(json.dumps({"version": 1, "scenarios": scenarios}))
    process.stdin.close()
    assert process.stdout.readline().startswith('{"version": 1')
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert errors == ""


def test_set_gives_any_other_key_of_the_scenario_format(tmp_path):
    """The command and a scenario with the same keys are the same run."""
    raw = {"model": "rebalance", "leverage": 2, "overrides": {"gas_usd": 0}}
    done = basislab("run", scenario_file(tmp_path, raw))
    [expected] = json.loads(done.stdout)["results"]
    run = basislab("backtest", "--leverage", 2, "--set", 'overrides={"gas_usd": 0}', "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["ledger"] == expected["ledger"]
    assert expected["ledger"]["gas"] == 0


def test_interrupt_is_not_a_traceback(tmp_path):
    scenarios = [{"model": "rebalance", "leverage": 3}] * 10_000
    path = scenario_file(tmp_path, *({**s, "id": str(i)} for i, s in enumerate(scenarios)))
    process = subprocess.Popen(
        [*INTERRUPTIBLE, "run", str(path), "--out", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith('{"version": 1')  # scenarios run from now on
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert output.count("\n") < len(scenarios)  # the rest was left undone


def test_venues_lists_presets_and_their_sources():
    listing = basislab("venues").stdout
    assert "hyperliquid-study" in listing
    assert "drift-study" in listing
    shown = basislab("venues", "drift-study").stdout
    assert "the study's" in shown
    assert "assumed" in shown


def test_version_is_the_package_version():
    import basislab

    assert basislab_version() == f"basislab {basislab.__version__}"


def basislab_version():
    return basislab("version").stdout.strip()


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a" / "report.txt"
    write_text(path, "before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigError, match="No space left"):
        write_text(path, "after")
    assert path.read_text() == "before"
    assert [entry.name for entry in path.parent.iterdir()] == ["report.txt"]


def test_a_file_that_holds_the_content_already_is_left_alone(tmp_path):
    path = tmp_path / "report.txt"
    write_text(path, "same")
    os.utime(path, (1, 1))
    write_text(path, "same")
    assert path.stat().st_mtime == 1
    write_text(path, "other")
    assert (path.read_text(), path.stat().st_mtime > 1) == ("other", True)


def test_written_files_have_the_usual_permissions(tmp_path):
    write_text(tmp_path / "report.txt", "x")
    (tmp_path / "plain.txt").write_text("x")
    modes = {(tmp_path / name).stat().st_mode for name in ("report.txt", "plain.txt")}
    assert len(modes) == 1
