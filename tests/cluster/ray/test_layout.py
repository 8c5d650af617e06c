"""Cells fit the machines: as many as there is room for, each of the kind that suits its networks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from outvoted.actors.networks import CNN, MLP, Architecture, DeepCNN, ExportedNetwork, PlainCNN
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.panel.cost import UNKNOWN, Cost, cost, operations
from outvoted.cluster.ray.layout import SMALL, PlacementSettings, layout
from outvoted.cluster.ray.placement import PROCESS_BYTES, Machines
from outvoted.search.errors import OutvotedError

MLPS = Cost(80_000, 120_000)
RESNETS = Cost(8 * 10**9, 125_000_000)


@given(peers=st.integers(2, 16), cpus=st.integers(1, 512), gpus=st.integers(0, 64), gib=st.floats(0.5, 4096))
@pytest.mark.parametrize("costs", [MLPS, RESNETS])
def test_what_is_chosen_fits_or_is_refused(costs: Cost, peers: int, cpus: int, gpus: int, gib: float) -> None:
    there = {"CPU": float(cpus), "GPU": float(gpus), "memory": gib * 2**30}
    try:
        found = layout(PlacementSettings(), peers, costs, there)
    except OutvotedError:
        assert gib * 2**30 < (peers + 1) * PROCESS_BYTES + 12 * costs.weights or 0.9 * cpus < 0.05 * peers
        return
    assert found.cells >= 1
    assert found.cells * found.processes * found.share.num_cpus <= cpus
    assert found.cells * found.processes * found.share.num_gpus <= gpus
    assert found.cells * found.processes * PROCESS_BYTES <= there["memory"]


def test_small_networks_share_a_process_and_large_ones_have_their_own() -> None:
    there = {"CPU": 16.0, "memory": 64 * 2.0**30}
    assert str(layout(PlacementSettings(), 5, MLPS, there)) == "16 cells, each one process with 5 networks"
    large = layout(PlacementSettings(), 5, RESNETS, there)
    assert str(large) == "3 cells, each 5 processes with one network, and a coordinator"


def test_few_gpus_are_shared_by_the_processes_of_one_cell() -> None:
    found = layout(PlacementSettings(), 5, RESNETS, {"CPU": 16.0, "GPU": 1.0})
    assert (found.cells, found.share.num_gpus) == (1, 0.2)


@pytest.mark.parametrize("cell", ["process", "actors"])
@pytest.mark.parametrize("cells", [1, 3])
def test_what_is_configured_is_done(cell: str, cells: int) -> None:
    settings = PlacementSettings.model_validate({"cell": cell, "cells": cells})
    found = layout(settings, 3, MLPS, {"CPU": 2.0})
    assert (found.inside, found.cells, found.processes) == (
        cell == "process",
        cells,
        1 if found.inside else 3,
    )


def test_shards_of_cheap_networks_are_long_unless_it_is_configured() -> None:
    there = {"CPU": 2.0}
    cheap, dear = (layout(PlacementSettings(), 3, costs, there) for costs in (MLPS, RESNETS))
    assert (cheap.shard_size, cheap.shards_in_flight) == (2000, 2)
    assert (dear.shard_size, dear.shards_in_flight) == (500, 12)
    own = layout(PlacementSettings(shard_size=50), 3, MLPS, there)
    assert (own.shard_size, own.shards_in_flight) == (50, 4)
    assert layout(PlacementSettings(shards_in_flight=7), 3, MLPS, there).shards_in_flight == 7


def test_memory_bounds_the_cells_that_are_chosen_and_refuses_those_that_are_configured() -> None:
    there = {"CPU": 64.0, "memory": 8 * 2.0**30}
    assert layout(PlacementSettings(), 5, MLPS, there).cells == 40
    heavy = Cost(SMALL, 50_000_000)
    assert layout(PlacementSettings(), 5, heavy, there).cells == 10
    with pytest.raises(OutvotedError, match=r"lower cluster\.cells"):
        layout(PlacementSettings(cells=11), 5, heavy, there)


def test_ninety_nine_cells_on_two_cores_are_refused_with_the_arithmetic() -> None:
    with pytest.raises(OutvotedError) as caught:
        layout(PlacementSettings(cells=99, cell="actors"), 5, MLPS, {"CPU": 2.0})
    assert caught.value.expected == "at least 0.05 of a CPU for each of 495 processes"
    assert caught.value.found == "0.0036 of a CPU: 2 CPUs on the machines that Ray sees"
    assert "lower cluster.cells" in caught.value.remedy
    assert "at most 36 processes" in caught.value.remedy


def test_costs_are_counted_layer_by_layer() -> None:
    found = cost([MLP(hidden=10), CNN(channels=4, hidden=16)], (1, 28, 28), 10)
    assert cost([MLP(hidden=10)], (1, 28, 28), 10) == Cost(2 * (784 * 10 + 10 * 10), 784 * 10 + 10 + 110)
    assert found.largest > 2 * found.weights > 0
    assert found.largest < SMALL


@pytest.mark.parametrize("network", [MLP(hidden=(9, 8)), CNN(channels=4), PlainCNN(), DeepCNN()])
def test_layers_one_after_the_other_are_counted_as_pytorch_counts(network: Architecture) -> None:
    with FlopCounterMode(display=False) as counter:
        network.build((3, 20, 28), 10).eval()(torch.zeros(1, 3, 20, 28))
    assert cost([network], (3, 20, 28), 10).largest == counter.get_total_flops()


def test_a_network_in_hand_costs_what_its_architecture_does() -> None:
    panel = [MLP(hidden=10), CNN(channels=4, hidden=16)]
    built = [Tolerant(network.build((1, 28, 28), 10), 10) for network in panel]
    assert operations(built, (1, 28, 28)) == cost(panel, (1, 28, 28), 10).largest
    assert all(network.training for network in built)


def test_a_network_that_cannot_be_built_counts_as_a_large_one() -> None:
    gone = ExportedNetwork.model_validate({"kind": "exported", "file": "/nowhere/net.pt2", "alias": "gone"})
    assert cost([MLP(hidden=10), gone], (1, 28, 28), 10).largest == UNKNOWN


@given(
    nodes=st.lists(st.integers(1, 8), min_size=1, max_size=6),
    cells=st.just("auto") | st.integers(1, 12),
    quota=st.none() | st.integers(1, 20),
)
@pytest.mark.parametrize("costs", [MLPS, RESNETS])
def test_cells_fit_machine_by_machine_and_within_the_quota(
    costs: Cost, nodes: list[int], cells: int | str, quota: int | None
) -> None:
    there = Machines([{"CPU": float(cpus)} for cpus in nodes])
    settings = PlacementSettings.model_validate({"cells": cells, "most_cpus": quota})
    try:
        found = layout(settings, 3, costs, there)
    except OutvotedError:
        return
    assert found.cells * found.processes <= found.share.places(there)
    if quota is not None:
        assert found.cells * found.processes * found.share.num_cpus <= quota
        assert found.most is not None
        assert found.most * found.processes * found.share.num_cpus <= max(
            quota, found.processes * found.share.num_cpus
        )
    if cells == "auto":
        room = found.room(there)
        assert room == 0 or room >= found.cells  # one cell is had even where no network has a CPU
    else:
        assert found.cells <= int(cells)


def test_room_follows_the_machines() -> None:
    one, three = Machines([{"CPU": 2.0}]), Machines([{"CPU": 2.0}] * 3)
    found = layout(PlacementSettings(), 5, MLPS, one)
    assert [found.room(there) for there in (one, three, Machines([]))] == [2, 6, 0]


def test_a_number_of_cells_with_a_set_share_begins_with_those_that_fit() -> None:
    found = layout(PlacementSettings(cells=8, num_cpus=1), 5, MLPS, {"CPU": 2.0})
    assert (found.cells, found.most) == (2, 8)


def test_what_a_cell_needs_is_said_in_words() -> None:
    gpus = {"CPU": 16.0, "GPU": 8.0}
    assert layout(PlacementSettings(num_cpus=1), 5, MLPS, {"CPU": 8.0}).need == "1 CPU"
    found = layout(PlacementSettings(num_cpus=1, num_gpus=2, cell="actors"), 3, MLPS, gpus)
    assert found.need == "3 times 2 GPUs and 1 CPU"
