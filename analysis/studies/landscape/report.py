"""What a landscape study leaves for its reader: roughness, pictures, tables for the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from outvoted.analysis.report.drawing import class_names
from outvoted.analysis.studies.landscape import field_pictures, morph_pictures
from outvoted.analysis.studies.landscape.ballots import Ballots, ballots
from outvoted.analysis.studies.landscape.points import OwnRows, fields, own_rows
from outvoted.analysis.studies.landscape.roughness import (
    MEANING,
    Line,
    by_architecture,
    by_classes,
    by_network,
    right_table,
    roughness,
    roughness_table,
    with_meaning,
)
from outvoted.analysis.studies.landscape.sequences import (
    Sequences,
    by_roughness,
    edge_sequences,
    morph_sequences,
    once,
    passages,
)
from outvoted.analysis.studies.morphs import MorphStudy
from outvoted.analysis.studies.opened import OpenedStudy

_PASSAGES_SHOWN = 10


@dataclass(frozen=True)
class LandscapeFindings:
    """What the panel's votes on a landscape show.

    Attributes:
        name: of the run.
        class_names: numbers where classes have none.
        images: how each image was made.
        votes: the panel's ballots.
        rough: a row for each sequence and network (see `roughness`), the panel's mean among them.
        dissent: share of all images on which the networks do not all agree.
        networks, architectures, classes: summaries over groups.
        own: what the panel answers for the table's own rows, where it is a table.
    """

    name: str
    class_names: tuple[str, ...]
    images: pd.DataFrame
    votes: Ballots
    rough: pd.DataFrame
    dissent: float
    networks: Sequence[Line]
    architectures: Sequence[Line]
    classes: Sequence[Line]
    own: OwnRows | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values: intervals as [mean, low, high]."""
        lines = {"networks": self.networks, "architectures": self.architectures, "classes": self.classes}
        return {
            "images": len(self.images),
            "dissent": self.dissent,
            "measures": dict(MEANING),
            **({} if self.own is None else {"accuracy_on_rows": self.own.right}),
            **{
                kind: [{"name": line.name, "groups": line.groups, **line.measures} for line in found]
                for kind, found in lines.items()
            },
        }

    def tables(self) -> list[Table]:
        """Draw the tables for the terminal."""
        title = f"{self.name}: {len(self.images):,} images, networks part on {self.dissent:.1%}"
        return [
            roughness_table(title, "network", self.networks),
            *([] if self.own is None else [right_table(self.own.right)]),
            roughness_table("by architecture", "architecture", self.architectures),
            with_meaning(roughness_table("roughest passages", "classes", self.classes[:_PASSAGES_SHOWN])),
        ]


def analyse(study: OpenedStudy) -> LandscapeFindings:
    """Measure the roughness of what a study's panel answered."""
    votes = ballots(study.votes)
    rough = roughness(votes.with_mean(), _sequences(study))
    names = class_names(study.record, votes.probabilities.shape[2])
    return LandscapeFindings(
        study.record.name,
        tuple(names),
        study.images,
        votes,
        rough,
        float((votes.dissent > 0).mean()),
        by_network(rough),
        by_architecture(rough, study.architectures),
        by_classes(rough, names),
        _own(study, votes),
    )


def draw(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    """Draw the pictures of a morph study, or those of an interpolation."""
    drawing: Callable[[OpenedStudy, LandscapeFindings, Path], None]
    drawing = _draw_morphs if isinstance(study.study, MorphStudy) else _draw_fields
    drawing(study, found, folder)


def _own(study: OpenedStudy, votes: Ballots) -> OwnRows | None:
    if isinstance(study.study, MorphStudy):
        return None
    return own_rows(study, votes.names, fields(study.images, votes)[0].labels)


def _sequences(study: OpenedStudy) -> Sequences:
    morphs = isinstance(study.study, MorphStudy)
    return morph_sequences(study.images) if morphs else edge_sequences(study.images)


def _draw_morphs(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    names, mean, every = found.class_names, found.votes.probabilities.mean(0), passages(found.images)
    ordered = by_roughness(found.rough, once(every))
    two = ordered[0], ordered[-1]
    morph_pictures.draw_frames(two, study.pixels, names, folder / "frames.png")
    morph_pictures.draw_lines(two, mean, names, folder / "lines.png")
    morph_pictures.draw_surfaces(two, mean, names, folder / "surfaces.png")
    peers = len(found.votes.names)
    morph_pictures.draw_dissent(every, found.votes.dissent, peers, names, folder / "dissent.png")


def _draw_fields(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> None:
    names, data = found.class_names, study.data
    assert data.features is not None  # the study was checked
    assert found.own is not None
    features = [feature.name for feature in data.features]
    whole, *_ = fields(found.images, found.votes)
    field_pictures.draw_fields(whole, found.own.points.values, features, names, folder / "fields.png")
    mean = found.votes.probabilities.mean(0)
    field_pictures.draw_cycles(found.images, mean, names, folder / "lines.png")
    field_pictures.draw_ternary((found.own.points, whole), names, folder / "ternary.png")
