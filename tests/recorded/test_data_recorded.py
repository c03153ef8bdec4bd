"""The venues' own answers, as recorded: those beside the repository, and two rows of each here."""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from basislab.data import check, import_directory, load_market
from basislab.data.build.align import find_holes
from basislab.data.read.answers import parse
from basislab.data.read.payload import read_payload
from basislab.data.sources.payload import Payload
from basislab.errors import DataGapError, SourceError
from tests.data_fixtures import SHARED

RAW = SHARED / "raw"
recorded = pytest.mark.skipif(not RAW.is_dir(), reason="recorded answers are not here")

CANDLES = """[{"t": 1735603200000, "T": 1735689599999, "s": "SOL", "i": "1d", "o": "191.47",
"c": "189.44", "h": "199.27", "l": "188.2", "v": "1003793.05", "n": 55587}, {"t": 1735689600000,
"T": 1735775999999, "s": "SOL", "i": "1d", "o": "189.43", "c": "194.42", "h": "195.55",
"l": "188.08", "v": "775213.74", "n": 31598}]"""
FUNDING = """[{"coin": "SOL", "fundingRate": "0.0000125", "premium": "0.0003798388",
"time": 1735675200076}, {"coin": "SOL", "fundingRate": "-0.0000184184",
"premium": "-0.000647347", "time": 1770969600018}]"""
LENDING = """[{"timestamp": "2023-11-18T23:01:10.926Z", "totalSupplyUsd": 922501,
"totalBorrowUsd": 278609, "debtCeilingUsd": null, "apyBase": 0.68834, "apyReward": null,
"apyBaseBorrow": 2.29733, "apyRewardBorrow": null}]"""
DRIFT = """[{"date": "2024-12-31", "rate": -0.00010081228661748273, "n_records": 24}]"""


@pytest.mark.parametrize(
    ("text", "name", "first"),
    [
        (CANDLES, "c.json", [191.47, 199.27, 188.2, 189.44, 1003793.05]),
        (FUNDING, "f.json", [0.0000125, 0.0003798388]),
        (LENDING, "defillama_kamino_sol.json", [0.68834, 2.29733]),
        (DRIFT, "drift_funding_sol_daily.json", [-0.00010081228661748273]),
    ],
)
def test_a_recorded_row_is_read_as_the_venue_wrote_it(
    text: str, name: str, first: list[float]
) -> None:
    series = parse(Payload(name, name, "", json.loads(text)))
    assert series.values[0].tolist() == first
    assert series.asset == "SOL"


def test_recorded_stamps_are_taken_to_their_hour_and_second() -> None:
    funding = parse(Payload("f.json", "f.json", "", json.loads(FUNDING)))
    assert funding.times.tolist() == [1735675200, 1770969600]
    name = "defillama_kamino_sol.json"
    lending = parse(Payload(name, name, "", json.loads(LENDING)))
    assert lending.times.tolist() == [1700348470]


@recorded
def test_the_recorded_answers_are_the_sample_bit_for_bit() -> None:
    market = import_directory(RAW)
    sample = load_market()
    assert market.fingerprint == sample.fingerprint
    assert sorted(market.series()) == sorted(sample.series())
    assert market.provenance["gaps"] == []
    statistics = market.provenance["statistics"]["hyperliquid/SOL funding"]
    assert (statistics["rows"], statistics["duplicates"]) == (9_807, 0)
    assert statistics["max_jitter_s"] == 887.645
    rules = {finding.rule for finding in check(market).findings}
    assert rules == {"incomplete-funding", "partial-bar", "bar-in-progress", "jitter"}


@recorded
def test_plain_files_give_the_same_market(tmp_path: Path) -> None:
    for file in RAW.iterdir():
        (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    assert import_directory(tmp_path).fingerprint == load_market().fingerprint


def copied(tmp_path: Path) -> Path:
    target = tmp_path / "raw"
    target.mkdir()
    for file in RAW.iterdir():
        shutil.copyfile(file, target / file.name)
    return target


@recorded
def test_every_truncation_of_a_recorded_file_is_refused(tmp_path: Path) -> None:
    target = copied(tmp_path)
    for file in sorted(target.iterdir()):
        content = file.read_bytes()
        for part in (0.1, 0.5, 0.999):
            file.write_bytes(content[: int(part * len(content))])
            with pytest.raises(SourceError, match=r"end early .* Fetch the file again\."):
                import_directory(target)
        file.write_bytes(content)
    assert len(import_directory(target)) == 410


@recorded
@pytest.mark.parametrize(
    ("file", "row", "said"),
    [
        ("hyperliquid_funding_sol.json.gz", 5_000, "1 of 9 807 hours missing"),
        ("hyperliquid_candles_sol_1d.json.gz", 200, "1 of 410 days missing"),
        ("defillama_kamino_usdc.json.gz", 600, "1 of 410 days missing"),
        ("drift_funding_sol_daily.json.gz", 200, "1 of 410 days missing"),
    ],
)
def test_one_row_less_is_a_hole(tmp_path: Path, file: str, row: int, said: str) -> None:
    target = copied(tmp_path)
    rows = read_payload(target / file).rows
    del rows[row]
    (target / file).write_bytes(json.dumps(rows).encode())
    with pytest.raises(DataGapError, match=said):
        import_directory(target)


@recorded
@pytest.mark.parametrize("coin", ["sol", "eth"])
def test_the_change_to_hourly_funding_hides_none_of_the_missing_hours(coin: str) -> None:
    """8-hourly until 2023-06-08 08:00, hourly after; three hours are missing in three years."""
    import duckdb

    path = SHARED / "series" / f"hyperliquid_funding_{coin}.parquet"
    query = duckdb.execute("SELECT time FROM read_parquet(?) ORDER BY time", [str(path)])
    times = query.fetchnumpy()["time"]
    seconds = times.astype("datetime64[ms]").astype(np.int64) / 1_000
    hours = (np.round(seconds / 3_600) * 3_600).astype(np.int64)
    found = [f"{np.datetime64(hole.start, 's')}" for hole in find_holes(np.unique(hours))]
    assert found == ["2023-07-02T20:00:00", "2023-08-23T20:00:00", "2024-08-15T13:00:00"]
