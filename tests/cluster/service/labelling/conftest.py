"""A page for labelling, as one labeller meets it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.cluster.service.labelling.serving import DIGITS, ServedLabels, labelling

PATIENCE = 20


@dataclass(frozen=True)
class Typist:
    """Someone who labels by the keyboard alone, and looks at the page only to see where they are."""

    browser: webdriver.Chrome

    def open(self, page: ServedLabels, name: str) -> None:
        """Open the page by its link, and type a name."""
        self.browser.get(page.link)
        self.await_shown("who")
        self.press(*name, Keys.ENTER)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, without looking."""
        actions = webdriver.ActionChains(self.browser, duration=0)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def label(self, *keys: str) -> None:
        """Press each key once the image is there that it is for, and await that it is saved."""
        for key in keys:
            self.await_ready()
            before = self.place
            self.press(key)
            self.await_that(partial(self._has_left, before))

    def _has_left(self, place: str | None) -> bool:
        return self.shown("done") or self.place != place

    def back(self, times: int = 1) -> None:
        """Go back by Backspace."""
        for _ in range(times):
            self.press(Keys.BACKSPACE)
            self.await_ready()

    @property
    def place(self) -> str | None:
        """What the image is called for those who don't see it."""
        return self.browser.find_element(By.ID, "picture").get_attribute("alt")

    def text(self, part: str) -> str:
        """Return the text that is to be seen of a part of the page."""
        return self.browser.find_element(By.ID, part).text

    def await_ready(self) -> None:
        """Wait until a key counts."""
        self.await_that(
            lambda: self.browser.execute_script(
                "return !!document.querySelector('#task:not([hidden])[aria-busy=false]')"
            )
        )

    def await_shown(self, part: str) -> None:
        """Wait until a part of the page is shown."""
        self.await_that(lambda: self.shown(part))

    def shown(self, part: str) -> bool:
        """Return whether a part of the page is there and shown."""
        return any(one.is_displayed() for one in self.browser.find_elements(By.ID, part))

    def await_that(self, happens: Callable[[], object]) -> None:
        """Wait until something is so."""
        WebDriverWait(self.browser, PATIENCE, 0.01).until(lambda _: happens())


@pytest.fixture
def typist(browser: webdriver.Chrome) -> Typist:
    """Someone at a fresh browser."""
    return Typist(browser)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedLabels]:
    """A page with six images of ten classes; each test labels under a name of its own."""
    with labelling(tmp_path_factory.mktemp("run"), 6, DIGITS) as running:
        yield running
