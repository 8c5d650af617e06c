"""Walks through frames and the lines drawn of them (Figs. 3, 4 and 7)."""

import numpy as np
import pytest

from outvoted.analysis.studies.interpolation.fields import cycles
from outvoted.analysis.studies.morphs.passages import by_roughness, morph_sequences, once, passages
from outvoted.analysis.studies.opened import MEAN
from outvoted.analysis.studies.roughness import roughness
from outvoted.analysis.studies.walks import Walks, walk_plot
from tests.analysis.studies.landscape.landscapes import NAMES, interpolations, morphs, votes

SIDE = 4
IMAGES = morphs(SIDE, (0, 1, 2), (4, 2, 1))
VOTES = votes(len(IMAGES))


def test_of_a_pair_in_both_orders_one_is_kept() -> None:
    every = passages(IMAGES)
    kept = once(every)
    assert len(every) == 12
    assert len(kept) == 6
    assert {one.place for one in kept} == {one.place for one in every}


def test_passages_are_ordered_by_the_detour_of_the_mean() -> None:
    rough = roughness(VOTES, morph_sequences(IMAGES))
    ordered = by_roughness(rough, once(passages(IMAGES)))
    mean = rough[rough["network"] == MEAN]
    detours = []
    for one in ordered:
        pair, rows = frozenset(one.labels[:2]), mean[mean["group"] == one.group]
        rows = rows[rows["third"] == one.labels[2]]
        detours.append(rows["detour"].mean())
        assert {frozenset(row) for row in rows[["first", "second"]].to_numpy().tolist()} == {pair}
    assert detours == sorted(detours, reverse=True)
    assert len(set(detours)) == len(detours)


def test_a_walk_goes_through_all_frames_morph_by_morph() -> None:
    one, *_ = once(passages(IMAGES))
    walk = one.walk(NAMES)
    by_id = IMAGES.set_index("image_id").loc[walk.frames]
    assert by_id["across"].tolist() == [k for k in range(SIDE) for _ in range(SIDE)]
    assert by_id["along"].tolist() == [*range(SIDE)] * SIDE
    assert walk.labels == one.labels


def test_a_cycle_leads_from_item_to_item_and_back() -> None:
    images = interpolations(3, (0, 1, 2), (1, 3, 4))
    found = cycles(images, NAMES)
    walks = found.every
    assert found.part == 5
    assert found.cuts == [4.5, 9.5]
    assert [walk.labels for walk in walks] == [(0, 1, 2), (1, 3, 4)]
    assert walks[0].title == "group 1: ant → <b>bee</b> → cat → ant"
    for walk in walks:
        lines = images.set_index("image_id").loc[walk.frames, ["w0", "w1", "w2"]].to_numpy()
        ends = lines.reshape(3, 5, 3)[:, [0, -1]].argmax(2)
        assert ends.tolist() == [[0, 1], [1, 2], [2, 0]]
        np.testing.assert_allclose(lines.sum(1), 1)


@pytest.mark.parametrize("classes", [3, 5])
def test_lines_are_the_votes_along_the_walk(classes: int) -> None:
    images, found = morphs(SIDE, (0, 1, 2)), votes(6 * SIDE**2, classes=classes)
    whole = found.with_mean()
    walks = [one.walk(NAMES) for one in once(passages(images))]
    figure = walk_plot(Walks(walks, SIDE, "frame"), whole, found.dissent, NAMES)
    chosen, _ = figure.layout.updatemenus
    lines = 3 if classes == 3 else 4
    for walk, button in zip(walks, chosen.buttons, strict=True):
        drawn = np.array(button.args[0]["y"])
        assert drawn.shape == (4 * lines + 1, SIDE**2)
        network = drawn[lines : 2 * lines]  # the first after the mean
        votes_ = whole.probabilities[1, walk.frames]
        np.testing.assert_allclose(network[:3], votes_[:, list(walk.labels)].T, atol=6e-4)
        np.testing.assert_allclose(drawn[:-1].reshape(4, lines, -1).sum(1), 1, atol=3e-3)
        np.testing.assert_allclose(drawn[-1], found.dissent[walk.frames], atol=6e-4)


def test_one_networks_lines_are_seen_at_a_time() -> None:
    walks = Walks([one.walk(NAMES) for one in once(passages(IMAGES))], SIDE, "frame")
    figure = walk_plot(walks, VOTES.with_mean(), VOTES.dissent, NAMES)
    _, whose = figure.layout.updatemenus
    assert [button.label for button in whose.buttons] == [MEAN, *VOTES.names]
    seen = np.array([button.args[0]["visible"] for button in whose.buttons])
    assert seen[:, -1].all()
    assert (seen[:, :-1].sum(0) == 1).all()
    assert (seen.sum(1) == 4 + 1).all()
