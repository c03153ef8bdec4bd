"""Markets of several series: mapping, settlement times, holes, steps, daily sums, refusals."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from basislab.data.read.mapping import load_mapping
from basislab.errors import ConfigError, DataGapError, SourceError

START = np.datetime64("2025-01-01T00:00", "s")
HEAD = 'name = "m"\nasset = "SOL"\nstart = "2025-01-01T00:00"\nend = "2025-01-01T06:00"\n'
PRICE = '[[price]]\nvenue = "v"\nkind = "perp"\nfile = "p.csv"\n'
FUNDING = '[[funding]]\nvenue = "v"\nfile = "f.csv"\n'
LENDING = '[[lending]]\nprotocol = "k"\nasset = "SOL"\nfile = "l.csv"\n'


def stamp(hours, seconds=0):
    moment = START + np.timedelta64(int(hours * 3_600 + seconds), "s")
    return f"{moment}Z"


def candles(hours=range(6)):
    rows = [f"{stamp(hour)},100,101,99,100,5" for hour in hours]
    return "\n".join(["time,open,high,low,close,volume", *rows])


def write(folder, mapping, **files):
    (folder / "m.toml").write_text(mapping)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder / "m.toml"


def test_a_settlement_belongs_to_the_bar_that_ends_at_it(tmp_path):
    """Stamped 01:00 to 06:00, with jitter of 0.2 s and once 887 s: bars 0 to 5."""
    jitter = [0.2, 0.0, 887.0, 0.1, 0.0, 0.0]
    rows = [f"{stamp(hour + 1, late)},{hour + 1}e-5" for hour, late in enumerate(jitter)]
    funding = "\n".join(["time,funding_rate", f"{stamp(0)},0.04", *rows])
    market = load_mapping(write(tmp_path, HEAD + PRICE + FUNDING, p=candles(), f=funding))
    assert [1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5] == pytest.approx(market.funding["v"].rate.tolist())
    assert [1] * 6 == market.funding["v"].settlements.tolist()


def test_a_bar_without_a_settlement_that_is_due_has_none(tmp_path):
    """Three-hourly: bars 2 and 5 settle, the others hold 0 and none is missing."""
    rows = [f"{stamp(hour)},1e-4" for hour in (-3, 0, 3, 6, 9)]
    funding = "\n".join(["time,funding_rate", *rows])
    series = load_mapping(write(tmp_path, HEAD + PRICE + FUNDING, p=candles(), f=funding))
    assert [0, 0, 1e-4, 0, 0, 1e-4] == series.funding["v"].rate.tolist()
    assert [0, 0, 1, 0, 0, 1] == series.funding["v"].settlements.tolist()


def test_a_missing_settlement_is_never_zero(tmp_path):
    rows = [f"{stamp(hour)},1e-4" for hour in (0, 1, 2, 4, 5, 6, 7)]
    path = write(
        tmp_path, HEAD + PRICE + FUNDING, p=candles(), f="\n".join(["time,funding_rate", *rows])
    )
    with pytest.raises(DataGapError, match="1 of 6 hours missing"):
        load_mapping(path)
    allowed = load_mapping(path, max_gap="1h")
    assert not allowed.funding["v"].observed[2]
    assert 1e-4 == allowed.funding["v"].rate[2]


def test_a_missing_candle_is_an_error_unless_allowed(tmp_path):
    path = write(tmp_path, HEAD + PRICE, p=candles([0, 1, 3, 4, 5]))
    with pytest.raises(DataGapError, match="v perp: 1 of 6 hours missing"):
        load_mapping(path)
    assert [True, True, False, True, True, True] == load_mapping(
        write(tmp_path, HEAD + 'max_gap = "1h"\n' + PRICE, p=candles([0, 1, 3, 4, 5]))
    ).prices["v", "perp"].observed.tolist()


def test_a_lending_rate_is_a_step_held_from_its_stamp(tmp_path):
    """Snapshots every two hours; columns under their own names; percent to fraction."""
    rows = [f"{stamp(hour)},{pct},{pct + 1}" for hour, pct in ((-2, 1), (0, 2), (2, 3), (4, 4))]
    lending = "\n".join(["when,s,b", *rows])
    columns = 'columns = { time = "when", supply_apy_pct = "s", borrow_apy_pct = "b" }\n'
    market = load_mapping(write(tmp_path, HEAD + PRICE + LENDING + columns, p=candles(), l=lending))
    assert [0.02, 0.02, 0.03, 0.03, 0.04, 0.04] == pytest.approx(
        market.supply["k", "SOL"].apy.tolist()
    )
    assert 0.03 == pytest.approx(market.borrow["k", "SOL"].apy[0])


def test_a_step_is_not_held_for_ever(tmp_path):
    rows = [f"{stamp(hour)},1,2" for hour in (-2, -1, 0, 1, 5)]
    lending = "\n".join(["time,supply_apy_pct,borrow_apy_pct", *rows])
    with pytest.raises(DataGapError, match="k/SOL supply_apy: 3 of 6 hours missing"):
        load_mapping(write(tmp_path, HEAD + PRICE + LENDING, p=candles(), l=lending))


def test_daily_sums_are_spread_evenly_and_flagged(tmp_path):
    with gzip.open(tmp_path / "drift_funding_sol_daily.json.gz", "wt") as file:
        json.dump([{"date": "2025-01-01", "rate": 0.0024, "n_records": 24}], file)
    source = '[[funding]]\nvenue = "drift"\nfile = "drift_funding_sol_daily.json.gz"\n'
    market = load_mapping(write(tmp_path, HEAD + PRICE + source, p=candles()))
    assert [1e-4] * 6 == pytest.approx(market.funding["drift"].rate.tolist())
    assert not market.funding["drift"].observed.any()
    assert market.provenance["gaps"][-1]["filled_with"] == "day's sum, spread evenly"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (HEAD, "price: it is missing"),
        (HEAD + PRICE.replace("perp", "future"), "price.0.kind"),
        (HEAD.replace("T06:00", "T06:30") + PRICE, "must be multiples of 1h"),
        (HEAD.replace("2025-01-01T06:00", "soon") + PRICE, "end: got 'soon'"),
        (HEAD + PRICE.replace("p.csv", "q.csv"), "q.csv: cannot be read"),
        (HEAD + PRICE + 'colour = "red"\n', "price.0.colour: no such key"),
        (HEAD + PRICE.replace('"v"', "5"), "price.0.venue: got '5'; wanted is a text in quotes"),
        (HEAD + 'bar = "1x"\n' + PRICE, "bar: got '1x'"),
        (HEAD + PRICE + 'columns = { open = "o" }\n', "column 'o' is missing"),
        ("name =", "it is no TOML"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(tmp_path, mapping, message):
    with pytest.raises((SourceError, ConfigError), match=message):
        load_mapping(write(tmp_path, mapping, p=candles()))


def quarters(hours, lacking=()):
    """15-minute candles: the k-th of an hour opens at 100 + k, spans 1 either way, trades 1."""
    rows = [
        f"{stamp(hour, 900 * k)},{100 + k},{101 + k},{99 + k},{101 + k},1"
        for hour in hours
        for k in range(4)
        if (hour, k) not in lacking
    ]
    return "\n".join(["time,open,high,low,close,volume", *rows])


def test_narrower_candles_are_put_together(tmp_path):
    """Four quarters: open of the first, highest 104, lowest 99, close of the last, 4 traded."""
    market = load_mapping(write(tmp_path, HEAD + PRICE, p=quarters(range(-1, 7))))
    price = market.reference_price
    names = ("open", "high", "low", "close", "volume")
    assert [100, 104, 99, 104, 4] == [getattr(price, name)[3] for name in names]
    assert len(market) == 6
    assert price.observed.all()


def test_an_hour_that_lacks_a_quarter_is_a_hole(tmp_path):
    """A high without its wick would pass for a whole one."""
    path = write(tmp_path, HEAD + PRICE, p=quarters(range(6), lacking={(3, 2)}))
    with pytest.raises(DataGapError, match="v perp: 1 of 6 hours missing"):
        load_mapping(path)
    market = load_mapping(path, max_gap="1h")
    assert [True, True, True, False, True, True] == market.reference_price.observed.tolist()


def test_wider_candles_are_refused(tmp_path):
    four = "\n".join(["time,open,high,low,close", *(f"{stamp(4 * i)},1,1,1,1" for i in range(4))])
    with pytest.raises(SourceError, match=r"p.csv: its candles are 14400 s wide and make no bars"):
        load_mapping(write(tmp_path, HEAD + PRICE, p=four))


def hourly_lending(values):
    rows = [f"{stamp(hour)},{value},{value}" for hour, value in values.items()]
    return "\n".join(["time,supply_apy_pct,borrow_apy_pct", *rows])


def test_the_mapping_decides_what_becomes_of_a_hole(tmp_path):
    """Hour 3 of 6 is missing, between 3 % and 5 %: refused, held at 3 %, or 4 % on the line."""
    lending = hourly_lending({0: 1, 1: 2, 2: 3, 4: 5, 5: 6})

    def rates(head, **options):
        path = write(tmp_path, head + PRICE + LENDING, p=candles(), l=lending)
        market = load_mapping(path, **options)
        return market, market.supply["k", "SOL"]

    with pytest.raises(DataGapError, match="1 of 6 hours missing"):
        rates(HEAD + 'gaps = "error"\nmax_gap = "1h"\n')
    _, held = rates(HEAD + 'gaps = "ffill"\nmax_gap = "1h"\n')
    assert [0.01, 0.02, 0.03, 0.03, 0.05, 0.06] == pytest.approx(held.apy.tolist())
    market, line = rates(HEAD + 'gaps = "interpolate"\nmax_gap = "1h"\n')
    assert [0.01, 0.02, 0.03, 0.04, 0.05, 0.06] == pytest.approx(line.apy.tolist())
    assert [True, True, True, False, True, True] == line.observed.tolist()
    assert market.provenance["gaps"][0]["filled_with"] == "line between its neighbours"


def test_the_longest_stretch_without_a_hole_may_be_kept(tmp_path):
    """Hour 3 is missing: hours 0 to 2 are kept, 3 bars are dropped, and the market says so."""
    lending = hourly_lending({0: 1, 1: 2, 2: 3, 4: 5, 5: 6})
    head = HEAD + 'gaps = "drop"\n'
    market = load_mapping(write(tmp_path, head + PRICE + LENDING, p=candles(), l=lending))
    assert [0.01, 0.02, 0.03] == pytest.approx(market.supply["k", "SOL"].apy.tolist())
    assert market.times[0] == START
    (gap,) = market.provenance["gaps"]
    assert (gap["missing"], gap["dropped"]) == (1, 3)
    assert [source["file"] for source in market.provenance["sources"]] == ["p.csv", "l.csv"]


def test_a_gap_decision_that_is_none_is_refused(tmp_path):
    with pytest.raises(SourceError, match="gaps: got 'guess'; wanted is 'error', 'ffill'"):
        load_mapping(write(tmp_path, HEAD + 'gaps = "guess"\n' + PRICE, p=candles()))
