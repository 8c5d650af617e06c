"""`outvoted sweep RUN --best`: the configuration of a trial, to be run by the command that it is for."""

from pathlib import Path

import yaml

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.cluster.command_line.launching import run_folder
from outvoted.cluster.command_line.opening import opened_run
from outvoted.cluster.command_line.options import run_path
from outvoted.cluster.configuration.ready import file_of, for_editors
from outvoted.cluster.console.terminal import command, console, errors
from outvoted.cluster.console.trial_table import point_said
from outvoted.cluster.jobs.tune.configurations import settings_of
from outvoted.cluster.storage.urls import given_as, run_folder_of, url_of
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import brief
from outvoted.search.shown import visible
from outvoted.search.trust import Trust


def say_best(path: Path, trust: Trust, place: int, trial: int | None) -> None:
    """Print the configuration of a trial of a sweep, finished or not.

    Args:
        path: the sweep's folder.
        trust: the code that it may name.
        place: of the trial among the best, from 1.
        trial: its number instead; None to go by its place.

    Raises:
        OutvotedError: it is no sweep with ``vary``, has no such trial, or names code that is not trusted.
    """
    with opened_run(path, errors) as folder:
        found = OpenedTuning(OpenedRun(RunFolder(folder), trust))
        number = at_place(found, place) if trial is None else trial
        values = brief(settings_of(found, number))
    comments = [
        f"Trial {number} of the sweep {given_as(path)}: {point_said(found.point(number))}",
        _figures(found, number),
        f"Run it with: {command('outvoted', found.base_kind, 'FILE')}",
    ]
    lines = [f"# {' '.join(visible(line).split())}" for line in comments]  # tables may hold any text
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    start = for_editors(found.base_kind)
    console.print(start + "\n".join([*lines, text or "{}"]), soft_wrap=True, end="")


def run_of(given: Path, name: str | None, runs: Path) -> Path:
    """Return the folder of a sweep that is given as it is, by its name, or by its configuration.

    Raises:
        OutvotedError: there is no run of the configuration.
    """
    path = run_path(run_folder_of(given), runs)
    if name is None and (url_of(path) is not None or (path / "run.json").exists()):
        return path
    return run_folder(given, name, runs, True) if name or file_of(given).is_file() else path


def at_place(found: OpenedTuning, place: int) -> int:
    """Return the number of the trial at a place among the best, from 1.

    Raises:
        OutvotedError: there are not so many.
    """
    ranked = found.ranked
    if 1 <= place <= len(ranked):
        return ranked[place - 1]
    if ranked:
        raise OutvotedError(
            expected=f"a place among the trials that can be the best, 1 to {len(ranked)}",
            found=str(place),
            remedy="choose one of these, or a trial by its number: --trial",
        )
    count = len(found.trials)
    raise OutvotedError(
        expected="a trial that is finished, was measured and keeps the constraints",
        found=f"{count} trial{'s' * (count != 1)}, none of them like this",
        remedy=f"resume the sweep{', or choose any trial by its number: --trial' if count else ''}",
    )


def _figures(found: OpenedTuning, number: int) -> str:
    """Say what was measured of a trial."""
    place = [one.number for one in found.trials].index(number)
    figures = [
        f"{measure} {value:.4g}{'' if low != low or high != high else f' ({low:.4g} to {high:.4g})'}"
        for measure, (value, low, high) in ((name, scores[place]) for name, scores in found.scores.items())
        if value == value
    ]
    return (
        f"Measured: {', '.join(figures)}"
        if figures
        else f"Not measured: it has {found.trials[place].outcome}"
    )
