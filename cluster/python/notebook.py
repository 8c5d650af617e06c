"""Mining from Python: in a notebook, a script or a test.

    from outvoted import Panel, mine

    panel = Panel.train("mnist-sample")  # or Panel({"a": net_a, "b": net_b}, images, labels)
    mistakes = mine(panel, per_target=50, strategy={"kind": "gradient"})

:func:`mine` works in this process and writes no files; :func:`run` is the command line's `outvoted mine`.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike
from torch import nn

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DatasetName, DataSettings
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.networks import Shape
from outvoted.actors.networks.computing import BATCH, Arithmetic, Precision, own_context, undisturbed
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.panel.answers import Sample, sample
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.failures import check_not_all, failures
from outvoted.actors.runs.store import RunStore
from outvoted.actors.training.training import train
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.command_line.options import run_folder
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.bars import bars
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.python.own_arrays import seeds, voted
from outvoted.cluster.python.own_networks import Networks, named, shown, taken
from outvoted.search.arrays import Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine
from outvoted.search.trust import EVERYTHING, NOTHING


class Panel:
    """Networks of your own, and the labelled images that searches start from."""

    @undisturbed()
    def __init__(
        self,
        networks: Networks,
        images: ArrayLike,
        labels: ArrayLike,
        *,
        classes: int | None = None,
        referee: nn.Module | None = None,
        batch: int = BATCH,
        precision: Precision = "double",
    ) -> None:
        """Take networks by name; copies of everything are used, yours stay as they are.

        Args:
            networks: at least two modules that map float images in [0, 1] to logits: (n, channels, height,
                width) to (n, classes). Those of a list are called 0, 1, ...
            images: uint8, shape (n, height, width), (n, channels, height, width) or (n, height, width, 3).
            labels: shape (n,), 0 to classes - 1.
            classes: how many there are, if no image has the highest label; at least 2.
            referee: a stronger network that says which mistakes still show their label.
            batch: rows of the batches that networks see.
            precision: what networks compute in.

        Raises:
            OutvotedError: images and labels are no labelled images, or a network fails on all images of a
                few, answers one image in two ways, or answers no logits.
        """
        self.seeds = seeds(images, labels)
        self._classes = classes or int(self.seeds.labels.max()) + 1
        self._arithmetic = Arithmetic(batch, precision)
        if not self._classes >= 2 or self.seeds.labels.max() >= self._classes:
            raise OutvotedError(
                expected="at least 2 classes, and labels from 0 to classes - 1",
                found=f"classes={self._classes}, and {self.seeds.labels.max()} as the highest label",
                remedy="number the classes from 0, and let classes be how many there are, "
                "or leave it out if every class has an image",
            )
        modules = named(networks)
        self.names = tuple(modules)
        self._networks = [self._taken(name, network) for name, network in modules.items()]
        self._referee = None if referee is None else self._taken("referee", referee)
        self._has_gradients = False

    @classmethod
    @undisturbed()
    def train(cls, data: DatasetName = "mnist-sample", **settings: Any) -> "Panel":
        """Train a panel in this process.

        Args:
            data: a data set that is known by name.
            settings: as under ``panel:`` in a configuration: networks, training.

        Raises:
            OutvotedError: a setting is not what it must be, or the data cannot be had.
        """
        wanted = reading.validated(PanelSettings, settings, "Panel.train(...)")
        found = datasets.load(reading.validated(DataSettings, {"name": data}, "Panel.train(...)"))
        return cls(
            _trained(wanted, found),
            found.train.images,
            found.train.labels,
            classes=found.classes,
            batch=wanted.batch,
            precision=wanted.precision,
        )

    @classmethod
    @undisturbed()
    def load(cls, run: str | Path, *, trust: bool = False) -> "Panel":
        """Take the panel, the referee and the images of a run of `outvoted mine`.

        Args:
            run: its folder.
            trust: import the Python code that the run names; it runs as you.

        Raises:
            OutvotedError: the folder holds no run, its networks or data are not those it was mined with, or
                it names code that is not trusted.
        """
        opened = OpenedRun(RunStore(Path(run)), EVERYTHING if trust else NOTHING)
        if opened.record.kind != "mine":
            raise OutvotedError(
                expected="a run of `outvoted mine`, whose panel can be mined again",
                found=f"{run}, a run of `outvoted {opened.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )
        data, arithmetic = opened.data, opened.arithmetic
        built = {member.name: member.bare(data.shape, data.classes) for member in opened.members}
        networks = {member.name: built[member.name] for member in opened.peers}
        return cls(
            networks,
            data.train.images,
            data.train.labels,
            classes=data.classes,
            referee=next((network for name, network in built.items() if name not in networks), None),
            batch=arithmetic.batch,
            precision=arithmetic.precision,
        )

    @undisturbed()
    def vote(self, images: ArrayLike) -> Singles:
        """Return every network's probabilities for images, shape (peers, n, classes); NaN where one fails.

        Args:
            images: at least one, of the shape and the type that the panel was made with.

        Raises:
            OutvotedError: they are no such images.
        """
        peers = [Peer(network, Affine(), self.seeds, self._arithmetic) for network in self._networks]
        return LocalPanel(peers).vote(voted(images, self._shape))

    @property
    def _shape(self) -> Shape:
        _, channels, height, width = self.seeds.images.shape
        return channels, height, width

    @property
    def _sample(self) -> Sample:
        return sample(self.seeds, self._shape, self._classes)

    def _taken(self, name: str, network: nn.Module) -> Tolerant:
        return taken(name, network, self._sample, self._arithmetic)

    def _check(self, search: SearchSettings) -> None:
        """Make sure that searches can be made; networks show their gradients before they are first used."""
        search.check(self._shape, self.names)
        if search.strategy.proposer.gradients and not self._has_gradients:
            for name, tolerant in zip(self.names, self._networks, strict=True):
                shown(name, tolerant.network, self._sample, self._arithmetic, gradients=True)
            self._has_gradients = True


@undisturbed()
def mine(panel: Panel, *, progress: bool = True, **settings: Any) -> pd.DataFrame:
    """Mine a panel in this process; the same searches as on Ray, found one shard after another.

    Args:
        panel: what to mine.
        progress: show a bar.
        settings: as under ``search:`` in a configuration: per_target, seed, patience, targets, voters,
            transform, strategy.

    Returns:
        A row for each verified mistake, as in the table `mistakes` of a run. Its ``attrs["failed"]`` says
        for each target how many of its searches failed, as a warning does with the reason.

    Raises:
        OutvotedError: a setting is not what it must be, a network has no right gradient for a strategy that
            follows it, hardly any image is undisputed, the networks only guess, or all searches of a target
            failed.
    """
    search = reading.validated(SearchSettings, settings, "mine(...)")
    panel._check(search)
    networks = dict(zip(panel.names, panel._networks, strict=True))
    mining = LocalMining(search, networks, panel.seeds, panel._referee, panel._arithmetic)
    plans = mining.plan()
    plans.standings.check()
    for concern in plans.standings.concerns():
        warnings.warn(concern, stacklevel=3)
    with bars(Terminal(quiet=not progress)) as bar:
        task = bar.add_task("searches", total=len(plans.searches), details="")
        mined = mining.mine(
            plans, lambda done, found: bar.update(task, advance=done, details=f"{found} mistakes")
        )
    mistakes = pd.DataFrame(mined.mistakes.to_pandas())
    failed = failures(pd.DataFrame(mined.searches.to_pandas()))
    check_not_all(failed, "mine(..., targets=[...]) mines the others alone")
    for one in failed:
        warnings.warn(str(one), stacklevel=3)
    mistakes.attrs["failed"] = {one.target: one.failed for one in failed}
    return mistakes


@undisturbed()
def run(
    config: str | Path,
    overrides: str | Iterable[str] = (),
    *,
    name: str | None = None,
    address: str = "local",
    resume: bool = False,
    runs: str | Path = "runs",
) -> pd.DataFrame:
    """Do what `outvoted mine CONFIG --set OVERRIDE ...` does, on Ray, into a folder of ``runs``.

    Returns:
        The run's table `mistakes`.

    Raises:
        OutvotedError: what the command line would print.
    """
    path = Path(config)
    sets = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    settings = read(MineConfig, path, sets)
    folder = run_folder(path, name, Path(runs), resume)
    store = RunStore(folder)
    launch(Job(MINE, settings, store, address, resume), Terminal()).check(f"all rows are kept in {folder}")
    return store.frame("mistakes")


def _trained(settings: PanelSettings, data: Dataset) -> dict[str, nn.Module]:
    """Train a panel's networks one after another; those that come with weights are not trained."""
    networks = {}
    with bars(Terminal()) as bar, own_context(gradients=True):
        wanted = recipes(settings, None)
        task = bar.add_task("training", total=sum(one.training.epochs for one in wanted), details="")
        for one in wanted:
            loaded = one.network.load(data.shape, data.classes)
            weights = None if loaded is None else loaded.weights
            if loaded is not None and loaded.note:
                note = f"{one.name}: weights read from its file: {loaded.note}"
                bar.console.print(note, markup=False, highlight=False)
            for epoch in () if weights is not None else train(one.network, one.training, data, one.seed):
                weights = epoch.weights
                bar.update(task, advance=1, details=one.name)
            if weights is None:
                raise RuntimeError(f"training of {one.name} ended without weights")
            networks[one.name] = one.network.restore(data.shape, data.classes, weights)
    return networks
