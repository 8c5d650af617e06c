"""A scan as one value."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from outvoted.actors.data import datasets
from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.datasets import AnyData, Dataset, DataSettings, named
from outvoted.actors.data.rows import Source
from outvoted.actors.data.sources import AnySource
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.placement import PoolSettings
from outvoted.search.settings import MayChange, NoResult, Settings


class ScanSettings(Settings):
    """What is scanned, and in what portions."""

    source: AnySource
    """The unlabelled images."""
    batch: Annotated[int, Field(ge=1, le=10**6)] = 1024
    """Images of a chunk, which is read, judged and recorded as one."""
    sizes: Literal["resize", "refuse"] = "resize"
    """Stretch images of another size to that of the panel, or count them as undecodable."""


class ScanConfig(RunSettings):
    """Everything `outvoted scan` does."""

    data: Annotated[AnyData | Checkerboard, Field(discriminator="name"), BeforeValidator(named)] = (
        DataSettings()
    )
    """Labelled images, on which the panel is trained."""
    train_on: Annotated[int, Field(ge=1)] | Literal["test"] | None = None
    """Train on only the first N training images, or on the test images and test on the others, which makes
    the training images a repository that the panel has never seen."""
    panel: PanelSettings = PanelSettings()
    """The networks that look at every image; at least three."""
    referee: RefereeSettings | None = None
    """An independent network that judges what was found; null for none."""
    scan: Annotated[ScanSettings, MayChange(False)]
    """What is scanned."""
    cluster: Annotated[PoolSettings, MayChange(), NoResult()] = PoolSettings()
    """Where the work goes; changes no result."""

    @model_validator(mode="after")
    def _decidable(self) -> Self:
        if len(self.panel.networks) < 3:
            raise ValueError("a scan needs at least 3 networks: of two that differ, neither is the dissenter")
        if isinstance(self.scan.source, GridSource) and not isinstance(self.data, Checkerboard):
            raise ValueError("a grid holds points of a checkerboard: set data.name=checkerboard")
        return self

    @property
    def source(self) -> Source:
        """The repository: its path absolute, a grid without a board of its own with that of the panel."""
        source = self.scan.source
        if isinstance(source, GridSource):
            board = self.data if isinstance(self.data, Checkerboard) else None
            return source.model_copy(update={"board": source.board or board})
        return source.model_copy(update={"path": source.path and source.path.absolute()})

    def load(self) -> Dataset:
        """Load the labelled images.

        Raises:
            OutvotedError: they cannot be had, or a file is missing or corrupt.
        """
        data = self.data.dataset() if isinstance(self.data, Checkerboard) else datasets.load(self.data)
        if self.train_on is None:
            return data
        if self.train_on == "test":
            return replace(data, train=data.test, test=data.train)
        first = data.train.some(slice(self.train_on))
        return replace(data, train=first)
