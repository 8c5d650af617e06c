"""Where runs take place: machines with Ray on them, of which the simplest is this one."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ray

from tests.cluster.processes import Title, descendants

_CORE = Path(ray.__file__).parent / "core" / "src" / "ray"
RAYLET, GCS = str(_CORE / "raylet" / "raylet"), str(_CORE / "gcs" / "gcs_server")
_ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Return what a command needs to find the package, and these tests."""
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "OMP_NUM_THREADS": "1"}
    return {**os.environ, "PYTHONPATH": path, **quiet}


class Machines(ABC):
    """Machines with Ray on them."""

    name: str
    address: str
    """What `--address` takes."""
    env: Mapping[str, str]

    @abstractmethod
    def command(self, *arguments: str) -> Sequence[str]:
        """Return a command of ours as it is started there."""

    @abstractmethod
    def roots(self, driver: int) -> Iterator[int]:
        """Walk through processes whose descendants are all that takes part in a run."""

    def processes(self, driver: int, title: Title) -> list[int]:
        """Return the processes of a run, or of Ray, whose command line begins with ``title``."""
        return sorted({pid for root in self.roots(driver) for pid in descendants(root, title)})

    @abstractmethod
    def mend(self) -> None:
        """Have everything there that was there in the beginning."""

    @abstractmethod
    def tend(self) -> None:
        """Start again what has ended, as an operator does that looks after it all the time."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing behind."""


class Alone(Machines):
    """This machine: every command starts an instance of Ray of its own."""

    name, address = "alone", "local"

    def __init__(self) -> None:
        self.env = environment()

    def command(self, *arguments: str) -> Sequence[str]:
        """Return it as it is."""
        return (sys.executable, "-m", "outvoted.cluster", *arguments)

    def roots(self, driver: int) -> Iterator[int]:
        """Yield the command itself."""
        yield driver

    def mend(self) -> None:
        """Do nothing: what a command started ends with it."""

    def tend(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
