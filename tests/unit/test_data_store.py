"""Markets are stored whole or not at all, and a damaged one is never half believed."""

import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from basislab.data import catalog, list_markets, load_market, save_market
from basislab.data.keep import durable, store
from basislab.data.keep.home import home as home_directory
from basislab.errors import BasisLabError, ConfigError, DataError
from basislab.types import Market, RateSeries
from tests.data_fixtures import clean_market, table_text


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Markets of a test are stored in its own directory."""
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*.*")}


def refusal(load: object = None, kind: type[BasisLabError] = DataError) -> str:
    with pytest.raises(kind) as caught:
        load_market(load)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_stored_market_loads_with_the_same_content(home: Path) -> None:
    market = replace(clean_market(), provenance={"sources": [{"file": "a", "sha256": "b"}]})
    path = save_market(market)
    assert path == home / "markets" / "clean"
    loaded = load_market("clean")
    assert loaded.fingerprint == market.fingerprint
    assert dict(loaded.provenance) == dict(market.provenance)
    assert list(loaded.series()) == list(market.series())
    assert load_market(path).fingerprint == load_market(str(path)).fingerprint


def test_the_directory_holds_zstd_parquet_and_a_manifest(home: Path) -> None:
    path = save_market(clean_market())
    names = ["funding.parquet", "lending.parquet", "manifest.json", "prices.parquet"]
    assert sorted(file.name for file in path.iterdir()) == names
    for table, rows in (("prices", 60), ("funding", 120), ("lending", 180)):
        file = [str(path / f"{table}.parquet")]
        count = duckdb.execute("SELECT count(*) FROM read_parquet(?)", file).fetchall()
        assert count == [(rows,)]
        query = "SELECT DISTINCT compression FROM parquet_metadata(?)"
        assert duckdb.execute(query, file).fetchall() == [("ZSTD",)]
        query = "SELECT logical_type FROM parquet_schema(?) WHERE name = 'time'"
        assert "isAdjustedToUTC=1" in str(duckdb.execute(query, file).fetchall())
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["version"] == 1
    assert manifest["fingerprint"] == clean_market().fingerprint
    assert manifest["series"][0] == {
        "kind": "price",
        "key": ["hyperliquid", "perp"],
        "label": "price hyperliquid perp",
        "bars": 60,
        "observed": 60,
        "first": "2025-01-01T00:00:00Z",
        "last": "2025-03-01T00:00:00Z",
        "absent": [],
    }


def test_the_manifest_covers_what_was_observed() -> None:
    market = clean_market()
    nothing = RateSeries(np.full(60, 0.03), np.zeros(60, dtype=np.bool_))
    market = replace(market, supply={**market.supply, ("kamino", "ETH"): nothing})
    save_market(market)
    manifest = json.loads((catalog.market_path("clean") / "manifest.json").read_text())
    entry = next(e for e in manifest["series"] if e["label"] == "supply kamino ETH")
    assert (entry["observed"], entry["first"], entry["last"]) == (0, None, None)
    assert load_market("clean").fingerprint == market.fingerprint


def test_a_market_of_prices_alone_is_stored() -> None:
    market = replace(clean_market(), funding={}, supply={}, borrow={})
    save_market(market)
    assert load_market("clean").fingerprint == market.fingerprint


@pytest.mark.parametrize("name", ["it's", "a[b]*", "sp ace", "ünïcode", "{x}"])
def test_any_directory_can_be_the_place(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save_market(clean_market(), directory=target)
    assert load_market(target).fingerprint == clean_market().fingerprint


def test_an_empty_directory_may_be_written_to(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    save_market(clean_market(), directory=target)
    assert len(load_market(target)) == 60


def test_storing_the_same_again_changes_nothing() -> None:
    path = save_market(clean_market())
    before = files_of(path), path.stat().st_ino
    assert save_market(clean_market()) == path
    assert (files_of(path), path.stat().st_ino) == before


def test_other_content_is_refused_until_it_may_replace() -> None:
    path = save_market(clean_market())
    before = files_of(path)
    other = clean_market(seed=4)
    with pytest.raises(DataError, match=r"Replace it with --replace, or keep both with another"):
        save_market(other)
    assert files_of(path) == before
    save_market(other, replace=True)
    assert load_market("clean").fingerprint == other.fingerprint
    assert sorted(file.name for file in path.parent.iterdir()) == ["clean"]


def test_a_damaged_market_can_be_replaced_but_not_silently() -> None:
    path = save_market(clean_market())
    (path / "prices.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="damaged"):
        save_market(clean_market())
    save_market(clean_market(), replace=True)
    assert load_market("clean").fingerprint == clean_market().fingerprint


def test_what_is_no_market_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "thesis", tmp_path / "file"):
        with pytest.raises(DataError, match="exists and is no stored market; it is left as it is"):
            save_market(clean_market(), directory=target, replace=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_failed_write_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_parquet", full)
    with pytest.raises(DataError) as caught:
        save_market(clean_market())
    assert "cannot be written: No space left on device. Nothing was changed" in str(caught.value)
    assert list((home / "markets").iterdir()) == []


def test_a_failed_replacement_keeps_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new directory is written, the old one is set aside, and then the rename fails."""
    save_market(clean_market())
    rename = Path.rename

    def fail_on_temporary(path: Path, target: Path) -> Path:
        if path.suffix == ".tmp":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_on_temporary)
    monkeypatch.setattr(durable, "_exchange", lambda *_: False)  # a system that cannot
    with pytest.raises(DataError, match=r"Input/output error\. Nothing was changed"):
        save_market(clean_market(seed=4), replace=True)
    assert load_market("clean").fingerprint == clean_market().fingerprint


