"""P(liquidation) from a held position: the engine's Monte-Carlo, begun at today's distances."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.position.expect import HORIZONS, _config, at_close, expected
from basislab.position.file import TEMPLATE, parse_position
from basislab.position.state import state_of

SHORT_PATHS = 60


def held(**changed: str) -> bl.Position:
    """The template's position with other lines."""
    lines = TEMPLATE.splitlines()
    for name, value in changed.items():
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[at] = f"{name} = {value}"
    return parse_position("\n".join(lines), "my.toml")


@pytest.fixture(scope="module")
def market() -> bl.Market:
    return bl.load_market()


def test_the_paths_begin_at_todays_distances(market: bl.Market) -> None:
    """USD are scaled to the market's last close: distances, leverages and limits stay."""
    position = held()
    assert position.short is not None
    assert position.loan is not None
    config = _config(position, position.short, position.loan)
    before, after = state_of(position, None), state_of(at_close(position, market, config), None)
    for leg in ("short", "loan"):
        was, now = getattr(before, leg), getattr(after, leg)
        assert now.distance == pytest.approx(was.distance)
        assert now.leverage == pytest.approx(was.leverage)
    assert after.short is not None
    assert after.short.price_usd == pytest.approx(float(market.reference_price.close[-1]))


def test_what_is_near_dies_more_often_and_later_horizons_never_less(market: bl.Market) -> None:
    """At a debt of 13 500 the loan dies 2.3 % below: nearly always within 90 days."""
    far = {row.days: row for row in expected(held(), market, paths=SHORT_PATHS)[: len(HORIZONS)]}
    near_rows = expected(held(debt_usd="13500.0"), market, paths=SHORT_PATHS)
    near = {row.days: row for row in near_rows[: len(HORIZONS)]}
    assert HORIZONS == tuple(far)
    for rows in (far, near):
        chances = [rows[days].either for days in HORIZONS]
        assert sorted(chances) == chances
        assert all(rows[d].either >= max(rows[d].loan, rows[d].short) for d in HORIZONS)
    assert near[90].loan > 0.9
    assert near[1].either >= far[1].either
    assert near[90].either > far[90].either


def test_what_has_no_liquidation_price_or_another_coin_is_refused(market: bl.Market) -> None:
    with pytest.raises(ConfigError, match="both legs are wanted"):
        expected(held().model_copy(update={"loan": None}), market)
    with pytest.raises(ConfigError, match="it is of SOL, the position of ETH"):
        expected(held(coin='"ETH"'), market)


def test_show_adds_the_table_where_a_market_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(TEMPLATE, encoding="utf-8")
    words = ["position", "show", str(path), "--market", "sample", "--paths", str(SHORT_PATHS)]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0, shown.exception
    assert "P(liquidation) within" in shown.stdout
    assert "nothing is done" in shown.stdout
    rows = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["liquidation"]
    assert 2 * len(HORIZONS) == len(rows)
