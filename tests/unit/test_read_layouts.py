"""Layouts are known by their content; each gives the market of the plain table."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from basislab.data import save_market
from basislab.data.catalog import load_market
from basislab.data.read import layouts
from basislab.data.read.layouts.layout import Layout
from basislab.data.read.mapping import load_mapping
from basislab.errors import SourceError
from basislab.types import Market
from tests.series_files import CASES, PRICES, RATES, START, Form, candles, funding, market, zipped

HOUR_MS = 3_600_000
T0 = int(START.timestamp() * 1_000)
STAMPS = [T0 + hour * HOUR_MS for hour in range(len(RATES))]
OHLCV = [
    [float(p), float(p + 1), float(p - 1), float(p) + 0.5, 1_000.0 + hour]
    for hour, p in enumerate(PRICES)
]
KLINES = [
    [t, *row, t + HOUR_MS - 1, 0.0, 1, 0, 0, 0] for t, row in zip(STAMPS, OHLCV, strict=False)
]
KLINE_NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
FLOATS = [float(rate) for rate in RATES]


def text(rows: list[list[object]], names: str = "") -> bytes:
    lines = [names] if names else []
    return "\n".join([*lines, *(",".join(str(cell) for cell in row) for row in rows)]).encode()


def as_json(rows: object) -> bytes:
    return json.dumps(rows).encode()


def arrow(columns: dict[str, object], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    feather.write_feather(pa.table(columns), sink, **options)
    return sink.getvalue().to_pybytes()


def dates(zone: str | None = "UTC", unit: str = "us") -> pa.Array:
    return (
        pa.array([t * 1_000 for t in STAMPS])
        .cast(pa.timestamp("us", zone))
        .cast(pa.timestamp(unit, zone))
    )


def candle_table(date: pa.Array) -> dict[str, object]:
    columns = zip(*OHLCV, strict=True)
    names = ("open", "high", "low", "close", "volume")
    return {"date": date[: len(OHLCV)], **dict(zip(names, map(list, columns), strict=True))}


def rate_table(date: pa.Array) -> dict[str, object]:
    noughts = [0.0] * len(FLOATS)
    rest = dict.fromkeys(("high", "low", "close", "volume"), noughts)
    return {"date": date, "open": FLOATS, **rest}


def parquet_of(columns: dict[str, object]) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


PRICE_FORMS: dict[str, tuple[bytes, str]] = {
    "archive": (text(KLINES, KLINE_NAMES), "Binance archive klines, epoch ms, comma"),
    "archive without names": (text(KLINES), "Binance archive klines, epoch ms, comma"),
    "archive in a zip": (
        zipped({"SOLUSDT-1h.csv": text(KLINES)}),
        "Binance archive klines, epoch ms, comma, zip",
    ),
    "archive since 2025": (
        text([[row[0] * 1_000, *row[1:]] for row in KLINES]),
        "Binance archive klines, epoch µs, comma",
    ),
    "archive over the turn of the unit": (
        text([*KLINES[:50], *([row[0] * 1_000, *row[1:]] for row in KLINES[50:])]),
        "Binance archive klines, epoch ms and µs, comma",
    ),
    "klines of the API": (as_json(KLINES), "Binance archive klines, epoch ms, JSON"),
    "ccxt": (
        as_json([row[:6] for row in KLINES]),
        "candles by position, as of ccxt, epoch ms, JSON",
    ),
    "hyperliquid": (
        as_json(
            [
                {"t": r[0], "s": "SOL", "i": "1h", "n": 1}
                | dict(zip("ohlcv", map(str, r[1:6]), strict=True))
                for r in KLINES
            ]
        ),
        "Hyperliquid candleSnapshot, epoch ms, JSON",
    ),
    "freqtrade": (arrow(candle_table(dates())), "freqtrade candles, timestamps, Arrow"),
    "freqtrade, nanoseconds": (
        arrow(candle_table(dates(unit="ns")), compression="zstd"),
        "freqtrade candles, timestamps, Arrow",
    ),
    "freqtrade without a zone": (
        arrow(candle_table(dates(zone=None)), compression="uncompressed"),
        "freqtrade candles, timestamps without a zone, taken as UTC, Arrow",
    ),
    "freqtrade, numbers": (
        arrow(candle_table(pa.array(STAMPS))),
        "freqtrade candles, epoch ms, Arrow",
    ),
    "freqtrade parquet": (
        parquet_of(candle_table(dates(unit="ms"))),
        "freqtrade candles, timestamps, Parquet",
    ),
    "parquet without a zone": (
        parquet_of(candle_table(dates(zone=None))),
        "freqtrade candles, timestamps without a zone, taken as UTC, Parquet",
    ),
}
RATE_FORMS: dict[str, tuple[bytes, str]] = {
    "archive": (
        text(
            [[t + 7, 1, f"{rate:.6f}"] for t, rate in zip(STAMPS, RATES, strict=True)],
            "calc_time,funding_interval_hours,last_funding_rate",
        ),
        "Binance archive funding, epoch ms, comma",
    ),
    "archive without names": (
        text([[t + 7, 1, f"{rate:.6f}"] for t, rate in zip(STAMPS, RATES, strict=True)]),
        "Binance archive funding, epoch ms, comma",
    ),
    "answer of the API": (
        as_json(
            [
                {"symbol": "SOLUSDT", "fundingTime": t + 3, "fundingRate": f"{rate:.8f}"}
                for t, rate in zip(STAMPS, RATES, strict=True)
            ]
        ),
        "Binance fundingRate, epoch ms, JSON",
    ),
    "page": (
        text(
            [
                [
                    f"1/{10 + hour // 24}/2025 - {hour % 24:02}:00:00",
                    *("SOL", "-1 SOL", "Short", "0.1 USDC", f"{rate.scaleb(2):f}%"),
                ]
                for hour, rate in enumerate(RATES)
            ],
            "time,coin,size,side,payment,rate",
        ),
        "Hyperliquid page export, month first without a zone, taken as UTC, comma",
    ),
    "ccxt": (
        as_json(
            [
                {"info": {}, "symbol": "SOL/USDC:USDC", "fundingRate": rate, "timestamp": t}
                | {"datetime": "2025"}
                for t, rate in zip(STAMPS, FLOATS, strict=True)
            ]
        ),
        "ccxt funding, epoch ms, JSON",
    ),
    "freqtrade": (arrow(rate_table(dates())), "freqtrade funding, timestamps, Arrow"),
    "freqtrade json": (
        as_json([[t, rate, 0, 0, 0, 0] for t, rate in zip(STAMPS, FLOATS, strict=True)]),
        "freqtrade funding, epoch ms, JSON",
    ),
    "hyperliquid": (
        as_json(
            [
                {"coin": "SOL", "fundingRate": f"{rate:f}", "premium": "0.0", "time": t + 41}
                for t, rate in zip(STAMPS, RATES, strict=True)
            ]
        ),
        "Hyperliquid fundingHistory, JSON",
    ),
}


def read_as(found: Market, file: str) -> str:
    return next(one["read_as"] for one in found.provenance["sources"] if one["file"] == file)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Market:
    return market(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("form", PRICE_FORMS)
def test_prices_of_every_layout_give_the_same_market(form: str, plain: Market, tmp_path) -> None:
    content, said = PRICE_FORMS[form]
    found = market(tmp_path, prices=content)
    assert plain.fingerprint == found.fingerprint
    assert said == read_as(found, "prices")


@pytest.mark.parametrize("form", RATE_FORMS)
def test_funding_of_every_layout_gives_the_same_market(form: str, plain: Market, tmp_path) -> None:
    content, said = RATE_FORMS[form]
    found = market(tmp_path, rates=content)
    assert plain.fingerprint == found.fingerprint
    assert said == read_as(found, "funding")


def test_a_layout_is_one_file_and_one_line() -> None:
    """Every file of the folder that defines a layout is in the list, or is the fallback."""
    folder = Path(str(layouts.__file__)).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "layout", "plain"}
    made = [importlib.import_module(f"{layouts.__name__}.{name}").LAYOUT for name in names]
    assert all(isinstance(layout, Layout) for layout in made)
    assert {layout.name for layout in layouts.LAYOUTS} == {layout.name for layout in made}


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (text(KLINES), "it holds prices (Binance archive klines); wanted are funding."),
        (arrow(candle_table(dates())), "it holds prices (freqtrade candles)"),
        (
            b"time,premium\n2025-01-10,1\n",
            "'funding_rate' is missing; it has: time, premium",
        ),
        (b"2025-01-10,0.001\n", "no names stand over its 2 columns"),
    ],
)
def test_a_file_that_holds_something_else_is_named(tmp_path, rates: bytes, said: str) -> None:
    with pytest.raises(SourceError) as refused:
        market(tmp_path, rates=rates)
    assert said in str(refused.value)


def test_rows_of_other_coins_are_left_out(plain: Market, tmp_path) -> None:
    """The page exports all coins of an account; a file of another coin alone is refused."""
    page = RATE_FORMS["page"][0]
    other = "1/10/2025 - 05:00:00,ETH,-1 ETH,Short,0.1 USDC,0.5%"
    mixed = page + f"\n{other}\n".encode()
    assert plain.fingerprint == market(tmp_path / "a", rates=mixed).fingerprint
    with pytest.raises(SourceError, match="line 2, coin: got ETH; wanted are rows of SOL"):
        market(tmp_path / "b", rates=page.replace(b"SOL", b"ETH"))
    answer = RATE_FORMS["hyperliquid"][0].replace(b"SOL", b"ETH")
    with pytest.raises(SourceError, match="funding: got ETH; wanted are rows of SOL"):
        market(tmp_path / "c", rates=answer)


def test_without_pyarrow_the_message_names_the_extra(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"pip install 'basislab\[arrow\]'"):
        market(tmp_path, prices=PRICE_FORMS["freqtrade"][0])


def test_how_a_file_was_read_is_kept_with_the_market(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path / "home"))
    save_market(market(tmp_path, prices=PRICE_FORMS["archive"][0], rates=funding(Form("ms"))))
    assert ["Binance archive klines, epoch ms, comma", "table, epoch ms, comma"] == [
        source["read_as"] for source in load_market("m").provenance["sources"]
    ]


CASE = (
    'name = "c"\nasset = "SOL"\nstart = "2025-01-01T00:00"\nend = "2025-01-08T00:00"\n'
    '[[price]]\nvenue = "v"\nkind = "perp"\nfile = "{price}"\n'
    '[[funding]]\nvenue = "v"\nfile = "{funding}"\n'
    '[[lending]]\nprotocol = "k"\nasset = "SOL"\nfile = "lending.csv"\n'
)


def case(tmp_path: Path, *, trust_units: bool = False, **files: str) -> Market:
    names = {"price": "prices.csv", "funding": "funding.csv"} | files
    (tmp_path / "m.toml").write_text(CASE.format(**names))
    return load_mapping(tmp_path / "m.toml", folder=CASES, trust_units=trust_units)


SHARED = pytest.mark.skipif(not CASES.exists(), reason="the cases do not lie beside the repository")


@SHARED
@pytest.mark.parametrize(
    "files",
    [
        {"price": "binance-archive-klines.csv"},
        {"price": "ccxt-ohlcv.json"},
        {"price": "freqtrade-futures.feather"},
        {"funding": "ccxt-funding.json"},
        {"funding": "freqtrade-funding_rate.feather"},
        {"funding": "funding-semicolon.csv"},
        {"funding": "funding-repeated.csv"},
    ],
    ids=lambda files: next(iter(files.values())),
)
def test_a_case_gives_the_market_of_the_plain_files(tmp_path, files: dict[str, str]) -> None:
    assert case(tmp_path).fingerprint == case(tmp_path, **files).fingerprint


@SHARED
def test_the_other_cases_are_read_as_they_should_be(tmp_path) -> None:
    """Two rows repeat; the page rounds to 1e-8; a yearly rate is refused; bad prices are kept."""
    plain = case(tmp_path)
    repeats = case(tmp_path, funding="funding-repeated.csv").provenance["statistics"]
    assert 2 == repeats["v/SOL funding"]["duplicates"]
    page = case(tmp_path, funding="hyperliquid-page-funding.csv")
    assert plain.fingerprint != page.fingerprint
    assert page.funding["v"].rate == pytest.approx(plain.funding["v"].rate, rel=0, abs=1e-8)
    assert (
        3
        == case(tmp_path, funding="binance-archive-funding.csv").funding["v"].settlements[:24].sum()
    )
    with pytest.raises(SourceError, match="percent or a rate a year"):
        case(tmp_path, funding="funding-annualised.csv")
    trusted = case(tmp_path, funding="funding-annualised.csv", trust_units=True)
    assert "--trust-units" in trusted.provenance["notes"][0]
    for name in ("prices-wick.csv", "prices-redenominated.csv"):
        assert plain.fingerprint != case(tmp_path, price=name).fingerprint


def test_candles_are_the_same_in_any_table(plain: Market, tmp_path) -> None:
    german = candles(Form("dots", separator=";", comma=True))
    assert plain.fingerprint == market(tmp_path, prices=german).fingerprint
