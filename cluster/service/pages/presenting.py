"""A run's report made into what crosses to another process; imported only where reports are made."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.comparison.side_by_side import side_by_side
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Part, Picture, Plot, Report, Section, Widget
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.service.pages.presented import Presented, ShownPart, ShownSection
from outvoted.cluster.service.pages.trials import with_trials
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING, NOTHING

_MOST_CHARACTERS = 8_000_000  # of one section


def present(path: Path, allow_code: bool) -> Presented:
    """Report what a run has recorded so far; whatever is wrong with it is said, never raised."""
    return _said(lambda: _of_run(_opened(path, allow_code)))


def present_two(first: Path, second: Path, allow_code: bool) -> Presented:
    """Report two runs of one kind beside each other; whatever is wrong with them is said, never raised."""
    return _said(
        lambda: _presented(side_by_side(_opened(first, allow_code), _opened(second, allow_code)), first)
    )


def _said(make: Callable[[], Presented]) -> Presented:
    use_one_thread()
    try:
        return make()
    except OutvotedError as error:
        return Presented(error=(error.expected, error.found, error.remedy))
    except Exception as error:
        found = f"{type(error).__name__}: {error}"[:500]
        return Presented(
            error=("a run whose tables can be read", found, "restore its files, or start it anew")
        )


def _of_run(run: OpenedRun) -> Presented:
    presented = _presented(kind_of(run.record).report(run), run.store.path)
    return with_trials(presented, run) if run.record.kind == "tune" else presented


def _opened(path: Path, allow_code: bool) -> OpenedRun:
    return OpenedRun(RunFolder(path), EVERYTHING if allow_code else NOTHING)


def _presented(report: Report, path: Path) -> Presented:
    sections = report.shown_live()
    parts = [part for section in sections for part in section.parts]
    return Presented(
        headlines=list(report.headlines),
        facts=list(report.facts),
        sections=[_section(number, one, path) for number, one in enumerate(sections)],
        remarks=list(report.remarks),
        values=_plain(report.values()),
        plots=any(isinstance(part, Plot) for part in parts),
    )


def _section(number: int, section: Section, path: Path) -> ShownSection:
    parts: list[ShownPart] = []
    spent = 0
    for place, part in enumerate(section.parts):
        shown = _part(part, f"part-{number}-{place}", path)
        spent += len(shown.html)
        if spent > _MOST_CHARACTERS:
            parts.append(ShownPart('<p class="quiet">More is in the report: it is large.</p>'))
            break
        parts.append(shown)
    return ShownSection(section.title, section.text, section.simulated, parts)


def _part(part: Part, identifier: str, path: Path) -> ShownPart:
    if isinstance(part, Picture):
        return ShownPart(picture=part.path.relative_to(path).as_posix(), caption=part.caption)
    assert not isinstance(part, Widget)
    return ShownPart(str(part.html(identifier)))


def _plain(values: Any) -> Any:
    """Return values without classes of their own, so that they are read wherever they are sent."""
    if isinstance(values, Mapping):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    if isinstance(values, float) and not math.isfinite(values):
        return None
    return values if isinstance(values, str | int | float | bool | None) else str(values)
