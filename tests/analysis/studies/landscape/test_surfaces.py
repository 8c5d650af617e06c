"""Surfaces over squares of frames (Fig. 5)."""

import numpy as np

from outvoted.analysis.studies.morphs.passages import once, passages
from outvoted.analysis.studies.morphs.pictures import surface_plot
from tests.analysis.studies.landscape.landscapes import NAMES, morphs, votes

SIDE = 3
IMAGES = morphs(SIDE, (0, 1, 3))
VOTES = votes(len(IMAGES), networks=2)
SOME = once(passages(IMAGES))
FIGURE = surface_plot(SOME, VOTES.mean_first(), VOTES.dissent, NAMES)


def test_heights_are_the_probabilities_of_the_passages_classes() -> None:
    whole = VOTES.mean_first()
    for one, button in zip(SOME, FIGURE.layout.updatemenus[0].buttons, strict=True):
        heights = np.array(button.args[0]["z"]).reshape(3, 3, SIDE, SIDE)
        for across in range(SIDE):
            for along in range(SIDE):
                expected = whole.probabilities[:, one.frames[across, along], list(one.labels)]
                np.testing.assert_allclose(heights[:, :, along, across], expected, atol=6e-4)


def test_the_mean_is_coloured_by_dissent_and_a_network_by_its_height() -> None:
    what, whose = FIGURE.layout.updatemenus
    colours = what.buttons[1].args[0]["surfacecolor"]
    np.testing.assert_allclose(colours[0], VOTES.dissent[SOME[1].frames].T, atol=6e-4)
    assert colours[:3] == [colours[0]] * 3
    assert colours[3:] == [None] * 6
    said = [button.args[1]["coloraxis.colorbar.title.text"] for button in whose.buttons]
    assert "differ" in said[0]
    assert said[1:] == ["probability"] * 2


def test_titles_are_the_classes_as_text() -> None:
    layout = FIGURE.layout.updatemenus[0].buttons[0].args[1]
    first, second, third = SOME[0].labels
    shown = {0: "ant", 1: "&lt;b&gt;bee&lt;/b&gt;", 3: "dog &amp; co"}
    titles = [layout[f"annotations[{place}].text"] for place in range(3)]
    assert titles == [shown[first], shown[second], shown[third]]
    assert layout["scene2.xaxis.title.text"] == f"→ {shown[second]}"
