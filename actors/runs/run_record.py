"""`run.json`: what a run is, what it was run with, and how far it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from outvoted.actors.networks.members import Member, fingerprint

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
    replicas: int | None = None
    searches: int | None = None
    seconds_mining: float = 0.0
    images: int | None = None
    seconds_scanning: float = 0.0
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    message: str | None = None

    def has_panel(self, found: Sequence[Member]) -> bool:
        """Tell whether networks are the run's panel, as far as it is known yet."""
        return self.panel_fingerprint in (None, fingerprint(found))
