"""Replay: a log that the engine's own run wrote gives no difference; what is wrong is named."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.data import save_market
from basislab.data.fake import FakeMarket, FakeVenues
from basislab.data.sources.hyperliquid import expected_rate
from basislab.errors import ConfigError, SourceError
from basislab.position.replay import causes
from basislab.position.replay.log import fetch_log, load_loan, load_log
from basislab.position.replay.replay import Replay, replay, text_of
from basislab.types.market import FundingSeries, Market, PriceSeries
from tests.venue_builders import hourly_market

HOUR_MS = 3_600_000
START_MS = 1_735_689_600_000  # 2025-01-01T00:00Z, the made market's first open
COINS, TAKER_BPS = 100.0, 3.5


@pytest.fixture(scope="module")
def market() -> Market:
    """60 hours; oracle apart from the perp, rates of both signs."""
    random = np.random.default_rng(5)
    perp = 100 * np.exp(np.cumsum(random.normal(0, 0.005, 60)))
    rates = random.normal(1e-5, 2e-5, 60)
    made = hourly_market(
        perp.tolist(),
        spot=(perp * 1.001).tolist(),
        oracle=(perp * 0.999).tolist(),
        supply=0.06,
        borrow=0.08,
        funding=rates,
    )
    return dataclasses.replace(made, funding={"hyperliquid": made.funding["perp"]})


Rows = list[dict[str, Any]]


def fill(hour: int, side: str, before: float, price: float, **changes: Any) -> dict[str, Any]:
    """100 coins at an hour's end and a minute, with Hyperliquid's taker fee."""
    row = {
        "coin": "SOL",
        "px": str(price),
        "sz": str(COINS),
        "side": side,
        "time": START_MS + hour * HOUR_MS + 60_000,
        "startPosition": str(before),
        "closedPnl": "0.0",
        "fee": str(COINS * price * TAKER_BPS / 1e4),
        "tid": hour,
    }
    return row | changes


def payments(market: Market, first: int, last: int) -> Rows:
    """What Hyperliquid pays 100 sold coins: rate times oracle price at every hour's end."""
    rates = market.funding["hyperliquid"].rate
    oracle = market.prices["perp", "oracle"].close
    rows = []
    for bar in range(first, last):
        usdc = COINS * rates[bar] * oracle[bar]
        delta = {"type": "funding", "coin": "SOL", "usdc": f"{usdc:.12f}", "szi": str(-COINS)}
        delta |= {"fundingRate": f"{rates[bar]:.15f}"}
        rows.append({"time": START_MS + (bar + 1) * HOUR_MS + 41, "hash": "0x", "delta": delta})
    return rows


