"""What every request can reach: the settings, the folder of runs, and the cluster that runs are jobs of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.submitting.dashboard import Jobs


@dataclass(frozen=True)
class Service:
    """A service; what changes is on disk or on the cluster.

    Attributes:
        jobs: gives the jobs of the cluster; raises ``NotReadyError`` while it can't be reached.
    """

    settings: ServiceSettings
    jobs: Callable[[], Jobs]

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.settings.runs


def _of(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


Here = Annotated[Service, Depends(_of)]
"""The service that a request is put to, as an argument of what answers it."""
