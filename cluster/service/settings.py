"""What a service is started with."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from outvoted.search.settings import Settings

LOCAL = "127.0.0.1"


class ServiceSettings(Settings):
    """How a service listens, and where its runs are.

    Attributes:
        runs: the folder of runs.
        host: the address it listens at.
        port: 0 for any free one.
        allow_code: whether code that configurations and runs name may be imported.
    """

    runs: Path = Path("runs")
    host: str = LOCAL
    port: Annotated[int, Field(ge=0, le=65535)] = 8300
    allow_code: bool = False
