"""`run.json`: what a run is, what it was run with, and how far it is."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outvoted.search.errors import OutvotedError

EARLIER = ("outvoted run 1", "outvoted run 2")
"""Formats that development versions wrote. Their tables have columns of other names."""


class State(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


class DataRecord(BaseModel):
    """The data set a run was mined from; ``fingerprint`` is a SHA-256 over pixels and labels."""

    name: str
    fingerprint: str
    train: int
    test: int
    class_names: tuple[str, ...] | None = None


class RunRecord(BaseModel):
    """The content of `run.json`."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["outvoted run 3"] = "outvoted run 3"
    name: str
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "mine"
    """The command that made the run."""
    state: State
    config: dict[str, Any]
    versions: dict[str, str]
    data: DataRecord | None = None
    panel_fingerprint: str | None = None
    figures: dict[str, Any] = Field(default_factory=dict)
    """What the run's kind counts of itself: see :class:`Figures`."""
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    message: str | None = None


class Figures(BaseModel):
    """What runs of one kind count of themselves; `run.json` has it under ``figures``."""

    @classmethod
    def of(cls, record: RunRecord) -> Self:
        """Return a record's figures.

        Raises:
            OutvotedError: they are none of these.
        """
        try:
            return cls.model_validate(record.figures)
        except ValidationError as error:
            place = ".".join(("figures", *map(str, error.errors()[0]["loc"])))
            raise OutvotedError(
                expected=f"what `outvoted {record.kind}` counts in the run.json of {record.name}",
                found=f"a wrong value of {place}",
                remedy="restore run.json, or start a new run under another --name",
            ) from error

    def put(self, record: RunRecord) -> None:
        """Make these the figures of a record."""
        record.figures = self.model_dump(mode="json")
