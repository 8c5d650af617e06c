"""One search as a picture: the image after each move, and how sure every network is of the label."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.analysis.mining.replay import Steps, chosen_steps
from outvoted.analysis.opened.scene import Scene
from outvoted.analysis.report.drawing import COLOURS, marker, plain, shortened, show
from outvoted.analysis.report.gallery import thinned
from outvoted.search.arrays import Ints

_FRAMES = 10
_TARGET = "#D55E00"
_PEERS = tuple(one for one in COLOURS if one not in (_TARGET, "#F0E442"))  # yellow is lost on white
_SIDE, _GAP, _PLOT = 1.1, 0.1, 1.5  # inches
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 0.75, 1.75, 0.95, 0.55, 0.12


def climb_figure(scene: Scene, mistake: Mapping[str, Any]) -> Figure:
    """Draw the search that found a mistake, move by move; of a long one, some of its moves.

    Above each image stands what the target answers.

    Args:
        scene: what it was found with.
        mistake: its row of the table `mistakes`.
    """
    frames = thinned(len(mistake["move_parameters"]) + 1, _FRAMES)
    climb = chosen_steps(scene, [dict(mistake)], [frames])[0]
    answers, count = climb.probabilities[mistake["target"]].argmax(axis=1), len(frames)
    width = _LEFT + max(count, 3) * (_SIDE + _GAP) + _RIGHT
    height = _TOP + _SIDE + _BETWEEN + _PLOT + _BOTTOM
    figure = Figure(figsize=(width, height))

    def placed(left: float, low: float, wide: float, high: float) -> Axes:
        return figure.add_axes((left / width, low / height, wide / width, high / height))

    for place in range(count):
        axes = placed(_LEFT + place * (_SIDE + _GAP), height - _TOP - _SIDE, _SIDE, _SIDE)
        show(axes, climb.images[place])
        wrong = answers[place] != mistake["label"]
        said = f"{_step(frames, place)}\n{shortened(scene.classes[answers[place]], 14)}"
        axes.set_title(said, fontsize=8, pad=3, color=_TARGET if wrong else "black")
    _lines(placed(_LEFT, _BOTTOM, count * (_SIDE + _GAP), _PLOT), scene, mistake, climb, frames)
    figure.text(_LEFT / width, 1 - 0.1 / height, _title(scene, mistake), fontsize=10, va="top")
    return figure


def _title(scene: Scene, mistake: Mapping[str, Any]) -> str:
    label, wrong = (shortened(scene.classes[mistake[name]], 30) for name in ("label", "predicted"))
    moves, voters = len(mistake["move_parameters"]), int(mistake["voters"])
    after = "1 move" if moves == 1 else f"{moves} moves"
    found = f"{mistake['target_name']} mistakes {label} for {wrong} after {after}"
    if not voters:
        return found
    still = "all its peers" if voters == len(scene.names) - 1 else f"the {voters} peers that vote"
    return f"{found};\n{still} still answer {label}"


def _step(frames: Ints, place: int) -> str:
    if place == 0:
        return "seed"
    return "mistake" if place == len(frames) - 1 else f"move {frames[place]}"


def _lines(axes: Axes, scene: Scene, mistake: Mapping[str, Any], climb: Steps, frames: Ints) -> None:
    """Draw each network's probability of the label under the images."""
    target, label = mistake["target"], mistake["label"]
    for peer, colour in zip(_peers(scene.names, target), _cycled(_PEERS), strict=False):
        _line(axes, scene.names[peer], climb.probabilities[peer, :, label], colour, peer, 1.2)
    name = f"{scene.names[target]} (target)"
    _line(axes, name, climb.probabilities[target, :, label], _TARGET, target, 2.4)
    plain(axes)
    axes.set(xlim=(-0.5, len(frames) - 0.5), ylim=(-4, 104), yticks=[0, 50, 100])
    axes.set_xticks(range(len(frames)), [str(number) for number in frames])
    axes.set_xlabel("accepted moves", fontsize=8)
    axes.set_ylabel(f"probability of {shortened(scene.classes[label], 12)}, %", fontsize=8)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _line(axes: Axes, name: str, values: Any, colour: str, place: int, width: float) -> None:
    axes.plot(
        np.arange(len(values)),
        100 * values,
        label=name,
        color=colour,
        marker=marker(place),
        markersize=4,
        linewidth=width,
    )


def _peers(names: Sequence[str], target: int) -> list[int]:
    return [place for place in range(len(names)) if place != target]


def _cycled(colours: Sequence[str]) -> Any:
    while True:
        yield from colours
