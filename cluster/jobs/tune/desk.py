"""One actor beside a sweep's driver, at whose desk workers get trials and panels and leave runs."""

from inspect import isawaitable
from pathlib import Path
from typing import Any

import ray

from outvoted.actors.runs import fence
from outvoted.actors.runs.fence import Guard
from outvoted.actors.training.ray_work import LastSigns
from outvoted.cluster.jobs.tune.handing import TrialDesk
from outvoted.cluster.jobs.tune.places import RunTaker
from outvoted.cluster.jobs.tune.shelf import PanelDesk


class SweepDesk:
    """Holds what several workers share; to start a process for each part would take longer than its work."""

    def __init__(self, sweep: Path, panels: Path, guard: Guard | None = None) -> None:
        """Take the folders of the sweep and of trained panels, and what is asked before writing there."""
        fence.guard(guard)
        self._parts = {
            "trials": TrialDesk(),
            "panels": PanelDesk(panels),
            "runs": RunTaker(sweep),
            "signs": LastSigns(),
        }

    async def do(self, part: str, what: str, *arguments: Any) -> Any:
        """Have a part do something."""
        found = getattr(self._parts[part], what)(*arguments)
        return await found if isawaitable(found) else found


SweepDeskActor: Any = ray.remote(max_concurrency=10_000)(SweepDesk)
"""The desk as a Ray actor, on the machine of the driver, where runs and panels are."""
