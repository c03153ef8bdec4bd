"""SQL over a market: what it answers, what it refuses, and that it sees nothing else."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data import load_market, save_market
from basislab.data.query import query, tables
from basislab.errors import BasisLabError, ConfigError
from tests.data_fixtures import clean_market


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["data", "query", *words])


def test_a_query_answers_with_the_markets_numbers() -> None:
    """The sum of the sample's Drift funding, and its highest price."""
    sample = load_market()
    sql = "SELECT sum(rate) AS paid FROM funding WHERE venue = 'drift'"
    ((paid,),) = query("sample", sql).rows
    assert paid == pytest.approx(float(sample.funding["drift"].rate.sum()), rel=1e-12)
    answer = query(None, "SELECT time, high FROM prices ORDER BY high DESC LIMIT 1")
    top = int(sample.reference_price.high.argmax())
    assert answer.columns == ("time", "high")
    assert answer.rows == [(f"{sample.times[top]}Z", sample.reference_price.high[top])]


def test_the_three_tables_have_the_columns_that_are_promised() -> None:
    for table, columns in tables().items():
        assert query(None, f"FROM {table} LIMIT 1").columns == columns


def test_stored_markets_are_read_by_name_and_by_directory(tmp_path: Path) -> None:
    path = save_market(clean_market(), name="x")
    sql = "SELECT count(*) FROM lending"
    assert query("x", sql).rows == query(path, sql).rows == [(180,)]
    odd = tmp_path / "it's [odd]*"
    save_market(clean_market(), directory=odd)
    assert query(odd, sql).rows == [(180,)]


def test_null_is_null_and_two_columns_of_a_name_are_two() -> None:
    answer = query(None, "SELECT NULL::DOUBLE AS n, 1 AS a, 2 AS a, 'nan'::DOUBLE AS f, true AS b")
    assert answer.rows == [(None, 1, 2, None, True)]
    assert len(set(answer.columns)) == 5


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT clos FROM prices", 'Referenced column "clos" not found'),
        ("SELECT * FROM price", "Table with name price does not exist"),
        ("", "one SELECT is wanted"),
        ("SELECT 1; SELECT 2", "one SELECT is wanted"),
        ("COPY (SELECT 1) TO 'x.csv'", "one SELECT is wanted"),
        ("CREATE TABLE t AS SELECT 1", "one SELECT is wanted"),
        ("INSTALL httpfs", "one SELECT is wanted"),
        ("SET lock_configuration=false", "one SELECT is wanted"),
        ("ATTACH 'x.db'", "one SELECT is wanted"),
    ],
)
def test_what_is_no_query_is_refused_with_the_tables(sql: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        query(None, sql)
    assert said in str(error.value)
    assert "Tables: prices (time, venue, kind, open" in str(error.value)
    assert "\n" not in str(error.value)


def test_no_other_file_and_no_variable_can_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    save_market(clean_market(), name="x")
    frame = {"a": np.ones(1)}
    assert frame
    for source in (f"read_csv('{secret}')", f"'{secret}'", f"read_text('{secret}')", "frame"):
        with pytest.raises(ConfigError):
            query("x", f"FROM {source}")
    with pytest.raises(ConfigError, match="disabled by configuration"):
        query("x", f"FROM glob('{tmp_path}/*')")


def test_a_query_changes_nothing(home: Path) -> None:
    save_market(clean_market(), name="x")
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    query("x", "SELECT avg(close) FROM prices")
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before


def test_the_table_fits_80_columns_and_says_what_does_not() -> None:
    result = run("sample", "SELECT *, open AS a_name_that_takes_room, close AS another FROM prices")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:3] == ["time", "venue", "kind"]
    assert lines[1 + 40] == "410 rows; the first 40 shown (--rows, --csv, --json)"
    assert lines[1 + 40 + 1].startswith("no room for ")
    assert "another" in " ".join(lines[1 + 40 + 1 :])
    assert "410 rows" in run("sample", "FROM prices", "--rows", "500").stdout


def test_a_lone_wide_column_is_cut() -> None:
    result = run("sample", "SELECT repeat('x', 200) AS wide")
    assert [len(line) for line in result.stdout.splitlines()] == [4, 80, 5]


def test_csv_and_json_have_all_rows_to_the_bit(tmp_path: Path) -> None:
    sql = "SELECT time, rate FROM funding WHERE venue = 'drift' ORDER BY time"
    rates = load_market().funding["drift"].rate.tolist()
    rows = list(csv.reader(io.StringIO(run("sample", sql, "--csv").stdout)))
    assert rows[0] == ["time", "rate"]
    assert [float(row[1]) for row in rows[1:]] == rates
    made = json.loads(run("sample", sql, "--json").stdout)
    assert [row["rate"] for row in made] == rates
    assert made[0]["time"] == "2024-12-31T00:00:00Z"
    out = tmp_path / "drift.csv"
    assert "410 rows, 2 columns" in run("sample", sql, "--csv", "--out", str(out)).stdout
    assert out.read_text() == run("sample", sql, "--csv").stdout


@pytest.mark.parametrize(
    "words", [["--csv", "--json"], ["--out", "x.csv"]], ids=["two forms", "no form"]
)
def test_forms_that_contradict_are_refused(words: list[str]) -> None:
    error = run("sample", "SELECT 1", *words).exception
    assert isinstance(error, BasisLabError)


def test_a_missing_market_is_an_error_of_ours() -> None:
    assert isinstance(run("smple", "SELECT 1").exception, ConfigError)


def test_a_series_without_volume_is_null_in_sql() -> None:
    market = clean_market()
    prices = {key: replace(p, volume=None) for key, p in market.prices.items()}
    save_market(replace(market, prices=prices), name="x")
    assert query("x", "SELECT count(volume), count(*) FROM prices").rows == [(0, 60)]
