"""What a service is started with."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from outvoted.search.settings import Settings

LOCAL = "127.0.0.1"


class ServiceSettings(Settings):
    """How a service listens, where its runs are, and what those who reach it may do.

    Attributes:
        runs: the folder of runs.
        host: the address it listens at.
        port: 0 for any free one.
        address: of the dashboard of the cluster that runs are made on; None for one of this machine's own.
        data: folders that configurations from the network may name files in.
        allow_code: whether code that configurations and runs name may be imported.
        allow_hosts: names, beside its own, by which it may be reached.
        trust_proxy: addresses of proxies that are believed when they say whom they ask for.
        log_format: of the log of requests.
        vote_replicas: of the panels that vote, at most.
        most_runs: under way at once, of those that were started here.
    """

    runs: Path = Path("runs")
    host: str = LOCAL
    port: Annotated[int, Field(ge=0, le=65535)] = 8300
    address: str | None = None
    data: tuple[Path, ...] = ()
    allow_code: bool = False
    allow_hosts: tuple[str, ...] = ()
    trust_proxy: tuple[str, ...] = ()
    log_format: Literal["plain", "json"] = "plain"
    vote_replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    most_runs: Annotated[int, Field(ge=1, le=1000)] = 4

    @property
    def own(self) -> Path:
        """The hidden folder within that of runs: tokens, and where the cluster is."""
        return self.runs / ".service"
