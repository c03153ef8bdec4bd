"""``basislab data``: what a user sees, at 80 columns, without colour."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from basislab.cli.data import app
from basislab.data import load_market, save_market
from basislab.errors import BasisLabError, ConfigError, DataGapError, SourceError
from basislab.types import PriceSeries
from tests.data_fixtures import FUNDING, answers, clean_market, spoilt, table_text, write
from tests.series_files import Form, funding, market


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Markets of a test are stored in its own directory."""
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "home"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def output(*arguments: object, status: int = 0) -> str:
    result = call(*arguments)
    assert result.exit_code == status, result.output
    assert "\x1b" not in result.stdout
    return result.stdout


def refusal(kind: type[BasisLabError], *arguments: object) -> str:
    result = call(*arguments)
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def test_import_stores_a_market_and_says_what_it_is(tmp_path: Path, home: Path) -> None:
    directory = write(tmp_path / "raw", answers(10))
    lines = output("import", directory).splitlines()
    assert lines == [
        "eth-20250101-20250110: 10 bars, 2025-01-01 to 2025-01-10, ETH/USDC",
        f"stored in {home / 'markets' / 'eth-20250101-20250110'}",
        load_market("eth-20250101-20250110").fingerprint,
        "read    candles.json, read as: Hyperliquid candleSnapshot, JSON",
        "read    defillama_kamino_eth.json, defillama_kamino_usdc.json, read as:",
        "        DefiLlama chartLendBorrow, JSON",
        "read    drift_funding_eth_daily.json, read as: Drift sums, JSON",
        "read    funding.json, read as: Hyperliquid fundingHistory, JSON",
        "quality: 0 errors, 0 warnings (basislab data check eth-20250101-20250110)",
    ]


def test_import_says_how_files_were_read_what_repeated_and_what_was_trusted(
    tmp_path: Path,
) -> None:
    """Funding with a row twice, and in percent: refused, and taken where it is told to."""
    rates = funding(Form("ms", unit="percent by name", separator=";", comma=True)).decode()
    rows = rates.replace("_pct", "").splitlines()
    said = "funding, read as: table, epoch ms, semicolon"
    market(tmp_path / "in", rates="\n".join([*rates.splitlines(), rates.splitlines()[-1]]).encode())
    words = ("import", tmp_path / "in", "--mapping", tmp_path / "in" / "m.toml")
    shown = output(*words)
    assert said in shown
    assert "repeat  v/SOL funding: 1 row said what another one says, and stands once" in shown
    rows = [rows[0], *(row + "e2" for row in rows[1:])]
    (tmp_path / "in" / "funding").write_text("\n".join(rows))
    assert "with --trust-units" in refusal(SourceError, *words)
    shown = output(*words, "--trust-units", "--replace")
    assert "note    taken as it is (--trust-units): funding: line 2, funding_rate:" in shown


