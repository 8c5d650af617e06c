"""The interpolation study: fields of points between rows of a table (Powers et al., section II.B)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats.features import to_pixels, to_values
from outvoted.actors.studies.study_store import Fields, image_rows
from outvoted.analysis.studies.base import Ingredients, Needs, Study
from outvoted.search.arrays import Floats, Ints
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report
    from outvoted.analysis.studies.opened import OpenedStudy

Three = tuple[int, int, int]


class InterpolationStudy(Study):
    """Groups of three items, each of another class, and the points between them.

    The points of a group form a triangular grid. Its edges are the paper's lines, with ``points`` points
    between each two items. Features are rounded to 1/255 of their range, as everywhere.
    """

    kind: Literal["interpolation"] = "interpolation"
    groups: Annotated[int, Field(ge=1, le=1000)] = 5
    """How many groups of three."""
    classes: Three | None = None
    """The three classes, by number; by default drawn for each group."""
    points: Annotated[int, Field(ge=1, le=200)] = 9
    """Points between two items."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of the draws."""

    @field_validator("classes")
    @classmethod
    def _different(cls, classes: Three | None) -> Three | None:
        if classes is not None and (len(set(classes)) < 3 or min(classes) < 0):
            raise ValueError("three different classes, numbered from 0")
        return classes

    @property
    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def fields(self) -> Fields:
        """Return the columns: group, items and their weights, and the features in the table's units."""
        three = range(3)
        return [
            ("group", pa.int16()),
            *((f"class{k}", pa.int16()) for k in three),
            *((f"item{k}", pa.int32()) for k in three),
            *((f"w{k}", pa.float64()) for k in three),
            ("values", pa.list_(pa.float64())),
        ]

    def check(self, data: Dataset) -> None:
        """Refuse images, which are no rows of a table, and tables with fewer than three classes."""
        if data.features is None:
            raise OutvotedError(
                expected="a table, whose rows can be interpolated feature by feature",
                found=f"{data.name}, which holds images",
                remedy="set data.name to iris or table, or study.kind to morphs",
            )
        if data.classes < 3:
            raise OutvotedError(
                expected="three classes or more",
                found=f"{data.classes} in {data.name}",
                remedy="choose another column by data.label",
            )
        beyond = [label for label in self.classes or () if label >= data.classes]
        if beyond:
            raise OutvotedError(
                expected=f"classes from 0 to {data.classes - 1} in study.classes, as {data.name} has",
                found=f"{beyond[0]}",
                remedy="change study.classes, or leave it out",
            )

    def images(self, made_from: Ingredients) -> pa.Table:
        """Draw the items from all rows, training ones first, and interpolate."""
        import pandas as pd  # configurations are read without it

        data = made_from.data
        assert data.features is not None  # it was checked
        rows = to_values(np.concatenate([data.train.images, data.test.images]), data.features)
        labels = np.concatenate([data.train.labels, data.test.labels])
        random, weights = np.random.default_rng(self.seed), self.weights()
        groups = []
        for group in range(self.groups):
            classes, items = _items(random, labels, self.classes)
            columns: dict[str, object] = {"group": group}
            for k in range(3):
                columns |= {f"class{k}": classes[k], f"item{k}": items[k], f"w{k}": weights[:, k]}
            groups.append(pd.DataFrame({**columns, "values": list(weights @ rows[items])}))
        whole = pd.concat(groups).to_dict("list")
        return image_rows(to_pixels(np.stack(whole["values"]), data.features), whole, self.fields())

    def sample(self) -> tuple[Study, float]:
        """Return one group."""
        return self.model_copy(update={"groups": 1}), self.groups

    def extras(self, made_from: Ingredients) -> Mapping[str, pa.Table]:
        """Return nothing."""
        return {}

    def report(self, study: "OpenedStudy") -> "Report":
        """Report how rough the landscape of the panel's votes is."""
        # only a report loads what draws
        from outvoted.analysis.studies.interpolation.report import report

        return report(study)

    def weights(self) -> Floats:
        """Return barycentric weights, shape (n, 3), each row with sum 1, in steps of 1 / (points + 1)."""
        steps = self.points + 1
        grid = [(steps - i - j, i, j) for i in range(steps + 1) for j in range(steps + 1 - i)]
        return np.array(grid, np.float64) / steps


def _items(random: np.random.Generator, labels: Ints, named: Three | None) -> tuple[Ints, Ints]:
    """Return three classes, those that are named or drawn ones in order; and a random row of each."""
    drawn = np.sort(random.choice(np.unique(labels), 3, replace=False)) if named is None else np.array(named)
    return drawn, np.array([random.choice(np.flatnonzero(labels == label)) for label in drawn])
