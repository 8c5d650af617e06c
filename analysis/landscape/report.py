"""What a landscape study leaves for its reader: roughness, pictures, tables for the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.table import Table

from outvoted.actors.readers.table import to_values
from outvoted.analysis.landscape import field_pictures, morph_pictures
from outvoted.analysis.landscape.ballots import Ballots, ballots
from outvoted.analysis.landscape.passages import extremes, passages
from outvoted.analysis.landscape.roughness import MEANING, MEASURES, roughness
from outvoted.analysis.landscape.sequences import Sequences, edge_sequences, morph_sequences
from outvoted.analysis.landscape.summary import Line, by_architecture, by_classes, by_network
from outvoted.analysis.studies.morphs import MorphStudy
from outvoted.analysis.studies.opened import OpenedStudy

_PASSAGES_SHOWN = 10
_PERCENT = ("strange", "dissent")


@dataclass(frozen=True)
class LandscapeFindings:
    """What the panel's votes on a landscape show.

    Attributes:
        images: how each image was made.
        votes: the panel's ballots.
        rough: a row for each sequence and network (see `roughness`), the panel's mean among them.
        dissent: share of all images on which the networks do not all agree.
        networks, architectures, classes: summaries over groups.
    """

    name: str
    images: pd.DataFrame
    votes: Ballots
    rough: pd.DataFrame
    dissent: float
    networks: Sequence[Line]
    architectures: Sequence[Line]
    classes: Sequence[Line]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: intervals as [mean, low, high]."""
        lines = {"networks": self.networks, "architectures": self.architectures, "classes": self.classes}
        return {
            "images": len(self.images),
            "dissent": self.dissent,
            "measures": dict(MEANING),
            **{
                kind: [{"name": line.name, "groups": line.groups, **line.measures} for line in found]
                for kind, found in lines.items()
            },
        }

    def tables(self) -> list[Table]:
        """Draw the tables for the terminal."""
        title = f"{self.name}: {len(self.images):,} images, networks part on {self.dissent:.1%}"
        whole = _table(title, "network", self.networks)
        kinds = _table("by architecture", "architecture", self.architectures)
        named = _table("roughest passages", "classes", self.classes[:_PASSAGES_SHOWN])
        named.caption = "\n".join(f"{measure}: {MEANING[measure]}" for measure in MEASURES)
        named.caption_justify = "left"
        return [whole, kinds, named]


def analyse(study: OpenedStudy) -> LandscapeFindings:
    """Measure the roughness of what a study's panel answered."""
    votes = ballots(study.votes)
    rough = roughness(votes.with_mean(), _sequences(study))
    return LandscapeFindings(
        study.record.name,
        study.images,
        votes,
        rough,
        float((votes.dissent > 0).mean()),
        by_network(rough),
        by_architecture(rough, study.architectures),
        by_classes(rough, class_names(study)),
    )


def draw(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    """Draw the pictures of a morph study, or those of an interpolation."""
    drawing: Callable[[OpenedStudy, LandscapeFindings, Path], None]
    drawing = _draw_morphs if isinstance(study.study, MorphStudy) else _draw_fields
    drawing(study, found, folder)


def class_names(study: OpenedStudy) -> tuple[str, ...]:
    """Return a name for each class: its number where the data set has none."""
    return study.data.class_names or tuple(map(str, range(study.data.classes)))


def _sequences(study: OpenedStudy) -> Sequences:
    morphs = isinstance(study.study, MorphStudy)
    return morph_sequences(study.images) if morphs else edge_sequences(study.images)


def _draw_morphs(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    names, mean, every = class_names(study), found.votes.probabilities.mean(0), passages(found.images)
    two = extremes(found.rough, every)
    morph_pictures.draw_frames(two, study.pixels, names, folder / "frames.png")
    morph_pictures.draw_lines(two, mean, names, folder / "lines.png")
    morph_pictures.draw_surfaces(two, mean, names, folder / "surfaces.png")
    peers = len(found.votes.names)
    morph_pictures.draw_dissent(every, found.votes.dissent, peers, names, folder / "dissent.png")


def _draw_fields(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    names, mean, data = class_names(study), found.votes.probabilities.mean(0), study.data
    assert data.features is not None  # the study was checked
    rows = to_values(np.concatenate([data.train.images, data.test.images]), data.features)
    features = [feature.name for feature in data.features]
    field_pictures.draw_fields(found.images, found.votes, rows, features, names, folder / "fields.png")
    field_pictures.draw_cycles(found.images, mean, names, folder / "lines.png")
    field_pictures.draw_ternary(mean, found.votes.dissent, names, folder / "ternary.png")


def _table(title: str, head: str, lines: Sequence[Line]) -> Table:
    drawn = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    drawn.add_column(head, min_width=17)
    for measure in MEASURES:
        drawn.add_column(f"{measure} %" if measure in _PERCENT else measure, justify="right", no_wrap=True)
    for line in lines:
        drawn.add_row(line.name, *(figure(line, measure) for measure in MEASURES))
    return drawn


def figure(line: Line, measure: str) -> str:
    """Write a measure: its mean, ± half its 95 % interval where there is one; shares in percent."""
    mean, low, _ = line.measures[measure]  # type: ignore[index]
    if mean is None:
        return "–"
    factor, digits = (100, 0) if measure in _PERCENT else (1, 2)
    half = "" if low is None else f" ± {factor * (mean - low):.{digits}f}"
    return f"{factor * mean:.{digits}f}{half}"
