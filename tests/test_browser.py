"""The browser of the tests sees what a page does."""

from pathlib import Path

import pytest
from selenium import webdriver

from tests.browser import console_errors, theme


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page that remembers something, and whose script fails."""
    file = tmp_path / "page.html"
    script = "localStorage.setItem('seen', document.title); throw new Error('on purpose')"
    file.write_text(f"<!doctype html><title>hello</title><script>{script}</script>")
    return file.as_uri()


def test_errors_of_a_script_are_found_once(browser: webdriver.Chrome, page: str) -> None:
    browser.get(page)
    assert browser.title == "hello"
    (error,) = console_errors(browser)
    assert "on purpose" in error
    assert console_errors(browser) == []


@pytest.mark.parametrize("time", [1, 2])
def test_nothing_is_remembered_from_test_to_test(
    browser: webdriver.Chrome, tmp_path: Path, time: int
) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><title>memory</title>")
    browser.get(file.as_uri())
    assert browser.execute_script("return localStorage.getItem('seen')") is None, time
    browser.execute_script("localStorage.setItem('seen', 'yes')")


def test_the_theme_is_what_the_test_wants(browser: webdriver.Chrome, page: str) -> None:
    dark = "return matchMedia('(prefers-color-scheme: dark)').matches"
    browser.get(page)
    assert not browser.execute_script(dark)
    theme(browser, "dark")
    assert browser.execute_script(dark)
