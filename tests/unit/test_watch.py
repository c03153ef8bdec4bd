"""Watching: who is told what and when, on given times; the history, the channels, the secrets."""

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basislab.errors import ConfigError
from basislab.position.file import TEMPLATE, parse_position
from basislab.position.types import Position
from basislab.position.watch.channels import channels_of, line_of, terminal
from basislab.position.watch.conditions import (
    CARRY_S,
    DISAGREE_S,
    GONE_S,
    LAST,
    SILENCE_S,
    WARN,
    Look,
    Poll,
    conditions_of,
    look_at,
)
from basislab.position.watch.history import KEEP_S, History, Saved
from basislab.position.watch.judge import HOUR_S, Alert, Condition, Kept, judge
from basislab.position.watch.metrics import Metrics, Server
from basislab.position.watch.secrets import secrets_of
from basislab.position.watch.watcher import Watcher

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ROOT = Path(__file__).parents[2]
ASKED = ("hyperliquid", "kamino")
READ = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
NOW = READ + timedelta(seconds=30)


def held(mark: float = 184.2, **short: float) -> Position:
    """The template's position at another price of the coin."""
    position = parse_position(TEMPLATE, "my.toml")
    assert position.short is not None
    assert position.loan is not None
    return position.model_copy(
        update={
            "short": position.short.model_copy(update={"mark_usd": mark} | short),
            "loan": position.loan.model_copy(update={"price_usd": mark}),
        }
    )


def bad(position: Position, now: datetime = NOW, **poll: object) -> dict[str, str]:
    """The conditions that are bad, with what they say."""
    look = look_at(Poll(position, **poll), now, ASKED)  # type: ignore[arg-type]
    return {one.key: one.text for one in conditions_of(look) if one.is_bad}


def low(value: float, *, is_urgent: bool = True) -> Condition:
    """A distance with limit 10 % that is well again at 11 %."""
    return Condition("low", f"{value:.0%}", value < 0.10, value >= 0.11, is_urgent)


def told(values: list[float], every_s: float = 60.0, *, is_urgent: bool = True) -> list[str]:
    """News of a series of values, one a poll."""
    memory: dict[str, Kept] = {}
    found = []
    for number, value in enumerate(values):
        alerts, memory = judge([low(value, is_urgent=is_urgent)], memory, number * every_s)
        found += [f"{number} {alert.news}" for alert in alerts]
    return found


def test_a_crossing_is_told_at_once_and_not_again_within_its_hour() -> None:
    """Polls a minute apart: told at poll 1, reminded at polls 61 and 121."""
    assert ["1 new", "61 still", "121 still"] == told([0.2] + [0.09] * 125)


def test_between_limit_and_hysteresis_nothing_begins_and_nothing_ends() -> None:
    """10.5 % is neither below 10 % nor at 11 %: noise around the limit is one alert."""
    assert ["1 new", "5 over"] == told([0.105, 0.099, 0.105, 0.099, 0.105, 0.111, 0.105])


def test_what_is_urgent_is_told_again_when_it_returns_and_the_rest_waits_its_hour() -> None:
    back = [0.09, 0.2, 0.09, 0.09]
    assert ["0 new", "1 over", "2 new"] == told(back)
    assert ["0 new", "1 over"] == told(back, is_urgent=False)
    assert ["0 new", "1 over", "2 new"] == told(back, every_s=HOUR_S / 2, is_urgent=False)


def test_patience_asks_for_a_condition_that_lasts() -> None:
    silent = Condition("silent", "no", is_bad=True, is_well=False, patience_s=120.0)
    well = replace(silent, is_bad=False, is_well=True)
    memory: dict[str, Kept] = {}
    found = []
    for number, one in enumerate([silent, silent, well, silent, silent, silent]):
        alerts, memory = judge([one], memory, number * 60.0)
        found += [number for _ in alerts]
    assert [5] == found


def test_what_cannot_be_judged_stays_as_it_was() -> None:
    """Stale numbers end no alert and begin none."""
    _, memory = judge([low(0.09)], {}, 0.0)
    unknown = replace(low(0.0), is_bad=None, is_well=False)
    alerts, after = judge([unknown], memory, 2 * HOUR_S)
    assert ((), memory) == (alerts, after)
    assert ((), {}) == judge([unknown], {}, 0.0)


