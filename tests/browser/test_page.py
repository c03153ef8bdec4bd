"""The study's page in a real browser: nothing fetched, nothing broken, readable on a phone."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from basislab.report.render.page import html_page

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium (Debian: apt install chromium, or set CHROMIUM)"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("page") / "study.html"
    path.write_text(html_page(document))
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page that was opened and drawn, with all that went wrong or out of it."""

    def __init__(self, browser, address, **context):
        self.context = browser.new_context(offline=True, accept_downloads=True, **context)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def width(self):
        return self.page.evaluate("document.documentElement.scrollWidth")

    def colour(self, selector="body"):
        code = "s => getComputedStyle(document.querySelector(s)).backgroundColor"
        return self.page.evaluate(code, selector)


@pytest.fixture(scope="module")
def desk(browser, address):
    visit = Visit(browser, address, viewport={"width": 1440, "height": 900}, color_scheme="light")
    visit.page.evaluate("document.querySelectorAll('details.chapter').forEach(d => d.open = true)")
    yield visit
    visit.context.close()


@pytest.fixture(scope="module")
def phone(browser, address):
    visit = Visit(
        browser,
        address,
        viewport={"width": 390, "height": 800},
        color_scheme="dark",
        has_touch=True,
    )
    yield visit
    visit.context.close()


@pytest.mark.parametrize("where", ["desk", "phone"])
def test_nothing_is_fetched_and_nothing_complains(where, request, address):
    visit = request.getfixturevalue(where)
    assert [url for url in visit.requests if not url.startswith(("data:", "blob:"))] == [address]
    assert visit.complaints == []


@pytest.mark.parametrize("where", ["desk", "phone"])
def test_every_figure_is_drawn_inside_its_frame(where, request):
    visit = request.getfixturevalue(where)
    widths = visit.page.evaluate(
        """() => [...document.querySelectorAll('[data-figure] .panel')].map(panel => {
            const svg = panel.querySelector('svg');
            return svg ? [svg.getBoundingClientRect().width, panel.clientWidth] : [0, 1];
        })"""
    )
    assert len(widths) > 18
    assert [pair for pair in widths if not 0.8 * pair[1] <= pair[0] <= pair[1] + 1] == []


def test_the_page_itself_does_not_scroll_sideways_on_a_phone(phone):
    assert phone.width() == 390
    inside = phone.page.evaluate(
        "[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)"
    )
    assert inside  # wide tables scroll in their own box


CLOSED = "[...document.querySelectorAll('details.chapter')].map(d => d.open)"


def test_chapters_below_the_first_are_closed_and_a_link_opens_its_own(phone):
    assert set(phone.page.evaluate(CLOSED)) == {False}
    assert not phone.page.is_visible("#risks .chapter > p")
    assert phone.page.is_visible("main > section:first-of-type > p")
    phone.page.evaluate("location.hash = '#risks'")
    phone.page.wait_for_function("document.querySelector('#risks details').open")
    assert 1 == sum(phone.page.evaluate(CLOSED))
    phone.page.evaluate("document.querySelector('#risks details').open = false")


def test_closed_chapters_print_open(phone):
    """The browser tells the page before it prints; a style does the same where it does not."""
    phone.page.emulate_media(media="print")
    shown = "getComputedStyle(document.querySelector('#risks details'), '::details-content')"
    assert "visible" == phone.page.evaluate(f"{shown}.contentVisibility")
    phone.page.emulate_media(media="screen")
    phone.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert set(phone.page.evaluate(CLOSED)) == {True}
    phone.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert set(phone.page.evaluate(CLOSED)) == {False}


def test_the_theme_follows_the_system_and_the_button(desk, phone):
    white, dark = "rgb(255, 255, 255)", "rgb(16, 21, 28)"
    assert (white, dark) == (desk.colour(), phone.colour())
    desk.page.focus("#theme")
    desk.page.keyboard.press("Enter")
    assert dark == desk.colour()
    stroke = "document.querySelector('#figure-equity .mark-line path').getAttribute('stroke')"
    assert desk.page.evaluate(stroke).startswith("var(")  # a figure follows without being redrawn
    desk.page.keyboard.press("Enter")
    assert white == desk.colour()


def test_paper_is_light_whatever_the_theme(phone):
    phone.page.emulate_media(media="print")
    assert (
        phone.page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--paper')"
        )
        == "#ffffff"
    )
    assert not phone.page.is_visible("nav")
    phone.page.emulate_media(media="screen")


def test_a_series_is_hidden_with_the_keyboard(desk):
    lines = "document.querySelectorAll('#figure-drawdown .mark-line path').length"
    before = desk.page.evaluate(lines)
    desk.page.focus('#figure-drawdown [data-series="rotation"]')
    desk.page.keyboard.press("Space")
    desk.page.wait_for_function(f"{lines} === {before - 1}")
    desk.page.keyboard.press("Space")
    desk.page.wait_for_function(f"{lines} === {before}")


def test_another_leverage_is_another_waterfall(desk):
    texts = "document.querySelector('#figure-waterfall svg').textContent"
    assert "830" in desk.page.evaluate(texts)
    desk.page.click('#figure-waterfall [data-leverage="4"]')
    desk.page.wait_for_function(f"{texts}.includes('3,244')")


def test_zooming_one_figure_zooms_the_other_figures(desk):
    legs = "document.querySelector('#figure-legs .panel svg').textContent"
    assert "Jan 2026" in desk.page.evaluate(legs)
    desk.page.click('#figure-equity [data-zoom="in"]')
    desk.page.wait_for_function(f"!{legs}.includes('Jan 2026')")
    desk.page.click('#figure-legs [data-zoom="reset"]')
    desk.page.wait_for_function(f"{legs}.includes('Jan 2026')")


def test_data_of_a_figure_are_saved_without_a_network(desk):
    with desk.page.expect_download() as saved:
        desk.page.click('#figure-equity [data-save="csv"]')
    lines = Path(saved.value.path()).read_text().splitlines()
    assert "equity.csv" == saved.value.suggested_filename
    assert "day,series,equity_usd,leverage" in lines
    assert any(line.startswith("2026-02-13,rebalance,9") and line.endswith(",3") for line in lines)


def test_the_trials_returns_are_saved_unpacked_and_without_scripts_packed(desk, browser, address):
    """The link itself holds the packed file; a browser that can unpacks it into plain CSV."""
    link = 'a[data-file="certificate-returns.csv"]'
    with desk.page.expect_download() as saved:
        desk.page.click(link)
    text = Path(saved.value.path()).read_text()
    assert saved.value.suggested_filename == "certificate-returns.csv"
    assert text.startswith("day,cscv_block,")
    assert len(text.splitlines()) == 411
    context = browser.new_context(offline=True, accept_downloads=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.click("#certificates summary")
    with page.expect_download() as packed:
        page.click(link)
    assert packed.value.suggested_filename == "certificate-returns.csv.gz"
    assert gzip.decompress(Path(packed.value.path()).read_bytes()).decode() == text
    context.close()


def test_contents_and_skip_link_lead_to_chapters(desk):
    desk.page.click('nav a[href="#risks"]')
    desk.page.wait_for_function(
        "Math.abs(document.getElementById('risks').getBoundingClientRect().top) < 200"
    )
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.tagName") in ("A", "DIV", "BUTTON", "SUMMARY")
