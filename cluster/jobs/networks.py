"""Getting a run its trained networks: from an earlier run with the same settings, or by training them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel import checking, panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe, RefereeSettings
from outvoted.actors.panel.standing import far_below
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.training.ray_training import train_remotely
from outvoted.actors.training.training import Epoch, trained_member
from outvoted.cluster.console.terminal import phase, training_task, warn
from outvoted.cluster.ray.calls import completed
from outvoted.cluster.ray.placement import Share
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by

OnEpoch = Callable[[str, EpochRecord], object]
Trainers = Share | Sequence[Any]
"""What trains networks: remote functions, each one at a time, or a task for each that takes a share."""
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
    if isinstance(trainers, Share):
        cpus = min(1.0, ray.cluster_resources().get("CPU", 1.0))
        task = train_remotely.options(num_cpus=cpus, num_gpus=trainers.num_gpus)
        trainers = [task] * len(recipes)
    found = _train(recipes, data, trainers, bars, on_epoch)
    members.save(folder, found)
    return found


def _train(
    recipes: Sequence[Recipe], data: Dataset, trainers: Sequence[Any], bars: Bars, on_epoch: OnEpoch
) -> list[Member]:
    """Train all networks, as many at once as there are trainers; those that come with weights are measured.

    The referee, which takes longest, begins first. Weights are read here, so other machines need not have
    their files.
    """
    trainings = _Trainings(recipes, data)
    for trainer in trainers:
        trainings.begin(trainer)
    total = sum(_epochs(recipe) for recipe in recipes)
    task = training_task(recipe.network.loaded for recipe in recipes)
    bar = bars.add_task(task, total=total, details="")
    for (index, trainer), call in completed(trainings.calls, partial(warn, bars.console)):
        try:
            epoch: Epoch = ray.get(call)
        except RayTaskError:
            raise
        except RayError as error:
            bars.update(bar, advance=-trainings.lost(index, error))
            warn(bars.console, f"{recipes[index].name}: its process died; it is trained again")
            continue
        trainings.heard(index, trainer, epoch)
        on_epoch(recipes[index].name, epoch.record)
        accuracy = epoch.record.test_accuracy
        told = "no test images" if accuracy is None else f"{accuracy:.1%} of test images correct"
        bars.update(bar, advance=1, details=f"{recipes[index].name}: {told}")
    return [
        trained_member(recipe.name, recipe.role, recipe.network, recipe.seed, epochs)
        for recipe, epochs in zip(recipes, trainings.history, strict=True)
    ]


class _Trainings:
    """Networks that wait, and calls that train some; where a process dies, another one begins again."""

    def __init__(self, recipes: Sequence[Recipe], data: Dataset) -> None:
        self._recipes, self._data, self._placed = recipes, data, ray.put(data)
        self._waiting = list(range(len(recipes)))
        self._idle: list[Any] = []
        self.history: list[list[Epoch]] = [[] for _ in recipes]
        self.calls: dict[Any, tuple[int, Any]] = {}

    def begin(self, trainer: Any) -> None:
        """Have a trainer train the next network, if there is one."""
        if not self._waiting:
            self._idle.append(trainer)
            return
        index = self._waiting.pop()
        call = _call(trainer, self._recipes[index], self._placed, self._data)
        self.calls[call] = index, trainer

    def heard(self, index: int, trainer: Any, epoch: Epoch) -> None:
        """Keep an epoch; a trainer whose network has had its last one trains the next."""
        self.history[index].append(epoch)
        if epoch.weights is not None:
            self.begin(trainer)

    def lost(self, index: int, error: RayError) -> int:
        """Have a network trained again whose trainer has died; return how many epochs are lost.

        Raises:
            RayError: there is no other trainer.
        """
        for call in [call for call, (known, _) in self.calls.items() if known == index]:
            del self.calls[call]
        if not self.calls and not self._idle:
            raise error
        epochs, self.history[index] = len(self.history[index]), []
        self._waiting.append(index)
        if self._idle:
            self.begin(self._idle.pop())
        return epochs


def _call(trainer: Any, recipe: Recipe, placed: Any, data: Dataset) -> Any:
    loaded = recipe.network.load(data.shape, data.classes)
    weights = None if loaded is None else loaded.weights
    return trainer.remote(recipe.network, recipe.training, placed, recipe.seed, weights)


def _epochs(recipe: Recipe) -> int:
    """Count what training will report: one epoch for a network that comes with weights."""
    return 1 if recipe.network.loaded else recipe.training.epochs


def warn_of(console: Console, members: Sequence[Member]) -> None:
    """Warn of peers that are far less accurate on the test images than the best."""
    peers = {member.name: member.test_accuracy for member in members if member.role == "peer"}
    for sentence in far_below(peers):
        warn(console, sentence)
