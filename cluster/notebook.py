"""Mining from Python: in a notebook, a script or a test.

    from outvoted import Panel, mine

    panel = Panel.train("mnist-sample")  # or Panel({"a": net_a, "b": net_b}, images, labels)
    mistakes = mine(panel, per_target=50, strategy={"name": "gradient"})

:func:`mine` works in this process and writes no files; :func:`run` is the command line's `outvoted mine`.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike
from rich.console import Console
from torch import nn

from outvoted.actors import datasets
from outvoted.actors.arithmetic import BATCH, Arithmetic, Precision
from outvoted.actors.checking import probe
from outvoted.actors.coordinator import Coordinator
from outvoted.actors.datasets import Dataset, DatasetName, DataSettings, Split
from outvoted.actors.local_panel import LocalPanel
from outvoted.actors.networks.tolerant import Tolerant
from outvoted.actors.panel_settings import PanelSettings, recipes
from outvoted.actors.peer import Peer
from outvoted.actors.planning import count_replicas
from outvoted.actors.readers.numbers import pixels, whole
from outvoted.actors.store import RunStore
from outvoted.actors.training import train
from outvoted.analysis.opened import OpenedRun
from outvoted.cluster import reading
from outvoted.cluster.bars import bars
from outvoted.cluster.config import MineConfig
from outvoted.cluster.mine import Job
from outvoted.cluster.mine import mine as mine_run
from outvoted.cluster.options import run_folder
from outvoted.search import plan
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine, Transform
from outvoted.search.trust import EVERYTHING, NOTHING

_SHARD = 500


class Panel:
    """Networks of your own, and the labelled images that searches start from."""

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        images: ArrayLike,
        labels: ArrayLike,
        *,
        classes: int | None = None,
        referee: nn.Module | None = None,
        batch: int = BATCH,
        precision: Precision = "double",
    ) -> None:
        """Take networks by name; copies are used, yours stay as they are.

        Args:
            networks: at least two modules that map float images in [0, 1] to logits: (n, channels, height,
                width) to (n, classes).
            images: uint8, shape (n, height, width), (n, channels, height, width) or (n, height, width, 3).
            labels: shape (n,), 0 to classes - 1.
            classes: how many there are, if no image has the highest label.
            referee: a stronger network that says which mistakes still show their label.
            batch: rows of the batches that networks see.
            precision: what networks compute in.

        Raises:
            OutvotedError: images and labels are no labelled images, or a network does not answer for one.
        """
        self.seeds = _seeds(images, labels)
        self.names = tuple(map(str, networks))
        self._classes = classes or int(self.seeds.labels.max()) + 1
        self._arithmetic = Arithmetic(batch, precision)
        if self.seeds.labels.max() >= self._classes:
            raise OutvotedError(
                expected=f"labels from 0 to {self._classes - 1}, for classes={self._classes}",
                found=f"the label {self.seeds.labels.max()}",
                remedy="number the classes from 0, or raise classes",
            )
        if len(networks) < 2:
            raise OutvotedError(
                expected="at least 2 networks: a target and a peer that outvotes it",
                found=f"{len(networks)}",
                remedy="pass more networks, Panel({'a': net_a, 'b': net_b, ...}, images, labels)",
            )
        self._networks = [self._checked(name, network) for name, network in networks.items()]
        self._referee = None if referee is None else self._checked("referee", referee)

    @classmethod
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

    def vote(self, images: Pixels) -> Singles:
        """Return every network's probabilities for uint8 images (n, channels, height, width), at least one.

        The result has shape (peers, n, classes); NaN where a network fails on an image.
        """
        return self._panel(Affine()).vote(images)

    def _panel(self, transform: Transform) -> LocalPanel:
        return LocalPanel([self._peer(network, transform) for network in self._networks])

    def _peer(self, network: nn.Module, transform: Transform) -> Peer:
        return Peer(network, transform, self.seeds, self._arithmetic)

    def _coordinator(self, settings: SearchSettings) -> Coordinator:
        judge = None if self._referee is None else self._peer(self._referee, settings.transform)
        return Coordinator(settings.rules(len(self.names)), self.seeds, self.names, judge)

    def _checked(self, name: str, network: nn.Module) -> nn.Module:
        """Return a copy that has answered for one image, and will answer NaN for those it fails on."""
        _, channels, height, width = self.seeds.images.shape
        copy = _copied(name, network)
        try:
            probe(copy, (channels, height, width), self._classes, self._arithmetic.dtype)
        except OutvotedError as error:
            raise OutvotedError(f"'{name}': {error.expected}", error.found, error.remedy) from error
        return Tolerant(copy, self._classes)


def mine(panel: Panel, *, progress: bool = True, **settings: Any) -> pd.DataFrame:
    """Mine a panel in this process; the same searches as on Ray, found one shard after another.

    Args:
        panel: what to mine.
        progress: show a bar.
        settings: as under ``search:`` in a configuration: per_target, seed, patience, targets, voters,
            transform, strategy.

    Returns:
        A row for each certified mistake, as in the table `mistakes` of a run.

    Raises:
        OutvotedError: a setting is not what it must be, or hardly any image is undisputed.
    """
    search = reading.validated(SearchSettings, settings, "mine(...)")
    seeds = panel.seeds
    _, channels, height, width = seeds.images.shape
    search.check((channels, height, width), panel.names)
    turns, coordinator = search.turns(panel.names), panel._coordinator(search)
    peers = panel._panel(search.transform)
    replicas = count_replicas(peers, coordinator.rules, seeds.labels, search.per_target)
    work = plan.searches(search.seed, replicas, turns, len(seeds))
    tables: list[pa.Table] = []
    with bars(Console(quiet=not progress)) as bar:
        task = bar.add_task("searches", total=len(work), details="")
        for shard in plan.shards(work, np.empty(0, np.int64), _SHARD):
            tables.append(coordinator.mine(shard, peers).mistakes)
            found = sum(table.num_rows for table in tables)
            bar.update(task, advance=len(shard), details=f"[b]{found}[/b] mistakes")
    return pd.DataFrame(pa.concat_tables(tables).to_pandas())


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
    settings = reading.read(MineConfig, path, sets)
    folder = run_folder(path, name, Path(runs), resume)
    return mine_run(Job(settings, RunStore(folder), address, resume), Console()).frame("mistakes")


def _trained(settings: PanelSettings, data: Dataset) -> dict[str, nn.Module]:
    """Train a panel's networks one after another; those that come with weights are not trained."""
    networks = {}
    with bars(Console()) as bar:
        wanted = recipes(settings, None)
        task = bar.add_task("training", total=sum(one.training.epochs for one in wanted), details="")
        for one in wanted:
            loaded = one.network.load(data.shape, data.classes)
            weights = None if loaded is None else loaded.weights
            for epoch in () if weights is not None else train(one.network, one.training, data, one.seed):
                weights = epoch.weights
                bar.update(task, advance=1, details=one.name)
            if weights is None:
                raise RuntimeError(f"training of {one.name} ended without weights")
            networks[one.name] = one.network.restore(data.shape, data.classes, weights)
    return networks


