"""Shared by all tests: few real digits, a small panel trained on them, one local Ray instance."""

import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings, Split
from outvoted.actors.networks import MLP
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.search.climb import Rules
from outvoted.search.strategies import Hillclimb
from outvoted.search.transforms import Affine
from tests.browser import browser as browser  # fixtures of all tests
from tests.browser import chromium as chromium
from tests.forking.workers import forked_workers
from tests.head import head as head
from tests.object_store import endpoint as endpoint
from tests.object_store import s3 as s3
from tests.small_run import config as config
from tests.small_run import digits_folder as digits_folder
from tests.small_run import own as own
from tests.small_run import record as record
from tests.small_run import referee as referee
from tests.small_run import run as run
from tests.small_run import run_path as run_path

hypothesis.settings.register_profile("outvoted", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("outvoted")

HIDDEN = (6, 12, 18)
_CACHES = itertools.count()

use_one_thread()


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook too, and would come first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 3 --dist loadgroup`: processes get what takes longest first; files stay whole.

    Two share the tests that need Ray, with a local instance each, and one gets all that need a head of Ray's
    with its dashboard.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    first = {"ray runs": 0, "ray": 1, "head": 2}
    items.sort(key=lambda item: first.get(next(item.iter_markers("xdist_group")).args[0], 3))


def _group(item: pytest.Item) -> str:
    if "local_ray" in getattr(item, "fixturenames", ()) or item.get_closest_marker("ray"):
        return "ray runs" if item.path.parent.name == "jobs" else "ray"
    return "head" if item.get_closest_marker("head") else str(item.path)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep tests from finding or leaving anything in the user's folders; return where caches are instead.

    It is made by whoever needs it: `tmp_path` for every test would take some milliseconds each.
    """
    folder = tmp_path_factory.getbasetemp() / f"cache-{next(_CACHES)}"
    monkeypatch.delenv("OUTVOTED_RUNS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Have the disk have no room for a file that is written atomically, within the block."""
    forced = os.fsync

    def refuse(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == path.with_name(f".{path.name}.partial"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        forced(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        yield


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The first 800 training and 300 test digits of the packaged sample."""
    data = datasets.load(DataSettings())
    train, test = data.train, data.test
    return Dataset(
        "digits",
        data.folder,
        Split(train.images[:800], train.labels[:800]),
        Split(test.images[:300], test.labels[:300]),
    )


@pytest.fixture(scope="session")
def trained(digits: Dataset) -> list[Member]:
    """Three peers with 6, 12 and 18 hidden units, about 80 % of test digits right."""
    found = []
    for index, hidden in enumerate(HIDDEN):
        architecture = MLP(hidden=hidden)
        epochs = train(architecture, Training(epochs=8), digits, index)
        found.append(trained_member(f"mlp-{hidden}", "peer", architecture, index, epochs))
    return found


@pytest.fixture(scope="session")
def rules() -> Rules:
    """Next-ascent hillclimbing over affine moves against three peers."""
    return Rules(run_seed=7, peers=3, transform=Affine(), strategy=Hillclimb(), patience=40, realism=True)


@pytest.fixture(scope="session")
def peers(trained: list[Member], digits: Dataset, rules: Rules) -> list[Peer]:
    """The three peers, ready to answer."""
    networks = [member.build(digits.shape, digits.classes) for member in trained]
    renderer = Renderer(rules.transform, digits.train)
    return [Peer(network, renderer) for network in networks]


@pytest.fixture(scope="session")
def panel(peers: list[Peer]) -> LocalPanel:
    """The three peers in this process."""
    return LocalPanel(peers)


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """One small local Ray instance for all tests that need one."""
    from outvoted.cluster.ray.connect import connected

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else other tests, which run beside, come first
        with forked_workers(), connected("local"):
            yield


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures once, small, and without moving what overlaps: much quicker, where only data differ."""

    def sketch(figure: Figure, path: Path, **_: Any) -> None:
        figure.set_layout_engine("none")
        figure.set_dpi(70)
        FigureCanvasAgg(figure).print_png(path)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(Figure, "savefig", sketch)
