"""The page for labelling, in headless Chromium, by the keyboard alone."""

import signal
from functools import partial
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from outvoted.actors.labelling.label_form import NONE, MistakesForm
from outvoted.actors.labelling.label_store import LabelStore, image_labels, labels_of
from outvoted.actors.labelling.label_task import order
from outvoted.actors.runs.schema import MISTAKES
from outvoted.cluster.service.label_desks import read_run
from outvoted.search.trust import NOTHING
from tests.browser import console_errors, theme, violations
from tests.cluster.service.labelling.conftest import Typist
from tests.cluster.service.labelling.serving import DIGITS, ServedLabels, apart, copied, labelling, linked


def labels_seen(page: ServedLabels, name: str, images: int = 6) -> list[int]:
    """Read a labeller's labels from disk, in the order in which they saw the images."""
    labels = labels_of(page.store, images)
    return [int(label) for label in labels.labels[labels.names.index(name)][order(name, images)]]


def test_a_set_is_labelled_closed_and_found_again(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "anna")
    typist.label("3", "1", "4")
    assert typist.text("count") == "3 of 6"
    typist.browser.get("about:blank")
    typist.open(page, "anna")
    typist.await_ready()
    assert typist.text("count") == "3 of 6"
    assert typist.place == "Image 4 of 6, to be labelled"
    typist.label("1", "5", "9")
    assert "All 6 images are labelled" in typist.text("done")
    assert labels_seen(page, "anna") == [3, 1, 4, 1, 5, 9]
    typist.browser.refresh()
    typist.await_shown("done")
    assert console_errors(typist.browser) == []


def test_backspace_goes_back_to_correct_and_delete_takes_back(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "goes-back")
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
    typist.back()
    typist.press(Keys.DELETE)
    typist.await_that(lambda: typist.text("count") == "2 of 6")
    assert labels_seen(page, "goes-back") == [3, 8, -1, -1, -1, -1]
    typist.label("7", "7", "7", "7")
    typist.back()
    typist.label("2")
    assert labels_seen(page, "goes-back") == [3, 8, 7, 7, 7, 2]


def test_nothing_is_lost_while_the_server_does_not_answer(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "cut-off")
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
    with apart(tmp_path, 40) as (process, page):
        typist.open(page, "killed")
        typist.label("3", "1", "4", "1")
        typist.press(*"5926535")
        process.send_signal(signal.SIGKILL)
        process.wait()
        while "does not answer" not in typist.text("message"):
            typist.press("8")
        acknowledged = int(typist.text("count").split()[0])
    with labelling(tmp_path, 40, DIGITS) as page:
        typist.open(page, "killed")
        typist.await_ready()
        assert int(typist.text("count").split()[0]) >= acknowledged >= 4
        assert labels_seen(page, "killed", 40)[:4] == [3, 1, 4, 1]


def test_keys_that_are_held_or_no_class_or_a_shortcut_label_nothing(
    page: ServedLabels, typist: Typist
) -> None:
    typist.open(page, "held")
    typist.await_ready()
    typist.press("a", "x", "-", ".", "\t", Keys.ESCAPE)
    for extra in ("repeat: true", "ctrlKey: true", "metaKey: true"):
        event = f"new KeyboardEvent('keydown', {{key: '1', bubbles: true, {extra}}})"
        typist.browser.execute_script(f"document.dispatchEvent({event})")
    typist.label("0")
    assert labels_seen(page, "held") == [0, -1, -1, -1, -1, -1]


def test_more_than_ten_classes_go_on_with_letters_and_are_named(tmp_path: Path, typist: Typist) -> None:
    names = ("an <b>odd</b> & name", *(f"class {label}" for label in range(1, 13)))
    with labelling(tmp_path, 6, names) as page:
        typist.open(page, "letters")
        typist.label("a", "c", "0", "B")
        shown = [button.text for button in typist.browser.find_elements(By.CSS_SELECTOR, "#choices button")]
        assert shown[0] == "0 an <b>odd</b> & name"
        assert shown[10:] == ["a class 10", "b class 11", "c class 12"]
        assert labels_seen(page, "letters")[:4] == [10, 12, 0, 11]


def test_a_button_can_be_pressed_too(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "button")
    typist.await_ready()
    typist.browser.find_elements(By.CSS_SELECTOR, "#choices button")[6].click()
    typist.await_that(lambda: typist.text("count") == "1 of 6")
    assert labels_seen(page, "button")[0] == 6


def test_a_name_that_cannot_be_taken_is_said_and_asked_again(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "simulated-01")
    typist.await_that(lambda: "reserved for simulated" in typist.text("message"))
    typist.await_shown("who")
    assert typist.browser.switch_to.active_element.get_attribute("id") == "name"


def test_a_label_that_the_server_cannot_write_is_not_taken_for_saved(
    page: ServedLabels, typist: Typist
) -> None:
    typist.open(page, "unwritable")
    typist.await_ready()
    page.store.path.joinpath("unwritable.csv").mkdir()
    typist.press("1")
    typist.await_that(lambda: typist.text("message").startswith("Not saved."))
    assert typist.text("count") == "0 of 6"
    page.store.path.joinpath("unwritable.csv").rmdir()
    typist.label("2")
    assert labels_seen(page, "unwritable")[0] == 2


def test_others_are_seen_by_their_counts_alone(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "first")
    typist.label("3", "1")
    typist.browser.get(page.link)
    typist.await_that(lambda: "first\n2" in typist.text("counts"))


def test_mistakes_may_show_none_of_the_classes_or_be_skipped(
    run_path: Path, tmp_path: Path, typist: Typist
) -> None:
    folder = copied(run_path, tmp_path)
    with linked(folder, partial(read_run, NOTHING)) as link:
        typist.open(ServedLabels(link, image_labels(folder, 0, 0)), "anna")
        typist.label("-", ".", "7")
        typist.back(2)
        assert typist.text("question").startswith("You said skip.")
        typist.label("4")
    given = LabelStore(folder / "labels", MistakesForm(MISTAKES, 10)).answers()["anna"]
    assert [answer.label for answer in given.values()] == [NONE, 4, 7]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_page(page: ServedLabels, typist: Typist, scheme: str) -> None:
    theme(typist.browser, scheme)
    typist.browser.get(page.link)
    typist.await_shown("who")
    assert violations(typist.browser) == []
    typist.press(*f"themed-{scheme}", Keys.ENTER)
    typist.await_ready()
    typist.label("3")
    typist.back()
    assert violations(typist.browser) == []
    paper, ink = (
        typist.browser.execute_script(f"return getComputedStyle(document.body).{part}")
        for part in ("backgroundColor", "color")
    )
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")


def test_pixels_stay_crisp_and_nothing_tells_which_image_it_is(page: ServedLabels, typist: Typist) -> None:
    typist.open(page, "crisp")
    typist.await_ready()
    picture = typist.browser.find_element(By.ID, "picture")
    assert picture.value_of_css_property("image-rendering") == "pixelated"
    assert picture.size["width"] > 300
    assert "/labels/pictures/" in (picture.get_attribute("src") or "")


def offline(typist: Typist, is_so: bool) -> None:
    """Cut the browser off from its network, or connect it again."""
    conditions = {"offline": is_so, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    typist.browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)


def brightness(colour: str) -> int:
    """Add the red, green and blue of a colour such as rgb(1, 2, 3)."""
    return sum(int(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
