"""A healing run in its folder: what is recorded is read, and the rest is run, wherever steps are run."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pyarrow as pa
from rich.progress import Progress as Bars

from outvoted.actors.healing.arms import Arm
from outvoted.actors.healing.believed import BELIEVED, believed
from outvoted.actors.healing.course import Course, Panels
from outvoted.actors.healing.heal_store import HealMonitor, HealStore
from outvoted.actors.healing.healing import Healer, Round, Task
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.watching import unwatched
from outvoted.cluster.console.terminal import warn, warn_if
from outvoted.cluster.jobs.job import Recorded
from outvoted.cluster.jobs.labelled import said_by_people
from outvoted.search.outcome import Outcome
from outvoted.search.trust import Trust

RunSteps = Callable[[Sequence[Task]], Iterable[Round]]
"""Runs steps, none of which depends on another, and yields what they gave as they end, in any order."""
OnRound = Callable[[pa.Table, int, bool], object]
"""Is told of each round that all arms and repeats have ended: all rows up to it (schema.ROUNDS), its number,
and whether it is the last."""


def mistakes_of(store: HealStore) -> Recorded:
    """Return the table with the mistakes of every arm and round."""
    trained_on = {"arm": (str(Arm.START), str(Arm.MISTAKES))}
    return Recorded(store.units, searches=None, asked=trained_on)


class StoredHealing:
    """Goes through the rounds and records them."""

    def __init__(
        self, store: HealStore, healer: Healer, run_steps: RunSteps, progress: Bars, trust: Trust
    ) -> None:
        """Take the run's folder, what its steps have in common, and what runs them.

        Args:
            trust: what its networks may import.
        """
        self._store, self._data, self._settings = store, healer.data, healer.settings
        self._run_steps, self._trust = run_steps, trust
        self._monitor = HealMonitor(store.folder.tensorboard)
        self._progress, self._console = progress, progress.console
        self._mistakes = 0

    def run(self, panels: Panels, on_round: OnRound = lambda rows, number, last: None) -> None:
        """Run what is not recorded yet, round by round.

        Args:
            on_round: may raise an error that ends the run there; what is recorded by then is whole.

        Raises:
            OutvotedError: what is recorded can't be read, all searches of a peer failed, or the disk refuses.
        """
        course = Course(self._settings, self._data, panels)
        bar = self._progress.add_task("healing", total=course.most, details="")
        told, rows = partial(self._progress.update, bar, advance=1), list[pa.Table]()
        while not course.ended:
            number = course.round
            self._heed_people(course)
            rounds = self._done(course.tasks(), told)
            course.take(rounds)
            rows += [found.rows for found in rounds]
            on_round(pa.concat_tables(rows), number, course.ended)
        self._progress.update(bar, total=self._progress.tasks[bar].completed)
        warn_if(self._console, unwatched(self._monitor))

    def _heed_people(self, course: Course) -> None:
        """Take what people have said before a round begins; one that goes on takes what it took before."""
        if self._settings.labels == "ignore" or not course.round:
            return
        people = self._store.believed(course.round, lambda: self._said(course))
        course.heed(people)
        if people.num_rows:
            left = people["label"].null_count
            told = f"{left:,} mistakes are left out, {people.num_rows - left:,} relabelled"
            self._console.print(f"round {course.round}: as people see them, {told}", soft_wrap=True)

    def _said(self, course: Course) -> pa.Table:
        said = said_by_people(self._store.folder, mistakes_of(self._store))
        return BELIEVED.of_rows(()) if said is None else believed(course.mined(), said, self._settings.labels)

    def _done(self, tasks: Sequence[Task], told: Callable[..., object]) -> list[Round]:
        """Read the steps that are recorded, run the others, and record each as it ends."""
        rounds: dict[str, Round] = {}
        for task in tasks:
            if self._store.has(task.step):
                known = rounds[task.step.name] = self._store.read_round(task.step, self._trust)
                self._mistakes += known.mistakes.num_rows
                told(mistakes=self._mistakes)
        for found in self._run_steps([task for task in tasks if task.step.name not in rounds]):
            rounds[found.step.name] = found
            self._record(found)
            self._mistakes += found.mistakes.num_rows
            told(details=_details(found), mistakes=self._mistakes)
        return [rounds[task.step.name] for task in tasks]

    def _record(self, found: Round) -> None:
        self._store.write_round(found)
        self._monitor.round(found)
        _count(found)
        for one in found.failed:
            warn(self._console, f"{found.step.arm}, round {found.step.round}: {one}")


def _count(found: Round) -> None:
    meter = run_meter()
    for row in found.rows.select(["target_name", "searches", "mistakes"]).to_pylist():
        meter.add("mistakes", row["mistakes"], target=row["target_name"])
        meter.add("searches", row["mistakes"], outcome=str(Outcome.MISTAKE))
        meter.add("searches", row["searches"] - row["mistakes"], outcome=str(Outcome.EXHAUSTED))


def _details(found: Round) -> str:
    step, rows = found.step, found.rows.to_pandas()
    return f"round {step.round}, {step.arm}: {rows['success'].mean():.0%} mined"
