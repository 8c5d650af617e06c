"""What every landscape shows: roughness, in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from outvoted.analysis.report.drawing import class_names
from outvoted.analysis.report.report import Section
from outvoted.analysis.report.table import Table
from outvoted.analysis.studies.ballots import Ballots, ballots
from outvoted.analysis.studies.landscape.roughness import (
    MEANING,
    Line,
    Sequences,
    accuracy_table,
    by_architecture,
    by_classes,
    by_network,
    roughness,
    roughness_table,
)
from outvoted.analysis.studies.opened import OpenedStudy

MOST_NUMBERS = 330_000
"""Of a figure, which is then about 2 MB of a page."""
LINES = 4
"""Of a walk: three classes, and all others."""
WIDTH = 600
"""Of a plot in pixels: two menus side by side, and three plots."""

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
        correct: the share of a table's own rows that each network classifies correctly; empty for images.
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
    correct: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: intervals as [mean, low, high]."""
        lines = {"networks": self.networks, "architectures": self.architectures, "classes": self.classes}
        return {
            "images": len(self.images),
            "dissent": self.dissent,
            "measures": dict(MEANING),
            **({"accuracy_on_rows": dict(self.correct)} if self.correct else {}),
            **{
                kind: [{"name": line.name, "groups": line.groups, **line.measures} for line in found]
                for kind, found in lines.items()
            },
        }

    def tables(self) -> list[Table]:
        """Return the tables of the terminal."""
        title = f"{self.name}: {len(self.images):,} images, networks part on {self.dissent:.1%}"
        meaning = "\n".join(f"{measure}: {text}" for measure, text in MEANING.items())
        return [
            roughness_table(title, "network", self.networks),
            *([accuracy_table(self.correct)] if self.correct else []),
            roughness_table("by architecture", "architecture", self.architectures),
            roughness_table("roughest passages", "classes", self.classes[:_PASSAGES_SHOWN], meaning),
        ]


def analyse(
    study: OpenedStudy, sequences: Sequences, correct: Mapping[str, float] | None = None
) -> LandscapeFindings:
    """Measure the roughness of what a study's panel answered along ``sequences`` of its images."""
    votes = ballots(study.votes)
    rough = roughness(votes.with_mean(), sequences)
    names = class_names(study.run.record, votes.probabilities.shape[2])
    return LandscapeFindings(
        study.run.record.name,
        tuple(names),
        study.images,
        votes,
        rough,
        float((votes.dissent > 0).mean()),
        by_network(rough),
        by_architecture(rough, study.architectures),
        by_classes(rough, names),
        correct or {},
    )


def roughness_section(found: LandscapeFindings) -> Section:
    """Return the tables, for a page."""
    return Section(
        "Roughness",
        "How the answers change along sequences of frames. The figures are means over groups with their 95 % "
        "intervals.",
        found.tables(),
    )
