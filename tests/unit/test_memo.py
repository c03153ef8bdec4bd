"""The memo: what a decision says, on the screen, as a page, as Markdown and as JSON."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.report.memo.answer import REASONS, WORDS, answer
from basislab.report.memo.page import memo_document
from basislab.report.memo.sentences import TITLES, paragraphs
from basislab.report.memo.tables import memo_tables
from basislab.report.render.markdown import markdown_text
from basislab.report.render.page import html_page
from basislab.types.decision import Ahead


@pytest.fixture(scope="module")
def sample():
    return bl.load_market()


@pytest.fixture(scope="module")
def found(sample):
    return bl.decide(sample, capital_usd=10_000, paths=1)


def test_the_money_is_all_there(found):
    """Own part of the long, margin of the short and the opening's costs are the capital."""
    todo = found.orders
    assert todo.own_usd + todo.margin_usd + todo.entry_usd == pytest.approx(10_000)
    assert todo.coins == pytest.approx(todo.contracts)
    assert todo.long_usd - todo.debt_usd == pytest.approx(todo.own_usd)


def test_every_number_of_the_dict_is_json_and_bare_of_arrays(found):
    body = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (410, 90, 10_000) == (body["days"], body["horizon_days"], body["capital_usd"])
    assert set(found.PARTS) <= set(body)


def test_a_decision_of_an_earlier_day_sees_nothing_after_it(sample, found):
    """The first steps of the walk-forward, chosen and lived by then, are the same."""
    early = bl.decide(sample, capital_usd=10_000, paths=1, at="2025-12-26")
    assert "2025-12-26" == early.last_day
    assert found.walk.rows[:3] == early.walk.rows


def test_the_hurdle_stands_by_name_in_the_answer_and_every_table(sample):
    other = bl.decide(sample, capital_usd=10_000, paths=1, hurdle=0.03, since="2025-06-01")
    assert "5 % a year" not in answer(other)
    assert "3 % a year" in answer(other)
    for own in memo_tables(other).values():
        for table in own:
            assert any("3 % a year" in note for note in table.notes)


def test_a_lower_hurdle_is_beaten_by_more(sample, found):
    easy = bl.decide(sample, capital_usd=10_000, paths=1, hurdle=0.0)
    assert easy.made.excess.middle > found.made.excess.middle
    assert "0 % a year" == easy.hurdle


def test_the_memo_has_six_points_in_order_and_no_private_words(found):
    text = paragraphs(found)
    assert len(TITLES) == len(text) == 6
    for title, paragraph in zip(TITLES[1:], text[1:], strict=True):
        assert paragraph.startswith(f"**{title}.** ")
    for private in ("walk pts", "lived through", "what speaks for", "naked"):
        assert private not in " ".join(text).lower()


def test_the_memo_is_short(found):
    """Two screens: at most 750 words."""
    assert len(" ".join(paragraphs(found)).split()) < 750


def test_what_is_not_worth_it_begins_by_saying_that_nothing_has_to_be_done(found):
    for word, is_idle in (("not worth it", True), ("cannot be told", True), ("worth it", False)):
        text = paragraphs(replace(found, word=word))[3]
        assert is_idle == ("Nothing has to be done" in text)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_its_sentence(found, word):
    said = answer(replace(found, word=word, sureness="", why=()))
    assert said.startswith(f"**{WORDS[word]}")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_told_where_the_answer_is_open(found, reason):
    said = answer(replace(found, word="cannot be told", why=(reason,)))
    assert REASONS[reason] in said


def test_nothing_passed_is_said_as_such(found):
    out = replace(found, chosen=replace(found.chosen, is_passed=False), word="not worth it")
    assert "None of 42 sizes tried passes" in answer(out)


def test_a_loan_is_told_with_its_price_and_a_long_without_one_has_none(found):
    todo = replace(found.orders, debt_usd=100.0, long_death_usd=40.0, long_distance=0.5)
    text = paragraphs(replace(found, orders=todo))[3]
    assert "owe 100 USDC" in text
    assert "the loan at 40.00 USD (-50%)" in text
    assert "Without a loan" in paragraphs(found)[3]


AHEAD = Ahead(
    paths_count=1_000,
    middle_usd=100.0,
    low_usd=-50.0,
    high_usd=300.0,
    beats_share=0.7,
    long_liquidated_share=0.002,
    short_liquidated_share=0.03,
)


