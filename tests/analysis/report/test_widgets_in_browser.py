"""Gallery, map and plots in headless Chromium, with names that hold anything and more items than a page."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from outvoted.analysis.mining.cells import span
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.report.drawing import plot_text
from outvoted.analysis.report.gallery import Exhibit, Exhibits, gallery
from outvoted.analysis.report.page import Page, write_page
from outvoted.analysis.report.report import Plot, Section
from outvoted.search.transforms import PixelSwap
from tests.analysis.mining.test_weaknesses import swapped
from tests.browser import console_errors, theme

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"
PEERS = ["one", HOSTILE, "three"]
CLASSES = ["zero", HOSTILE, "<b>two</b>"]
ITEMS = 130
PHONE = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}


def item(number: int) -> Exhibit:
    """A photo and, two moves further, its mistake: the first is red, the last green."""
    images = np.zeros((2, 3, 80, 60), np.uint8)
    images[0, 0], images[1, 1] = 250, 250
    votes = np.full((3, 2, 3), 1 / 3, np.float32)
    votes[:, 1] = (0.125, 0.25, 0.625)
    measures = np.array([[0.0], [number]], np.float32)
    return Exhibit(str(number), [("seed", HOSTILE)], np.array([0, 2]), 2, images, votes, measures)


def exhibits() -> Exhibits:
    number = np.arange(ITEMS)
    return Exhibits(
        what="mistake",
        of=ITEMS,
        items=[item(k) for k in range(ITEMS)],
        target=number % 3,
        label=np.zeros(ITEMS, np.int64),
        predicted=1 + number % 2,
        voting=np.array([[0 if peer == k % 3 else 1 + peer % 2 for peer in range(3)] for k in number]),
        facets=(),
        peers=PEERS,
        classes=CLASSES,
        measures=["swaps <i>"],
    )


def sections() -> list[Section]:
    swaps, found = PixelSwap(), swapped(*range(ITEMS))
    found = found.assign(label=0, predicted=exhibits().predicted)
    who = Finders("target", PEERS, exhibits().target)
    plot = Plot(go.Figure(go.Bar(x=[plot_text(name) for name in PEERS], y=[1, 2, 3])), HOSTILE)
    surface = Plot(go.Figure(go.Surface(z=np.eye(3))))
    return [
        gallery(exhibits(), "Mistakes", "Text."),
        weaknesses(found, swaps, span(swaps, [found]), [who], CLASSES, gallery=True),
        Section("Plots", parts=[plot, surface]),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("widgets") / "report.html"
    write_page(Page("Widgets", sections=sections()), path)
    return path.as_uri()


@pytest.fixture
def shown(browser: Chrome, page: str) -> Chrome:
    browser.get(page)
    return browser


def one(browser: Chrome, selector: str) -> Any:
    return WebDriverWait(browser, 10).until(lambda found: found.find_element(By.CSS_SELECTOR, selector))


def all_of(browser: Chrome, selector: str) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, selector)


def pixel(browser: Chrome, selector: str) -> list[int]:
    """Return the colour in the middle of a canvas, once something is drawn there."""
    script = (
        "const c = document.querySelector(arguments[0]);"
        "return [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]"
    )

    def drawn(_: Chrome) -> Any:
        found = browser.execute_script(script, selector)
        return found if found[3] else None

    return list(WebDriverWait(browser, 10).until(drawn))


def until(browser: Chrome, holds: Callable[[], bool]) -> None:
    """Wait until something holds: keys and addresses are not handled at once."""
    WebDriverWait(browser, 10).until(lambda _: holds())


def test_names_that_hold_markup_are_shown_as_they_are(shown: Chrome) -> None:
    assert all_of(shown, "img") == []
    target, _, wrong = (Select(found) for found in all_of(shown, ".gallery select"))
    assert [option.text for option in target.options] == [
        "any (130)",
        "one (44)",
        f"{HOSTILE} (43)",
        "three (43)",
    ]
    assert f"{CLASSES[2]} (65)" in [option.text for option in wrong.options]
    all_of(shown, ".tiles button")[1].click()
    dialog = one(shown, "dialog[open]")
    assert f"zero → {CLASSES[2]}, {HOSTILE}" in dialog.text
    assert f"seed {HOSTILE}" in dialog.text
    assert "swaps <i>" in dialog.text
    assert console_errors(shown) == []


def test_tiles_and_steps_show_their_own_images(shown: Chrome) -> None:
    red, green = pixel(shown, ".tiles canvas:first-child"), pixel(shown, ".tiles canvas:last-child")
    assert red[0] > 200 > green[0]
    assert green[1] > 200 > red[1]
    all_of(shown, ".tiles button")[0].click()
    canvas = "dialog .two figure:last-child canvas"
    assert pixel(shown, canvas)[1] > 200
    one(shown, "dialog[open]").send_keys(Keys.HOME)
    WebDriverWait(shown, 10).until(lambda _: pixel(shown, canvas)[0] > 200)


def test_a_climb_tells_each_peers_answer_and_probabilities(shown: Chrome) -> None:
    all_of(shown, ".tiles button")[1].click()
    rows = [row.text.split() for row in all_of(shown, "dialog .ballots tbody tr")]
    assert rows[0] == ["one", "<b>two</b>", "0.125", "0.625"]
    assert rows[1][-4:] == ["target", "<b>two</b>", "0.125", "0.625"]
    assert one(shown, "dialog .step").text == "move 2 of 2"


def test_only_a_page_of_tiles_exists_and_pages_turn(shown: Chrome) -> None:
    before, after = all_of(shown, ".pager button")
    sizes = [len(all_of(shown, ".tiles li"))]
    while after.is_enabled():
        after.click()
        sizes.append(len(all_of(shown, ".tiles li")))
    assert sizes == [60, 60, 10]
    assert one(shown, ".found").text == "121–130 of 130 mistakes"
    before.click()
    assert one(shown, ".found").text == "61–120 of 130 mistakes"


def test_a_link_opens_its_mistake_on_whatever_page_and_closing_leaves_focus_there(
    shown: Chrome, page: str
) -> None:
    shown.execute_script("location.hash = 'mistake-125'")
    until(shown, lambda: bool(all_of(shown, "dialog[open]")))
    assert "126 of 130" in one(shown, "dialog[open]").text
    shown.switch_to.active_element.send_keys(Keys.ARROW_UP)
    until(shown, lambda: shown.current_url == f"{page}#mistake-124")
    shown.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(shown, lambda: shown.current_url == page)
    focused = "return [...document.querySelectorAll('.tiles button')].indexOf(document.activeElement)"
    until(shown, lambda: bool(shown.execute_script(focused) == 124 - 120))


def test_a_link_to_no_mistake_says_so(shown: Chrome) -> None:
    shown.execute_script("location.hash = 'mistake-130'")
    WebDriverWait(shown, 10).until(lambda found: "There is no mistake 130" in one(found, ".found").text)
    assert all_of(shown, "dialog[open]") == []


def test_the_map_counts_filters_and_leads_to_the_gallery(shown: Chrome) -> None:
    cells = {cell.get_attribute("aria-label"): cell for cell in all_of(shown, ".weak td button")}
    assert f"zero taken for {HOSTILE}: 65" in cells
    cells["zero taken for <b>two</b>: 65"].click()
    bars = [bar.get_attribute("aria-label").rsplit(": ", 1)[1] for bar in all_of(shown, ".weak .bins button")]
    assert sum(map(int, bars)) == 65
    assert shown.switch_to.active_element.get_attribute("aria-pressed") == "true"
    Select(one(shown, ".weak select")).select_by_visible_text("three")
    counted = one(shown, ".weak p").text
    all_of(shown, ".weak .filters button")[1].click()
    assert one(shown, ".found").text == "21 mistakes"
    assert counted.startswith("21 of 130 mistakes, zero taken for <b>two</b>")
    assert console_errors(shown) == []


def test_a_bar_of_the_map_leaves_the_cells_of_its_mistakes(shown: Chrome) -> None:
    bar = all_of(shown, ".weak .bins button")[0]
    count = int(bar.get_attribute("aria-label").rsplit(": ", 1)[1])
    bar.click()
    cells = [int(cell.text) for cell in all_of(shown, ".weak td button")]
    assert sum(cells) == count < ITEMS


def test_plots_follow_the_theme_and_send_nothing(shown: Chrome) -> None:
    shown.execute_script("document.querySelector('.plot').scrollIntoView()")
    WebDriverWait(shown, 20).until(lambda found: len(all_of(found, ".js-plotly-plot .main-svg")) >= 4)
    ink = "return getComputedStyle(document.querySelector('.xtick text')).fill"
    light = shown.execute_script(ink)
    shown.execute_script("Plotly.restyle(document.querySelector('.js-plotly-plot'), { y: [[9, 8, 7]] })")
    one(shown, "#theme").click()
    WebDriverWait(shown, 10).until(lambda found: found.execute_script(ink) != light)
    chosen = shown.execute_script("return document.querySelector('.js-plotly-plot').data[0].y")
    assert chosen == [9, 8, 7]
    labels = [label.text for label in all_of(shown, ".xtick text")]
    assert labels == PEERS
    buttons = [button.get_attribute("data-title") for button in all_of(shown, ".modebar-btn")]
    assert any("PNG" in title for title in buttons)
    assert [title for title in buttons if "hare" in title or "loud" in title] == []
    assert console_errors(shown) == []


def test_the_page_may_ask_for_nothing(shown: Chrome) -> None:
    script = "fetch('http://127.0.0.1:9/').then(() => arguments[0]('sent'), error => arguments[0]('refused'))"
    assert shown.execute_async_script(script) == "refused"
    errors = console_errors(shown)
    assert errors
    assert all("Content Security Policy" in error for error in errors)


def test_a_phone_scrolls_down_alone(browser: Chrome, page: str) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        theme(browser, "dark")
        browser.get(page)
        width = "return document.documentElement.scrollWidth"
        assert browser.execute_script(width) <= 400
        all_of(browser, ".tiles button")[0].click()
        fits = "const d = document.querySelector('dialog'); return d.scrollWidth <= d.clientWidth"
        assert browser.execute_script(fits)
        assert browser.execute_script(width) <= 400
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