def _copied(name: str, network: nn.Module) -> nn.Module:
    try:
        if isinstance(network, nn.Module):
            return deepcopy(network)
        found = f"a {type(network).__name__}"
    except Exception as error:  # copying runs the user's code
        found = f"one that cannot be copied: {type(error).__name__}: {error}"
    raise OutvotedError(
        expected=f"'{name}' to be a torch.nn.Module that can be copied",
        found=found,
        remedy="wrap it in a module of its own whose forward maps images to logits",
    )


def _seeds(images: ArrayLike, labels: ArrayLike) -> Split:
    """Bring images to (n, channels, height, width)."""
    try:
        found, numbers = pixels(np.asarray(images), None, "images"), whole(np.asarray(labels), "labels")
    except ValueError as error:  # NumPy makes no array of lists of different lengths
        raise OutvotedError(
            expected="arrays of images, all of one size, and of their labels",
            found=" ".join(str(error).split()),
            remedy="bring all images to one size before they are stacked",
        ) from error
    if len(found) != len(numbers) or not len(found) or numbers.min() < 0:
        raise OutvotedError(
            expected="at least one image, and for each image a label from 0 to classes - 1",
            found=f"{len(found)} images and {len(numbers)} labels, the least {numbers.min(initial=0)}",
            remedy="pass Panel(networks, images, labels) arrays that belong together",
        )
    return Split(found, numbers)
