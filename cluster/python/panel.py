"""A panel in this process: a user's own networks, trained here, or of a run."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Never

from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.numbers import Layout
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.networks import Architecture, Shape
from outvoted.actors.networks.computing import Device, check_device, computing_on, own_device, undisturbed
from outvoted.actors.networks.members import Member
from outvoted.actors.networks.user_modules import Tolerant, copied
from outvoted.actors.panel.answers import Sample, sample
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.training.steps import Training
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.python import configured
from outvoted.cluster.python import images as handed
from outvoted.cluster.python.in_hand import bare, member
from outvoted.cluster.python.looks import Looks, looks_of, page, text
from outvoted.cluster.python.modules import Networks, named, shown, taken
from outvoted.cluster.python.recipes import Recipes, prepared, recipes
from outvoted.cluster.python.training import as_configured, trained
from outvoted.search.arrays import Singles
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine
from outvoted.search.trust import EVERYTHING, NOTHING

_USUAL = PanelSettings()


class Panel:
    """Networks of your own, and the labelled images that searches start from.

    Attributes:
        names: of the networks.
        data: the images; searches start from ``data.train``, accuracies are those on ``data.test``, which is
            the same where the images were not divided.
    """

    @undisturbed()
    def __init__(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
        self,
        networks: Networks,
        images: handed.Images,
        labels: Any = None,
        *,
        class_names: Sequence[str] | None = None,
        classes: int | None = None,
        layout: Layout | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        recipe: Recipes | None = None,
        referee: nn.Module | None = None,
        device: Device = "auto",
        batch: Batch = "auto",
        **unknown: Never,
    ) -> None:
        """Take networks by name; copies of everything are used, yours stay as they are.

        Args:
            networks: at least two modules that map images, shape (n, channels, height, width), to logits, (n,
                classes). Those of a list are called 0, 1, ... Images come as floats in [0, 1], or as ``mean``
                and ``std`` or ``recipe`` make of them.
            images: whole numbers from 0 to 255, or floats from 0 to 1, which are rounded to whole grey levels
                (a warning says so where they are not whole already); shape (n, height, width), (n, channels,
                height, width) or (n, height, width, channels), as arrays, tensors or pictures. Or a data set
                with labels: PyTorch's ``Dataset`` or ``DataLoader``, one of Hugging Face's, the path of an
                image folder or file, settings from ``outvoted.data``, the name of a known one.
            labels: shape (n,), 0 to classes - 1, where the images come without.
            class_names: a name for each class.
            classes: how many there are, if no image has the highest label; at least 2.
            layout: "NHW", "NCHW" or "NHWC" where an array's shape leaves open which axis has the channels.
            mean, std: subtracted from images in [0, 1], and divided by: a number for each channel, or one.
            recipe: "timm": mean and std from each network's ``pretrained_cfg``; "torchvision": ImageNet's;
                the name of a timm model or of torchvision weights; a ``networks.InputRecipe``; or a mapping
                from networks' names to these. The first three don't resize anything.
            referee: a stronger network that says which mistakes still show their label. ``mean`` and ``std``
                or ``recipe`` are meant for it too, under the name "referee".
            device: "auto" (an NVIDIA GPU if there is one, else the CPU), "cpu", "cuda" or "mps".
            batch: images that reach a network at once; a matter of speed alone.
            unknown: any other keyword is refused.

        Raises:
            OutvotedError: they are no labelled images, or it isn't clear how they are meant; a network fails
                on all images of a few, answers one image in two ways, or answers no logits; or there is no
                such device.
        """
        configured.refuse_unknown(Panel.__init__, unknown, "Panel(...)")
        modules = named(networks)
        data = handed.read(images, labels, layout=layout, class_names=class_names, classes=classes)
        wanted = recipes([*modules, "referee"], mean, std, recipe)
        self._hold(data, modules, referee, wanted, device, batch)

    def _hold(
        self,
        data: Dataset,
        modules: Mapping[str, nn.Module],
        referee: nn.Module | None,
        wanted: Mapping[str, Any],
        device: Device,
        batch: Batch,
        training: Training = _USUAL.training,
    ) -> None:
        """Copy the networks, and look at what they do."""
        check_device(device)
        self.data, self.names, self.wanted_device = data, tuple(modules), device
        self.batch, self.training, self._has_gradients = batch, training, False

        def take(name: str, network: nn.Module) -> Tolerant:
            recipe = wanted.get(name)
            return taken(
                name,
                network,
                self._sample,
                lambda copy: copy if recipe is None else prepared(name, copy, recipe, self.shape),
            )

        with self.computing():
            self.device = own_device().type
            self._networks = [take(name, network) for name, network in modules.items()]
            self._referee = None if referee is None else take("referee", referee)

    @classmethod
    @undisturbed()
    def train(  # noqa: PLR0913 - see above
        cls,
        data: handed.Images = "mnist-sample",
        labels: Any = None,
        *,
        networks: Iterable[Architecture | Mapping[str, Any] | str] | Networks = _USUAL.networks,
        training: Training | Mapping[str, Any] = _USUAL.training,
        class_names: Sequence[str] | None = None,
        classes: int | None = None,
        layout: Layout | None = None,
        test_share: float = 0.1,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        recipe: Recipes | None = None,
        device: Device = "auto",
        batch: Batch = _USUAL.batch,
        **unknown: Never,
    ) -> "Panel":
        """Train a panel in this process.

        Args:
            data: the name of a known data set, or images in any form that ``Panel(...)`` takes.
            labels: of images that come without.
            networks: what is trained, say ``[networks.MLP(hidden=8), networks.MLP(hidden=16)]``, or modules
                of your own, from the weights that they have; yours stay as they are.
            training: how, say ``networks.Training(epochs=5)``.
            test_share: share of the images held out for testing where the data has no test split.
            class_names, classes, layout, device, batch: as for ``Panel(...)``.
            mean, std, recipe: as for ``Panel(...)``, for modules of your own.
            unknown: any other keyword is refused.

        Raises:
            OutvotedError: a setting is not what it must be, or the data cannot be had.
        """
        configured.refuse_unknown(Panel.train, unknown, "Panel.train(...)")
        check_device(device)
        found = handed.read(
            data, labels, layout=layout, class_names=class_names, classes=classes, test_share=test_share
        )
        with computing_on(device):
            made = trained(found, networks, training, batch, (mean, std, recipe))
        panel = cls.__new__(cls)
        panel._hold(found, made.modules, None, {}, device, batch, made.training)
        return panel

    @classmethod
    @undisturbed()
    def load(cls, run: str | Path, *, trust: bool = False, device: Device = "auto") -> "Panel":
        """Take the panel, the referee and the images of a run of `outvoted mine`.

        Args:
            run: its folder, or its name in the folder ``runs``.
            trust: import the Python code that the run names; it runs as you.
            device: as for ``Panel(...)``.

        Raises:
            OutvotedError: the folder holds no run, its networks or data are not those it was mined with, or
                it names code that is not trusted.
        """
        opened = OpenedRun(configured.run_at(run), EVERYTHING if trust else NOTHING)
        kinds = import_module("outvoted.cluster.jobs.kinds")  # which takes a while
        kinds.check_offers(opened.record, "Panel.load", "whose panel can be mined again")
        training = opened.configured("panel", PanelSettings).training
        return cls._of(opened.data, opened.members, device, opened.batch, training)

    @classmethod
    @undisturbed()
    def from_config(cls, config: configured.Config, *, device: Device = "auto") -> "Panel":
        """Train the panel of a configuration in this process, with its referee; nothing is mined.

        Args:
            config: the path of a YAML file, the name of a packaged one, its keys as a mapping, or a value.
            device: as for ``Panel(...)``; that of the configuration if left out.

        Raises:
            OutvotedError: what the command line would print.
        """
        settings: Any = configured.settings(config, "mine", "Panel.from_config(...)", of_any_kind=True)
        device = settings.device if device == "auto" else device
        check_device(device)
        with computing_on(device):
            data, members = as_configured(settings)
        return cls._of(data, members, device, settings.panel.batch, settings.panel.training)

    @classmethod
    def _of(
        cls, data: Dataset, members: Sequence[Member], device: Device, batch: Batch, training: Training
    ) -> "Panel":
        """Make a panel of the members of a run."""
        built = {one.name: one.bare(data.shape, data.classes) for one in members}
        peers = {one.name: built[one.name] for one in members if one.role == "peer"}
        referee = next((network for name, network in built.items() if name not in peers), None)
        panel = cls.__new__(cls)
        panel._hold(data, peers, referee, {}, device, batch, training)
        return panel

    @property
    def seeds(self) -> Split:
        """The images that searches start from."""
        return self.data.train

    @property
    def classes(self) -> tuple[str, ...]:
        """A name for each class; its number where it has none."""
        return self.data.class_names or tuple(map(str, range(self.data.classes)))

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """A name for each class, where they are known."""
        return self.data.class_names

    @property
    def shape(self) -> Shape:
        """Channels, height and width of an image."""
        return self.data.shape

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Copies of the networks by name, in evaluation mode, each as it was handed over or has become."""
        pairs = zip(self.names, self._networks, strict=True)
        return {name: copied(bare(one.network)).eval() for name, one in pairs}

    @undisturbed()
    def vote(self, images: Any, *, layout: Layout | None = None) -> Singles:
        """Return every network's probabilities for images, shape (peers, n, classes); NaN where one fails.

        Args:
            images: at least one, of the panel's shape, in any form that ``Panel(...)`` takes.
            layout: see ``Panel(...)``.

        Raises:
            OutvotedError: they are no such images.
        """
        pixels = handed.voted(images, self.shape, layout)
        with self.computing():
            return self.local(self.seeds.some(slice(0))).vote(pixels)

    def local(self, seeds: Split | None = None) -> LocalPanel:
        """Return the panel as it votes on images."""
        renderer = Renderer(Affine(), self.seeds if seeds is None else seeds)
        return LocalPanel([Peer(network, renderer, self.batch) for network in self._networks])

    def members(self) -> list[Member]:
        """Return the networks, and the referee if there is one, as members: what is trained and judged."""
        found = [
            member(name, "peer", one.network) for name, one in zip(self.names, self._networks, strict=True)
        ]
        return [
            *found,
            *([] if self._referee is None else [member("referee", "referee", self._referee.network)]),
        ]

    def with_networks(self, members: Sequence[Member]) -> "Panel":
        """Return a panel of other networks with the same images, referee and device."""
        panel = Panel.__new__(Panel)
        modules = {one.name: one.bare(self.shape, self.data.classes) for one in members}
        referee = None if self._referee is None else self._referee.network
        panel._hold(self.data, modules, referee, {}, self.wanted_device, self.batch, self.training)
        return panel

    def mining(self, search: SearchSettings) -> LocalMining:
        """Return how this panel is mined; networks show their gradients before they are first used.

        Raises:
            OutvotedError: the panel can't be searched so, or a network lacks a gradient.
        """
        search.check(self.shape, self.names)
        with self.computing():
            if search.gradients and not self._has_gradients:
                for name, tolerant in zip(self.names, self._networks, strict=True):
                    shown(name, tolerant.network, self._sample, gradients=True)
                self._has_gradients = True
            networks = dict(zip(self.names, self._networks, strict=True))
            return LocalMining(search, networks, self.seeds, self._referee, self.batch)

    def computing(self) -> Any:
        """Compute on the panel's device within a block."""
        return computing_on(self.wanted_device)

    @cached_property
    def _sample(self) -> Sample:
        return sample(self.seeds, self.shape, self.data.classes)

    @cached_property
    def _looks(self) -> Looks:
        with undisturbed(), self.computing():
            return looks_of(self.local(), self.data)

    def __repr__(self) -> str:
        return text(self.names, self.data, self.device, self._looks)

    def _repr_html_(self) -> str:
        return page(self.names, self.data, self.device, self._looks)
