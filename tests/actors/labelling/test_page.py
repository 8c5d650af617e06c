"""The page for labelling, in headless Chromium, by the keyboard alone."""

import signal
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from outvoted.actors.labelling.desk import order
from tests.actors.labelling.conftest import DIGITS, Typist
from tests.actors.labelling.serving import Served, served
from tests.browser import console_errors


def labels_seen(page: Served, name: str) -> list[int]:
    """Read a labeller's labels from disk, in the order in which they saw the images."""
    labels = page.store.read()
    return [int(label) for label in labels.labels[labels.names.index(name)][order(name, page.store.images)]]


def test_a_set_is_labelled_closed_and_found_again(page: Served, typist: Typist) -> None:
    typist.open(page.url, "anna")
    typist.label("3", "1", "4")
    assert typist.text("count") == "3 of 6"
    typist.open("about:blank")
    typist.open(page.url, "anna")
    typist.await_ready()
    assert typist.text("count") == "3 of 6"
    assert typist.place == "Image 4 of 6, to be labelled"
    typist.label("1", "5", "9")
    assert "All 6 images are labelled" in typist.text("done")
    assert labels_seen(page, "anna") == [3, 1, 4, 1, 5, 9]
    typist.browser.refresh()
    typist.await_shown("done")
    assert console_errors(typist.browser) == []


def test_backspace_goes_back_to_correct(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=goes-back")
    typist.label("3", "1", "4")
    typist.back(2)
    assert typist.text("question").startswith("You said 1.")
    typist.label("8")
    assert typist.place == "Image 4 of 6, to be labelled"
    assert labels_seen(page, "goes-back") == [3, 8, 4, -1, -1, -1]
    typist.back()
    typist.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    typist.await_ready()
    assert typist.place == "Image 4 of 6, to be labelled"
    typist.label("7", "7", "7")
    typist.back()
    typist.label("2")
    assert labels_seen(page, "goes-back") == [3, 8, 4, 7, 7, 2]


def test_nothing_is_lost_while_the_server_does_not_answer(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=cut-off")
    typist.label("3")
    typist.await_ready()
    typist.browser.execute_cdp_cmd("Network.enable", {})
    offline(typist, True)
    typist.press("1", "9", "9")
    typist.await_that(lambda: "not saved yet" in typist.text("message"))
    assert typist.text("count") == "1 of 6"
    assert labels_seen(page, "cut-off")[:2] == [3, -1]
    offline(typist, False)
    typist.await_that(lambda: typist.text("count") == "2 of 6")
    typist.await_ready()
    assert typist.text("message") == ""
    assert labels_seen(page, "cut-off") == [3, 1, -1, -1, -1, -1]


def test_killed_in_mid_typing_every_acknowledged_label_is_there(tmp_path: Path, typist: Typist) -> None:
    with served(tmp_path, 40, DIGITS) as page:
        typist.open(f"{page.url}?labeller=killed")
        typist.label("3", "1", "4", "1")
        typist.press(*"5926535")
        page.process.send_signal(signal.SIGKILL)
        page.process.wait()
        while "does not answer" not in typist.text("message"):
            typist.press("8")
        acknowledged = int(typist.text("count").split()[0])
    port = int(page.url.split("/")[2].split(":")[1])
    with served(tmp_path, 40, DIGITS, port) as page:
        typist.await_that(lambda: typist.text("message") == "")
        typist.open(f"{page.url}?labeller=killed")
        typist.await_ready()
        assert int(typist.text("count").split()[0]) >= acknowledged >= 4
        assert labels_seen(page, "killed")[:4] == [3, 1, 4, 1]


def test_keys_that_are_held_or_no_class_or_a_shortcut_label_nothing(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=held")
    typist.await_ready()
    typist.press("a", "x", "\t", Keys.ESCAPE)
    for extra in ("repeat: true", "ctrlKey: true", "metaKey: true"):
        event = f"new KeyboardEvent('keydown', {{key: '1', bubbles: true, {extra}}})"
        typist.browser.execute_script(f"document.dispatchEvent({event})")
    typist.label("0")
    assert labels_seen(page, "held") == [0, -1, -1, -1, -1, -1]


def test_more_than_ten_classes_go_on_with_letters_and_are_named(tmp_path: Path, typist: Typist) -> None:
    names = ("an <b>odd</b> & name", *(f"class {label}" for label in range(1, 13)))
    with served(tmp_path, 6, names) as page:
        typist.open(f"{page.url}?labeller=letters")
        typist.label("a", "c", "0", "B")
        shown = [button.text for button in typist.browser.find_elements(By.CSS_SELECTOR, "#choices button")]
        assert shown[0] == "0 an <b>odd</b> & name"
        assert shown[10:] == ["a class 10", "b class 11", "c class 12"]
        assert labels_seen(page, "letters")[:4] == [10, 12, 0, 11]


def test_a_button_can_be_pressed_too(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=button")
    typist.await_ready()
    typist.browser.find_elements(By.CSS_SELECTOR, "#choices button")[6].click()
    typist.await_that(lambda: typist.text("count") == "1 of 6")
    assert labels_seen(page, "button")[0] == 6


def test_a_name_that_cannot_be_taken_is_said_and_asked_again(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=simulated-01")
    typist.await_that(lambda: "reserved for simulated" in typist.text("message"))
    typist.await_shown("who")
    assert typist.browser.switch_to.active_element.get_attribute("id") == "name"


def test_a_label_that_the_server_cannot_write_is_not_taken_for_saved(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=unwritable")
    typist.await_ready()
    page.store.path.joinpath("unwritable.csv").mkdir()
    typist.press("1")
    typist.await_that(lambda: typist.text("message").startswith("Not saved."))
    assert typist.text("count") == "0 of 6"
    page.store.path.joinpath("unwritable.csv").rmdir()
    typist.label("2")
    assert labels_seen(page, "unwritable")[0] == 2


@pytest.mark.parametrize("theme_name", ["light", "dark"])
def test_the_page_follows_the_theme(page: Served, typist: Typist, theme_name: str) -> None:
    from tests.browser import theme

    theme(typist.browser, theme_name)
    typist.open(f"{page.url}?labeller=themed")
    paper, ink = (
        typist.browser.execute_script(f"return getComputedStyle(document.body).{part}")
        for part in ("backgroundColor", "color")
    )
    assert (brightness(paper) > brightness(ink)) == (theme_name == "light")


def test_pixels_stay_crisp_and_nothing_tells_which_image_it_is(page: Served, typist: Typist) -> None:
    typist.open(f"{page.url}?labeller=crisp")
    typist.await_ready()
    picture = typist.browser.find_element(By.ID, "picture")
    assert picture.value_of_css_property("image-rendering") == "pixelated"
    assert picture.size["width"] > 300
    assert (picture.get_attribute("src") or "").endswith("picture?labeller=crisp&place=0")


def offline(typist: Typist, is_so: bool) -> None:
    """Cut the browser off from its network, or connect it again."""
    conditions = {"offline": is_so, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    typist.browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)


def brightness(colour: str) -> int:
    """Add the red, green and blue of a colour such as rgb(1, 2, 3)."""
    return sum(int(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
