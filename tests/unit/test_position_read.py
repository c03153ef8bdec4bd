"""A position is read from what the venues answer: every account mode, every shape refused."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from basislab.cli.app import app
from basislab.data.fake import FakeMarket, FakeVenues
from basislab.data.sources import aave_account, hyperliquid_account, kamino_portfolio
from basislab.errors import ConfigError, SourceError
from basislab.position import load_position
from basislab.position.answers import asked, saved_answers
from basislab.position.liquidation import loan_price, short_price
from basislab.position.market import volatility, with_market
from basislab.position.reading import Reading, read_answers

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "api"
ISOLATED = "hyperliquid_clearinghouseState_isolated_short_SOL.json"
UNIFIED = "hyperliquid_clearinghouseState_unified_short_SOL.json"
LONG = "hyperliquid_clearinghouseState_BTC_long.json"
SPOT = "hyperliquid_spotClearinghouseState_unified.json"
PORTFOLIO = "hyperliquid_spotClearinghouseState_portfolio_margin.json"
UNIFIED_MODE = "hyperliquid_userAbstraction_unified.json"
KAMINO = "kamino_portfolio.json"
AAVE = "aave_getUserAccountData.json"
VANILLA = "11111111111111111111111111111112"

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the made samples are not here")


def folder(place: Path, *names: str, **made: Any) -> Path:
    for name in names:
        shutil.copy(SAMPLES / name, place)
    for name, tree in made.items():
        (place / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
    return place


@needs_samples
def test_the_samples_die_at_120_and_251_71_and_agree_with_the_venue(tmp_path: Path) -> None:
    answers = saved_answers(folder(tmp_path, ISOLATED, KAMINO))
    held = read_answers(answers, obligation=VANILLA).position
    assert held.short is not None
    assert held.loan is not None
    assert short_price(held.short) == pytest.approx(held.short.venue_liquidation_usd)
    assert round(short_price(held.short) or 0, 2) == 251.71
    assert loan_price(held.loan) == pytest.approx(120.0)
    assert held.idle_usd == 2_500  # withdrawable beside the isolated margin


@needs_samples
def test_unified_mode_is_not_0_usd(tmp_path: Path) -> None:
    """7380 USDC lie in the spot account: margin 7380 + 620 = 8000, as isolated, so 251.71."""
    answers = saved_answers(folder(tmp_path, UNIFIED, UNIFIED_MODE, SPOT))
    held = read_answers(answers).position
    assert held.short is not None
    assert held.short.margin_mode == "unified"
    assert held.short.margin_usd == pytest.approx(8_000)
    assert short_price(held.short) == pytest.approx(25_800 / 102.5)


@needs_samples
@pytest.mark.parametrize("names", [(UNIFIED,), (UNIFIED, UNIFIED_MODE)])
def test_without_the_spot_account_nothing_is_read_instead_of_0_usd(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match="spotClearinghouseState"):
        read_answers(saved_answers(folder(tmp_path, *names)))


@needs_samples
def test_portfolio_mode_keeps_the_venues_ratio(tmp_path: Path) -> None:
    made = folder(tmp_path, UNIFIED, PORTFOLIO, mode="portfolioMargin")
    held = read_answers(saved_answers(made)).position
    assert held.short is not None
    assert held.short.margin_ratio == 0.412
    assert short_price(held.short) is None


@needs_samples
def test_several_loans_are_asked_for_and_a_null_limit_is_refused(tmp_path: Path) -> None:
    answers = saved_answers(folder(tmp_path, KAMINO))
    with pytest.raises(ConfigError, match=r"Vanilla.*Multiply.*--obligation"):
        read_answers(answers)
    with pytest.raises(ConfigError, match="not in US dollars"):
        read_answers(answers, obligation="11111111111111111111111111111113")


@needs_samples
def test_aave_agrees_with_its_health_factor(tmp_path: Path) -> None:
    """9000 / (100 * 0.83) = 108.43, and 184.20 / 1.69873 is the same."""
    answers = saved_answers(folder(tmp_path, ISOLATED, AAVE))
    held = read_answers(answers).position
    assert held.loan is not None
    assert loan_price(held.loan) == pytest.approx(9_000 / 83)
    assert held.loan.venue_liquidation_usd == pytest.approx(9_000 / 83)


@needs_samples
def test_two_answers_of_a_kind_are_an_error_and_a_long_is_no_short(tmp_path: Path) -> None:
    folder(tmp_path, LONG)
    with pytest.raises(ConfigError, match="held long"):
        read_answers(saved_answers(tmp_path))
    with pytest.raises(ConfigError, match="a second answer of the kind"):
        saved_answers(folder(tmp_path, ISOLATED))


def test_a_folder_without_answers_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no account's answer"):
        saved_answers(folder(tmp_path, prices=[1, 2]))
    with pytest.raises(ConfigError, match="no such folder"):
        saved_answers(tmp_path / "none")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["assetPositions", "position", "balances", "lending", "ctx", "result"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PARSERS = [
    hyperliquid_account.parse_mode,
    hyperliquid_account.parse_account,
    hyperliquid_account.parse_spot,
    hyperliquid_account.parse_active_context,
    lambda tree, where: hyperliquid_account.parse_context(tree, where, "SOL"),
    kamino_portfolio.parse_portfolio,
    aave_account.parse_aave,
]


@given(JSON)
def test_any_json_is_read_or_refused_in_one_sentence(tree: Any) -> None:
    for parse in PARSERS:
        said = "answer"
        try:
            parse(tree, "answer")
        except SourceError as error:
            said = str(error)
        assert said.startswith("answer")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVenues]:
    until = int(UNTIL.timestamp())
    with FakeVenues(FakeMarket(until, start=until - 40 * 86_400)) as venues:
        monkeypatch.setenv("BASISLAB_VENUES_URL", venues.url)
        yield venues


def test_rates_and_volatility_come_with_the_position_and_a_refusal_is_a_note(
    server: FakeVenues, tmp_path: Path
) -> None:
    """Of the hours that began before now; an unknown coin's rate stays unknown, never zero."""
    answers = asked("0x" + "0" * 40, "1" * 32, None, None)
    reading = with_market(read_answers(answers), UNTIL)
    held = reading.position
    assert held.loan is not None
    supply, _ = server.venues.market.lending("SOL")
    _, borrow = server.venues.market.lending("USDC")
    assert held.loan.supply_apy == pytest.approx(supply[-2], rel=1e-6)
    assert held.loan.borrow_apy == pytest.approx(borrow[-2], rel=1e-6)
    closes = server.venues.market.bars("SOL", "hyperliquid").close[-30 * 24 - 1 : -1]
    assert held.policy.volatility_annual == pytest.approx(volatility(closes), rel=1e-6)
    other = Reading(held.model_copy(update={"coin": "JUP"}), ())
    found = with_market(other, UNTIL)
    assert found.position.loan is not None
    assert found.position.loan.supply_apy is None
    assert "supply APY of JUP stays unknown" in found.notes[0]


