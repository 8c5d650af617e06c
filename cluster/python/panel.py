"""A panel in this process: trained here, of a run, or of a user's own networks."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Never

from numpy.typing import ArrayLike
from torch import nn

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import AnyData, Dataset, DatasetName, DataSettings
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.networks import Architecture, Shape
from outvoted.actors.networks.computing import own_context, undisturbed
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.panel.answers import Sample, sample
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.handed_over import Networks, named, seeds, shown, taken, voted
from outvoted.search.arrays import Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine
from outvoted.search.trust import EVERYTHING, NOTHING

_USUAL = PanelSettings()


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
        batch: Batch = "auto",
    ) -> None:
        """Take networks by name; copies of everything are used, yours stay as they are.

        Args:
            networks: at least two modules that map float images in [0, 1] to logits: (n, channels, height,
                width) to (n, classes). Those of a list are called 0, 1, ...
            images: uint8, shape (n, height, width), (n, channels, height, width) or (n, height, width, 3).
            labels: shape (n,), 0 to classes - 1.
            classes: how many there are, if no image has the highest label; at least 2.
            referee: a stronger network that says which mistakes still show their label.
            batch: images that reach a network at once; a matter of speed alone.

        Raises:
            OutvotedError: images and labels are no labelled images, or a network fails on all images of a
                few, answers one image in two ways, or answers no logits.
        """
        self.seeds = seeds(images, labels)
        self._classes = classes or int(self.seeds.labels.max()) + 1
        self._batch = batch
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
    def train(
        cls,
        data: DatasetName | AnyData | Dataset = "mnist-sample",
        *,
        networks: Sequence[Architecture | Mapping[str, Any]] = _USUAL.networks,
        training: Training | Mapping[str, Any] = _USUAL.training,
        batch: Batch = _USUAL.batch,
        **unknown: Never,
    ) -> "Panel":
        """Train a panel in this process.

        Args:
            data: the name of a known data set; where your own lies, say ``data.Npz(path=Path("my.npz"))``; or
                a data set that :func:`outvoted.data.load` has read.
            networks: what is trained, say ``[networks.MLP(hidden=8), networks.MLP(hidden=16)]``.
            training: how, say ``networks.Training(epochs=5)``.
            batch: images that reach a network at once; a matter of speed alone.
            unknown: any other keyword is refused.

        Raises:
            OutvotedError: a setting is not what it must be, or the data cannot be had.
        """
        settings = {"networks": networks, "training": training, "batch": batch, **unknown}
        wanted = reading.validated(PanelSettings, settings, "Panel.train(...)")
        found = load(data, "Panel.train(...)")
        return cls(
            _trained(wanted, found),
            found.train.images,
            found.train.labels,
            classes=found.classes,
            batch=wanted.batch,
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
        opened = OpenedRun(RunFolder(Path(run)), EVERYTHING if trust else NOTHING)
        kinds = import_module("outvoted.cluster.jobs.kinds")  # which takes a while
        kinds.check_offers(opened.record, "Panel.load", "whose panel can be mined again")
        data = opened.data
        built = {member.name: member.bare(data.shape, data.classes) for member in opened.members}
        networks = {member.name: built[member.name] for member in opened.peers}
        return cls(
            networks,
            data.train.images,
            data.train.labels,
            classes=data.classes,
            referee=next((network for name, network in built.items() if name not in networks), None),
            batch=opened.batch,
        )

    @undisturbed()
    def vote(self, images: ArrayLike) -> Singles:
        """Return every network's probabilities for images, shape (peers, n, classes); NaN where one fails.

        Args:
            images: at least one, of the shape and the type that the panel was made with.

        Raises:
            OutvotedError: they are no such images.
        """
        renderer = Renderer(Affine(), self.seeds)
        peers = [Peer(network, renderer, self._batch) for network in self._networks]
        return LocalPanel(peers).vote(voted(images, self._shape))

    @property
    def classes(self) -> tuple[str, ...]:
        """A name for each class; its number where it has none."""
        return tuple(map(str, range(self._classes)))

    @property
    def _shape(self) -> Shape:
        _, channels, height, width = self.seeds.images.shape
        return channels, height, width

    @property
    def _sample(self) -> Sample:
        return sample(self.seeds, self._shape, self._classes)

    def mining(self, search: SearchSettings) -> LocalMining:
        """Return how this panel is mined; networks show their gradients before they are first used.

        Raises:
            OutvotedError: the panel can't be searched so, or a network lacks a gradient.
        """
        search.check(self._shape, self.names)
        if search.gradients and not self._has_gradients:
            for name, tolerant in zip(self.names, self._networks, strict=True):
                shown(name, tolerant.network, self._sample, gradients=True)
            self._has_gradients = True
        networks = dict(zip(self.names, self._networks, strict=True))
        return LocalMining(search, networks, self.seeds, self._referee, self._batch)

    def _taken(self, name: str, network: nn.Module) -> Tolerant:
        return taken(name, network, self._sample)


def load(data: DatasetName | AnyData | Dataset = "mnist-sample", where: str = "data.load(...)") -> Dataset:
    """Read a data set: by its name, or from where its settings say.

    Args:
        data: a name, settings such as ``Npz(path=Path("my.npz"))``, or a data set that is taken as it is.
        where: what an error says about the call.

    Raises:
        OutvotedError: there is no such data set, it cannot be had, or its files hold no labelled images.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str):
        return datasets.load(reading.validated(DataSettings, {"name": data}, where))
    return datasets.load(data)


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