def test_a_reader_never_finds_a_market_missing_or_half_replaced() -> None:
    """A writer replaces the market all the time; every load gives the old or the new one."""
    old, new = clean_market(5), clean_market(5, seed=4)
    path = save_market(old)
    done = threading.Event()

    def replace_it() -> None:
        for number in range(40):
            save_market(old if number % 2 else new, name="clean", replace=True)
        done.set()

    writer = threading.Thread(target=replace_it)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(load_market(path).fingerprint)
    writer.join()
    assert {old.fingerprint, new.fingerprint} == seen


def test_a_market_that_was_replaced_twice_under_one_number_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file system gives the number of a removed directory to the next one."""
    path = save_market(clean_market())
    number, read = path.stat().st_ino, store._load
    reads = []

    def replaced_meanwhile(directory: Path) -> Market:
        reads.append(directory)
        if len(reads) == 1:
            os.utime(directory, (1, 1))  # as another directory would differ
            raise DataError("half of one and half of the other")
        return read(directory)

    monkeypatch.setattr(store, "_load", replaced_meanwhile)
    assert load_market(path).fingerprint == clean_market().fingerprint
    assert (len(reads), path.stat().st_ino) == (2, number)


def test_a_system_that_cannot_exchange_replaces_by_two_renames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    path = save_market(clean_market())
    save_market(clean_market(seed=4), replace=True)
    assert load_market(path).fingerprint == clean_market(seed=4).fingerprint
    assert sorted(file.name for file in path.parent.iterdir()) == ["clean"]


def test_a_replacement_that_died_between_its_renames_is_undone(home: Path) -> None:
    path = save_market(clean_market())
    path.rename(path.parent / ".clean.old")
    assert [market.name for market in list_markets()] == ["sol-2025", "clean"]
    path.rename(path.parent / ".clean.old")
    assert load_market("clean").fingerprint == clean_market().fingerprint
    path.rename(path.parent / ".clean.old")
    save_market(clean_market(seed=4), replace=True)
    assert sorted(file.name for file in path.parent.iterdir()) == ["clean"]


def test_a_recovery_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    path = save_market(clean_market())
    path.rename(path.parent / ".clean.old")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    assert "Permission denied" in refusal("clean")


def test_leftovers_of_killed_writers_are_swept_once_they_are_old(home: Path) -> None:
    markets = home / "markets"
    old, fresh = markets / ".clean.old1.tmp", markets / ".clean.new1.tmp"
    for left in (old, fresh):
        left.mkdir(parents=True)
    os.utime(old, (time.time() - 7_200,) * 2)
    save_market(clean_market())
    assert not old.exists()
    assert fresh.exists()  # a live process may be writing it
    assert [market.name for market in list_markets()] == ["sol-2025", "clean"]


def test_two_writers_of_the_same_market_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the first one's result when it comes to rename."""
    real = durable.write_directory

    def beaten(target: Path, write: object, *, replace: bool) -> None:
        monkeypatch.setattr(store, "write_directory", real)
        store.save(clean_market(), target)
        real(target, write, replace=replace)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write_directory", beaten)
    path = save_market(clean_market())
    assert load_market(path).fingerprint == clean_market().fingerprint
    monkeypatch.setattr(store, "write_directory", beaten)
    other = catalog.market_path("other")
    assert store.save(clean_market(), other) is False