def test_a_clock_that_was_ahead_silences_nothing_for_longer_than_an_hour() -> None:
    """Told at 10 h by a clock that then goes back to 5 h: the reminder comes at 6 h."""
    _, memory = judge([low(0.09)], {}, 10 * HOUR_S)
    alerts, memory = judge([low(0.09)], memory, 5 * HOUR_S)
    assert alerts == ()
    alerts, _ = judge([low(0.09)], memory, 6 * HOUR_S)
    assert ["still"] == [alert.news for alert in alerts]


def test_a_clock_that_was_ahead_for_a_while_has_not_let_an_hour_pass() -> None:
    """Told at 0, over; seen well two hours ahead; back at minute 10 it is not told again."""
    slow = low(0.09, is_urgent=False)
    well = low(0.2, is_urgent=False)
    _, memory = judge([slow], {}, 0.0)
    _, memory = judge([well], memory, 60.0)
    _, memory = judge([well], memory, 2 * HOUR_S)
    assert () == judge([slow], memory, 600.0)[0]


@given(st.lists(st.tuples(st.floats(0.05, 0.15), st.integers(1, 4_000)), max_size=60))
def test_no_bad_number_is_ever_untold_and_none_told_twice_within_the_hour(
    polls: list[tuple[float, int]],
) -> None:
    """After every poll: below the limit means open; between two alerts an hour, or an end."""
    memory: dict[str, Kept] = {}
    now, last = 0.0, None
    for value, seconds in polls:
        now += seconds
        alerts, memory = judge([low(value)], memory, now)
        assert value >= 0.10 or memory["low"].is_open
        for alert in alerts:
            assert alert.news == "over" or last is None or now - last >= HOUR_S
            last = None if alert.news == "over" else now


def test_the_templates_position_has_nothing_wrong_but_its_carry() -> None:
    """0.0000125 * 24 * 18 420 + supply - borrow is what the day brings; the hurdle is 4.6 %."""
    assert {} == {key: text for key, text in bad(held()).items() if key != "carry"}


@pytest.mark.parametrize(
    ("mark", "keys"),
    [
        (211.0, []),  # 251.71 / 211 - 1 = 19.3 %
        (213.0, ["short distance"]),  # 18.2 %, limit of the template 19 %
        (219.5, ["short distance", "action"]),  # 14.7 %, the policy's 15 %
        (235.0, ["short distance", "short near", "action"]),  # 7.1 %, half of it
        (149.0, []),  # 1 - 120 / 149 = 19.5 %
        (141.0, ["loan distance", "action"]),  # 14.9 %
        (128.0, ["loan distance", "loan near", "action", "ltv"]),  # LTV 9000 / 12 800 = 70.3 %
    ],
)
def test_each_limit_is_judged_by_the_legs_own_price(mark: float, keys: list[str]) -> None:
    found = bad(held(mark))
    assert keys == [key for key in found if key != "carry"]


def test_the_message_has_both_prices_and_what_the_policy_does() -> None:
    found = bad(held(219.5))
    said = "short 14.7% from liquidation (limit 19.0%): SOL at 219.50 USD, dies at 251.71 USD"
    assert said == found["short distance"]
    assert "1. deposit 500.00 USD of margin to hyperliquid; 2. borrow" in found["action"]


def test_a_hedge_that_is_not_whole_is_told() -> None:
    """97 sold against 100 held: 3 % of the larger leg, limit 2 %."""
    found = bad(held(size=97.0))
    assert "net delta +3.0000 SOL, 3.0% of the larger leg" == found["net delta"]


def test_stale_numbers_are_told_and_no_distance_is_judged_on_them() -> None:
    found = bad(held(250.0), READ + timedelta(hours=1))
    assert ["stale"] == list(found)
    assert "3600 s old, limit 900 s" in found["stale"]


