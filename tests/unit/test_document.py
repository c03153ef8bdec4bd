"""The study as a document: computed, complete, and without a number that somebody typed."""

import ast
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import numpy as np
import pytest

import basislab as bl
from basislab.report import chapters
from basislab.report.charts.palette import DARK, LIGHT, map_class, recolour
from basislab.report.check import fact_differences, table_differences, text_differences
from basislab.report.render.document import MARK, template_environment
from basislab.report.render.downloads import download_files
from basislab.report.render.markdown import markdown_text, pipe_table
from basislab.report.render.packing import packed, unpacked
from basislab.report.render.page import ASSETS, html_page, page_data
from basislab.report.report import study_report, study_runs
from basislab.report.spec import StudySpec, load_spec
from tests.unit.test_report import rising_eth_market

STUDY = Path(__file__).parents[2] / "studies" / "sol-2025" / "study.toml"

COUNTS = {
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "dozen",
    "both",
    "once",
    "twice",
    "hundred",
    "thousand",
    "none",
    "several",
}
VERDICTS = {
    "beat",
    "beats",
    "wins",
    "profitable",
    "unprofitable",
    "viable",
    "worth",
    "attractive",
    "fails",
    "failed",
    "better",
    "worse",
    "best",
    "worst",
    "good",
    "bad",
    "safe",
    "unsafe",
    "outperforms",
    "underperforms",
    "excellent",
    "poor",
}


def typed(template):
    """Return the digits, counts and verdicts that a template's own text holds."""
    text = re.sub(r"\{#.*?#\}", " ", template, flags=re.DOTALL)
    prose = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    words = re.findall(r"[a-z']+", prose.lower())
    tags = " ".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text, flags=re.DOTALL))
    return [
        *re.findall(r"\d+", prose),
        *re.findall(r"(?<![\w.])\d+", tags),  # a number printed by a tag is typed as well
        *(word for word in words if word in COUNTS or word in VERDICTS),
    ]


def document_of(market, spec):
    return study_report(study_runs(market, spec)).document()


@pytest.fixture(scope="module")
def page(document):
    return html_page(document, bundle="/* vega */")


@pytest.mark.parametrize("name", chapters.NAMES)
def test_chapters_hold_no_typed_digit_count_or_verdict(name):
    assert [] == typed(chapters.template(name))


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("the trade made 4.0 percent", ["4", "0"]),
        ("it was liquidated twice", ["twice"]),
        ("this beats the hurdle", ["beats"]),
        ("Three of the runs", ["three"]),
        ("return {{ 4 | pct }}", ["4"]),
        ("{{ facts.hurdle.mean_apy | pct }} a year", []),
    ],
)
def test_a_typed_digit_count_or_verdict_is_found(planted, found):
    assert found == typed(chapters.template("conclusions") + planted)


def test_the_page_around_the_chapters_holds_no_digit():
    text = (ASSETS / "page.html.j2").read_text()
    text = re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)
    assert typed(re.sub(r"<[^>]*>", " ", text)) == []


