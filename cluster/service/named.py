"""Runs by the names that stand in URLs."""

from collections.abc import Sequence
from pathlib import Path

from outvoted.cluster.service.errors import NotFoundError
from outvoted.cluster.service.service import Service
from outvoted.search.shown import shown

_LONGEST, _DEEPEST = 200, 3
_WITHIN = "~"
"""Stands in URLs for the slash between a run and one that is a part of it."""
TRIALS = "runs"
"""The folder of a sweep in which the runs of its trials are; it stands in no name."""


def run_folder(service: Service, name: str) -> Path:
    """Return the folder of a run.

    Args:
        name: the folder's name in the folder of runs; of a run that is a part of another, say a
            comparison's or a sweep's, ``OUTER~INNER``.

    Raises:
        NotFoundError: there is none; links are not followed.
    """
    for steps in ([name], name.split(_WITHIN)):
        path = _within(service.runs, steps)
        if path is not None:
            service.fetching.look(service.runs / steps[0])
            return path
    raise NotFoundError(
        expected=f"a run {shown(name)} in {service.runs}",
        found="none of that name",
        remedy="choose one of those that are listed under Runs, or by GET /v1/runs",
    )


def name_of(service: Service, path: Path) -> str:
    """Return the name under which a run's folder stands in URLs."""
    outer, *steps = path.relative_to(service.runs).parts
    return _WITHIN.join((outer, *(step for step in steps if step != TRIALS)))


def _within(runs: Path, steps: Sequence[str]) -> Path | None:
    """Return the folder of a run that some steps lead to; None where there is none, or a link on the way."""
    if len(steps) > _DEEPEST or not all(map(_is_plain, steps)):
        return None
    path = runs
    for depth, step in enumerate(steps):
        trials = path / TRIALS
        if depth and not (path / step).is_dir() and not trials.is_symlink() and (trials / step).is_dir():
            path = trials
        path = path / step
        if path.is_symlink():
            return None
    return path if (path / "run.json").is_file() else None


def _is_plain(step: str) -> bool:
    """Return whether a text is the name of a folder that is not hidden, and no path."""
    return bool(step) and len(step) <= _LONGEST and step.isprintable() and step[0] != "." and "/" not in step
