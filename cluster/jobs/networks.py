"""Getting a run its trained networks: from an earlier run with the same settings, or by training them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel import checking, panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe, RefereeSettings
from outvoted.actors.panel.standing import far_below
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.training.ray_work import work_remotely
from outvoted.actors.training.training import Epoch, trained_member, trained_or_measured
from outvoted.cluster.console.terminal import phase, training_task, warn
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.ray.events import SaySentence
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.work import FailedWork, WatchedWork
from outvoted.cluster.ray.work_watch import MOST_DEATHS, MOST_LATE
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by

OnEpoch = Callable[[str, EpochRecord], object]
Trainers = Share | Sequence[Any]
"""What trains networks: cells, each one at a time, or a task for each network, which takes a share."""
Train = Callable[[tuple[Recipe, ...]], Sequence[Member]]
"""Returns trained networks, one for each recipe, training those that nobody has trained yet."""


Put = Callable[[Path, Sequence[Member]], object]
"""Writes networks into a folder."""


def check_user_networks(
    store: RunFolder,
    panel: PanelSettings,
    referee: RefereeSettings | None,
    data: Dataset,
    console: Console,
    gradients: bool = False,
) -> None:
    """Check the user's own networks, unless the run has them already.

    Print what a user should know, including weights that were found in their file under other names.

    Args:
        gradients: whether the peers' gradients will be used.

    Raises:
        OutvotedError: one of them can't be built, or doesn't answer as it must.
    """
    if (store.peers / members.TABLE).exists():
        return
    wanted = panel_settings.recipes(panel, referee)
    with phase(console, "checking the networks"):
        said = checking.check(wanted, data.shape, data.classes, data.train, gradients)
    for sentence in said:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def run_members(
    store: RunFolder,
    record: RunRecord,
    wanted: tuple[Recipe, ...],
    train: Train,
    put: Put = members.save,
) -> Sequence[Member]:
    """Return a run's networks: its own if it is resumed, else those that ``train`` returns.

    They lie in the run's ``peers/`` then, and the record knows their fingerprint.

    Raises:
        OutvotedError: the run's weights are not those it was started with.
    """
    found: Sequence[Member]
    if (store.peers / members.TABLE).exists():
        found = kept(store.peers, wanted)
        if record.panel_fingerprint not in (None, fingerprint(found)):
            raise OutvotedError(
                expected=f"the panel {record.panel_fingerprint} that {store.path} was started with",
                found=f"other networks or weights in {store.peers}",
                remedy="restore the networks, or start a new run under another --name",
            )
    else:
        found = train(wanted)
        put(store.peers, found)
    record.panel_fingerprint = fingerprint(found)
    return found


def run_referee(folder: Path, wanted: Recipe, train: Train) -> Member:
    """Return a referee that is trained apart from the panels it judges: the one that is kept in ``folder``.

    Where that has none yet, the one that ``train`` returns is put there.
    """
    if not (folder / members.TABLE).exists():
        members.save(folder, train((wanted,)))
    return kept(folder, (wanted,))[0]


def shelved(
    panels: Path,
    data: Dataset,
    trainers: Trainers,
    bars: Bars,
    on_epoch: OnEpoch = lambda name, epoch: None,
) -> Train:
    """Have networks taken from the shelf of trained panels, and trained on Ray where it lacks them."""

    def train(wanted: tuple[Recipe, ...]) -> list[Member]:
        shelf = panels / panel_settings.key(wanted, data.fingerprint)
        return trained(shelf, wanted, data, trainers, bars, on_epoch)

    return train


def kept(folder: Path, wanted: Sequence[Recipe], shelf: bool = False) -> list[Member]:
    """Read the networks of a folder, which must be those that are wanted: no others, and no other code.

    Args:
        shelf: whether the folder is on the shelf of trained panels, where nothing is lost by deleting it.

    Raises:
        OutvotedError: they are others, or cannot be read.
    """
    found = members.load(folder, named_by(*wanted))
    names = [(one.name, one.role, one.network.model_dump_json()) for one in wanted]
    there = [(one.name, one.role, one.architecture.model_dump_json()) for one in found]
    if there != names:
        other = next((name for name, *_ in there if name not in {name for name, *_ in names}), "")
        raise OutvotedError(
            expected=f"the configured networks in {folder}: {', '.join(name for name, *_ in names)}",
            found=f"a network '{other}'" if other else "networks of other architectures or input recipes",
            remedy=f"delete {folder}: the networks are then trained again"
            if shelf
            else "set the networks back to those the run was started with, or choose another --name",
        )
    return found


def trained(
    folder: Path,
    recipes: Sequence[Recipe],
    data: Dataset,
    trainers: Trainers,
    bars: Bars,
    on_epoch: OnEpoch,
) -> list[Member]:
    """Return the trained networks kept in ``folder``, training and keeping them if it has none."""
    if (folder / members.TABLE).exists():
        return kept(folder, recipes, shelf=True)
    found = _train(recipes, data, trainers, bars, on_epoch)
    members.save(folder, found)
    return found


def _train(
    recipes: Sequence[Recipe], data: Dataset, trainers: Trainers, bars: Bars, on_epoch: OnEpoch
) -> list[Member]:
    """Train all networks, as many at once as there are trainers; those that come with weights are measured.

    The referee, which takes longest, begins first. Weights are read here, so other machines need not have
    their files.
    """
    say = telling(bars.console)
    trainings = _Trainings(recipes, data, _trainers(trainers, len(recipes)), WatchedWork(say))
    total = sum(_epochs(recipe) for recipe in recipes)
    task = training_task(recipe.network.loaded for recipe in recipes)
    bar = bars.add_task(task, total=total, details="")
    for index, epoch in trainings.results():
        if isinstance(epoch, FailedWork):
            bars.update(bar, advance=-trainings.lost(index, epoch))
            say(SaySentence(f"{epoch.said}: it is trained again"))
            continue
        trainings.heard(index, epoch)
        on_epoch(recipes[index].name, epoch.record)
        accuracy = epoch.record.test_accuracy
        told = "no test images" if accuracy is None else f"{accuracy:.1%} of test images correct"
        bars.update(bar, advance=1, details=f"{recipes[index].name}: {told}")
    return [
        trained_member(recipe.name, recipe.role, recipe.network, recipe.seed, epochs)
        for recipe, epochs in zip(recipes, trainings.history, strict=True)
    ]


@dataclass(frozen=True)
class _Trainer:
    """Begins a training; ``end``, if there is one, ends its process for good."""

    train: Callable[..., Any]
    end: Callable[[], object] | None = None


def _trainers(trainers: Trainers, networks: int) -> list[_Trainer]:
    if not isinstance(trainers, Share):
        return [_Trainer(cell.train.remote, partial(ray.kill, cell)) for cell in trainers]
    cpus = min(1.0, ray.cluster_resources().get("CPU", 1.0))
    task = work_remotely.options(num_cpus=cpus, num_gpus=trainers.num_gpus, name="train")
    return [_Trainer(partial(task.remote, trained_or_measured))] * networks


class _Trainings:
    """Networks that wait, and calls that train some; where a process dies or hangs, another begins again."""

    def __init__(
        self,
        recipes: Sequence[Recipe],
        data: Dataset,
        trainers: Sequence[_Trainer],
        work: WatchedWork[int],
    ) -> None:
        self._recipes, self._data, self._placed, self._work = recipes, data, ray.put(data), work
        self._waiting, self._idle = list(range(len(recipes))), list(trainers)
        self._training: dict[int, _Trainer] = {}
        self._tries = [[0, 0] for _ in recipes]
        self.history: list[list[Epoch]] = [[] for _ in recipes]
        self._begin()

    def results(self) -> Iterator[tuple[int, Any]]:
        """Yield epochs of networks, and what came instead."""
        return self._work.results()

    def _begin(self) -> None:
        """Have trainers that are idle train the next networks."""
        while self._waiting and self._idle:
            index, trainer = self._waiting.pop(), self._idle.pop(0)
            recipe = self._recipes[index]
            loaded = recipe.network.load(self._data.shape, self._data.classes)
            weights = None if loaded is None else loaded.weights
            call = trainer.train(recipe.network, recipe.training, self._placed, recipe.seed, weights)
            self._training[index] = trainer
            self._work.add(index, f"training {recipe.name}", call, trainer.end)

    def heard(self, index: int, epoch: Epoch) -> None:
        """Keep an epoch; a trainer whose network has had its last one trains the next."""
        self.history[index].append(epoch)
        if epoch.weights is not None:
            run_meter().add("networks", outcome="finished")
            self._idle.append(self._training.pop(index))
            self._begin()

    def lost(self, index: int, why: FailedWork) -> int:
        """Have a network trained again whose trainer has died or hung; return how many epochs are lost.

        Raises:
            BaseException: what it raised, or why it is not begun again: too often, or nobody else trains.
        """
        self._tries[index][why.late] += why.begun
        deaths, lates = self._tries[index]
        trainer = self._training.pop(index)
        if trainer.end is None:  # each task has a process of its own
            self._idle.append(trainer)
        others = self._idle or self._training
        if not (why.lost and others and deaths < MOST_DEATHS and lates < MOST_LATE):
            raise why.error
        epochs, self.history[index] = len(self.history[index]), []
        self._waiting.append(index)
        self._begin()
        return epochs


def _epochs(recipe: Recipe) -> int:
    """Count what training will report: one epoch for a network that comes with weights."""
    return 1 if recipe.network.loaded else recipe.training.epochs


def warn_of(console: Console, members: Sequence[Member]) -> None:
    """Warn of peers that are far less accurate on the test images than the best."""
    peers = {member.name: member.test_accuracy for member in members if member.role == "peer"}
    for sentence in far_below(peers):
        warn(console, sentence)
