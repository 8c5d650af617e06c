"""The configurations that a sweep's trials ran with."""

from collections.abc import Iterator, Mapping
from typing import Any

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.tuned_store import TrialRow, trial_name
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.cluster.configuration import reading
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import brief
from outvoted.search.trust import NOTHING, Trust

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
    yield from (one for one in dict.fromkeys((*named, *others)) if (folder / one / "run.json").is_file())


def values_of(found: OpenedTuning, number: int) -> Mapping[str, Any]:
    """Return the whole configuration of a trial's first run, as JSON has it.

    Raises:
        OutvotedError: no trial of this number has ended, or none of its runs is there.
    """
    found.point(number)
    row = next(one for one in found.trials if one.number == number)
    name = next(run_names(found, row), None)
    if name is None:
        raise OutvotedError(
            expected=f"the run of trial {number} in {found.run.store.path / RUNS}",
            found=f"none: the trial has {row.outcome}" if row.reason is None else f"none: {row.reason}",
            remedy="choose another trial, or have it made again with --resume",
        )
    return RunFolder(found.run.store.path / RUNS / name, found.run.store.path.parent).read_record().config


def settings_of(found: OpenedTuning, number: int, trust: Trust = NOTHING) -> RunSettings:
    """Return the configuration of a trial's first run.

    Raises:
        OutvotedError: see :func:`values_of`; or it names code that is not trusted.
    """
    place = found.run.store.path / RUNS / trial_name(number)
    form: type[RunSettings] = KINDS[found.base_kind].form
    return reading.validated(form, values_of(found, number), place, trust.at(place))


def brief_values_of(found: OpenedTuning, number: int) -> dict[str, Any]:
    """Return the fewest keys that make the configuration of a trial; all where these name classes of code.

    Raises:
        OutvotedError: see :func:`values_of`.
    """
    values = values_of(found, number)
    try:
        return brief(settings_of(found, number))
    except OutvotedError:
        return dict(values)