def test_a_loan_that_lags_is_judged_at_the_shorts_mark() -> None:
    """An indexer an hour behind says 184.20; at the fresh mark of 130 the loan is 7.7 % away."""
    position = held(184.2, mark_usd=130.0)
    assert position.loan is not None
    late = {"time": READ - timedelta(hours=1), "price_time": READ - timedelta(hours=1)}
    position = position.model_copy(update={"loan": position.loan.model_copy(update=late)})
    found = bad(position)
    assert "loan 7.7% from liquidation" in found["loan distance"]
    assert "by the short's mark, the loan is stale" in found["loan distance"]
    assert "action" not in found


def test_a_leg_that_is_gone_is_told_unless_its_venue_is_silent() -> None:
    position = held().model_copy(update={"loan": None})
    assert "loan gone" in bad(position, gone=("loan",))
    silent = bad(position, gone=(), problems={"kamino": "no answer"})
    assert ["kamino silent"] == [key for key in silent if key != "carry"]


def test_figures_that_disagree_are_told() -> None:
    found = bad(held(venue_liquidation_usd=240.0))
    assert "short dies at 251.71 USD, its venue says 240.00 USD" in found["numbers"]
    found = bad(held(mark_usd=190.0))
    assert "mark 190.00 USD, lending oracle 184.20 USD" in found["numbers"]


@pytest.fixture(autouse=True)
def _histories_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[History] = []
    make = History.__init__

    def remembered(self: History, path: Path) -> None:
        make(self, path)
        opened.append(self)

    monkeypatch.setattr(History, "__init__", remembered)
    yield
    for history in opened:
        history.close()


class Made:
    """A poller that gives what it is told."""

    def __init__(self, position: Position) -> None:
        self.poll = Poll(position)
        self.given: list[Position | None] = []

    def __call__(self, last: Position | None) -> Poll:
        self.given.append(last)
        return self.poll


def watcher(
    place: Path, poller: Made, heard: list[Alert], now: list[float], *, works: bool = True
) -> Watcher:
    """A watch over one file, whose channel may be down."""

    def send(alert: Alert) -> bool:
        heard.extend([alert] if works else [])
        return works

    history = History(place / "h.sqlite")
    return Watcher(poller, history, {"made": send}, print, ASKED, lambda: now[0])


def test_a_restart_remembers_what_was_told_and_the_last_position(tmp_path: Path) -> None:
    heard: list[Alert] = []
    now = [NOW.timestamp()]
    poller = Made(held(213.0))
    first = watcher(tmp_path, poller, heard, now)
    first.once()
    first.keeper.close()  # type: ignore[attr-defined]
    watcher(tmp_path, poller, heard, now).once()
    assert ["short distance"] == [alert.key for alert in heard]
    assert [None, held(213.0)] == poller.given


def test_a_message_that_no_channel_took_is_sent_later_once(tmp_path: Path) -> None:
    """Also by the next process; what was over before anybody heard of it is not told."""
    heard: list[Alert] = []
    now = [NOW.timestamp()]
    poller = Made(held(213.0))
    down = watcher(tmp_path, poller, heard, now, works=False)
    down.once()
    down.keeper.close()  # type: ignore[attr-defined]
    assert heard == []
    up = watcher(tmp_path, poller, heard, now)
    up.once()
    up.once()
    assert ["new"] == [alert.news for alert in heard]
    up.keeper.close()  # type: ignore[attr-defined]
    down = watcher(tmp_path, poller, heard, now, works=False)
    poller.poll = Poll(held(128.0))
    down.once()
    poller.poll = Poll(held(184.2))
    down.once()
    down.channels = {"made": lambda alert: bool(heard.append(alert)) or True}
    down.once()
    assert [("short distance", "new"), ("short distance", "over")] == [
        (alert.key, alert.news) for alert in heard
    ]


