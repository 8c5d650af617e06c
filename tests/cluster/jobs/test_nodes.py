"""The arithmetic of `outvoted plan`, as laws."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.panel.cost import Cost
from outvoted.cluster.jobs.nodes import (
    LEADING_BYTES,
    RAY_BYTES,
    Machine,
    MeasuredRun,
    MinedRun,
    node_plan,
)
from outvoted.cluster.ray.layout import SMALL, PlacementSettings
from outvoted.cluster.ray.placement import PROCESS_BYTES
from outvoted.search.errors import OutvotedError

SECONDS = st.floats(1e-6, 1e4)
RUNS = st.builds(
    MeasuredRun,
    searches=st.integers(1, 10**7),
    shard=st.integers(1, 10**4),
    search_seconds=SECONDS,
    training_seconds=st.dictionaries(st.sampled_from("abcde"), SECONDS),
    seed_seconds=SECONDS,
    record_seconds=SECONDS,
    round_questions=st.floats(0, 1e6),
    sent=st.floats(1, 1e6),
    parquet=st.floats(1, 1e6),
    images=st.floats(0, 1e12),
)
MACHINES = st.builds(Machine, cpus=st.integers(1, 128), gpus=st.integers(0, 8))
LARGE = 10 * SMALL


@st.composite
def mined_runs(draw: st.DrawFn) -> MinedRun:
    """Runs of small networks, and of large ones."""
    peers, large = draw(st.integers(2, 16)), draw(st.booleans())
    weights = draw(st.integers(1, 10**8))
    return MinedRun(draw(RUNS), PlacementSettings(), peers, Cost(LARGE if large else 1, weights), weights)


MINED = mined_runs()
NODES = st.integers(1, 300)


def room(mined: MinedRun, machine: Machine) -> Machine:
    """Return a machine on which a cell has a CPU for each network, as runs want them."""
    return replace(machine, cpus=max(machine.cpus, mined.peers), gpus=machine.gpus)


@given(MINED, MACHINES, NODES, NODES)
@settings(max_examples=200)
def test_more_machines_are_never_slower(mined: MinedRun, machine: Machine, one: int, more: int) -> None:
    few, many = sorted((one, more))
    machine = room(mined, machine)
    assert node_plan(mined, machine, many).total <= node_plan(mined, machine, few).total * (1 + 1e-9)


@given(MINED, MACHINES, NODES, st.floats(1, 100))
def test_a_faster_machine_is_never_slower(
    mined: MinedRun, machine: Machine, nodes: int, speed: float
) -> None:
    machine = room(mined, machine)
    fast, usual = node_plan(mined, machine, nodes, speed), node_plan(mined, machine, nodes)
    assert fast.total <= usual.total * (1 + 1e-9)


@given(MINED, MACHINES, NODES)
def test_no_work_gets_lost(mined: MinedRun, machine: Machine, nodes: int) -> None:
    """All cells together never do more than what CPUs are there for."""
    found = node_plan(mined, room(mined, machine), nodes)
    cpus = nodes * room(mined, machine).cpus
    assert found.mining["cells"] * cpus >= mined.run.searches * mined.run.search_seconds * (1 - 1e-9)


@given(MINED, MACHINES, NODES)
def test_what_binds_takes_the_largest_part(mined: MinedRun, machine: Machine, nodes: int) -> None:
    found = node_plan(mined, room(mined, machine), nodes)
    assert found.seconds["mining"] == max(found.mining.values())
    assert found.total == pytest.approx(sum(found.seconds.values()))
    largest = max(found.seconds.values())
    words = {
        "starting": found.seconds["start"],
        "asking about seeds": found.seconds["seeds"],
        **{f"training {name}": found.seconds["training"] for name in "abcde"},
        **{f"the {name}": found.mining[name] for name in ("driver", "recorder", "network")},
        "networks": found.mining["cells"],
    }
    assert words[found.binds] == largest


@given(MINED, MACHINES, NODES)
def test_memory_adds_up(mined: MinedRun, machine: Machine, nodes: int) -> None:
    found = node_plan(mined, room(mined, machine), nodes)
    whole = nodes * (found.memory["machine"] - mined.run.images - RAY_BYTES)
    inside = mined.cost.largest == 1
    of_cells = found.cells * (
        found.memory["process"] if inside else mined.peers * found.memory["process"] + PROCESS_BYTES
    )
    assert of_cells <= whole * (1 + 1e-9)
    assert whole < of_cells + nodes * of_cells / found.cells * (1 + 1e-9)
    assert found.memory["first machine"] == pytest.approx(found.memory["machine"] + LEADING_BYTES)


@given(MINED, st.integers(1, 64), NODES)
def test_a_machine_without_gpus_takes_no_gpu_memory(mined: MinedRun, cpus: int, nodes: int) -> None:
    found = node_plan(mined, room(mined, Machine(cpus)), nodes)
    assert set(found.gpu_memory.values()) == {0.0}


@given(MINED, NODES)
def test_questions_travel_where_networks_have_processes_of_their_own(mined: MinedRun, nodes: int) -> None:
    found = node_plan(mined, room(mined, Machine(4)), nodes)
    if mined.cost.largest == 1:
        assert found.traffic["a round"] == 0
    else:
        assert found.traffic["a round"] >= mined.run.round_questions


RUN = MeasuredRun(10**6, 500, 0.005, {}, 1.0, 0.01, 1e5, 1000.0, 400.0, 1e8)
SMALL_RUN = MinedRun(RUN, PlacementSettings(), 5, Cost(1, 10**5), 10**5)


def test_cells_that_are_set_stay_and_bind() -> None:
    fixed = replace(SMALL_RUN, settings=PlacementSettings(cells=4))
    one, many = (node_plan(fixed, Machine(8), nodes) for nodes in (1, 64))
    assert (one.cells, many.cells) == (4, 4)
    assert one.total == many.total
    assert many.binds == "cluster.cells"


def test_a_quota_holds_a_run_to_a_part_of_the_machines() -> None:
    held = replace(SMALL_RUN, settings=PlacementSettings(most_cpus=8))
    one, many = (node_plan(held, Machine(8), nodes) for nodes in (1, 64))
    assert one.total == many.total
    assert many.binds == "the quota"


def test_the_recorder_binds_once_there_are_cells_enough() -> None:
    few, many = (node_plan(SMALL_RUN, Machine(8), nodes) for nodes in (1, 1000))
    assert few.binds == "networks"
    assert many.binds == "the recorder"
    assert many.load("recorder") == 1.0
    assert many.seconds["mining"] == pytest.approx(RUN.shards * RUN.record_seconds)


def test_what_does_not_fit_is_refused_as_the_run_refuses_it() -> None:
    with pytest.raises(OutvotedError, match=r"cluster\.cells"):
        node_plan(replace(SMALL_RUN, settings=PlacementSettings(cells=9999)), Machine(8), 1)
