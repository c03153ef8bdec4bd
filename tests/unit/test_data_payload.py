"""Files are read within limits, and every unreadable one is refused in one sentence."""

import gzip
import json
from pathlib import Path

import pytest

from basislab.data.read import files
from basislab.data.read.files import MAX_TEXT_BYTES
from basislab.data.read.payload import read_payload
from basislab.data.sources.payload import parse_json
from basislab.errors import SourceError

ROWS = [{"date": "2025-01-01", "rate": 0.1}, {"date": "2025-01-02", "rate": 0.2}]


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_payload(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def saved(tmp_path: Path, content: bytes, name: str = "a.json") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_plain_and_gzip_hold_the_same_rows(tmp_path: Path) -> None:
    text = json.dumps(ROWS).encode()
    plain = read_payload(saved(tmp_path, text))
    packed = read_payload(saved(tmp_path, gzip.compress(text), "a.json.gz"))
    assert plain.rows == packed.rows == ROWS
    assert plain.sha256 != packed.sha256  # of the file as it is stored


def test_gzip_is_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, gzip.compress(json.dumps(ROWS).encode()), "a.json")
    assert read_payload(path).rows == ROWS


def test_rows_under_data_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + json.dumps({"status": "success", "data": ROWS}).encode()
    assert read_payload(saved(tmp_path, text)).rows == ROWS


def test_truncated_json_names_byte_and_row(tmp_path: Path) -> None:
    message = refusal(saved(tmp_path, json.dumps(ROWS).encode()[:-10]))
    assert message == (
        "the JSON is cut off at byte 64, in row 2. "
        "The download was interrupted; fetch the file again."
    )


@pytest.mark.parametrize("keep", range(1, 74))
def test_json_cut_anywhere_is_refused(tmp_path: Path, keep: int) -> None:
    text = json.dumps(ROWS).encode()
    assert len(text) == 74
    message = refusal(saved(tmp_path, text[:keep]))
    assert "byte" in message
    assert "fetch the file again" in message.lower()


@pytest.mark.parametrize("empty", [b"", b" \n\t", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path: Path, empty: bytes) -> None:
    assert refusal(saved(tmp_path, empty)) == "the file is empty. Fetch it again."


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    expected = "the list has no rows. Fetch a period that has data."
    assert refusal(saved(tmp_path, b"[]")) == expected


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (b"null", "null"),
        (b'{"error": "x"}', "an object"),
        (b'"busy"', "a text"),
        (b"12", "a number"),
        (b"true", "true or false"),
    ],
)
def test_another_top_level_type_is_refused(tmp_path: Path, text: bytes, got: str) -> None:
    message = refusal(saved(tmp_path, text))
    assert message.startswith(f"the file holds {got}, not a list of rows.")


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_know_as_a_number_is_refused_with_its_row(
    tmp_path: Path, token: str
) -> None:
    text = json.dumps(ROWS).replace("0.2", token).encode()
    assert refusal(saved(tmp_path, text)) == (
        f"row 2, rate: got {token}. A missing value is null or absent; "
        "correct the row or fetch the file again."
    )


def test_a_defect_inside_a_nested_list_is_placed() -> None:
    with pytest.raises(SourceError, match=r"f: row 1, rate, item 2: got NaN"):
        parse_json(b'[{"rate": [1, NaN]}]', "f")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = b'[{"rate": 0.1}, {"rate": 0.1, "rate": 0.2}]'
    expected = "row 2: key 'rate' stands twice. Keep one of the two values."
    assert refusal(saved(tmp_path, text)) == expected


def test_a_defect_at_the_top_needs_no_row() -> None:
    with pytest.raises(SourceError, match=r"^f: got NaN\."):
        parse_json(b"NaN", "f")


def test_text_that_is_no_json_is_quoted(tmp_path: Path) -> None:
    message = refusal(saved(tmp_path, b"<html>429 Too Many Requests</html>"))
    assert message.startswith("not JSON at byte 0, found b'<html>429 To'.")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert refusal(saved(tmp_path, b"PAR1\xff\xfe")).startswith("byte 4 is not UTF-8 text.")


def test_absurd_nesting_and_digits_are_refused(tmp_path: Path) -> None:
    nested = refusal(saved(tmp_path, b"[" * 200_000))
    assert nested == "nested too deeply for a venue's answer."
    assert refusal(saved(tmp_path, b"[" + b"9" * 5_000 + b"]")).startswith("a number is too long")


def test_truncated_and_damaged_gzip_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(ROWS).encode())
    cut = refusal(saved(tmp_path, packed[:-9]))
    assert cut.startswith(f"the gzip data end early after {len(packed) - 9} bytes.")
    damaged = packed[:12] + bytes([packed[12] ^ 0xFF]) + packed[13:]
    assert refusal(saved(tmp_path, damaged)).startswith(("damaged gzip data", "the gzip data end"))


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """1 GiB of blanks is 1 MiB of gzip; only the limit and one byte are ever in memory."""
    bomb = b"".join(gzip.compress(bytes(1024**2) * 16) for _ in range(5))
    message = refusal(saved(tmp_path, bomb))
    assert message.startswith(f"{len(bomb)} bytes unpack to more than {MAX_TEXT_BYTES >> 20} MiB.")


def test_a_file_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 1024**2)
    assert refusal(saved(tmp_path, b" " * (1024**2 + 1))).startswith("larger than 1 MiB.")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none.json")
    assert message == (
        "cannot be read: No such file or directory. Check the path and its permissions."
    )
