"""The pages as a browser has them: behind the gate, with the policy, logged in by the link."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service
from tests.browser import console_errors
from tests.cluster.service.serving import served

PAGES = (
    "/",
    "/start",
    "/runs/small",
    "/runs/small/mistakes",
    "/runs/small/map",
    "/try?run=small",
    "/label",
    "/label/small",
    "/compare?a=small&b=small",
    "/nothing",
)


@pytest.fixture
def keys(service: Service) -> Keys:
    return Keys.at(service.runs, names_of("127.0.0.1", ()))


@pytest.fixture
def base(service: Service, keys: Keys, run_path: Path) -> Iterator[str]:
    """Where a service is that has a run."""
    shutil.copytree(run_path, service.runs / "small")
    with served(guarded(application(service), keys)) as found:
        yield found


def _wait(browser: webdriver.Chrome, title: str) -> None:
    WebDriverWait(browser, 20).until(lambda page: title in page.title)


def test_no_page_needs_more_than_the_policy_allows(browser: webdriver.Chrome, base: str, keys: Keys) -> None:
    browser.get(keys.link(base))
    _wait(browser, "Runs")
    console_errors(browser)
    for page in PAGES:
        browser.get(base + page)
        said = [one for one in console_errors(browser) if "/nothing" not in one]
        assert not said, page


def test_a_token_logs_in_and_a_button_logs_out(browser: webdriver.Chrome, base: str, keys: Keys) -> None:
    browser.get(f"{base}/runs/small")
    _wait(browser, "Log in")
    browser.switch_to.active_element.send_keys("wrong\n")
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    browser.switch_to.active_element.send_keys(keys.tokens.by_role[Role.READING] + "\n")
    _wait(browser, "small")
    assert browser.current_url == f"{base}/runs/small"
    assert not browser.execute_script("return document.cookie")
    browser.find_element(By.CSS_SELECTOR, "form[action='/logout'] button").click()
    _wait(browser, "Log in")
    browser.get(base)
    _wait(browser, "Log in")


HOSTILE = """<!doctype html><title>before</title><script>
document.title = "ran";
let said = [];
const note = (what) => { said.push(what); document.title = "said " + said.join(" "); };
try { document.cookie; note("cookie"); } catch { note("no-cookie"); }
try { localStorage.length; note("storage"); } catch { note("no-storage"); }
fetch("/v1/runs").then(() => note("asked"), () => note("no-answer"));
</script>"""


def test_the_report_of_a_stranger_has_no_power(
    browser: webdriver.Chrome, base: str, keys: Keys, service: Service
) -> None:
    browser.get(keys.link(base))
    _wait(browser, "Runs")
    (service.runs / "small" / "report.html").write_text(HOSTILE)
    browser.get(f"{base}/v1/runs/small/report")
    WebDriverWait(browser, 20).until(lambda page: len(page.title.split()) == 4)
    assert set(browser.title.split()) == {"said", "no-cookie", "no-storage", "no-answer"}