def test_a_full_disk_is_told_and_watching_goes_on(tmp_path: Path) -> None:
    """SQLite itself says that it is full; told at the next poll, over when there is room."""
    heard: list[Alert] = []
    now = [NOW.timestamp()]
    poller = Made(held())
    watch = watcher(tmp_path, poller, heard, now)
    database = watch.keeper._database  # type: ignore[attr-defined]
    watch.once()
    database.execute("PRAGMA max_page_count = 1")
    for _ in range(200):
        watch.once()
        now[0] += 0.01
    assert ["history"] == [alert.key for alert in heard]
    assert "database or disk is full" in heard[0].text
    poller.poll = Poll(held(213.0))
    watch.once()
    assert "short distance" == heard[-1].key
    database.execute("PRAGMA max_page_count = 100000")
    watch.once()
    watch.once()
    assert ("history", "over") == (heard[-1].key, heard[-1].news)


def test_one_history_has_one_watch_and_no_other_file_is_taken_for_one(tmp_path: Path) -> None:
    history = History(tmp_path / "h.sqlite")
    with pytest.raises(ConfigError, match="another watch writes to it"):
        History(tmp_path / "h.sqlite")
    history.close()
    assert 0o600 == (tmp_path / "h.sqlite").stat().st_mode & 0o777
    (tmp_path / "no.sqlite").write_text("this is a text, and no database at all" * 99)
    with pytest.raises(ConfigError, match="not a database"):
        History(tmp_path / "no.sqlite")
    with pytest.raises(ConfigError, match="cannot be written"):
        History(tmp_path / "no.sqlite" / "h.sqlite")


def test_a_history_of_another_form_begins_anew(tmp_path: Path) -> None:
    history = History(tmp_path / "h.sqlite")
    history._database.execute("INSERT INTO kept VALUES (1, '{\"memory\": 5}')")
    assert Saved() == history.load()


def test_polls_and_alerts_are_kept_and_old_ones_deleted(tmp_path: Path) -> None:
    history = History(tmp_path / "h.sqlite")
    alert = Alert("low", "new", "9%", 0.0)
    assert "" == history.save(Saved(), 0.0, {"a": 1}, (alert,))
    assert "" == history.save(Saved(), 500 * 86_400.0, {"a": 2})
    history.close()
    with sqlite3.connect(tmp_path / "h.sqlite") as database:
        rows = database.execute("SELECT figures FROM polls").fetchall()
        assert [('{"a": 2}',)] == rows
        assert [] == database.execute("SELECT * FROM alerts").fetchall()
    database.close()


