"""Going on with a run, or taking networks from the shelf, imports what the configuration names: no more."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from outvoted.actors.networks import MLP, InputRecipe, Network, members
from outvoted.actors.networks.members import Member, Role
from outvoted.actors.networks.preprocessing import PreprocessedNetwork
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.training.steps import Training
from outvoted.cluster.jobs.networks import kept, run_members, run_referee, trained
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by
from tests.hostile.altered import with_architecture
from tests.hostile.conftest import Payload

NETWORK: TypeAdapter[Network] = TypeAdapter(Network)
FACTORY = {"kind": "python", "factory": "payload:make"}
NOT_USED: Any = None  # nothing is trained in these tests

Take = Callable[[Path, Sequence[Recipe]], object]


def recipes(panel: Sequence[Member]) -> tuple[Recipe, ...]:
    """Return what a configuration of these networks asks for."""
    wanted: list[Recipe] = []
    for one in panel:
        role: Role = one.role
        values = {"name": one.name, "role": role, "network": one.architecture, "seed": one.training_seed}
        wanted.append(Recipe.model_validate({**values, "training": Training()}))
    return tuple(wanted)


def from_the_shelf(folder: Path, wanted: Sequence[Recipe]) -> object:
    return trained(folder, wanted, NOT_USED, NOT_USED, NOT_USED, NOT_USED)


def from_the_run(folder: Path, wanted: Sequence[Recipe]) -> object:
    store = RunFolder(folder.parent)
    assert store.peers == folder
    record = RunRecord(name="x", state="running", config={}, versions={})
    return run_members(store, record, tuple(wanted), NOT_USED)


def as_a_referee(folder: Path, wanted: Sequence[Recipe]) -> object:
    return run_referee(folder, wanted[0], NOT_USED)


WAYS: dict[str, Take] = {"shelf": from_the_shelf, "run": from_the_run, "kept": kept}


@pytest.fixture
def folder(trained: list[Member], tmp_path: Path) -> Path:
    members.save(tmp_path / "run" / "peers", trained)
    return tmp_path / "run" / "peers"


@pytest.mark.parametrize("way", WAYS)
def test_the_networks_of_the_configuration_are_taken(way: str, folder: Path, trained: list[Member]) -> None:
    found = WAYS[way](folder, recipes(trained))
    assert [one.name for one in found] == [one.name for one in trained]  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", WAYS)
def test_a_factory_that_the_configuration_does_not_name_is_refused(
    way: str, folder: Path, trained: list[Member], payload: Payload
) -> None:
    with_architecture(folder, 1, FACTORY)
    with pytest.raises(OutvotedError, match=r"network 'mlp-12', which would import payload:make") as refused:
        WAYS[way](folder, recipes(trained))
    assert "--trust" not in refused.value.remedy
    assert not payload.ran


@pytest.mark.parametrize("way", WAYS)
def test_one_factory_in_place_of_another_is_refused(
    way: str, folder: Path, trained: list[Member], payload: Payload
) -> None:
    mine = NETWORK.validate_python({"kind": "python", "factory": "payload:make", "alias": "mlp-12"})
    wanted = recipes([trained[0], replace(trained[1], architecture=mine), trained[2]])
    with_architecture(folder, 1, {**FACTORY, "factory": "payload:other"})
    with pytest.raises(OutvotedError, match="payload:other"):
        WAYS[way](folder, wanted)
    assert not payload.ran


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "other",
    [
        MLP(hidden=13),
        MLP(hidden=12, activation="relu"),
        PreprocessedNetwork(network=MLP(hidden=12), input=InputRecipe(scale=2)),
    ],
    ids=["width", "activation", "input recipe"],
)
def test_other_architectures_than_configured_are_refused(
    way: str, other: MLP, folder: Path, trained: list[Member]
) -> None:
    with_architecture(folder, 1, other.model_dump(mode="json"))
    with pytest.raises(OutvotedError, match="other architectures or input recipes") as refused:
        WAYS[way](folder, recipes(trained))
    assert (f"delete {folder}" in refused.value.remedy) == (way == "shelf")  # never a run's own


@pytest.mark.parametrize("way", WAYS)
def test_other_names_than_configured_are_refused(way: str, folder: Path, trained: list[Member]) -> None:
    with pytest.raises(OutvotedError, match="a network 'mlp-18'"):
        WAYS[way](folder, recipes(trained[:2]))


def test_a_referee_that_is_code_is_refused(referee: Member, tmp_path: Path, payload: Payload) -> None:
    members.save(tmp_path, [referee])
    with_architecture(tmp_path, 0, FACTORY)
    with pytest.raises(OutvotedError, match="payload:make"):
        as_a_referee(tmp_path, recipes([referee]))
    assert not payload.ran


def test_a_configuration_is_trusted_in_what_it_names(trained: list[Member]) -> None:
    panel = PanelSettings.model_validate({"networks": tuple(one.architecture for one in trained)})
    wanted = panel_settings.recipes(panel, None)
    assert named_by(*wanted).paths == frozenset()
    code = PanelSettings.model_validate({"networks": [FACTORY, {**FACTORY, "alias": "b"}]})
    assert named_by(*panel_settings.recipes(code, None)).paths == frozenset({"payload:make"})
    assert named_by(code).paths == frozenset({"payload:make"})
