"""Climbs gone through again: from the seed to the stored pixels, downhill for the target alone."""

from typing import Any

import numpy as np
from scipy.special import logit

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.panel.exactness import GRID
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs import png
from outvoted.analysis.mining.replay import positions, steps
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.messages import Candidates


def test_a_climb_begins_at_the_seed(run: OpenedRun, mistakes: list[dict[str, Any]], digits: Dataset) -> None:
    for row in mistakes:
        np.testing.assert_array_equal(steps(run, row).images[0], digits.train.images[row["seed_id"]])


def test_a_climb_ends_at_the_stored_pixels(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    for row in mistakes:
        climb = steps(run, row)
        np.testing.assert_array_equal(climb.images[-1], png.decode(row["image"]["bytes"]))
        np.testing.assert_array_equal(climb.probabilities[:, -1], np.array(row["probabilities"], np.float32))


def test_a_climb_has_a_step_for_each_move(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    for row in mistakes:
        climb = steps(run, row)
        assert climb.images.shape == (row["moves"] + 1, 1, 28, 28)
        assert climb.probabilities.shape == (3, row["moves"] + 1, 10)


def test_the_targets_output_for_the_label_falls_at_each_step(
    run: OpenedRun, mistakes: list[dict[str, Any]], peers: list[Peer]
) -> None:
    for row in mistakes:
        composed = positions(run, row["move_parameters"]).astype(np.float32)
        seeds = np.full(len(composed), row["seed_id"], np.int32)
        score = peers[row["target"]].ask(Candidates(seeds, composed)).score
        assert (np.diff(score) < 0).all()
        output = steps(run, row).probabilities[row["target"], :, row["label"]]
        assert (np.diff(output) <= 1e-7).all()


def test_every_peer_keeps_the_label_and_the_target_until_the_last_step(
    run: OpenedRun, mistakes: list[dict[str, Any]]
) -> None:
    for row in mistakes:
        answers = steps(run, row).probabilities.argmax(axis=2)
        right = answers == row["label"]
        assert np.delete(right, row["target"], axis=0).all()
        assert right[row["target"]].tolist() == [True] * row["moves"] + [False]
        assert answers[row["target"], -1] == row["predicted"]


def test_probabilities_begin_and_end_as_recorded(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    """But for the grid that scores are rounded to."""
    for row in mistakes:
        output = steps(run, row).probabilities[row["target"], :, row["label"]]
        recorded = [row["start_probability"], row["end_probability"]]
        np.testing.assert_allclose(logit(output[[0, -1]]), logit(recorded), rtol=0, atol=0.5 / GRID + 1e-4)


def test_no_moves_are_the_seed_alone(run: OpenedRun) -> None:
    np.testing.assert_array_equal(positions(run, []), run.transform.identity(1))
