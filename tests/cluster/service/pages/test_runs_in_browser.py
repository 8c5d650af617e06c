"""Runs, Start, a Run and Compare in headless Chromium: by keyboard, in both themes, with a quiet console."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from outvoted.actors.runs.run_folder import ProgressRecord, State
from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from tests.browser import console_errors, phone, violations_in_light_and_dark
from tests.cluster.service.runs import recorded
from tests.cluster.service.serving import served
from tests.cluster.submitting.pretended import PretendedCluster

PAGES = ("/", "/start", "/start?ready=mnist", "/start?as=yaml", "/runs/small", "/runs/small/extend")


def until(browser: Chrome, holds: Callable[[], Any], seconds: float = 40) -> Any:
    return WebDriverWait(browser, seconds, 0.05).until(lambda _: holds())


def text(browser: Chrome, selector: str) -> str:
    return str(
        browser.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
    )


def press(browser: Chrome, *keys: str) -> None:
    browser.switch_to.active_element.send_keys(*keys)


def tab_to(browser: Chrome, wanted: str, most: int = 80) -> None:
    """Press Tab until what is focused matches a selector."""
    for _ in range(most):
        press(browser, Keys.TAB)
        if browser.execute_script("return document.activeElement.matches(arguments[0])", wanted):
            return
    raise AssertionError(f"{wanted} cannot be reached by Tab")


@pytest.fixture
def fresh(service: Service, browser: Chrome) -> Iterator[str]:
    """The address of a service without runs."""
    with served(application(service)) as address:
        yield address
        browser.get("about:blank")  # ends its streams, for which the service would wait


def test_pages_are_accessible_and_fit_a_phone(browser: Chrome, site: str) -> None:
    for address in (*PAGES, "/compare"):
        browser.get(f"{site}{address}")
        if address == "/runs/small":
            until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#results table"))
        assert violations_in_light_and_dark(browser) == [], address
        with phone(browser):
            wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, address
    assert console_errors(browser) == []


def test_plots_are_drawn_within_the_policy(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/runs/small")
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#results [data-plot]"))
    browser.execute_script("document.querySelector('[data-plot]').scrollIntoView()")
    said = "document.dispatchEvent(new Event('outvoted:theme'))"  # the theme changes while Plotly is loaded
    drawn = "return document.querySelector('.js-plotly-plot .barlayer path') !== null"
    until(browser, lambda: browser.execute_script(f"{said}; {drawn}"))
    assert console_errors(browser) == []


def test_a_run_is_started_watched_stopped_and_resumed_by_keyboard(
    browser: Chrome, fresh: str, service: Service, cluster: PretendedCluster
) -> None:
    browser.get(fresh)
    tab_to(browser, ".hero button")
    press(browser, Keys.ENTER)
    until(browser, lambda: browser.current_url.endswith("/runs/mnist"))
    assert text(browser, ".chip") == "pending"
    task = ProgressRecord(task="searches", done=3, total=10, details="1 mistake", mistakes=1)
    recorded(service, "mnist", State.INTERRUPTED, progress=(task,))
    until(browser, lambda: text(browser, ".chip") != "pending")
    until(browser, lambda: "3 of 10" in text(browser, "#live"))
    tab_to(browser, ".ask summary")
    press(browser, Keys.ENTER)
    tab_to(browser, ".ask button")
    press(browser, Keys.ENTER)
    until(browser, lambda: "asked to stop" in text(browser, ".good"))
    until(browser, lambda: text(browser, ".chip") == "interrupted")
    tab_to(browser, ".ask summary")
    press(browser, Keys.SPACE)
    tab_to(browser, ".ask button")
    press(browser, Keys.ENTER)
    until(browser, lambda: "goes on" in text(browser, ".good"))
    assert len(cluster.known) == 2
    assert console_errors(browser) == []


def test_yaml_is_corrected_at_its_line(browser: Chrome, fresh: str, cluster: PretendedCluster) -> None:
    browser.get(f"{fresh}/start?as=yaml")
    place = browser.find_element(By.ID, "config")
    place.clear()
    place.send_keys("data: {name: mnist-sample}\nsearch:\n  patience: nought\n")
    assert text(browser, ".editor ol") == "1234"
    tab_to(browser, "button[value=check]")
    press(browser, Keys.ENTER)
    until(browser, lambda: text(browser, "#problems a") == "Line 3")
    chosen = browser.execute_script(
        "const at = document.activeElement; return at.value.slice(at.selectionStart, at.selectionEnd)"
    )
    assert chosen == "patience: nought"
    assert text(browser, ".editor .bad") == "3"
    press(browser, "patience: 20")
    tab_to(browser, "button[value=check]")
    press(browser, Keys.ENTER)
    until(browser, lambda: "All is well" in text(browser, ".good"))
    assert not cluster.known


def test_a_choice_brings_its_settings(browser: Chrome, fresh: str) -> None:
    browser.get(f"{fresh}/start?ready=mnist")
    choice = browser.find_element(By.ID, "set.search.strategy.kind")
    choice.send_keys("genetic")
    until(browser, lambda: browser.find_elements(By.ID, "set.search.strategy@genetic.population"))
    assert "strategy.kind=genetic" not in text(browser, "form")
    assert not browser.find_elements(By.ID, "set.search.strategy@hillclimb.speculative")
    assert console_errors(browser) == []


def test_runs_are_found_as_one_types(browser: Chrome, fresh: str, service: Service) -> None:
    for name in ("first", "second"):
        recorded(service, name)
    browser.get(fresh)
    tab_to(browser, "input[type=search]")
    press(browser, "sec")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, ".runs .name")) == 1)
    assert text(browser, ".runs .name") == "second"
    assert browser.current_url.endswith("?q=sec")
