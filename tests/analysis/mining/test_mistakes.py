"""A gallery shows the mistakes that were mined, as they were mined."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.mistakes import mistakes_exhibits, mistakes_measured
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.gallery import gallery
from outvoted.analysis.report.report import Section, Widget
from tests.analysis.report.test_packing import unpacked


def widget(section: Section) -> Widget:
    (found,) = section.parts
    assert isinstance(found, Widget)
    return found


def values(section: Section) -> dict[str, Any]:
    found = widget(section).data
    assert isinstance(found, dict)
    return found


def test_every_mistake_is_there_with_all_its_steps(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    told: list[tuple[int, int]] = []
    found = mistakes_exhibits(run, lambda done, of: told.append((done, of)))
    rows = {str(row["search_id"]): row for row in mistakes}
    assert sorted(item.name for item in found.items) == sorted(rows)
    assert found.of == len(rows)
    assert told[-1] == (sum(row["moves"] + 1 for row in mistakes),) * 2
    for k, item in enumerate(found.items):
        row = rows[item.name]
        assert (found.target[k], found.label[k]) == (row["target"], row["label"])
        assert found.predicted[k] == row["predicted"]
        np.testing.assert_array_equal(item.images[-1], png.decode(row["image"]["bytes"]))
        np.testing.assert_array_equal(item.votes[:, -1], np.array(row["probabilities"], np.float32))
        measured = [row["measures"][name] for name in found.measures]
        np.testing.assert_allclose(item.measures[-1], measured, atol=1e-4)
        assert [found.voting[k, peer] for peer in range(3)].count(0) == 1
        assert found.voting[k, row["target"]] == 0


def test_of_too_many_pixels_an_even_sample_is_taken(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    some = mistakes_exhibits(run, most=28 * 28 * 60)
    assert sum(len(item.steps) for item in some.items) <= 60
    assert 0 < len(some.items) < len(mistakes)
    kinds = Counter(zip(some.target.tolist(), some.label.tolist(), some.predicted.tolist(), strict=True))
    every = {(row["target"], row["label"], row["predicted"]) for row in mistakes}
    assert max(kinds.values()) == 1
    assert len(kinds) < len(every)
    section = gallery(some, "Mistakes", "Text.")
    assert f"Shown are {len(some.items):,} of {len(mistakes):,} mistakes, an even sample" in section.text


def test_one_mistake_is_shown_however_large(run: OpenedRun) -> None:
    assert len(mistakes_exhibits(run, most=1).items) == 1


def test_images_that_do_not_fit_a_page_are_left_out_with_their_votes(run: OpenedRun) -> None:
    found = mistakes_exhibits(run)
    section = gallery(found, "Mistakes", "Text.", most=1)
    data = values(section)
    count = len(data["names"])
    assert 0 < count <= len(found.items)
    assert len(unpacked(data["label"])) == len(unpacked(data["frames"])) == count
    assert len(unpacked(data["steps"])) == unpacked(data["frames"]).sum()
    assert len(unpacked(data["answers"])) == 3 * len(unpacked(data["steps"]))
    assert "slight loss" in section.text


def test_the_page_is_given_the_votes_to_three_decimals(run: OpenedRun) -> None:
    found = mistakes_exhibits(run)
    data = values(gallery(found, "Mistakes", ""))
    first, label = found.items[0], found.label[0]
    given = unpacked(data["for_label"])[: 3 * len(first.steps)].reshape(-1, 3)
    np.testing.assert_allclose(given.T / 1000, first.votes[:, :, label], atol=0.00051)
    answers = unpacked(data["answers"])[: 3 * len(first.steps)].reshape(-1, 3)
    np.testing.assert_array_equal(answers.T, first.votes.argmax(axis=2))


def test_a_run_that_has_mined_nothing_has_nothing_measured(bare: RunFolder) -> None:
    assert mistakes_measured(OpenedRun(bare).mistakes).empty


@pytest.mark.parametrize("broken", [0, 2])
def test_a_network_that_failed_has_no_answer(run: OpenedRun, broken: int) -> None:
    found = mistakes_exhibits(run, most=1)
    found.items[0].votes[broken, 0] = np.nan
    data = values(gallery(found, "Mistakes", ""))
    answers = unpacked(data["answers"]).reshape(-1, 3)
    assert answers[0, broken] == -1
    assert (answers[1:] >= 0).all()