def test_what_to_expect_is_drawn_from_now_and_the_past_stands_beside_it(found):
    """The sample has days enough to draw from; the drawn numbers are its own, in order."""
    seen = found.ahead
    assert seen.low_usd < seen.middle_usd < seen.high_usd
    assert 0.0 < seen.beats_share < 1.0
    assert 0.0 == seen.long_liquidated_share  # a long without a loan
    text = paragraphs(replace(found, ahead=AHEAD))[2]
    assert "about +100 USD" in text
    assert "below -50, one in twenty above +300" in text
    assert "in 70% of cases" in text
    assert "Opened in any week of the past" in text


def test_a_chance_of_liquidation_is_told_of_the_legs_that_have_one(found):
    text = paragraphs(replace(found, ahead=AHEAD))[2]
    assert "the short is liquidated is 3%." in text
    assert "the loan" not in text
    owed = replace(found, ahead=AHEAD, orders=replace(found.orders, debt_usd=100.0))
    assert "the short is liquidated is 3%, the loan below 1%." in paragraphs(owed)[2]


def test_another_hurdle_is_not_told_as_the_lenders(sample):
    """Drawn futures know the lender's supply rate; a hurdle of one's own has no share there."""
    part = sample.window("2025-01-01", "2025-12-31")
    other = bl.decide(part, capital_usd=10_000, paths=1, hurdle=0.03)
    assert other.ahead.beats_share is None
    assert "It beats the hurdle in" not in paragraphs(other)[2]


def test_a_past_too_short_to_draw_from_has_its_openings_only(found):
    text = paragraphs(replace(found, ahead=None))[2]
    assert text.startswith("**What to expect.** Opened in any week of the past")


def test_the_page_shows_the_memo_open_and_how_it_was_chosen_closed(found):
    page = html_page(memo_document(found), drawn={"memo-equity": [], "memo-regimes": []})
    assert "<details class" not in page  # paper shows all
    page = html_page(memo_document(found), bundle="")
    assert 1 == page.count('<details class="chapter">')
    first, _, rest = page.partition('<details class="chapter">')
    assert "The decision</h2>" in first
    assert "How the size was chosen</h2>" in rest


def test_figures_say_in_their_title_what_is_to_be_seen(found):
    figures = memo_document(found).figures
    side = "above" if found.made.annualized > found.made.hurdle_annualized else "below"
    assert f"ends {side} the hurdle" in figures["memo-equity"].title
    best = max(found.half_years, key=lambda row: row.excess_return)
    assert figures["memo-regimes"].title.startswith(best.name)


def test_the_curve_that_is_drawn_ends_where_the_return_says(found):
    """With two paths the one nearest to the median is one of both."""
    ends = found.curves.chosen_usd[-1] / 10_000 - 1
    made = np.array([found.made.low_annualized, found.made.high_annualized]) * 410 / 365
    assert made.min() - 1e-3 <= ends <= made.max() + 1e-3


def test_markdown_names_its_figures(found):
    text = markdown_text(memo_document(found))
    assert ["memo-regimes", "memo-equity"] == re.findall(r"figures/([a-z-]+)\.svg", text)


def test_it_draws_itself_and_says_what_it_is(found):
    assert found.plot().to_dict()["width"] == 760
    assert found.plot("regimes").to_dict()["width"] == 760
    with pytest.raises(ConfigError, match="one of equity, regimes"):
        found.plot("legs")
    assert found.word in repr(found)
    assert found.hurdle in found.summary()
    assert "<pre>" in found._repr_html_()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"horizon_days": 6}, "horizon: got 6"),
        ({"horizon_days": 405}, "the past must hold it"),
        ({"paths": 0}, "paths: got 0"),
        ({"at": "2031-01-01"}, "outside market"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_reason(sample, values, says):
    with pytest.raises(ConfigError, match=says):
        bl.decide(sample, **values)


def test_the_command_prints_the_memo_and_writes_it(tmp_path):
    html, md = tmp_path / "memo.html", tmp_path / "memo.md"
    given = ["decide", "--capital", "10000", "--paths", "1", "--html", html, "--md", md]
    made = CliRunner().invoke(app, [str(each) for each in given])
    assert 0 == made.exit_code, made.output
    flat = " ".join(made.stdout.split())
    for title in TITLES[1:]:
        assert f"{title}. " in flat
    assert "<title>SOL: 10,000 USD, 90 days</title>" in html.read_text()
    assert "## The decision" in md.read_text()
    assert (tmp_path / "figures" / "memo-equity.svg").exists()


def test_the_command_gives_every_number_as_json():
    given = ["decide", "--paths", "1", "--since", "2025-06-01", "--hurdle", "0.03", "--json"]
    made = CliRunner().invoke(app, given)
    assert 0 == made.exit_code, made.output
    assert "3 % a year" == json.loads(made.stdout)["hurdle"]
