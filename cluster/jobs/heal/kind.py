"""`outvoted heal`: mine, fine-tune, mine again, three arms side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS, HELD_OUT, Arm, Step, Use, keyed
from outvoted.actors.healing.believed import believed, corrected
from outvoted.actors.healing.heal_store import BELIEVED, HealMonitor, HealStore
from outvoted.actors.healing.healing import Found, Healer, Round, Task, found_of, heal_remotely, moved_split
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.runs.watching import unwatched
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.terminal import warn, warn_if
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded
from outvoted.cluster.jobs.labelled import said_by_people
from outvoted.cluster.jobs.networks import check_user_networks, kept, run_referee, trained, warn_of
from outvoted.cluster.jobs.workload import MinedPart, Workload
from outvoted.cluster.ray.calls import completed, result
from outvoted.cluster.ray.placement import Share, share_of_task
from outvoted.search.trust import Trust, named_by

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


@dataclass(frozen=True)
class NetworkProvider:
    """Takes networks from a resumed run, else from the shelf of trained panels, or trains them."""

    config: HealConfig
    store: HealStore
    data: Dataset
    each: Share
    progress: Bars

    def panel(self, seed: int) -> tuple[Member, ...]:
        """Return the panel of a repeat before healing."""
        wanted = panel_settings.recipes(repeated(self.config.panel, seed), None)
        folder = self.store.weights(Step(seed, Arm.START, 0))
        if (folder / members.TABLE).exists():
            return tuple(kept(folder, wanted))
        return self._trained(wanted)

    def referee(self) -> Member | None:
        """Return the network that judges mistakes, the same for all repeats, if there is to be one."""
        if self.config.referee is None:
            return None
        wanted = panel_settings.referee_recipe(self.config.referee)
        folder = self.store.folder
        return run_referee(folder.referee, folder.panels, wanted, self.data, self.each, self.progress)

    def _trained(self, wanted: tuple[Recipe, ...]) -> tuple[Member, ...]:
        shelf = self.store.folder.panels / panel_settings.key(wanted, self.data.fingerprint)
        found = trained(shelf, wanted, self.data, self.each, self.progress, lambda name, epoch: None)
        return tuple(found)


def repeated(panel: PanelSettings, seed: int) -> PanelSettings:
    """Return a panel's settings for a repeat, in which no peer shares its training seed with another's."""
    training = panel.training
    first = training.seed + seed * len(panel.networks)
    return panel.model_copy(update={"training": training.model_copy(update={"seed": first})})


Panels = Mapping[int, tuple[Member, ...]]
"""For each repeat its peers before healing."""


class Heal(Kind[HealConfig]):
    """Alternates between mining a panel and fine-tuning it, in three arms."""

    name, form = "heal", HealConfig
    written = "rounds/, mistakes/, weights/, summary.json, healing.png"
    offers = frozenset({"label"})

    def prepare(self, job: Job[HealConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that images, panel, strategy and transform fit, and that users' networks can be mined."""
        config = job.config
        config.search.check(data.shape, config.panel.names)
        gradients = config.search.gradients
        check_user_networks(job.store, config.panel, config.referee, data, console, gradients)
        if config.heal.labels != "ignore":
            _check_labels(job, record, console)
        return lambda there: partial(_heal, job, data, share_of_task(config.cluster, there))

    def workload(self, config: HealConfig) -> Workload:
        """Count a panel for each repeat, two minings before healing, and every round of every arm."""
        networks = panel_settings.recipes(config.panel, config.referee)
        repeats, rounds = len(config.heal.seeds), config.heal.rounds * len(ARMS)
        return Workload(
            networks,
            panels=repeats,
            mined={"": MinedPart(config.search, repeats * (2 + rounds))},
            epochs=repeats * rounds * config.heal.epochs,
            besides="fewer rounds if success rates are steady earlier",
        )

    def report(self, run: OpenedRun) -> "Report":
        """Report the success of each arm, round by round."""
        from outvoted.analysis.healing.report import healing_report

        return healing_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the table with the mistakes of every arm and round."""
        trained_on = {"arm": (str(Arm.START), str(Arm.MISTAKES))}
        return (Recorded(HealStore(store.path).units, searches=None, asked=trained_on),)


HEAL = Heal()


def _check_labels(job: Job[HealConfig], record: RunRecord, console: Console) -> None:
    """Read people's labels, and warn if there are none.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    (recorded,) = HEAL.recorded(job.store, record)
    if said_by_people(job.store, recorded) is None:
        warn(
            console,
            f"heal.labels is {job.config.heal.labels}, and nobody has labelled this run's mistakes: rounds "
            "that begin before somebody has are trained on all of them",
        )


def _heal(job: Job[HealConfig], data: Dataset, each: Share, progress: Bars) -> None:
    config, store = job.config, HealStore(job.store.path)
    networks = NetworkProvider(config, store, data, each, progress)
    panels = {seed: networks.panel(seed) for seed in config.heal.seeds}
    for panel in panels.values():
        warn_of(progress.console, panel)
    healer = _healer(config, data, networks.referee())
    _Healing(store, healer, each, progress, named_by(config)).run(panels)


def _healer(config: HealConfig, data: Dataset, referee: Member | None) -> Healer:
    key = keyed(Use.MOVE_TEST, config.search.seed)
    moved = moved_split(config.search.transform, data.test, config.heal.test_moves, key)
    return Healer(config.heal, config.search, config.panel.training, data, moved, referee, config.panel.batch)