def test_provenance_must_be_json() -> None:
    market = replace(clean_market(), provenance={"when": np.datetime64("2025-01-01")})
    with pytest.raises(DataError, match="provenance cannot be stored as JSON"):
        save_market(market)
    assert [entry.name for entry in list_markets()] == ["sol-2025"]


def test_what_is_written_is_read_back_before_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def distort(market: Market) -> object:
        return frames(replace(market, funding={"hyperliquid": market.funding["drift"]}))

    frames = store.to_frames
    monkeypatch.setattr(store, "to_frames", distort)
    with pytest.raises(DataError):
        save_market(clean_market())
    assert [entry.name for entry in list_markets()] == ["sol-2025"]


def damage(path: Path, name: str, change: object) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    manifest[name] = change(manifest[name]) if callable(change) else change
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("version", 2, "format version 2; this basislab reads version 1"),
        ("fingerprint", "sha256:0", "but the manifest records sha256:0"),
        ("bars", "60", "damaged, bars: got '60'"),
        ("bars", 10**12, "damaged, bars: "),
        ("bars", 59, "values for 59 bars"),
        ("first", "soon", "the manifest's times cannot be read"),
        ("name", 1, "damaged, name: "),
        ("more", 1, "damaged, more: "),
        ("files", {}, "its content is not what the manifest records"),
        ("series", [], "it has no price series"),
    ],
)
def test_a_damaged_manifest_is_refused(name: str, value: object, said: str) -> None:
    path = save_market(clean_market())
    damage(path, name, (lambda _: value) if name != "more" else None)
    if name == "more":
        manifest = json.loads((path / "manifest.json").read_text())
        (path / "manifest.json").write_text(json.dumps(manifest | {"more": 1}))
    assert said in refusal("clean")


@pytest.mark.parametrize("table", ["prices", "funding", "lending"])
def test_a_changed_or_missing_table_is_refused(table: str) -> None:
    path = save_market(clean_market()) / f"{table}.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "damaged, or changed by hand. Import the market again" in refusal("clean")
    path.unlink()
    assert "cannot be read: No such file or directory" in refusal("clean")


def rehash(path: Path, table: str) -> None:
    """Make the manifest agree with a table that was changed by hand."""
    digest = store._digest(path / f"{table}.parquet")
    damage(path, "files", lambda files: files | {f"{table}.parquet": digest})


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("SELECT * EXCLUDE rate", "column 'rate' is missing"),
        ("SELECT * REPLACE (NULL::DOUBLE AS rate)", "has NULL where a number belongs"),
        ("SELECT * REPLACE (rate * 2 AS rate)", "but the manifest records"),
        ("SELECT * REPLACE ('nan'::DOUBLE AS rate)", "it must be a finite number"),
    ],
)
def test_a_forged_table_is_refused_even_with_its_digest(select: str, said: str) -> None:
    path = save_market(clean_market())
    file = path / "funding.parquet"
    duckdb.sql(f"COPY ({select} FROM '{file}') TO '{path / 'forged'}' (FORMAT parquet)")
    (path / "forged").rename(file)
    rehash(path, "funding")
    assert said in refusal("clean")