def texts_of(path):
    """Return the texts of a module but for its docstrings and what stands below its constants."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def is_prose(text):
    return " " in text and re.search("[A-Za-z]", text) is not None


ROOMS = Path(chapters.__file__).parent
SAYING = [*ROOMS.rglob("*.py"), ROOMS.parent / "study" / "verdict.py"]


@pytest.mark.parametrize("path", SAYING, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_prose_chosen_by_code_holds_no_typed_digit(path):
    """Formats, keys and the numbers of tables have no blank in them; prose has."""
    assert [text for text in texts_of(path) if is_prose(text) and re.search(r"\d", text)] == []


def test_prose_of_all_chapters_is_read_by_that_test():
    assert sum(is_prose(text) for path in SAYING for text in texts_of(path)) > 500


def test_an_unknown_fact_stops_the_document():
    template = template_environment().from_string("{{ facts.nothing | pct }}")
    with pytest.raises(jinja2.UndefinedError, match="nothing"):
        template.render(facts={})


def test_every_chapter_figure_and_table_is_in_the_document(document):
    assert list(document.chapters) == list(chapters.NAMES)
    marks = set(MARK.findall("\n".join(document.chapters.values())))
    assert {("figure", key) for key in document.figures} <= marks
    own = [key for key in document.tables if not key.startswith("certificate")]
    assert {("table", key) for key in own if document.tables[key]} <= marks
    assert list(document.numbers.values()) == list(range(1, len(document.figures) + 1))


def test_the_hurdle_stands_beside_every_return(document):
    for tables in document.tables.values():
        for table in tables:
            keys = {column.key for column in table.columns}
            assert "annualized" not in keys or "excess_annualized" in keys, table.title


def test_markdown_holds_the_study_figures(document):
    text = markdown_text(document)
    for row in (
        "| Realistic, default trigger | -3.5% | -8.1 | 3x, trigger 6x, drawdown 8.4% |",
        "| 3x | 6x | +205 | +566 | -62 | -4 | -21 | -830 | -244 | 0 | -390 |",
    ):
        assert row in text
    assert "@@" not in text
    assert "{{" not in text


def test_published_statements_are_computed_and_judged_by_code(study):
    rows = {row.subject: row for row in study.parts["published"].published}
    static = rows["Static return a year at 2x"]
    assert ("+5.9%", "+5.8%", "differs") == (static.said, static.found, static.word)
    short = rows["Price move that liquidates the short at 2x"]
    assert ("+90.5%", "+42.9%") == (short.said, short.found)
    fees = rows["Waterfall at 2x, trigger 5x: fees, USD"]
    assert ("-37", "agrees") == (fees.found, fees.word)
    net = rows["Waterfall at 2x, trigger 5x: sum of the printed items, USD"]
    assert ("+683", "+451") == (net.said, net.found)
    hours = [row.found for name, row in rows.items() if name.startswith("Settlements")]
    assert hours == ["4", "11"]


def test_venue_gap_adds_up_and_names_what_forgiveness_did(study):
    for row in study.facts["venue_gap"]:
        accounts = ("carry", "funding", "costs", "liquidation_penalty", "revaluation", "shortfall")
        total = sum(row[f"{name}_gap_usd"] for name in accounts)
        assert total == pytest.approx(row["net_gap_usd"], abs=1e-6)
    forgiven = study.facts["venue_gap"][-1]["shortfall_gap_usd"]
    assert forgiven == pytest.approx(1569.4 - 439.7, abs=0.1)


class Outline(HTMLParser):
    """Headings, identifiers, links within the page, what would be fetched, images without text."""

    def __init__(self):
        super().__init__()
        self.levels, self.ids, self.links, self.fetched, self.bare = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            self.fetched.append(address)
        if tag == "img" and not given.get("alt"):
            self.bare.append(tag)


def outline(html):
    parser = Outline()
    parser.feed(html)
    return parser


def test_page_fetches_nothing_and_its_outline_is_in_order(page):
    found = outline(page)
    assert found.fetched == []
    assert not re.search(r"@import|url\(", page.split("</style>")[0])
    assert found.levels[0] == 1
    assert 1 not in found.levels[1:]
    assert all(
        after - before <= 1 for before, after in zip(found.levels, found.levels[1:], strict=False)
    )
    assert len(found.ids) == len(set(found.ids))
    packed_files = [link for link in found.links if link.startswith("data:application/gzip")]
    assert len(packed_files) == 7
    assert {link[1:] for link in found.links if link not in packed_files} <= set(found.ids)


def test_page_with_its_program_stays_below_three_megabytes(document):
    assert 1_000_000 < len(html_page(document).encode()) < 3_000_000


def test_page_on_paper_has_no_script_and_a_text_for_every_figure(document):
    drawn = {figure.key: ["<svg/>"] * len(figure.panels) for figure in document.shown()}
    html = html_page(document, drawn=drawn)
    assert "<script" not in html
    assert outline(html).bare == []
    assert html.count("<img") == sum(len(figure.panels) for figure in document.shown())


def test_names_from_the_data_cannot_become_markup():
    market = rising_eth_market()
    spec = StudySpec(lending="aave", title="A <script>alert(1)</script> & co", holding_days=[7])
    html = html_page(document_of(market, spec), bundle="")
    assert "<script>alert" not in html
    assert "A &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html


def test_data_of_figures_are_packed_without_loss_and_held_once(document):
    figures = document.shown()
    data = page_data(figures)["data"]
    for figure in figures:
        for name, rows in figure.data.items():
            assert unpacked(data[name]) == rows
    assert packed([]) == {"rows": 0, "columns": {}}


def test_another_market_gives_a_document_that_speaks_of_it_only():
    spec = StudySpec(lending="aave", name="eth", title="A rising coin", holding_days=[7, 90])
    document = document_of(rising_eth_market(), spec)
    text = markdown_text(document)
    found = [
        word
        for word in ("SOL", "kamino", "410", "drift", "fell", "published study")
        if word in text
    ]
    assert found == []
    assert "ETH rose" in text
    assert "At the default trigger no leg was liquidated in this window." in text
    assert not {"venues", "published"} & set(document.chapters)
    assert "venue-gap" not in document.figures


def test_a_second_study_is_one_more_file():
    """Its window and its chapters are its own; SOL fell from 155 to 124 USD in it."""
    spec = load_spec(STUDY.parents[1] / "sol-2025-h2" / "study.toml")
    document = document_of(bl.load_market(spec.market), spec)
    assert list(document.chapters) == spec.chapters
    text = markdown_text(document)
    assert "SOL, 2025-07-01 to 2025-12-31" in text
    assert "2025-01-18" not in text
    assert 184 == document.about.bars_count


def test_chapters_are_chosen_in_the_study_file():
    spec = StudySpec(lending="aave", chapters=["method", "summary"], holding_days=[7])
    document = document_of(rising_eth_market(), spec)
    assert list(document.chapters) == ["summary", "quality", "method"]
    assert [figure.key for figure in document.shown()] == ["hurdle"]


def test_the_committed_document_is_what_is_computed(study, document):
    assert [] == list(
        text_differences(
            markdown_text(document), STUDY.with_name("study.md").read_text(), "study.md"
        )
    )
    kept = json.loads(STUDY.with_name("facts.json").read_text())
    assert [] == list(fact_differences(json.loads(json.dumps(study.facts)), kept))


def test_the_committed_data_are_what_is_computed(document):
    """Every file that the page hands out lies beside it, and no other does."""
    files = download_files(document.downloads)
    folder = STUDY.parent
    assert {str(path.relative_to(folder)) for path in (folder / "data").iterdir()} == set(files)
    for name, content in files.items():
        assert [] == list(table_differences(content.decode(), (folder / name).read_text(), name))


def test_a_cell_that_differs_is_named_and_words_are_compared_exactly():
    kept = "day,usd\na,1.0\nb,\n"
    assert [] == list(table_differences("day,usd\na,1.0000000001\nb,\n", kept, "x"))
    assert list(table_differences("day,usd\na,1.1\nb,\n", kept, "x")) == [
        "x[1][1]: computed 1.1, kept 1.0"
    ]
    assert list(table_differences("day,usd\na,1.0\nb,0\n", kept, "x")) == [
        "x[2][1]: computed 0.0, kept ''"
    ]
    assert list(table_differences("day,usd\na,nan\n", "day,usd\na,nan\n", "x")) == []


def test_a_difference_beyond_the_tolerance_is_named():
    kept = {"a": 1.0, "b": ["x"], "c": None}
    assert [] == list(fact_differences(kept | {"a": 1.0 + 1e-10}, kept))
    assert ["facts.a: computed 1.00001, kept 1.0"] == list(
        fact_differences(kept | {"a": 1.00001}, kept)
    )
    assert ["facts.c: computed 0, kept None"] == list(fact_differences(kept | {"c": 0}, kept))
    assert ["facts.d: only computed"] == list(fact_differences(kept | {"d": 1}, kept))


def test_pipes_in_names_stay_inside_their_cell(document):
    table = document.tables["provenance"][0]
    odd = type(table)("", "t", table.columns, [{"what": "a|b", "which": "c"}])
    assert "| a\\|b | c |" in pipe_table(odd)


def luminance(colour):
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stand_out_from_the_paper(palette):
    """WCAG 2.2: 4.5:1 for text, 3:1 for what a figure draws."""
    for name in ("ink", "soft", "gain", "loss"):
        assert contrast(palette[name], palette["paper"]) >= 4.5, name
    for name in ("static", "rebalance", "conditional", "rotation", "other", "price"):
        assert contrast(palette[name], palette["paper"]) >= 3, name
    for step in range(9):
        assert contrast(palette[f"on{step}"], palette[f"map{step}"]) >= 4.5, step


def test_roles_are_filled_in_for_files(document):
    assert set(LIGHT) == set(DARK)
    for figure in document.shown():
        for spec in figure.file_specs():
            assert "var(" not in json.dumps(spec)
    assert recolour(["var(--paper)"], DARK) == [DARK["paper"]]


def test_the_scale_of_maps_is_symmetric():
    values = np.linspace(-1.5, 1.5, 31)
    steps = [map_class(float(value), 1.0) for value in values]
    assert steps == sorted(steps)
    assert [8 - step for step in steps] == steps[::-1]


def test_files_hold_no_mark_that_only_a_pointer_would_show(document):
    """On the page a rule a day waits for the pointer; in a picture hundreds of them are unseen."""
    import vl_convert

    [figure] = [each for each in document.shown() if each.key == "drawdown"]
    assert '"hover"' in json.dumps(figure.specs())
    [svg] = [vl_convert.vegalite_to_svg(spec) for spec in figure.file_specs()]
    assert 'opacity="0"' not in svg
    assert svg.count('aria-roledescription="line mark"') == len(figure.legend)


def test_every_figure_is_drawn_as_svg_with_its_description(document):
    import vl_convert

    for figure in document.shown():
        svg = vl_convert.vegalite_to_svg(figure.file_specs()[0])
        assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own
        assert len(svg) > 3_000, figure.key
        assert len(figure.alt) > 40
