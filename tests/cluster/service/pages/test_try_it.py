"""The page on which one moves an image by hand, in a browser and without one."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from starlette.testclient import TestClient

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs import png
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from tests.browser import console_errors, phone, violations_in_light_and_dark
from tests.cluster.service.serving import served
from tests.cluster.submitting.pretended import PretendedCluster


def of_small(run_path: Path) -> Service:
    return Service(ServiceSettings(runs=run_path.parent), PretendedCluster)


@pytest.fixture(scope="module")
def address(run_path: Path) -> Iterator[str]:
    with served(application(of_small(run_path))) as url:
        yield url


@pytest.fixture(scope="module")
def plain(run_path: Path) -> Iterator[TestClient]:
    with TestClient(application(of_small(run_path)), base_url="http://127.0.0.1:8300") as client:
        yield client


def text(browser: webdriver.Chrome, id_: str) -> str:
    return browser.find_element(By.ID, id_).text


def answered(browser: webdriver.Chrome, than: str = "") -> str:
    """Wait until the panel has answered something else than before; return the image."""

    def seen(_: Any) -> str | bool:
        busy = browser.execute_script("return document.querySelector('.try').ariaBusy") == "true"
        source = browser.find_element(By.ID, "image").get_attribute("src") or ""
        return False if busy or not source or source == than else source

    found = WebDriverWait(browser, 20, 0.05).until(seen)
    assert isinstance(found, str)
    return found


def pixels(source: str) -> Any:
    return png.decode(base64.b64decode(source.partition(",")[2]))


def ballots(browser: webdriver.Chrome) -> list[str]:
    return [one.text.replace("\n", " ") for one in browser.find_elements(By.CSS_SELECTOR, "#ballots li")]


def test_sliders_move_the_image_and_every_answer(
    browser: webdriver.Chrome, address: str, run: OpenedRun
) -> None:
    browser.get(f"{address}/try?run=small&seed=3")
    before = answered(browser)
    assert (pixels(before) == run.seeds.images[3]).all()
    assert [one.split()[0] for one in ballots(browser)] == [*run.names, "referee,"]
    slider = browser.find_element(By.ID, "dial-0")
    slider.send_keys(Keys.END)
    after = answered(browser, before)
    assert (pixels(after) != pixels(before)).any()
    assert slider.get_attribute("aria-valuetext") == "10 degrees"
    browser.find_element(By.ID, "home").click()
    assert answered(browser, after) == before
    assert console_errors(browser) == []


def test_what_is_drawn_is_what_the_networks_see(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/try?run=small")
    before = answered(browser)
    browser.find_element(By.CSS_SELECTOR, "[data-from=draw]").click()
    empty = answered(browser, before)
    assert pixels(empty).max() == 0
    canvas = browser.find_element(By.ID, "canvas")
    stroke = ActionChains(browser, 50).move_to_element_with_offset(canvas, 0, -80).click_and_hold()
    stroke.move_by_offset(0, 60).move_by_offset(0, 100).release().perform()
    drawn = pixels(answered(browser, empty))
    assert drawn.shape == (1, 28, 28)
    column = drawn[0].max(axis=0)
    assert column[13:15].min() > 200
    assert column[:9].max() == 0
    assert text(browser, "verdict")
    assert console_errors(browser) == []


def test_everything_is_reached_by_keyboard(browser: webdriver.Chrome, address: str, run: OpenedRun) -> None:
    browser.get(f"{address}/try?run=small")
    before = answered(browser)
    seed = browser.find_element(By.ID, "seed")
    seed.send_keys(Keys.CONTROL, "a", Keys.NULL, "12")
    one = answered(browser, before)  # of seed 1, if it is quick
    if (pixels(one) == run.seeds.images[1]).all():
        one = answered(browser, one)
    assert (pixels(one) == run.seeds.images[12]).all()
    assert "seed=12" in browser.current_url
    reached = set()
    for _ in range(30):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.add(
            browser.execute_script("return document.activeElement.id || document.activeElement.dataset.from")
        )
    assert {"another", "dial-0", "dial-5", "home", "shake"} <= reached


def test_a_file_is_dropped_or_chosen(
    browser: webdriver.Chrome, address: str, digits: Dataset, tmp_path: Path
) -> None:
    image = digits.test.images[4]
    (tmp_path / "four.png").write_bytes(png.encode(image))
    browser.get(f"{address}/try?run=small")
    before = answered(browser)
    browser.find_element(By.CSS_SELECTOR, "[data-from=file]").click()
    browser.find_element(By.ID, "file").send_keys(str(tmp_path / "four.png"))
    assert (pixels(answered(browser, before)) == image).all()
    (tmp_path / "none.png").write_bytes(b"no image")
    browser.find_element(By.ID, "file").send_keys(str(tmp_path / "none.png"))
    WebDriverWait(browser, 10).until(lambda _: "save it again as PNG" in text(browser, "verdict"))


def test_who_is_outvoted_is_said_in_words(
    browser: webdriver.Chrome, address: str, run: OpenedRun, tmp_path: Path
) -> None:
    """A mistake of the run, given to the page, is a mistake."""
    rows = [
        row for row in run.mistakes.take(np.arange(len(run.mistakes))) if row["voters"] == len(run.names) - 1
    ]
    (tmp_path / "mistake.png").write_bytes(rows[0]["image"]["bytes"])
    browser.get(f"{address}/try?run=small")
    answered(browser)
    browser.find_element(By.CSS_SELECTOR, "[data-from=file]").click()
    browser.find_element(By.ID, "file").send_keys(str(tmp_path / "mistake.png"))
    said = (
        f"{rows[0]['target_name']} is outvoted: it answers {rows[0]['predicted']}, "
        f"all others answer {rows[0]['label']}."
    )
    WebDriverWait(browser, 10).until(lambda _: text(browser, "verdict") == said)
    [out] = browser.find_elements(By.CSS_SELECTOR, "#ballots .out")
    assert "outvoted" in out.text


def test_it_is_accessible_and_fits_a_phone(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/try?run=small")
    answered(browser)
    assert violations_in_light_and_dark(browser) == []
    with phone(browser):
        browser.get(f"{address}/try?run=small&seed=1")
        answered(browser)
        assert violations_in_light_and_dark(browser) == []
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 360


def test_without_scripts_a_form_asks_for_the_answers(plain: TestClient, run: OpenedRun) -> None:
    found = plain.get("/try?run=small&seed=3")
    assert found.status_code == 200
    assert found.text.count('name="dial"') == 6
    assert "data:image/png" not in found.text
    shown = plain.get(
        "/try", params={"run": "small", "seed": 3, "show": 1, "dial": [1, 0.5, 0.5, 0.5, 0.5, 0.5]}
    )
    assert shown.text.count("data:image/png") == 2
    assert all(f'<span class="who">{name}' in shown.text for name in run.names)
    assert "answer" in shown.text.partition('id="verdict"')[2][:200]


@pytest.mark.parametrize(
    "query", ["run=nobody", "run=small&seed=99999&show=1", "run=small&dial=x", "run=../x"]
)
def test_what_cannot_be_shown_is_said_on_a_page(plain: TestClient, query: str) -> None:
    found = plain.get(f"/try?{query}")
    assert found.status_code in (404, 422)
    assert "<h1>" in found.text


def test_without_runs_it_says_how_to_get_one(client: TestClient) -> None:
    assert "no run with a panel yet" in client.get("/try").text