def read(out: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["position", "read", "--out", str(out), *words])


def test_the_isolated_and_the_unified_account_are_read_from_the_network(
    server: FakeVenues, tmp_path: Path
) -> None:
    """Margin is 40 % of the notional in both: (1 + 0.4) / 1.025 of the price."""
    price = server.venues.accounts.price
    for last, mode in (("0", "isolated"), ("1", "unified")):
        out = tmp_path / f"{mode}.toml"
        done = read(out, "--hyperliquid", f"0x{last:0>40}", "--kamino", "1" * 32)
        assert done.exit_code == 0, done.exception
        held = load_position(out)
        assert held.short is not None
        assert held.loan is not None
        assert held.short.margin_mode == mode
        assert short_price(held.short) == pytest.approx(price * 1.4 / 1.025, rel=1e-4)
        assert loan_price(held.loan) == pytest.approx(price * 0.5 / 0.75, rel=1e-4)
        assert held.short.funding_rate_hourly == 0.0000125


def test_aave_is_read_through_a_node_whose_key_is_never_shown(
    server: FakeVenues, tmp_path: Path
) -> None:
    out = tmp_path / "a.toml"
    node = f"{server.url}/node/s3cret-key"
    words = ("--hyperliquid", "0x" + "0" * 40, "--aave", "0x" + "a" * 40)
    done = read(out, *words, "--rpc", node)
    assert done.exit_code == 0, done.exception
    assert "s3cret" not in done.output + out.read_text(encoding="utf-8")
    refused = read(out, *words, "--rpc", f"{server.url}/nowhere/s3cret-key")
    assert refused.exception is not None
    assert "s3cret" not in str(refused.exception)


def test_reading_again_keeps_the_policy(server: FakeVenues, tmp_path: Path) -> None:
    out = tmp_path / "a.toml"
    assert read(out, "--kamino", "1" * 32).exit_code == 0
    text = out.read_text(encoding="utf-8").replace("act_below = 0.15", "act_below = 0.2")
    out.write_text(text, encoding="utf-8")
    assert read(out, "--kamino", "1" * 32).exit_code == 0
    assert load_position(out).policy.act_below == 0.2


