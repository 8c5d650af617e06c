"""Runs in one process, into the folders that their commands would fill."""

from functools import cache
from typing import Any

from outvoted.cluster.jobs.in_process.base import InProcess


@cache
def maker_of(kind: str) -> InProcess[Any]:
    """Return what makes runs of a kind in this process, the same whenever it is asked for.

    Raises:
        KeyError: there is none.
    """
    if kind == "compare":
        from outvoted.cluster.jobs.in_process.comparing import ComparingInProcess

        return ComparingInProcess(maker_of("mine"))
    if kind == "heal":
        from outvoted.cluster.jobs.in_process.healing import HealingInProcess

        return HealingInProcess()
    if kind == "study":
        from outvoted.cluster.jobs.in_process.studying import StudyingInProcess

        return StudyingInProcess()
    if kind == "mine":
        from outvoted.cluster.jobs.in_process.mining import MiningInProcess

        return MiningInProcess()
    raise KeyError(kind)