class _Healing:
    """Goes through the rounds; a round is as many tasks as there are repeats and arms."""

    def __init__(self, store: HealStore, healer: Healer, each: Share, progress: Bars, trust: Trust) -> None:
        self._store, self._data, self._settings, self._trust = store, healer.data, healer.settings, trust
        self._placed = ray.put(healer)
        self._options = {"num_cpus": each.num_cpus, "num_gpus": each.num_gpus}
        self._monitor = HealMonitor(store.folder.tensorboard)
        self._progress = progress
        total = len(self._settings.seeds) * (1 + len(ARMS) * self._settings.rounds)
        self._bar = progress.add_task("healing", total=total, details="")
        self._panel: dict[tuple[int, Arm], tuple[Member, ...]] = {}
        self._mined: dict[int, list[pa.Table]] = {}
        self._people = BELIEVED.of_rows(())
        self._found: dict[tuple[int, int], tuple[Found, ...]] = {}
        self._held_out: dict[int, tuple[Found, ...]] = {}

    def run(self, panels: Panels) -> None:
        """Run what is not recorded yet, round by round."""
        self._begin(self._do([Task(Step(seed, Arm.START, 0), panel) for seed, panel in panels.items()]))
        for number in range(1, self._settings.rounds + 1):
            self._believe(number)
            self._take(self._do([self._task(seed, arm, number) for seed in panels for arm in ARMS]))
            if number >= self._settings.least and self._steady():
                break
        self._progress.update(self._bar, total=self._progress.tasks[self._bar].completed)
        warn_if(self._progress.console, unwatched(self._monitor))

    def _task(self, seed: int, arm: Arm, number: int) -> Task:
        found = tuple(self._trained_on(seed, place) for place in range(len(self._mined[seed])))
        return Task(Step(seed, arm, number), self._panel[seed, arm], found, self._held_out[seed])

    def _begin(self, starts: Sequence[Round]) -> None:
        """Take what was mined before healing: mistakes to train on, and others to hold out."""
        for start in starts:
            seed = start.step.repeat
            self._mined[seed] = [_mined_by(start, Arm.START)]
            self._held_out[seed] = found_of(_mined_by(start, HELD_OUT), len(start.panel), self._data)
            self._panel.update({(seed, arm): start.panel for arm in ARMS})

    def _take(self, rounds: Sequence[Round]) -> None:
        for found in rounds:
            step = found.step
            self._panel[step.repeat, step.arm] = found.panel
            if step.arm == Arm.MISTAKES:
                self._mined[step.repeat].append(_mined_by(found, Arm.MISTAKES))

    def _believe(self, number: int) -> None:
        """Take what people have said before a round begins; one that goes on takes what it took before."""
        if self._settings.labels == "ignore":
            return
        self._people = self._store.believed(number, self._said)
        self._found.clear()
        if self._people.num_rows:
            left = self._people["label"].null_count
            told = f"{left:,} mistakes are left out, {self._people.num_rows - left:,} relabelled"
            self._progress.console.print(f"round {number}: as people see them, {told}", soft_wrap=True)

    def _said(self) -> pa.Table:
        (recorded,) = HEAL.recorded(self._store.folder, self._store.folder.read_record())
        said = said_by_people(self._store.folder, recorded)
        mined = pa.concat_tables([rows for found in self._mined.values() for rows in found])
        return BELIEVED.of_rows(()) if said is None else believed(mined, said, self._settings.labels)

    def _trained_on(self, seed: int, round_before: int) -> tuple[Found, ...]:
        """Return the mistakes of each peer in a round, as people see them."""
        key = seed, round_before
        if key not in self._found:
            mistakes = corrected(self._mined[seed][round_before], self._people)
            self._found[key] = found_of(mistakes, len(self._panel[seed, Arm.MISTAKES]), self._data)
        return self._found[key]

    def _steady(self) -> bool:
        """Return whether the success rate of the arm that is mined for training is steady by now."""
        from outvoted.analysis.healing.healing import steady_since, successes, summarise_healing

        rows = [row for row in summarise_healing(self._store).rows if row.arm == Arm.MISTAKES]
        return steady_since(successes(rows), self._settings.steady) is not None

    def _do(self, tasks: Sequence[Task]) -> list[Round]:
        """Read what is recorded, run the rest, and record each step as it ends."""
        rounds, running = {}, {}
        for task in tasks:
            if self._store.has(task.step):
                rounds[task.step] = self._store.read_round(task.step, self._trust)
                self._progress.update(self._bar, advance=1)
            else:
                running[heal_remotely.options(**self._options).remote(self._placed, task)] = task.step
        for step, call in completed(running, partial(warn, self._progress.console)):
            found: Round = result(call)
            rounds[step] = found
            self._store.write_round(found)
            self._monitor.round(found)
            for one in found.failed:
                warn(self._progress.console, f"{found.step.arm}, round {found.step.round}: {one}")
            self._progress.update(self._bar, advance=1, details=_details(found))
        return [rounds[task.step] for task in tasks]


def _mined_by(found: Round, arm: str) -> pa.Table:
    mask = [name == arm for name in found.mistakes.column("arm").to_pylist()]
    return found.mistakes.filter(pa.array(mask, pa.bool_()))


def _details(found: Round) -> str:
    step, rows = found.step, found.rows.to_pandas()
    return f"round {step.round}, {step.arm}: {rows['success'].mean():.0%} mined"