def test_a_path_of_thousands_of_characters_is_an_error(tmp_path: Path) -> None:
    for words in (
        ["x" * 5_000],
        ["x" * 5_000, "--mapping", "m"],
        [tmp_path, "--mapping", "x" * 5_000],
    ):
        assert len(refusal(SourceError, "import", *words)) < 500


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("f.csv", funding(Form()), "got a time and values, which is one series"),
        ("f.json", b"[1]", "got JSON; a facts table is CSV"),
        ("f.feather", b"ARROW1", "got Arrow; a facts table is CSV"),
    ],
)
def test_a_single_series_is_sent_to_a_mapping(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    message = refusal(SourceError, "import", tmp_path / name)
    assert said in message
    assert "--mapping FILE" in message


def test_import_takes_a_name_or_a_directory(tmp_path: Path, home: Path) -> None:
    directory = write(tmp_path / "raw", answers(10))
    output("import", directory, "--name", "mine")
    output("import", directory, "--out", tmp_path / "there")
    assert load_market("mine").fingerprint == load_market(tmp_path / "there").fingerprint
    assert [entry.name for entry in (home / "markets").iterdir()] == ["mine"]


def test_import_takes_a_table(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(table_text())
    assert output("import", table).startswith("mine: 10 bars")
    assert load_market("mine").fingerprint == load_market(table).fingerprint


def test_import_fills_holes_on_request_and_says_so(tmp_path: Path) -> None:
    directory = spoilt(tmp_path / "raw", FUNDING, lambda rows: rows.pop(100))
    message = refusal(DataGapError, "import", directory)
    assert message.endswith("or allow up to 1 h with --max-gap 1h.")
    text = output("import", directory, "--max-gap", "1h", "--name", "x")
    assert "filled  hyperliquid/ETH funding: missing hours: 1, first 2025-01-05T04:00Z,\n" in text
    assert "quality: 0 errors, 1 warning " in text
    assert "filled  hyperliquid/ETH funding" in output("show", "x")


def test_import_replaces_only_on_request(tmp_path: Path) -> None:
    output("import", write(tmp_path / "a", answers(10)), "--name", "x")
    other = write(tmp_path / "b", answers(12))
    assert "--replace" in refusal(BasisLabError, "import", other, "--name", "x")
    output("import", other, "--name", "x", "--replace")
    assert len(load_market("x")) == 12


def test_import_refuses_bad_input_without_storing(tmp_path: Path, home: Path) -> None:
    directory = spoilt(tmp_path / "raw", FUNDING, lambda rows: rows[5].update(fundingRate="abc"))
    assert "row 6, fundingRate: got 'abc'" in refusal(SourceError, "import", directory)
    assert not home.exists()


def test_list_shows_the_sample_and_what_is_stored(home: Path) -> None:
    save_market(clean_market(), name="x")
    (home / "markets" / "broken").mkdir()
    text = output("list")
    lines = text.splitlines()
    assert lines[0].split() == ["market", "pair", "bars", "from", "to", "fingerprint"]
    assert lines[2].split()[:4] == ["sol-2025", "SOL/USDC", "410", "2024-12-31"]
    assert lines[3].split()[:2] == ["broken", "damaged"]
    assert "broken: " in text
    assert "not a stored market" in text


def test_show_describes_the_sample_within_80_columns() -> None:
    text = output("show")
    assert text.startswith("sol-2025: SOL/USDC, 410 bars, 2024-12-31 to 2026-02-13\nsha256:")
    for label in load_market().series():
        assert label in text
    assert "source  study_daily.csv  sha256 " in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_check_names_the_bad_days_and_succeeds() -> None:
    text = output("check")
    lines = text.splitlines()
    assert "warning 2025-04-20 partial-bar         price hyperliquid perp" in lines
    assert "warning 2026-02-13 bar-in-progress     price hyperliquid perp" in lines
    assert lines[-1] == "0 errors, 3 warnings, 0 notes"
    assert max(len(line) for line in lines) <= 80
    assert not any(line.endswith(" ") for line in lines if line.startswith((" " * 8, "warning")))


def test_check_fails_on_errors_only() -> None:
    market = clean_market()
    price = market.reference_price
    high = np.array(price.high)
    high[5] = 1.01 * price.low[5]
    bent = PriceSeries(price.open, high, price.low, price.close, price.volume)
    save_market(replace(market, prices={("hyperliquid", "perp"): bent}))
    text = output("check", "clean", status=1)
    assert "error   2025-01-06 ohlc" in text
    assert text.splitlines()[-1] == "1 error, 0 warnings, 0 notes"
    report = json.loads(output("check", "clean", "--json", status=1))
    assert report["counts"]["error"] == 1


def test_check_writes_json() -> None:
    report = json.loads(output("check", "--json"))
    assert report["market"] == "sol-2025"
    assert [entry["rule"] for entry in report["findings"]] == [
        "incomplete-funding",
        "partial-bar",
        "bar-in-progress",
    ]


def test_findings_without_a_day_are_shown() -> None:
    counts = {"statistics": {"x/ETH funding": {"duplicates": 2}}}
    save_market(replace(clean_market(), provenance=counts))
    assert "info    -          duplicates          x/ETH funding" in output("check", "clean")


def test_a_provenance_from_elsewhere_is_no_stumbling_block() -> None:
    odd = {"statistics": 5, "sources": ["a"], "gaps": {"x": 1}, "notes": [1]}
    save_market(replace(clean_market(), provenance=odd))
    assert "note    1" in output("show", "clean")
    assert output("check", "clean").splitlines()[-1] == "0 errors, 0 warnings, 0 notes"


def test_an_unknown_market_is_refused() -> None:
    for command in ("show", "check"):
        assert "there are: sol-2025" in refusal(ConfigError, command, "nothing")


def test_the_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from basislab.cli.data import app\n"
        "heavy = {'numpy', 'pandas', 'duckdb', 'pydantic', 'pandera', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_sample_loads_without_frames_databases_or_schemas() -> None:
    code = (
        "import sys; from basislab.data import load_market, check; check(load_market())\n"
        "heavy = {'pandas', 'duckdb', 'pydantic', 'pandera', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
