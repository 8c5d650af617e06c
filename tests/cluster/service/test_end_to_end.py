"""The whole service as people use it: in a browser beside a real head of Ray, and from a shell beside it."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line import remote
from outvoted.cluster.command_line.remote import Wherever
from outvoted.cluster.jobs.kinds import keys_in
from outvoted.cluster.submitting.submitting import Submission
from tests.browser import console_errors
from tests.cluster.rows import assert_same_rows
from tests.cluster.service.processes import ServiceProcess, service_process
from tests.head import Head

pytestmark = [pytest.mark.head, pytest.mark.timeout(600)]
SMALL = {
    "set.panel.training.epochs": "1",
    "set.referee!.training.epochs": "1",
    "set.search.per_target": "300",  # some ten seconds, in which it is stopped
}


class Person:
    """Somebody before a browser, who sees and presses."""

    def __init__(self, browser: webdriver.Chrome, service: ServiceProcess) -> None:
        self._browser, self._service = browser, service

    def goes(self, place: str) -> None:
        self._browser.get(place if "://" in place else f"{self._service.url}{place}")

    @property
    def place(self) -> str:
        return self._browser.current_url.removeprefix(self._service.url)

    def sees(self, holds: Callable[[str], bool], seconds: float = 30) -> str:
        """Wait until the page says something; return all it says."""

        def look(browser: webdriver.Chrome) -> str | bool:
            text = browser.find_element(By.TAG_NAME, "main").text
            return text if holds(text) else False

        found = WebDriverWait(self._browser, seconds, 0.2, [StaleElementReferenceException]).until(look)
        return str(found)

    def finds(self, selector: str, seconds: float = 20) -> WebElement:
        """Wait for something that can be seen."""

        def look(browser: webdriver.Chrome) -> WebElement | bool:
            shown = [one for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]
            return shown[0] if shown else False

        found = WebDriverWait(self._browser, seconds, 0.2, [StaleElementReferenceException]).until(look)
        assert isinstance(found, WebElement)
        return found

    def button(self, text: str) -> WebElement:
        """Wait for a button or link of that text."""
        path = f"//main//*[self::button or self::a or self::summary][normalize-space(.)='{text}']"

        def look(browser: webdriver.Chrome) -> WebElement | bool:
            shown = [one for one in browser.find_elements(By.XPATH, path) if one.is_displayed()]
            return shown[-1] if shown else False  # forms begin with a hidden one, for Enter

        found = WebDriverWait(self._browser, 20, 0.2, [StaleElementReferenceException]).until(look)
        assert isinstance(found, WebElement)
        return found

    def presses(self, text: str) -> None:
        self.button(text).click()

    def types(self, keys: str) -> None:
        self._browser.switch_to.active_element.send_keys(keys)

    def wants_less(self) -> None:
        """Make a form that starts a run ask for a small one."""
        for name, value in SMALL.items():
            self._browser.execute_script(
                "const one = document.createElement('input'); one.type = 'hidden'; one.name = arguments[0];"
                "one.value = arguments[1]; document.querySelector('form[action=\"/start\"]').append(one);",
                name,
                value,
            )


def test_a_newcomer_mines_stops_resumes_browses_and_labels_and_the_rows_are_a_shells(
    head: Head, browser: webdriver.Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    monkeypatch.chdir(tmp_path)
    pressed = RunFolder(runs / "mnist")
    with service_process(head, runs) as service:
        person = Person(browser, service)
        _mines_the_packaged_digits(person, service.link)
        _stops_and_resumes(person, pressed)
        monkeypatch.setenv("OUTVOTED_TOKEN", service.token)
        shell = Wherever(server=service.url)
        _submits_the_same_from_a_shell(service, shell)
        person.sees(lambda text: "finished" in text, 240)  # without being loaded again
        _filters_and_opens_a_mistake(person)
        _labels_by_keyboard(person, pressed)
        assert console_errors(browser) == []
        remote.watch_run("shell", shell)
        remote.fetch_run("shell", shell, Path("brought"), None)
        assert_same_rows(RunFolder(Path("brought")), pressed)


def _mines_the_packaged_digits(person: Person, link: str) -> None:
    person.goes(link)
    person.button("Mine the packaged digits")
    person.wants_less()
    person.presses("Mine the packaged digits")
    person.sees(lambda text: "searches/s" in text, 240)
    assert person.place == "/runs/mnist"


def _stops_and_resumes(person: Person, store: RunFolder) -> None:
    person.presses("Stop")
    person.presses("Stop it")
    person.sees(lambda text: "interrupted" in text, 120)
    before = store.read_record()
    assert before.state == State.INTERRUPTED
    person.presses("Resume")
    person.presses("Resume it")
    _awaited(lambda: store.read_record().epoch, before.epoch + 1, 120)


def _submits_the_same_from_a_shell(service: ServiceProcess, shell: Wherever) -> None:
    """Start what the button started; it takes the networks that are trained by now."""
    config = Path("same.yaml")
    config.write_text(service.ask("GET", "/v1/runs/mnist/config").text)
    remote.submit_run(Submission("mine", config, keys_in(config, "mine"), "shell"), shell, stays=False)


def _filters_and_opens_a_mistake(person: Person) -> None:
    person.presses("Mistakes")
    everything = int(person.finds("#mistakes").get_attribute("data-total") or 0)
    assert everything > 0
    person.finds("#filters summary").click()
    person.finds("#filters input[type=checkbox]").click()
    person.finds(".picked")
    some = int(person.finds("#mistakes").get_attribute("data-total") or 0)
    assert 0 < some < everything
    person.finds("#mistakes a").click()
    person.sees(lambda text: "Moves" in text)
    assert "/runs/mnist/mistakes/" in person.place
    person.finds("#votes")


def _labels_by_keyboard(person: Person, store: RunFolder) -> None:
    person.goes("/label/mnist")
    person.finds("#name").send_keys("ann", Keys.ENTER)
    for number in (1, 2):
        person.finds("#task[aria-busy=false] #picture")
        person.types("7")
        _awaited(partial(_given, store), number)


def _given(store: RunFolder) -> int:
    return sum(len(file.read_text().splitlines()) - 1 for file in store.labels.glob("*.csv"))


def _awaited(count: Callable[[], int], least: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while count() < least:
        assert time.monotonic() < until
        time.sleep(0.2)
