"""The report of a mining run in headless Chromium: it renders, filters, steps, and asks for nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import Page, page, write_page
from outvoted.analysis.report.report import Section, Widget
from outvoted.analysis.report.table import Column, Table
from tests.browser import console_errors

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"


@pytest.fixture(scope="session")
def mined_page(run: OpenedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(page(run.record, mining_report(run)), path)
    return path


@pytest.fixture
def shown(browser: Chrome, mined_page: Path) -> Chrome:
    browser.get(mined_page.as_uri())
    return browser


def tiles(browser: Chrome) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, ".gallery li button")


def opened(browser: Chrome) -> Any:
    return WebDriverWait(browser, 10).until(lambda page: page.find_element(By.CSS_SELECTOR, "dialog[open]"))


def test_the_page_needs_nothing_but_itself(mined_page: Path) -> None:
    text = mined_page.read_text()
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?(?!data:)", text[:20_000])
    assert len(text) < 20e6


def test_every_mistake_has_its_tile(shown: Chrome, mistakes: list[dict[str, Any]]) -> None:
    assert len(tiles(shown)) == min(len(mistakes), 60)
    assert console_errors(shown) == []
    requests = shown.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in requests if not name.startswith(("data:", "blob:", "file:"))] == []


def test_filters_leave_what_they_name(shown: Chrome, mistakes: list[dict[str, Any]]) -> None:
    label = mistakes[0]["label"]
    alike = [row for row in mistakes if row["label"] == label]
    select = next(
        found
        for found in map(Select, shown.find_elements(By.CSS_SELECTOR, ".gallery select"))
        if any(option.text.startswith(f"{label} (") for option in found.options)
        and len({option.text.split(" ")[0] for option in found.options}) > 3
    )
    option = next(option for option in select.options if option.text.startswith(f"{label} ("))
    assert option.text == f"{label} ({len(alike)})"
    select.select_by_visible_text(option.text)
    assert len(tiles(shown)) == min(len(alike), 60)
    assert console_errors(shown) == []


def test_keys_step_through_a_climb(shown: Chrome, mistakes: list[dict[str, Any]]) -> None:
    row = mistakes[0]
    shown.get(f"{shown.current_url}#mistake-{row['search_id']}")
    shown.refresh()
    dialog = opened(shown)
    steps = len(row["move_parameters"])
    assert f"move {steps} of {steps}" in dialog.text
    dialog.send_keys(Keys.ARROW_LEFT)
    said = "seed" if steps == 1 else f"move {steps - 1} of {steps}"
    WebDriverWait(shown, 10).until(lambda page: said in opened(page).text)
    dialog.send_keys(Keys.HOME)
    WebDriverWait(shown, 10).until(lambda page: "to the mistake" in opened(page).text)
    assert len(dialog.find_elements(By.CSS_SELECTOR, ".ballots tbody tr")) == 3
    dialog.send_keys(Keys.ESCAPE)
    WebDriverWait(shown, 10).until(lambda page: not page.find_elements(By.CSS_SELECTOR, "dialog[open]"))
    assert console_errors(shown) == []


def test_the_theme_stays_as_it_was_chosen(shown: Chrome) -> None:
    def paper() -> str:
        return str(shown.execute_script("return getComputedStyle(document.body).backgroundColor"))

    light = paper()
    shown.find_element(By.ID, "theme").click()
    dark = paper()
    assert dark != light
    shown.refresh()
    assert paper() == dark
    assert console_errors(shown) == []


def test_what_comes_from_data_stays_text(browser: Chrome, tmp_path: Path) -> None:
    widget = Widget(
        Markup('<p class="said"></p>'), HOSTILE, 'element.querySelector(".said").textContent = data;'
    )
    section = Section(HOSTILE, HOSTILE, [Table(HOSTILE, [Column(HOSTILE)], [[HOSTILE]], HOSTILE), widget])
    found = Page(HOSTILE, [(HOSTILE, HOSTILE)], [(HOSTILE, HOSTILE)], [section])
    write_page(found, tmp_path / "page.html")
    browser.get((tmp_path / "page.html").as_uri())
    assert browser.title == HOSTILE
    assert browser.find_element(By.CLASS_NAME, "said").text == HOSTILE
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert console_errors(browser) == []


def test_sections_on_simulated_labellers_are_marked(browser: Chrome, tmp_path: Path) -> None:
    write_page(Page("x", sections=[Section("a", simulated=True), Section("b")]), tmp_path / "page.html")
    browser.get((tmp_path / "page.html").as_uri())
    assert browser.find_element(By.TAG_NAME, "body").text.lower().count("simulated") >= 2