def loan(first: int, last: int, repaid: float = 500.0) -> str:
    """A balance at both ends; 6 % and 8 % a year compound hourly, 500 USD repaid half way."""
    middle = (first + last) // 2
    coins, debt = COINS, 5_000.0
    for hour in range(first, last):
        coins *= 1.06 ** (1 / 8_760)
        debt *= 1.08 ** (1 / 8_760)
        debt -= repaid if hour + 1 == middle else 0.0

    def stamp(hour: int) -> str:
        return str(np.datetime64(START_MS // 1_000 + hour * 3_600, "s")) + "Z"

    return (
        "time,event,coins,usd\n"
        f"{stamp(first)},balance,{COINS},5000\n"
        f"{stamp(middle)},repay,,{repaid}\n"
        f"{stamp(last)},balance,{coins:.12f},{debt:.10f}\n"
    )


def written(
    place: Path, market: Market, change: Callable[[Rows], object] = lambda _: None, **tables: str
) -> Path:
    """A log of 100 coins sold after hour 5 and bought back after hour 45."""
    rows = payments(market, 5, 45)
    change(rows)
    fills = [fill(5, "A", 0.0, 100.0), fill(45, "B", -COINS, 101.0)]
    (place / "funding.json").write_text(json.dumps(rows), encoding="utf-8")
    (place / "fills.json").write_text(json.dumps(fills), encoding="utf-8")
    (place / "loan.csv").write_text(tables.get("loan", loan(5, 45)), encoding="utf-8")
    return place


def replayed(place: Path, market: Market) -> Replay:
    return replay(load_log(place), market, perp="hyperliquid", lending="kamino")


def test_a_known_history_gives_no_difference_of_a_cent(tmp_path: Path, market: Market) -> None:
    """Funding of 40 hours by hand, fees of 3.5 bps on 10 000 and 10 100 USD, interest by hand."""
    found = replayed(written(tmp_path, market), market)
    assert () == found.differences
    assert () == found.notes
    rates = market.funding["hyperliquid"].rate[5:45]
    oracle = market.prices["perp", "oracle"].close[5:45]
    assert found.accounts["funding"][0] == pytest.approx(float(np.sum(COINS * rates * oracle)))
    assert found.accounts["trading_fees"][1] == pytest.approx(-(10_000 + 10_100) * 3.5e-4)
    assert found.accounts["borrow_interest"][0] < 0 < found.accounts["supply_interest"][0]
    assert abs(found.total) < 0.005
    assert "no difference of a cent" in text_of(found)


def test_the_books_are_those_of_an_engines_run(tmp_path: Path, market: Market) -> None:
    """A run that only holds: the funding that replay expects of its contracts is what it booked.

    Contracts are the margin's notional over the mark: equity / (equity / notional) / mark.
    """
    config = bl.VenueConfig(leverage=2.0, capital_usd=10_000.0, policy="never", band=None)
    result = bl.backtest(market, config)
    notional = result.column("short_usd") / result.column("margin_ratio")
    contracts = float((notional / market.prices["perp", "perp"].close)[0])
    rows = payments(market, 1, 60)
    for row in rows:
        row["delta"]["szi"] = str(-contracts)
    (tmp_path / "funding.json").write_text(json.dumps(rows), encoding="utf-8")
    found = replayed(tmp_path, market)
    assert found.accounts["funding"][1] == pytest.approx(result.ledger.accounts["funding"])


def test_the_engine_from_the_same_start_is_a_backtest_of_the_logs_hours(
    tmp_path: Path, market: Market
) -> None:
    """Sold 100 at hour 5 with 5 000 USD of margin, 100 lent against 5 000 USD of debt."""
    log = load_log(written(tmp_path, market))
    found = replay(log, market, perp="hyperliquid", lending="kamino", margin_usd=5_000.0)
    assert found.alone is not None
    start = found.alone.start
    price = float(market.prices["perp", "spot"].close[5])
    assert (5, COINS, COINS, 5_000.0) == (start.bar, start.sold, start.lent, start.debt_usd)
    assert start.capital_usd == pytest.approx(COINS * price)
    assert start.leverages == pytest.approx((COINS * price / (COINS * price - 5_000), price / 50))
    assert 1 == found.alone.events["open"]
    assert found.alone.change_usd == pytest.approx(sum(found.alone.accounts.values()))
    ours = found.accounts["funding"][0]
    assert found.alone.accounts["funding"] == pytest.approx(ours, rel=0.05)
    assert "The engine from the same start" in text_of(found)


def changed(name: str, factor: float) -> Callable[[Rows], object]:
    def change(rows: Rows) -> None:
        for row in rows:
            row["delta"][name] = f"{factor * float(row['delta'][name]):.15f}"

    return change


@pytest.mark.parametrize(
    ("change", "cause", "share"),
    [
        (changed("usdc", -1.0), causes.SIGN, -2.0),
        (changed("usdc", 8.0), causes.EIGHT, 7.0),
        (changed("usdc", 0.125), causes.EIGHTH, -0.875),
        (changed("usdc", 1.3), causes.PRICE, 0.3),
    ],
    ids=["sign", "eight", "eighth", "price"],
)
def test_signs_and_units_are_found_and_named(
    change: Callable[[Rows], object], cause: str, share: float, tmp_path: Path, market: Market
) -> None:
    """The difference is the share of the right amount: twice it, seven times it, and so on."""
    right = replayed(written(tmp_path, market), market).accounts["funding"][1]
    found = replayed(written(tmp_path, market, change), market)
    assert [cause] == [one.cause for one in found.differences]
    assert found.differences[0].usd == pytest.approx(share * right, abs=1e-6)
    assert 40 == found.differences[0].count
    assert f"funding: {cause} (40 times, 2025-01-01 06:00 to" in text_of(found)


def test_missing_hours_are_found_and_named(tmp_path: Path, market: Market) -> None:
    """Hours 10 to 15 are cut out: bars 10 to 14 of the market are lacking."""

    def cut(rows: Rows) -> None:
        del rows[5:10]

    found = replayed(written(tmp_path, market, cut), market)
    rates = market.funding["hyperliquid"].rate[10:15]
    lost = float(np.sum(COINS * rates * market.prices["perp", "oracle"].close[10:15]))
    (one,) = found.differences
    assert (causes.MISSING, 5) == (one.cause, one.count)
    assert one.usd == pytest.approx(-lost)


def test_another_size_another_rate_and_other_fees_are_told_apart(
    tmp_path: Path, market: Market
) -> None:
    def change(rows: Rows) -> None:
        for row in rows[:10]:
            row["delta"]["szi"], row["delta"]["usdc"] = "-150.0", "5.0"
        for row in rows[10:20]:
            row["delta"]["fundingRate"], row["delta"]["usdc"] = "0.001", "6.0"

    place = written(tmp_path, market, change)
    fills = [fill(5, "A", 0.0, 100.0, fee="1.5"), fill(45, "B", -COINS, 101.0)]
    (place / "fills.json").write_text(json.dumps(fills), encoding="utf-8")
    found = {one.cause.split(":")[0]: one for one in replayed(place, market).differences}
    assert 10 == found["another size"].count
    assert 10 == found["another rate than the market's"].count
    fees = found["fees of 1.50 bps, the engine's taker fee is 3.50"]
    assert fees.usd == pytest.approx(2.0)


def test_interest_of_the_wrong_sign_or_rate_is_told(tmp_path: Path, market: Market) -> None:
    rows = loan(5, 45).splitlines()
    before, after = 5_000.0, float(rows[-1].split(",")[3])
    interest = after + 500 - before
    wrong = rows[-1].replace(rows[-1].split(",")[3], str(before - 500 - interest))
    text = "\n".join([*rows[:-1], wrong])
    found = replayed(written(tmp_path, market, loan=text), market)
    (one,) = found.differences
    assert "borrow_interest" == one.account
    assert one.cause.startswith("the sign is flipped")
    assert one.usd == pytest.approx(2 * interest)


def test_fills_that_do_not_follow_on_each_other_are_noted(tmp_path: Path, market: Market) -> None:
    place = written(tmp_path, market)
    fills = [fill(5, "A", 0.0, 100.0), fill(45, "B", -2 * COINS, 101.0)]
    (place / "fills.json").write_text(json.dumps(fills), encoding="utf-8")
    assert "fills are missing: 1" in replayed(place, market).notes[0]


def test_pages_that_overlap_count_once_and_other_coins_are_left_alone(
    tmp_path: Path, market: Market
) -> None:
    place = written(tmp_path, market)
    rows = json.loads((place / "funding.json").read_text(encoding="utf-8"))
    (place / "funding-2.json").write_text(json.dumps(rows[30:]), encoding="utf-8")
    other = [fill(7, "A", 0.0, 3_000.0, coin="ETH", tid=99)]
    (place / "eth.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(ConfigError, match="several coins \\(ETH, SOL\\)"):
        load_log(place)
    found = replay(load_log(place, "SOL"), market, perp="hyperliquid", lending="kamino")
    assert () == found.differences


def test_what_cannot_be_compared_is_refused_in_words(tmp_path: Path, market: Market) -> None:
    with pytest.raises(ConfigError, match="neither fills nor funding"):
        load_log(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        load_log(tmp_path / "none")
    log = load_log(written(tmp_path, market))
    with pytest.raises(ConfigError, match="bars of 86400 s"):
        replay(log, bl.load_market(), perp="hyperliquid", lending="kamino")
    with pytest.raises(ConfigError, match="nothing of BTC"):
        load_log(tmp_path, "BTC")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "got the columns a, b; wanted is time,event,coins,usd"),
        ("time,event,coins,usd\n2025-01-01,gift,1,\n", "row 1, event: got 'gift'"),
        ("time,event,coins,usd\nsoon,repay,1,\n", "row 1, time: got 'soon'"),
        ("time,event,coins,usd\n2025-01-01,repay,,-5\n", "row 1, usd: got '-5'"),
    ],
    ids=["columns", "event", "time", "number"],
)
def test_a_loan_table_of_another_form_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "loan.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as error:
        load_loan(path)
    assert said in str(error.value)


def test_a_history_is_fetched_page_by_page_and_replayed_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 days of the fake account in pages of 500: 720 payments of its market's rates."""
    until = 1_772_323_200  # 2026-03-01
    made = FakeMarket(until, start=until - 40 * 86_400)
    with FakeVenues(made) as venues:
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        fetch_log("0x" + "0" * 40, until - 31 * 86_400.0, tmp_path)
    log = load_log(tmp_path)
    assert (720, 1, 1) == (len(log.funding), len(log.fills), len(log.transfers))
    bars = made.bars("SOL", "hyperliquid")
    rates = np.array([expected_rate(one) for one in made.premium("SOL").tolist()])
    columns = (bars.open[:-1], bars.high[:-1], bars.low[:-1], bars.close[:-1])
    hours = Market(
        name="hours",
        asset="SOL",
        times=made.times[:-1].astype("datetime64[s]"),
        prices={("hyperliquid", "perp"): PriceSeries(*columns)},
        funding={"hyperliquid": FundingSeries(rates[1:])},
    )
    save_market(hours, directory=tmp_path / "market")
    words = ["replay", str(tmp_path), "--market", str(tmp_path / "market")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.exception
    assert "no difference of a cent" in done.stdout
    answer = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert answer["accounts"]["funding"]["live_usd"] == pytest.approx(
        answer["accounts"]["funding"]["engine_usd"], abs=0.005
    )
    alone = CliRunner().invoke(app, [*words, "--since", "2026-01-01"])
    assert isinstance(alone.exception, ConfigError)
