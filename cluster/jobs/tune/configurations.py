"""The configurations that a sweep's trials ran with."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.tuned_store import FAILED, TrialRow, trial_name
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.cluster.configuration import reading
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.search.errors import OutvotedError

_LONGEST = 500
_SEED = r"(-[a-z0-9-]{1,60})?"
"""What follows a trial's name in those of its runs; tables may hold any text."""
RUNS = "runs"
"""The folder of a sweep in which the runs of its trials are."""


def run_names(found: OpenedTuning, row: TrialRow) -> Iterator[str]:
    """Yield the names of a trial's runs that are there, one for each seed of its replicates.

    A trial with the point of an earlier one has that one's.
    """
    own = next((one for one in found.trials if one.number == row.same_as), row)
    name, folder = trial_name(own.number), found.run.store.path / RUNS
    named = dict.fromkeys(score.run for score in own.scores if score.run)
    others = (path.parent.name for way in ("", "-*") for path in sorted(folder.glob(f"{name}{way}/run.json")))
    fits = re.compile(re.escape(name) + _SEED)
    for one in dict.fromkeys((*named, *others)):
        if fits.fullmatch(one) and (folder / one / "run.json").is_file():
            yield one


def values_of(found: OpenedTuning, number: int) -> Mapping[str, Any]:
    """Return the whole configuration of a trial's first run, as JSON has it.

    Whoever runs it imports what it names, so that must be trusted as if it were opened here.

    Raises:
        OutvotedError: no trial of this number has ended, none of its runs is there, or it names code that is
            not trusted.
    """
    found.point(number)
    row = next(one for one in found.trials if one.number == number)
    name = next(run_names(found, row), None)
    if name is None:
        raise OutvotedError(
            expected=f"the run of trial {number} in {found.run.store.path / RUNS}",
            found=f"none: {_gone(row)}",
            remedy="choose another trial, or have it made again with --resume",
        )
    return OpenedRun(RunFolder(found.run.store.path / RUNS / name), found.run.trust).record.config


def _gone(row: TrialRow) -> str:
    if row.outcome != FAILED:
        return f"the trial has {row.outcome}, and its folder is gone"
    return "the trial failed: " + " ".join((row.reason or "nothing says why").split())[:_LONGEST]


def settings_of(found: OpenedTuning, number: int) -> RunSettings:
    """Return the configuration of a trial's first run.

    Raises:
        OutvotedError: see :func:`values_of`.
    """
    place = found.run.store.path / RUNS / trial_name(number)
    form: type[RunSettings] = KINDS[found.base_kind].form
    return reading.validated(form, values_of(found, number), place, found.run.trust.at(place))