def test_an_address_that_never_had_anything_is_named(server: FakeVenues, tmp_path: Path) -> None:
    done = read(tmp_path / "a.toml", "--hyperliquid", "0x" + "9" * 40)
    assert isinstance(done.exception, ConfigError)
    assert "agent's address" in str(done.exception)


def test_what_is_no_address_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    for words in (
        ["--kamino", "../x"],
        ["--hyperliquid", "me"],
        ["--aave", "0x1", "--rpc", "https://a/b"],
        [],
    ):
        assert isinstance(read(tmp_path / "a.toml", *words).exception, ConfigError)


def keccak256(data: bytes) -> bytes:
    """Keccak as Ethereum has it (padding 0x01), from the reference's description."""
    mask = 2**64 - 1

    def turn(lane: int, by: int) -> int:
        return ((lane << by % 64) | (lane >> (64 - by % 64))) & mask

    rate, state = 136, [[0] * 5 for _ in range(5)]
    padded = bytearray(data + b"\x01") + bytearray(-(len(data) + 1) % rate)
    padded[-1] |= 0x80
    for block in range(0, len(padded), rate):
        for i in range(rate // 8):
            lane = padded[block + 8 * i : block + 8 * i + 8]
            state[i % 5][i // 5] ^= int.from_bytes(lane, "little")
        r = 1
        for _ in range(24):
            c = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in state]
            d = [c[(x - 1) % 5] ^ turn(c[(x + 1) % 5], 1) for x in range(5)]
            state = [[state[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, held = 1, 0, state[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                held, state[x][y] = state[x][y], turn(held, (t + 1) * (t + 2) // 2)
            state = [
                [
                    state[x][y] ^ (~state[(x + 1) % 5][y] & mask & state[(x + 2) % 5][y])
                    for y in range(5)
                ]
                for x in range(5)
            ]
            for j in range(7):
                r = ((r << 1) ^ ((r >> 7) * 0x71)) % 256
                state[0][0] ^= ((r >> 1) & 1) << ((1 << j) - 1)
    return b"".join(state[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def test_aaves_selector_and_the_pools_checksum_are_those_of_their_hash() -> None:
    """Selector: first 4 bytes of the signature's hash; EIP-55: capitals where a nibble is >= 8."""
    assert keccak256(b"").hex().startswith("c5d2460186f7233c927e7db2dcc703c0")
    selector = keccak256(b"getUserAccountData(address)").hex()[:8]
    assert aave_account._SELECTOR == selector == "bf92857c"
    plain = aave_account.POOL[2:].lower()
    digest = keccak256(plain.encode()).hex()
    told = "".join(c.upper() if int(h, 16) > 7 else c for c, h in zip(plain, digest, strict=False))
    assert f"0x{told}" == aave_account.POOL


LOAN = {
    "obligation": VANILLA,
    "liquidationLtv": "0.75",
    "maxLtv": "0.74",
    "updatedAt": "2026-11-27T09:29:40.000Z",
    "borrows": [{"symbol": "USDC", "amount": "9000.0", "value": "9000.0"}],
}


@needs_samples
def test_staked_collateral_counts_as_what_it_is_worth_and_another_coin_is_refused(
    tmp_path: Path,
) -> None:
    """80 JitoSOL for 18 420 USD at a mark of 184.20 are 100 SOL: the loan dies at 120 again."""
    staked = LOAN | {"deposits": [{"symbol": "JitoSOL", "amount": "80.0", "value": "18420.0"}]}
    made = folder(tmp_path, ISOLATED, kamino={"lending": [staked]})
    reading = read_answers(saved_answers(made))
    assert reading.position.loan is not None
    assert reading.position.loan.size == pytest.approx(100.0)
    assert loan_price(reading.position.loan) == pytest.approx(120.0)
    assert "80.0000 JitoSOL count as 100.0000 SOL" in reading.notes[0]
    other = LOAN | {"deposits": [{"symbol": "JUP", "amount": "80.0", "value": "18420.0"}]}
    made = folder(tmp_path, kamino={"lending": [other]})
    with pytest.raises(ConfigError, match="do not move together"):
        read_answers(saved_answers(made))


@needs_samples
def test_staked_collateral_without_a_price_of_the_coin_is_refused(tmp_path: Path) -> None:
    staked = LOAN | {"deposits": [{"symbol": "JitoSOL", "amount": "80.0", "value": "18420.0"}]}
    made = folder(tmp_path, kamino={"lending": [staked]})
    with pytest.raises(ConfigError, match="takes a price of it"):
        read_answers(saved_answers(made), coin="SOL")
