"""What every request can reach: the settings, the folder of runs, and the cluster that runs are jobs of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.votes import HostedVotes
from outvoted.cluster.submitting.dashboard import Jobs


@dataclass(frozen=True)
class Service:
    """A service; what changes is on disk or on the cluster.

    Attributes:
        jobs: gives the jobs of the cluster; raises ``NotReadyError`` while it can't be reached.
        votes: the panels of runs that vote; in this process unless they are said to be elsewhere.
    """

    settings: ServiceSettings
    jobs: Callable[[], Jobs]
    votes: HostedVotes = field(default_factory=HeldVotes)

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.settings.runs


def _of(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


Here = Annotated[Service, Depends(_of)]
"""The service that a request is put to, as an argument of what answers it."""
