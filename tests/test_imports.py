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
    "outvoted.actors.training.ray_work",
    "outvoted.actors.studies.tasks",
    "outvoted.actors.sweeps.sweep_recorder",
    "outvoted.actors.healing.healing",
)
KINDS = tuple(f"outvoted.cluster.jobs.{name}.kind" for name in ENTRIES)


def _loaded(*stages: str) -> list[set[str]]:
    """Return the modules that a fresh process has loaded after each of several pieces of code."""
    told = "import sys\ndef told(): print('\\n#', *sys.modules, flush=True)\n"
    process = subprocess.run(
        [sys.executable, "-c", told + "".join(f"{code}\ntold()\n" for code in stages)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [set(line.split()) for line in process.stdout.splitlines() if line.startswith("# sys ")]
    assert len(found) == len(stages), process.stderr
    return found


COMMAND = """
sys.argv = ["outvoted", *{arguments}]
try:
    from outvoted.cluster.__main__ import main
    main()
except SystemExit:
    pass
"""
NOTHING = (
    ("--help",),
    ("--version",),
    ("mine", "--help"),
    ("mine", "nowhere.yaml"),
    ("configs",),
    ("configs", "mnist"),
)


def test_commands_that_do_nothing_import_nothing_heavy() -> None:
    """One process runs them all, so that one starts: what none of them has loaded, none loads alone."""
    stages = _loaded(*(COMMAND.format(arguments=arguments) for arguments in NOTHING))
    assert all("outvoted.cluster.command_line.cli" in found for found in stages)
    heavy = {" ".join(each): found & set(HEAVY) for each, found in zip(NOTHING, stages, strict=True)}
    assert not any(heavy.values()), heavy


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
STAGES = {
    "recorder": "import outvoted.actors.mining.recorder",
    "actors": f"import {', '.join(ACTORS)}",
    "kinds": f"import {', '.join(KINDS)}",
    "trained": OWN_NETWORKS,
}
"""In this order, in one process: each stage has loaded what those before it have."""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The modules after each stage."""
    return dict(zip(STAGES, _loaded(*STAGES.values()), strict=True))


def test_the_recorder_imports_no_network(loaded: dict[str, set[str]]) -> None:
    assert "torch" not in loaded["recorder"]


def test_actors_import_only_what_they_compute_with(loaded: dict[str, set[str]]) -> None:
    assert not loaded["actors"] & {"rich", *DRAWING, *STATISTICS, *RAY_LIBRARIES}


def test_a_kind_of_run_imports_its_report_when_it_is_drawn(loaded: dict[str, set[str]]) -> None:
    assert not loaded["kinds"] & {*DRAWING, *STATISTICS, *RAY_LIBRARIES}


def test_own_networks_are_trained_without_a_compiler(loaded: dict[str, set[str]]) -> None:
    assert {"trained", "torch._dynamo"} & loaded["trained"] == {"trained"}
