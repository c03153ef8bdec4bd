"""A facts table is read with its own columns, and every bad cell is named by line and column."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from basislab.data import load_market, load_table
from basislab.data.read.builtin import SAMPLE_DIRECTORY, read_sample
from basislab.errors import DataError, DataGapError, SourceError
from tests.data_fixtures import table_text
from tests.series_files import zipped

RATES = "kamino_usdc_borrow_apy_pct"


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def with_cell(line: int, column: str, value: str) -> str:
    rows = [row.split(",") for row in table_text().splitlines()]
    rows[line - 1][rows[0].index(column)] = value
    return "\n".join(",".join(row) for row in rows) + "\n"


def refusal(tmp_path: Path, text: str, kind: type[DataError] = SourceError) -> str:
    path = saved(tmp_path, text)
    with pytest.raises(kind) as caught:
        load_market(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "t.csv")


def test_a_table_becomes_a_market(tmp_path: Path) -> None:
    market = load_market(saved(tmp_path, table_text()))
    assert (market.name, market.asset, len(market)) == ("t", "SOL", 10)
    assert list(market.prices) == [("hyperliquid", "perp")]
    assert list(market.funding) == ["hyperliquid", "drift"]
    assert market.borrow["kamino", "USDC"].apy.tolist() == [(7 + k / 10) / 100 for k in range(10)]


def test_the_builtin_sample_is_read_the_same_way_with_and_without_validation() -> None:
    validated = load_market(SAMPLE_DIRECTORY / "study_daily.csv")
    assert validated.fingerprint == load_market().fingerprint


def test_the_sample_describes_every_column() -> None:
    sample = load_market()
    columns = sample.provenance["columns"]
    header = (SAMPLE_DIRECTORY / "study_daily.csv").read_text().splitlines()[0]
    assert list(columns) == header.split(",")
    for column in columns.values():
        assert set(column) == {"unit", "source", "coverage"}


def test_a_changed_sample_is_refused(tmp_path: Path) -> None:
    for file in ("study_daily.csv", "study_daily.toml"):
        (tmp_path / file).write_bytes((SAMPLE_DIRECTORY / file).read_bytes())
    assert read_sample(tmp_path).fingerprint == load_market().fingerprint
    with (tmp_path / "study_daily.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(SourceError, match=r"the file was changed\. Install basislab again\.$"):
        read_sample(tmp_path)
    (tmp_path / "study_daily.toml").write_text("sha256 =")
    with pytest.raises(SourceError, match="metadata cannot be read"):
        read_sample(tmp_path)


def test_other_venues_protocols_and_coins_are_understood(tmp_path: Path) -> None:
    text = table_text().replace("hyperliquid", "bin_ance").replace("kamino_sol", "kamino_eth")
    market = load_market(saved(tmp_path, text))
    assert (market.asset, next(iter(market.prices))) == ("ETH", ("bin_ance", "perp"))


def test_volume_and_settlement_counts_are_optional(tmp_path: Path) -> None:
    rows = [line.split(",") for line in table_text().splitlines()]
    short = "\n".join(",".join(row[:5] + row[6:7] + row[8:]) for row in rows)
    market = load_market(saved(tmp_path, short))
    assert market.reference_price.volume is None
    assert market.funding["hyperliquid"].settlements is None


def test_a_gzipped_table_with_byte_order_mark_and_blank_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + table_text().encode() + b"\n\n"))
    assert load_market(path).name == "t"


PRICE = "wanted is a price above 0 in USD"
APY = "wanted is percent per year from 0 to 10000, or blank where it is missing"
BAD_CELLS = [
    ("open", "abc", PRICE),
    ("close", "", PRICE),
    ("high", "-5", PRICE),
    ("low", "0", PRICE),
    ("close", "NaN", PRICE),
    ("close", "inf", PRICE),
    ("close", "1e999", PRICE),
    ("close", "٣", PRICE),
    ("close", "1_000", PRICE),
    ("close", "1e13", PRICE),
    ("volume", "-1", "a volume of 0 or more"),
    ("hyperliquid_funding", "x", "a day's funding as a fraction of notional"),
    ("hyperliquid_funding", "0.066", "divide percent by 100"),
    ("hyperliquid_funding", "nan", "a day's funding"),
    ("hyperliquid_funding_hours", "24.5", "a whole number of settlements"),
    ("hyperliquid_funding_hours", "", "a whole number of settlements"),
    ("kamino_sol_supply_apy_pct", "-0.1", APY),
    ("kamino_sol_supply_apy_pct", "5 %", APY),
    ("kamino_usdc_supply_apy_pct", "20000", APY),
    ("date", "01.02.2025", "a day such as '2025-01-01'"),
    ("date", "2025-02-30", "a day such as '2025-01-01'"),
    ("date", "", "a day such as '2025-01-01'"),
]


@pytest.mark.parametrize(("column", "value", "wanted"), BAD_CELLS)
def test_a_bad_cell_is_named_by_line_and_column(
    tmp_path: Path, column: str, value: str, wanted: str
) -> None:
    message = refusal(tmp_path, with_cell(5, column, value))
    assert message.startswith(f"t.csv: line 5, {column}: got {value!r}; ")
    assert wanted in message


def test_the_first_bad_line_is_named(tmp_path: Path) -> None:
    text = with_cell(8, "open", "x").splitlines()
    text[3] = text[3].replace(",102,", ",oops,")
    assert refusal(tmp_path, "\n".join(text)).startswith("t.csv: line 4, high: got 'oops'")


def test_a_blank_rate_is_a_hole_and_never_zero(tmp_path: Path) -> None:
    text = with_cell(5, RATES, "")
    message = refusal(tmp_path, text, DataGapError)
    assert message == (
        "kamino/USDC borrow_apy: 1 of 10 days missing, first 2025-01-04T00:00Z. Complete t.csv, "
        "or allow up to 1 d with 'basislab data import t.csv --max-gap 1d'."
    )
    market = load_table(saved(tmp_path, text), max_gap="1d", name="filled")
    borrow = market.borrow["kamino", "USDC"]
    assert borrow.apy[3] == borrow.apy[2]
    assert np.flatnonzero(~borrow.observed).tolist() == [3]
    assert market.provenance["gaps"][0]["series"] == "kamino/USDC borrow_apy"


def test_a_missing_line_is_a_hole_in_every_series(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    del lines[4]
    text = "\n".join(lines)
    message = refusal(tmp_path, text, DataGapError)
    assert "1 of 10 days missing, first 2025-01-04T00:00Z" in message
    market = load_table(saved(tmp_path, text), max_gap="1d")
    assert all(not series.observed[3] for series in market.series().values())
    counts = market.funding["hyperliquid"].settlements
    assert counts is not None
    assert counts[3] == 0


@pytest.mark.parametrize(
    ("order", "said"),
    [([1, 2, 2, 3], "2025-01-02 stands twice"), ([1, 3, 2], "2025-01-02 lies before the line")],
)
def test_days_stand_once_and_in_order(tmp_path: Path, order: list[int], said: str) -> None:
    lines = table_text().splitlines()
    message = refusal(tmp_path, "\n".join([lines[0], *(lines[k] for k in order)]))
    assert message.startswith("t.csv: line 4, date: " + said)
    assert message.endswith("Give each day once, oldest first.")


def without(column: str) -> str:
    rows = [line.split(",") for line in table_text().splitlines()]
    drop = rows[0].index(column)
    return "\n".join(",".join(row[:drop] + row[drop + 1 :]) for row in rows)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("date", "column 'date' is missing."),
        ("close", "column 'close' is missing."),
        ("hyperliquid_funding", "column 'hyperliquid_funding' is missing beside"),
        ("kamino_sol_supply_apy_pct", "column '<protocol>_<asset>_supply_apy_pct' of the coin"),
        (RATES, "kamino lacks the APY of USDC borrow."),
        ("kamino_usdc_supply_apy_pct", "kamino lacks the APY of USDC supply."),
    ],
)
def test_a_missing_column_is_named(tmp_path: Path, column: str, said: str) -> None:
    message = refusal(tmp_path, without(column))
    assert message.startswith(f"t.csv: {said}")
    assert "Columns are date, open, high, low, close" in message


def test_a_table_without_funding_is_refused(tmp_path: Path) -> None:
    rows = [line.split(",") for line in table_text().splitlines()]
    text = "\n".join(",".join(row[:6] + row[9:]) for row in rows)
    assert refusal(tmp_path, text).startswith("t.csv: no funding rates of SOL.")


def test_an_unknown_column_is_refused_with_the_nearest_known(tmp_path: Path) -> None:
    message = refusal(tmp_path, table_text().replace(RATES, "kamino_usdc_borow_apy_pct"))
    assert message.startswith("t.csv: unknown column 'kamino_usdc_borow_apy_pct' (did you mean ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",close,", ",open,", "column 'open' stands twice. Keep one of the two."),
        ("kamino_usdc_borrow", "kamino_eth_borrow", "lending rates of ETH, SOL."),
    ],
)
def test_contradicting_columns_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert refusal(tmp_path, table_text().replace(old, new)).startswith(f"t.csv: {said}")


@pytest.mark.parametrize(
    ("separator", "comma", "coding"),
    [
        (";", True, "utf-8"),
        ("\t", True, "utf-16"),
        ("\t", False, "utf-8-sig"),
        (";", False, "utf-8"),
    ],
)
def test_a_table_in_another_form_is_the_same_market(
    tmp_path: Path, separator: str, comma: bool, coding: str
) -> None:
    text = table_text()
    path, other = tmp_path / "t.csv", tmp_path / "other.zip"
    path.write_text(text)
    rows = [
        [cell.replace(".", "," if comma else ".") for cell in row.split(",")]
        for row in text.splitlines()
    ]
    content = "\r\n".join(separator.join(row) for row in rows).encode(coding)
    other.write_bytes(zipped({"t.csv": content}))
    assert load_table(path).fingerprint == load_table(other).fingerprint


def test_a_line_with_too_few_cells_is_named(tmp_path: Path) -> None:
    text = table_text()[:-20]
    assert refusal(tmp_path, text).startswith("t.csv: line 11: 9 cells for 12 columns.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty. Fetch it again."),
        (table_text().splitlines()[0], "a header and no rows. Add one line a bar or settlement."),
        (
            'date,"open\n',
            (
                "line 1: a quote is not closed or stands within a cell, or a cell is longer than "
                "any number. Save it as CSV."
            ),
        ),
    ],
)
def test_a_file_without_a_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path, text) == f"t.csv: {said}"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"date\xff\n")
    with pytest.raises(SourceError, match="byte 4 is not UTF-8 text"):
        load_market(path)


def test_rates_in_the_wrong_unit_are_refused_and_can_be_trusted(tmp_path: Path) -> None:
    rows = [line.split(",") for line in table_text().splitlines()]
    for row in rows[1:]:
        row[9] = str(float(row[9]) / 100)
    text = "\n".join(",".join(row) for row in rows)
    message = refusal(tmp_path, text)
    assert message.startswith("t.csv: line 2, kamino_sol_supply_apy_pct: got 0.05")
    trusted = load_table(saved(tmp_path, text), trust_units=True)
    assert trusted.supply["kamino", "SOL"].apy[0] == 0.0005
    for row in rows[1:]:
        row[6] = "0.03"
    message = refusal(tmp_path, "\n".join(",".join(row) for row in rows))
    assert "hyperliquid_funding: got 0.03" in message


def test_a_yearly_rate_in_a_table_is_taken_on_trust_and_noted(tmp_path: Path) -> None:
    """0.11 a day is above the 0.05 that a table may hold: refused, unless it is trusted."""
    rows = [line.split(",") for line in table_text().splitlines()]
    for row in rows[1:]:
        row[6] = "0.11"
    text = "\n".join(",".join(row) for row in rows)
    assert "hyperliquid_funding: got '0.11'; wanted is a day's funding" in refusal(tmp_path, text)
    trusted = load_table(saved(tmp_path, text), trust_units=True)
    assert "t.csv: line 2, hyperliquid_funding: got 0.11" in trusted.provenance["notes"][0]
