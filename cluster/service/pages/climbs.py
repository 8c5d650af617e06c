"""The climb of one mistake: its images, and every network's probability of the label at each of them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outvoted.actors.runs import png
from outvoted.analysis.mining.replay import chosen_steps
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.gallery import thinned
from outvoted.cluster.service.pages.told import TARGET, RunNames, ShownAnswer, ballots
from outvoted.search.arrays import Singles

_FRAMES = 24


@dataclass(frozen=True)
class ClimbFrame:
    """One image of a climb.

    Attributes:
        title: below it.
        said: the same in whole words.
        image: a data URI.
        step: how many moves were made.
        votes: what every network answers.
    """

    title: str
    said: str
    image: str
    step: int
    votes: Sequence[ShownAnswer]


@dataclass(frozen=True)
class ClimbLine:
    """A network's probability of the label along the frames; y runs downwards from 1 to 0."""

    name: str
    role: str
    points: Sequence[tuple[int, float]]

    @property
    def path(self) -> str:
        """The line in the words of SVG."""
        return "M" + "L".join(f"{x} {y:.4g}" for x, y in self.points)


@dataclass(frozen=True)
class ShownClimb:
    """What the page shows of a climb, the target's line last so that it lies on top."""

    frames: Sequence[ClimbFrame]
    lines: Sequence[ClimbLine]
    target: str
    label: str
    width: int
    height: int

    @property
    def said(self) -> str:
        """The curve in words."""
        ends = [f"{1 - y:.2f}" for _, y in (self.lines[-1].points[0], self.lines[-1].points[-1])]
        return f"{self.target}'s probability of {self.label} falls from {ends[0]} to {ends[1]}"


def climb_of(run: OpenedRun, row: Mapping[str, Any], told: RunNames) -> ShownClimb:
    """Go through a climb again: render its images, and put them to the panel.

    Raises:
        OutvotedError: the run's data or networks are missing, or not those it was made with.
    """
    chosen = thinned(len(row["move_parameters"]) + 1, _FRAMES)
    found = chosen_steps(run, [dict(row)], [chosen])[0]
    frames = [
        _frame(int(step), int(chosen[-1]), found.images[k], found.probabilities[:, k], row, told)
        for k, step in enumerate(chosen)
    ]
    _, height, width = found.images.shape[1:]
    return ShownClimb(
        frames, _lines(frames), row["target_name"], told.class_(int(row["label"])), width, height
    )


def _frame(
    step: int, last: int, image: Any, votes: Singles, row: Mapping[str, Any], told: RunNames
) -> ClimbFrame:
    number = "seed" if step == 0 else str(step)
    said = "the seed" if step == 0 else f"move {step} of {last}"
    every = ballots(row, told, votes)
    target = every[int(row["target"])]
    sure = (
        "" if target.label is None else f", its probability of {told.class_(row['label'])} {target.label:.2f}"
    )
    uri = f"data:image/png;base64,{base64.b64encode(png.encode(image)).decode()}"
    return ClimbFrame(number, f"{said}: {target.name} says {target.answer}{sure}", uri, step, every)


def _lines(frames: Sequence[ClimbFrame]) -> list[ClimbLine]:
    """Draw a line for each network; the gap where one failed is closed by its neighbours."""
    lines = []
    for place, ballot in enumerate(frames[0].votes):
        sure = [frame.votes[place].label for frame in frames]
        points = [(k, round(1 - value, 4)) for k, value in enumerate(sure) if value is not None]
        if points:
            lines.append(ClimbLine(ballot.name, ballot.role.replace(" ", "-"), points))
    return sorted(lines, key=lambda line: line.role == TARGET)
