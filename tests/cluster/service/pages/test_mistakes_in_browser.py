"""The gallery, the map and the page of a mistake in headless Chromium."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from starlette.testclient import TestClient

from tests.browser import console_errors, phone, violations_in_light_and_dark
from tests.cluster.service.pages.conftest import MANY
from tests.cluster.service.pages.reading import Read

_ON_SCREEN = """
const box = (item) => item.getBoundingClientRect(), place = (item) => Number(item.dataset.place);
const items = [...document.querySelectorAll("#mistakes li")];
const there = items.filter((item) => box(item).bottom > 0 && box(item).top < innerHeight);
if (!there.length) return null;
return {
  coming: there.filter((item) => item.matches(".coming")).length,
  first: place(there[0]), last: place(there.at(-1)), top: box(there[0]).top, below: box(there.at(-1)).bottom,
  ordered: items.every((item, k) => k === 0 || place(item) === place(items[k - 1]) + 1),
  nodes: document.querySelectorAll("*").length,
};
"""
_FRAMES = """
const done = arguments[0], times = [];
let last = performance.now();
const frame = (now) => {
  times.push(now - last);
  last = now;
  scrollBy(0, 90);
  if (times.length < 60) requestAnimationFrame(frame); else done(times.sort((a, b) => a - b)[30]);
};
requestAnimationFrame(frame);
"""
MOST_NODES = 2500


def until(browser: Chrome, holds: Callable[[], Any], seconds: float = 20) -> Any:
    changing = (StaleElementReferenceException,)  # parts of the page are replaced meanwhile
    return WebDriverWait(browser, seconds, 0.05, changing).until(lambda _: holds())


def one(browser: Chrome, selector: str) -> Any:
    return until(browser, lambda: next(iter(browser.find_elements(By.CSS_SELECTOR, selector)), None))


def settled(browser: Chrome) -> dict[str, Any]:
    """Return what is on screen, once all of it is there."""

    def there() -> dict[str, Any] | None:
        found: dict[str, Any] | None = browser.execute_script(_ON_SCREEN)
        return found if found and not found["coming"] else None

    shown: dict[str, Any] = until(browser, there)
    return shown


def key(browser: Chrome, *keys: str) -> None:
    for each in keys:
        browser.switch_to.active_element.send_keys(each)


def counted(browser: Chrome) -> int:
    said = until(browser, lambda: one(browser, "#found").text)
    return int(re.sub(r"\D", "", said) or 0)


def test_a_hundred_thousand_mistakes_scroll_without_gaps_in_few_elements(
    browser: Chrome, site: str, many: str
) -> None:
    browser.get(f"{site}/runs/{many}/mistakes")
    assert settled(browser)["first"] == 0
    assert counted(browser) == MANY
    for share in (0.3, 0.9, 0.501, 1.0):
        browser.execute_script(
            "scrollTo(0, arguments[0] * (document.documentElement.scrollHeight - innerHeight))", share
        )
        shown = settled(browser)
        assert shown["ordered"]
        assert shown["top"] <= 1
        assert shown["below"] >= 650 or share == 1.0
        assert abs(shown["first"] - share * MANY) < 200
        assert shown["nodes"] < MOST_NODES
    assert shown["last"] == MANY - 1
    browser.execute_script("scrollTo(0, document.documentElement.scrollHeight / 2)")
    settled(browser)
    assert browser.execute_async_script(_FRAMES) < 150  # milliseconds; 17 where nothing else computes
    place = settled(browser)["first"]
    assert place > MANY / 2
    until(browser, lambda: "at=" in browser.current_url)
    assert console_errors(browser) == []


@pytest.mark.parametrize("query", ["", "?sort=moves", "?range=margin:0.02..&sort=search"])
def test_scripts_show_the_order_that_is_shown_without_them(
    browser: Chrome, site: str, reader: TestClient, query: str
) -> None:
    written = Read(reader.get(f"/runs/small/mistakes{query}").text).links("/runs/small/mistakes/")
    browser.get(f"{site}/runs/small/mistakes{query}")
    settled(browser)
    shown = [
        link.get_dom_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "#mistakes li a")
    ]
    assert shown
    assert [link.split("?")[0] for link in shown] == [link.split("?")[0] for link in written[: len(shown)]]


def test_filters_leave_fewer_without_loading_the_page_anew_and_back_brings_all(
    browser: Chrome, site: str
) -> None:
    browser.get(f"{site}/runs/small/mistakes")
    every = counted(browser)
    browser.execute_script("window.same = true")
    one(browser, "#filters details:nth-of-type(2) summary").click()
    box = one(browser, "#filters details:nth-of-type(2) input[type=checkbox]")
    name, value = box.get_attribute("name"), box.get_attribute("value")
    box.click()
    until(browser, lambda: f"{name}={value}" in browser.current_url)
    fewer = until(browser, lambda: counted(browser) < every and counted(browser))
    checked = "#filters details[open] input:checked"
    until(browser, lambda: one(browser, checked).get_attribute("value") == value)
    assert settled(browser)["last"] < fewer
    browser.back()
    until(browser, lambda: counted(browser) == every)
    assert browser.execute_script("return window.same")
    assert console_errors(browser) == []


def test_keys_move_tick_open_and_come_back(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/runs/small/mistakes?sort=search")
    settled(browser)
    one(browser, "#mistakes a[tabindex='0']").send_keys(Keys.ARROW_RIGHT)
    key(browser, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.SPACE)
    at = "return document.activeElement.closest('li').dataset.place"
    place = int(browser.execute_script(at))
    assert place > 2
    assert one(browser, "#ticked").text == "1 ticked"
    assert browser.execute_script(
        "return document.activeElement.closest('li').querySelector('input').checked"
    )
    key(browser, Keys.END)
    until(browser, lambda: int(browser.execute_script(at)) == counted(browser) - 1)
    key(browser, Keys.HOME, Keys.ARROW_RIGHT)
    said = browser.switch_to.active_element.get_attribute("aria-label")
    key(browser, Keys.ENTER)
    until(browser, lambda: re.search(r"/mistakes/\d+/0\?sort=search$", browser.current_url))
    assert "2 of" in one(browser, ".walk").text
    browser.back()
    settled(browser)
    until(browser, lambda: browser.switch_to.active_element.get_attribute("aria-label") == said)
    assert one(browser, "#ticked").text == "1 ticked"


def test_a_climb_is_gone_through_with_arrow_keys(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/runs/small/mistakes?sort=-moves")
    settled(browser)
    one(browser, "#mistakes a").click()
    frames = until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".strip a"))
    target = ".is-target .answer"
    wrong = one(browser, target).text
    for _ in frames:
        key(browser, Keys.ARROW_LEFT)
    until(browser, lambda: one(browser, "#step").text.startswith("the seed"))
    assert one(browser, f"#votes {target}").text != wrong
    shown = browser.execute_script("return document.querySelector('#shown img').src")
    assert shown == frames[0].find_element(By.TAG_NAME, "img").get_attribute("src")
    title = browser.title
    browser.switch_to.active_element.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    until(browser, lambda: "2 of" in one(browser, ".walk").text)
    assert console_errors(browser) == []
    assert title


def test_a_cell_of_the_map_leads_to_its_mistakes(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/runs/small/map")
    cell = one(browser, "[data-strength='10']")
    number = int(cell.text)
    one(browser, "[data-turn]").click()
    until(browser, lambda: "range=measures" in browser.current_url)
    one(browser, ".picked a").click()
    until(browser, lambda: "range=" not in browser.current_url)
    one(browser, "[data-strength='10']").send_keys(Keys.ENTER)
    until(browser, lambda: "/mistakes?" in browser.current_url)
    assert counted(browser) == number
    assert console_errors(browser) == []


def test_pages_are_accessible_and_fit_a_phone(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/runs/small/mistakes?range=margin:0.01..")
    settled(browser)
    mistake = one(browser, "#mistakes a").get_attribute("href")
    for address in (browser.current_url, f"{site}/runs/small/map", mistake):
        browser.get(address)
        until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, "#climb[data-address]"))
        assert violations_in_light_and_dark(browser) == [], address
        with phone(browser):
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 360, address
    assert console_errors(browser) == []