def test_secrets_come_from_the_environment_or_a_private_file_and_are_not_shown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "secrets"
    path.write_text("# mine\nBASISLAB_ALERTS='json://a/key1 json://b/key2'\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        secrets_of({}, path)
    path.chmod(0o600)
    found = secrets_of({"BASISLAB_RPC_URL": "https://node/key3"}, path)
    assert ("json://a/key1", "json://b/key2") == found.alerts
    assert "https://node/key3" == found.rpc_url
    assert "key" not in repr(found)
    path.write_text("BASISLAB_ALERT=json://a/key1", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 1 is none of") as error:
        secrets_of({}, path)
    assert "key1" not in str(error.value)


def test_an_address_of_no_known_kind_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigError, match="address 2 of 2") as error:
        channels_of(("json://localhost/a", "nonsense://s3cret"), "title")
    assert "s3cret" not in str(error.value)


def test_a_channel_that_fails_says_so_and_writes_its_address_nowhere(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    channels = channels_of(("json://127.0.0.1:9/s3cret?rto=1&cto=1",), "title")
    assert ["1 json"] == list(channels)
    assert [False] == [send(Alert("low", "new", "9%", 0.0)) for send in channels.values()]
    out = capfd.readouterr()
    assert "s3cret" not in caplog.text + out.out + out.err


def test_text_from_outside_is_one_printable_line() -> None:
    lines: list[str] = []
    terminal(lines.append)(Alert("low", "still", "\x1b[31mred\nnext " + "x" * 5_000, 0.0))
    assert lines[0].startswith("1970-01-01 00:00:00 UTC  still:  [31mred next x")
    assert "\x1b" not in lines[0]
    assert len(lines[0]) < 1_100
    assert "over: low: 12%" in line_of(Alert("low", "over", "12%", 0.0))


def look(position: Position) -> Look:
    return look_at(Poll(position, problems={"kamino": "no"}), NOW, ASKED)


def test_metrics_show_the_look_and_health_is_the_last_polls() -> None:
    metrics, healthy = Metrics(), [True]
    metrics.update(look(held()), {"low": Kept(0.0, is_open=True, told=0.0)}, 2, NOW.timestamp())
    with Server(metrics, 0, lambda: healthy[0]) as server:
        page = urlopen(f"{server.url}/metrics").read().decode()  # noqa: S310 - loopback
        assert 'basislab_leg_liquidation_usd{leg="loan"} 120.0' in page
        assert 'basislab_leg_age_seconds{leg="short"} 30.0' in page
        assert 'basislab_venue_is_read{venue="kamino"} 0.0' in page
        assert 'basislab_alert_is_open{condition="low"} 1.0' in page
        assert "basislab_unsent_alerts 2.0" in page
        assert b"ok\n" == urlopen(f"{server.url}/healthz").read()  # noqa: S310
        healthy[0] = False
        with pytest.raises(OSError, match="503"):
            urlopen(f"{server.url}/healthz")  # noqa: S310
        with pytest.raises(OSError, match="404"):
            urlopen(f"{server.url}/")  # noqa: S310
        metrics.update(look(held().model_copy(update={"short": None})), {}, 0, NOW.timestamp())
        page = urlopen(f"{server.url}/metrics").read().decode()  # noqa: S310
        assert 'leg="short"' not in page
        with pytest.raises(ConfigError, match="cannot be used"):
            Server(metrics, int(server.url.rpartition(":")[2]), lambda: True)


def test_the_history_reads_back_everything(tmp_path: Path) -> None:
    saved = Saved(
        {"low": Kept(1.0, is_open=True, told=2.0)},
        (("made", Alert("low", "new", "9%", 1.0)),),
        held(),
    )
    history = History(tmp_path / "h.sqlite")
    history.save(saved, 1.0, json.loads("{}"))
    assert saved == history.load()


def test_what_is_shipped_for_prometheus_and_grafana_names_metrics_that_exist() -> None:
    """Every one that is served stands on the page, and no rule asks for one that is not."""
    metrics = Metrics()
    served = {found.name for found in metrics.registry.collect()}
    folder = ROOT / "examples" / "watch"
    used = set()
    for name in ("alerts.yml", "dashboard.json"):
        used |= set(re.findall(r"basislab_\w+", (folder / name).read_text(encoding="utf-8")))
    assert used <= served
    assert json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    assert served == set(re.findall(r"basislab_\w+", page))


def test_the_page_names_every_condition() -> None:
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    keys = [one.key for one in conditions_of(look(held())) if not one.key.endswith("silent")]
    assert [] == [key for key in keys if f"`{key}`" not in page]


AMOUNT = st.floats(1e-9, 1e12, allow_subnormal=False)


@given(AMOUNT, AMOUNT, AMOUNT, st.floats(0, 1e12), st.floats(-1e12, 1e12), st.booleans())
def test_no_position_that_a_file_can_hold_stops_the_watch(
    size: float, mark: float, price: float, debt: float, margin: float, has_loan: bool
) -> None:
    """Absurd numbers are judged or left unjudged, and their words are written."""
    position = held(mark, size=size, margin_usd=margin)
    assert position.loan is not None
    loan = position.loan.model_copy(update={"price_usd": price, "debt_usd": debt})
    position = position.model_copy(update={"loan": loan if has_loan else None})
    poll = Poll(position, legs=("short", "loan") if has_loan else ("short",))
    conditions = conditions_of(look_at(poll, NOW, ASKED))
    assert all(one.text or one.is_bad is None for one in conditions)
    assert len({one.key for one in conditions}) == len(conditions)


def test_the_page_says_the_constants_of_the_code() -> None:
    page = " ".join((ROOT / "docs" / "watch.md").read_text(encoding="utf-8").split())
    assert (90.0, 120.0, 300.0, 3_600.0) == (GONE_S, SILENCE_S, DISAGREE_S, CARRY_S)
    assert (1.25, 0.5) == (WARN, LAST)
    assert f"Rows older than {KEEP_S // 86_400} days are deleted" in page
