"""What cannot be read, or can be read in two ways, is refused: what, where, got, do."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basislab.data.read.columns import Columns, read_columns
from basislab.data.read.mapping import load_mapping
from basislab.errors import BasisLabError, SourceError
from tests.series_files import Form, candles, funding, market, zipped
from tests.unit.test_read_layouts import PRICE_FORMS, RATE_FORMS

PRICES = ("open", "high", "low", "close", "volume?")
RATES = ("funding_rate",)
LIBRARIES = re.compile(
    r"duckdb|pyarrow|arrow invalid|zipfile|zlib|codec|Traceback|Error\b|Binder|Conversion|Errno|"
    r"pydantic|unexpected end|Expecting",
    re.IGNORECASE,
)


def read(folder: Path, content: bytes | str, names=RATES, **options: object) -> Columns:
    path = folder / "f"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_columns(path, names, {}, asset="SOL", **options)


def refusal(folder: Path, content: bytes | str, names=RATES) -> str:
    with pytest.raises(SourceError) as caught:
        read(folder, content, names)
    message = str(caught.value)
    assert message.startswith(str(folder / "f"))
    assert "\n" not in message
    assert not LIBRARIES.search(message), message
    return message.removeprefix(str(folder / "f")).removeprefix(": ")


def rates(*rows: str) -> str:
    return "\n".join(["time,rate", *rows])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (funding(Form(packing="gzip"))[:-9], "the gzip data end early"),
        (gzip.compress(b"time,rate", mtime=0)[:10] + b"\xff" * 9, "damaged gzip data"),
        (funding(Form(packing="zip"))[:-9], "damaged zip data"),
        (zipped({}), "the zip holds 0 files"),
        (zipped({"a": b"1", "b": b"2"}), "the zip holds 2 files ('a', 'b' ...); one is wanted"),
        (zipped({"[Content_Types].xml": b"", "a": b""}), "got an Excel workbook"),
        (zipped({"a": zipped({"b": zipped({"c": b"1"})})}), "packed three times over"),
        (b"PAR1 and nothing", "begins like Parquet and cannot be read as it"),
        (b"ARROW1 and nothing", "begins like Arrow and cannot be read as it"),
        (PRICE_FORMS["freqtrade"][0][:900], "begins like Arrow and cannot be read as it"),
        (PRICE_FORMS["freqtrade parquet"][0][:900], "begins like Parquet and cannot be read as it"),
        (b"\x89HDF\r\n", "got HDF5; CSV, JSON, Parquet and Arrow are read"),
        (b"\xfd7zXZ\0", "got xz"),
        (b"time,rate\n\xff\xfe", "byte 10 is not UTF-8 text"),
        (b"time,rate\n2025-01-01\0,1", "character 20 is a NUL"),
        ("time,rate\n".encode("utf-16-le"), "character 1 is a NUL"),
        (b"<!DOCTYPE html>", "got a web page or XML"),
        (b"{'time': 1}", "not JSON at byte 1"),
        (b'[{"time": 1', "the JSON is cut off"),
        (b'[{"time": 1}, 2]', "row 2: got 2, of another shape than row 1"),
        (b'[{"time": 1}, {"rate": 2}]', "field 'time' is missing"),
        (b"[[1], [1, 2]]", "row 2: got [1, 2], of another shape than row 1"),
        (b"[3]", "row 1: got 3; an object with named fields"),
        (b"time,rate\n", "a header and no rows"),
        (b'time,"rate\n2025-01-01,1\n', "a quote is not closed"),
        (b"time,rate,rate\n2025-01-01,1,2\n", "column 'rate' stands twice"),
        (b"time,rate\n2025-01-01,1,2\n", "line 2: 3 cells for 2 columns. A decimal comma"),
        (b"time,rate\n2025-01-01\n", "line 2: 1 cell for 2 columns. The line is cut off"),
        (b"# from a site\ntime,rate\n", "Remove what stands above the names"),
        (b"time," + b",".join(b"c%d" % n for n in range(5_000)), "a header and no rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2025-01-01,x"], "line 2, rate: got 'x'; wanted is a number"),
        (["2025-01-01,1e999"], "line 2, rate: got '1e999'; wanted is a number"),
        (["2025-01-01,inf"], "line 2, rate: got 'inf'; wanted is a number"),
        (["2025-01-01," + "9" * 5_000], "wanted is a number"),
        (["2025-01-01,0.1%", "2025-01-02,0.001"], "with no unit after '0.1%' with percent"),
        (["2025-01-01,1 bps", "2025-01-02,1 %"], "with percent after '1 bps' with basis points"),
        (["2025-01-01,"], "line 2: no row has a value"),
        ([",0.1"], "line 2, time: got ''; wanted is a time"),
        (["soon,0.1"], "line 2, time: got 'soon'; wanted is a time"),
        (["20250101,0.1"], "got '20250101'; wanted is a time"),
        (["45658.5,0.1"], "got '45658.5'; wanted is a time"),
        (["2025-02-30,0.1"], "got '2025-02-30'; wanted is a time"),
        (["1999-02-03,0.1"], "wanted is a time between 2009 and 2100"),
        (["31/13/2025,0.1"], "got '31/13/2025'; wanted is a time"),
        (["13/1/2025,0", "1/13/2025,0"], "which is month first, where the rows above it are day"),
        (["1/2/25,0.1"], "a year of two digits can be a day"),
        (["2025-01-01 00:00,0", "2025-01-01T01:00Z,0"], "one has a zone, one has none"),
        (["2025-01-01,0", "1735776000,0"], "line 3, time: got '1735776000' after '2025-01-01'"),
    ],
)
def test_a_cell_that_is_none_is_named(tmp_path: Path, rows: list[str], said: str) -> None:
    assert said in refusal(tmp_path, rates(*rows))


@pytest.mark.parametrize("low", ["0", "-1", "1e13", ""])
def test_a_price_that_is_none_is_named(tmp_path: Path, low: str) -> None:
    table = f"time,open,high,low,close\n2025-01-01,1,2,{low},1\n"
    assert "line 2, low: got" in refusal(tmp_path, table, PRICES)


def test_two_decimal_marks_are_refused_and_one_that_proves_nothing_too(tmp_path: Path) -> None:
    """0,001 has a decimal comma whatever else stands there; 190,419 may be 190419."""
    said = refusal(tmp_path, "time;rate\n2025-01-01;0,001\n2025-01-02;0.001\n")
    assert "line 2, rate: got '0,001', and '0.001' elsewhere: two decimal marks" in said
    said = refusal(tmp_path, "time;rate\n2025-01-01;190,419\n")
    assert "got '190,419', which is 190.419 or 190419" in said


def test_thousands_are_told_from_decimals_by_the_files_own_numbers(tmp_path: Path) -> None:
    german = "time;open;high;low;close;volume\n2025-01-01;1.190,5;1.200,5;1.100,5;1.190;1.244\n"
    english = german.replace(",", "_").replace(".", ",").replace("_", ".")
    for table in (german, english):
        values = read(tmp_path, table, PRICES).values
        assert [1190.5, 1200.5, 1100.5, 1190.0, 1244.0] == [v[0] for v in values.values()]


def test_what_spreadsheets_put_into_numbers_is_read(tmp_path: Path) -> None:
    """A true minus, blanks that do not break, blanks and strokes between thousands."""
    cells = ("\u22120,5\u00a0%", "+0,25 %", "1\u202f000,5%", "1'000%")
    rows = [f"2025-01-0{day};{cell}" for day, cell in enumerate(cells, 1)]
    found = read(tmp_path, "\n".join(["time;rate", *rows]))
    assert [-0.005, 0.0025, 10.005, 10.0] == found.values["funding_rate"].tolist()


@pytest.mark.parametrize("zone", ["Z", "+00", "+0000", "+00:00", " UTC", ""])
def test_zones_are_read_as_programs_write_them(tmp_path: Path, zone: str) -> None:
    found = read(tmp_path, rates(f"2025-01-01 03:00:00{zone},0.001"))
    assert [1_735_700_400] == found.times.tolist()
    assert ("without a zone, taken as UTC" in found.read_as) == (zone == "")


def test_the_unnamed_index_of_a_data_frame_is_its_time(tmp_path: Path) -> None:
    found = read(tmp_path, ",funding_rate,\n2025-01-01,0.001,\n")
    assert [0.001] == found.values["funding_rate"].tolist()


def test_a_blank_rate_is_a_row_that_is_not_there(tmp_path: Path) -> None:
    found = read(tmp_path, rates("2025-01-01,0.001", "2025-01-02,", "2025-01-03,nan"))
    assert [0.001] == found.values["funding_rate"].tolist()


SAME_DAY = [f"1/2/2025 - {hour:02}:00:00,0.01%" for hour in range(24)]


def test_a_date_that_reads_two_ways_shows_both(tmp_path: Path) -> None:
    message = refusal(tmp_path, rates(*SAME_DAY))
    assert "day first 2025-02-01T00:00Z to 2025-02-01T23:00Z" in message
    assert "month first 2025-01-02T00:00Z to 2025-01-02T23:00Z" in message
    assert 'dates = "day first"' in message
    first = read(tmp_path, rates(*SAME_DAY), reading="day first")
    assert "day first" in first.read_as
    assert 1_738_368_000 == first.times[0]  # the first of February


def test_the_mapping_may_say_how_dates_are_read(tmp_path: Path) -> None:
    rows = [
        f"{10 + hour // 24}/1/2025 {hour % 24}:00,0.01%" for hour in range(97)
    ]  # days of 10 to 14: proven, so that the mapping only repeats it
    more = 'dates = "day first"\n'
    assert (
        "day first"
        in market(tmp_path / "a", rates=rates(*rows).encode(), more=more).provenance["sources"][1][
            "read_as"
        ]
    )
    with pytest.raises(SourceError, match="dates: got 'us'; wanted is 'day first' or"):
        market(tmp_path / "b", more='dates = "us"\n')


@pytest.mark.parametrize(
    ("days", "reading"),
    [
        ([(day, 1) for day in range(1, 13)], "day first"),  # 1 to 12 January, not a year of firsts
        ([(31, 1), (1, 2), (2, 2)], "day first"),
        ([(1, day) for day in range(1, 8)], "month first"),
    ],
)
def test_the_step_of_the_series_proves_the_order_of_dates(
    tmp_path: Path, days: list[tuple[int, int]], reading: str
) -> None:
    rows = [f"{one}/{two}/2025 {hour}:00,0.01%" for one, two in days for hour in range(24)]
    found = read(tmp_path, rates(*rows))
    assert reading in found.read_as
    assert {3_600} == set(found.times[1:] - found.times[:-1])


def test_equal_repeats_are_one_row_and_contradictions_name_both(tmp_path: Path) -> None:
    """Stamped 38 ms apart: the same settlement; the third row says something else of it."""
    stamps = ("2025-01-01T00:00:00.010Z", "2025-01-01T00:00:00.048Z", "2025-01-01T00:00:00Z")
    same = read(tmp_path, rates(f"{stamps[0]},0.001", f"{stamps[1]},0.001"))
    assert (1, 1) == (len(same.times), same.repeated)
    message = refusal(tmp_path, rates(*(f"{s},0.00{n}" for n, s in enumerate(stamps, 1))))
    assert message == (
        "line 2 and line 3, funding_rate: two values for 2025-01-01T00:00:00Z, "
        "0.001 and 0.002. Remove the wrong row."
    )


def test_months_of_an_archive_are_one_series(tmp_path: Path) -> None:
    """A star in the mapping; a month that stands twice must agree with itself."""
    whole = market(tmp_path / "whole")
    lines = candles(Form()).decode().splitlines()
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "part-1.zip").write_bytes(zipped({"1": "\n".join(lines[:50]).encode()}))
    (folder / "part-2.csv").write_text("\n".join([lines[0], *lines[45:]]))
    mapping = 'file = "part-*"\n'
    found = market(folder, more="").fingerprint
    text = (folder / "m.toml").read_text().replace('file = "prices"\n', mapping)
    (folder / "m.toml").write_text(text)
    parts = load_mapping(folder / "m.toml")
    assert whole.fingerprint == found == parts.fingerprint
    assert 5 == parts.provenance["statistics"]["v perp"]["duplicates"]
    (folder / "part-2.csv").write_text("\n".join([lines[0], *lines[45:]]).replace("191", "192"))
    with pytest.raises(SourceError, match=r"part-1.zip: line \d+ and .*part-2.csv: line \d+, open"):
        load_mapping(folder / "m.toml")
    (folder / "m.toml").write_text(text.replace("part-*", "none-*"))
    with pytest.raises(SourceError, match=r"'none-\*': no file has such a name"):
        load_mapping(folder / "m.toml")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (24 * 365, "percent or a rate a year where fractions"),
        (100, "percent or a rate a year where fractions"),
        (10_000, "percent or a rate a year where fractions"),
    ],
)
def test_funding_in_another_unit_is_refused_and_can_be_trusted(
    tmp_path: Path, factor: int, said: str
) -> None:
    rows = [f"2025-01-{10 + h // 24}T{h % 24:02}:00Z,{2e-5 * factor}" for h in range(97)]
    with pytest.raises(SourceError, match=said):
        market(tmp_path, rates=rates(*rows).encode())
    trusted = market(tmp_path, rates=rates(*rows).encode(), trust_units=True)
    assert trusted.provenance["notes"][0].startswith(
        "taken as it is (--trust-units): funding: line 2, rate: got "
    )


def test_one_settlement_in_another_unit_is_refused(tmp_path: Path) -> None:
    """0.2 among rates of 0.00002 leaves the median alone."""
    rows = [f"2025-01-{10 + h // 24}T{h % 24:02}:00Z,0.00002" for h in range(97)]
    rows[7] = rows[7].replace("0.00002", "0.2")
    with pytest.raises(SourceError, match=r"line 9, rate: got 0\.2, more than 0\.05 in one"):
        market(tmp_path, rates=rates(*rows).encode())


@pytest.mark.parametrize(
    ("supply", "said"),
    [(0.05, "look like fractions where percent"), (500.0, "basis points where percent")],
)
def test_lending_in_another_unit_is_refused(tmp_path: Path, supply: float, said: str) -> None:
    rows = [f"2025-01-{day:02},{supply},{supply * 1.4}" for day in range(9, 15)]
    lending = "\n".join(["time,supply_apy_pct,borrow_apy_pct", *rows]).encode()
    with pytest.raises(SourceError, match=said):
        market(tmp_path, lending=lending)
    assert market(tmp_path, lending=lending, trust_units=True).provenance["notes"]


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b", "", "none"], ids=len)
def test_a_path_that_holds_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be read") as refused:
        read_columns(tmp_path / name, RATES, {})
    assert len(str(refused.value)) < 400


FILES = {
    **{name: (content, PRICES) for name, (content, _) in PRICE_FORMS.items()},
    **{f"rate {name}": (content, RATES) for name, (content, _) in RATE_FORMS.items()},
    "table in gzip": (funding(Form(packing="gzip")), RATES),
}
JUNK = [b"\0", b"\xff", b",", b";", b'"', b"\n", b"e99", b"9" * 70, b"-", b"nan", b"[", b"{", b"%"]


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from([*JUNK, None, b""]))),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_is_refused_in_one_sentence_or_harmless(tmp_path: Path, name, damage) -> None:
    """Bytes put in, taken out (b""), or everything behind them cut off (None)."""
    content, names = FILES[name]
    for at, junk in damage:
        spot = at % (len(content) + 1)
        rest = b"" if junk is None else content[spot + (not junk) :]
        content = content[:spot] + (junk or b"") + rest
    said = ""
    try:
        read(tmp_path, content, names)
    except BasisLabError as error:
        said = str(error).replace(str(tmp_path), "")
    assert "\n" not in said
    assert not LIBRARIES.search(said)
