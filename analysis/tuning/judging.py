"""What a sweep is judged by, checked before anything starts."""

from collections.abc import Sequence
from typing import Any

from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.measures import AnyMeasure, measure_called
from outvoted.analysis.tuning.objectives import Objective, ObjectiveSettings
from outvoted.search.errors import OutvotedError


def objectives_of(kind: str, settings: Sequence[ObjectiveSettings]) -> tuple[Objective, ...]:
    """Return objectives with their goals, those left out as is usual for their measures.

    Raises:
        OutvotedError: a kind of run has no such measure, or two objectives are of one.
    """
    found = tuple(Objective(one.measure, one.goal or _usual(kind, one.measure)) for one in settings)
    names = [one.measure for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OutvotedError(
            expected="objectives of different measures",
            found=f"'{twice}' more than once",
            remedy="leave one of them out",
        )
    for one in found:
        measure_called(kind, one.measure)
    return found


def constraints_of(kind: str, texts: Sequence[str]) -> tuple[Constraint, ...]:
    """Read constraints.

    Raises:
        OutvotedError: one is none, or a kind of run has no such measure.
    """
    found = tuple(Constraint.of(text) for text in texts)
    for one in found:
        measure_called(kind, one.measure)
    return found


def names_of(objectives: Sequence[Objective], constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """Return the measures that a trial is judged by, each once."""
    wanted = [one.measure for one in objectives] + [one.measure for one in constraints]
    return tuple(dict.fromkeys(wanted))


def check_measures(
    kind: str,
    config: Any,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint] = (),
    early: bool = False,
    racing: bool = False,
) -> None:
    """Make sure that a run has what it is to be judged by.

    Args:
        kind: of the run.
        config: how it is configured.
        objectives, constraints: what it is judged by.
        early: whether it may end early by its first objective, which must be known by then.
        racing: whether that happens by the intervals of all objectives.

    Raises:
        OutvotedError: it lacks something, and why; or there is no such measure.
    """
    for name in names_of(objectives, constraints):
        lack = measure_called(kind, name).lack(config)
        if lack is not None:
            raise OutvotedError(
                expected=f"`outvoted {kind}` configured so that it has the measure '{name}'",
                found=lack.found,
                remedy=f"{lack.remedy}; or judge trials by another measure",
            )
    for one in objectives if racing else objectives[:early]:
        _check_ends_early(measure_called(kind, one.measure), racing)


def _usual(kind: str, name: str) -> Any:
    return measure_called(kind, name).goal


def _check_ends_early(measure: AnyMeasure, racing: bool) -> None:
    """Refuse an objective by which no trial can end early, or lose a race."""
    why = None if measure.early else "which is known only at a run's end"
    if racing and why is None and measure.interval is None:
        why = "which has no interval"
    if why is not None:
        which = (
            "objectives that are known early and have intervals, all of them"
            if racing
            else "a first objective"
        )
        raise OutvotedError(
            expected=f"{which}, by which trials can end early",
            found=f"'{measure.name}', {why}",
            remedy="set stopping.rule to none, or take other objectives, say success or mistakes_per_1000",
        )
