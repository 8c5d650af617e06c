"""What is imported when: a command that does nothing waits for nothing, an actor imports what it needs."""

import subprocess
import sys

import pytest

from outvoted.cluster.jobs.kinds import ENTRIES

DRAWING = ("matplotlib", "plotly")
STATISTICS = ("pandas", "scipy.stats", "scipy.optimize", "sklearn", "skimage.feature")
RAY_LIBRARIES = ("ray.data", "ray.tune", "ray.train", "ray.serve")
HEAVY = ("torch", "ray", "numpy", "pyarrow", *DRAWING, *STATISTICS, *RAY_LIBRARIES)

ACTORS = (
    "outvoted.actors.mining.ray_mining",
    "outvoted.actors.mining.recorder",
    "outvoted.actors.panel.ray_panel",
    "outvoted.actors.training.ray_training",
    "outvoted.actors.studies.ray_tasks",
    "outvoted.actors.sweeps.sweep_recorder",
    "outvoted.actors.healing.healing",
)
KINDS = tuple(f"outvoted.cluster.jobs.{name}.kind" for name in ENTRIES)


def _loaded(code: str, *arguments: str) -> set[str]:
    """Return the modules that a fresh process has loaded after it ran some code."""
    ended = "import sys, atexit; atexit.register(lambda: print('\\n#', *sys.modules))\n"
    process = subprocess.run(
        [sys.executable, "-c", ended + code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    *_, modules = process.stdout.splitlines()
    assert modules.startswith("# "), process.stderr
    return set(modules.split())


COMMAND = "from outvoted.cluster.__main__ import main; main()"
NOTHING = (
    ("--help",),
    ("--version",),
    ("mine", "--help"),
    ("mine", "nowhere.yaml"),
    ("configs",),
    ("configs", "mnist"),
)


@pytest.mark.parametrize("arguments", NOTHING, ids=" ".join)
def test_a_command_that_does_nothing_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not _loaded(COMMAND, *arguments) & set(HEAVY)


def test_actors_import_only_what_they_compute_with() -> None:
    assert not _loaded(f"import {', '.join(ACTORS)}") & {"rich", *DRAWING, *STATISTICS, *RAY_LIBRARIES}


def test_the_recorder_imports_no_network() -> None:
    assert "torch" not in _loaded("import outvoted.actors.mining.recorder")


OWN_NETWORKS = """
from outvoted.actors.data import datasets
from outvoted.actors.networks import CNN, MLP
from outvoted.actors.panel.cost import cost
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train
data = datasets.load(datasets.DataSettings())
networks = MLP(hidden=2), CNN(channels=2, hidden=2)
cost(networks, data.shape, data.classes)
every = [list(train(network, Training(epochs=1), data, 0)) for network in networks]
sys.modules["trained"] = sys
"""


def test_own_networks_are_trained_without_a_compiler() -> None:
    assert {"trained", "torch._dynamo"} & _loaded(OWN_NETWORKS) == {"trained"}


def test_a_kind_of_run_imports_its_report_when_it_is_drawn() -> None:
    assert not _loaded(f"import {', '.join(KINDS)}") & {*DRAWING, *STATISTICS, *RAY_LIBRARIES}