def test_a_table_that_is_no_parquet_is_refused_even_with_its_digest() -> None:
    path = save_market(clean_market())
    (path / "lending.parquet").write_text("not parquet")
    rehash(path, "lending")
    assert "not readable as Parquet" in refusal("clean")


def test_a_manifest_that_is_no_json_or_unreadable_is_refused() -> None:
    path = save_market(clean_market())
    (path / "manifest.json").write_text("{")
    assert refusal("clean").endswith("damaged, not JSON. Import the market again with --replace.")
    assert list_markets()[1].problem.endswith("with --replace.")
    (path / "manifest.json").write_text("[]")
    assert "format version None" in refusal("clean")
    (path / "manifest.json").unlink()
    (path / "manifest.json").mkdir()
    assert "cannot be read: Is a directory" in refusal("clean")


def test_a_directory_of_answers_is_no_market(tmp_path: Path) -> None:
    assert f"Import venue answers with 'basislab data import {tmp_path}'" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "-x", "a b", "x" * 101, "a\0"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"^name: got .* it must be 1 to 100 letters"):
        save_market(clean_market(), name=name)


@pytest.mark.parametrize("name", ["sample", "sol-2025"])
def test_the_sample_cannot_be_stored_over(name: str) -> None:
    with pytest.raises(ConfigError, match="is the built-in sample"):
        save_market(clean_market(), name=name)


def test_a_market_is_stored_under_the_name_that_is_given() -> None:
    save_market(clean_market(), name="mine")
    assert load_market("mine").name == "mine"


def test_an_unknown_name_lists_what_there_is() -> None:
    save_market(clean_market())
    assert refusal("claen", ConfigError) == (
        "market: got 'claen' (did you mean 'clean'?); there are: sol-2025, clean. "
        "Import one with 'basislab data import DIR --name claen'."
    )


@pytest.mark.parametrize("path", ["no/such", "none.csv", Path("nothing"), "a\0/b", "x/" * 3_000])
def test_a_path_that_is_not_there_is_refused(path: str | Path) -> None:
    assert refusal(path).endswith("no such file or directory. Check the path.")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("x")
    assert "neither a stored market nor a facts table (.csv)" in refusal(tmp_path / "x.parquet")


def test_a_stored_name_wins_over_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_market(clean_market())
    monkeypatch.chdir(tmp_path)
    Path("clean").mkdir()
    Path("t.csv").write_text(table_text())
    assert load_market("clean").asset == "ETH"
    assert load_market("t.csv").asset == "SOL"


@pytest.mark.parametrize("name", [None, "sample", "sol-2025"])
def test_the_sample_has_three_names(name: str | None) -> None:
    assert load_market(name) is load_market()


def test_the_list_starts_with_the_sample() -> None:
    save_market(clean_market())
    sample, clean = list_markets()
    assert (sample.name, sample.bars, sample.first) == ("sol-2025", 410, "2024-12-31")
    assert (clean.name, clean.bars, clean.first, clean.last, clean.series, clean.problem) == (
        "clean",
        60,
        "2025-01-01",
        "2025-03-01",
        6,
        "",
    )


def test_home_is_the_platforms_place_unless_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASISLAB_HOME", "~/labs")
    assert home_directory() == Path.home() / "labs"
    monkeypatch.delenv("BASISLAB_HOME")
    assert home_directory().name == "basislab"


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot be written"):
        save_market(clean_market(), directory=tmp_path / "file" / "inside")


def test_a_database_error_on_writing_is_an_error_of_the_disk(tmp_path: Path) -> None:
    frames = store.to_frames(clean_market())
    with pytest.raises(OSError, match=r"prices\.parquet"):
        store.write_parquet(frames, tmp_path / "gone")
