"""Sharing machines among peers: what is asked for fits, or is refused before anything starts."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outvoted.cluster.ray.placement import (
    LEAST_CPUS,
    PROCESS_BYTES,
    Machines,
    PoolSettings,
    Share,
    TaskSettings,
    check_memory,
    pool,
    share,
    share_of_task,
)
from outvoted.search.errors import OutvotedError


@given(processes=st.integers(1, 3600), cpus=st.integers(1, 512), gpus=st.integers(0, 64))
def test_an_even_share_fits_and_is_enough_or_is_refused(processes: int, cpus: int, gpus: int) -> None:
    there = {"CPU": float(cpus), "GPU": float(gpus)}
    if 0.9 * cpus / processes < LEAST_CPUS:
        with pytest.raises(OutvotedError, match=f"each of {processes} processes"):
            share(processes, None, None, there)
        return
    assume(0.9 * cpus / processes > LEAST_CPUS + 1e-4)  # Ray's steps
    each = share(processes, None, None, there)
    assert LEAST_CPUS <= each.num_cpus <= 1
    assert each.num_cpus * processes <= cpus
    if gpus:
        on_one = int(1 / each.num_gpus + 1e-9)
        assert 0 < each.num_gpus <= 1
        assert on_one * gpus >= processes
    else:
        assert each.num_gpus == 0


def test_a_machine_without_gpus_needs_no_setting() -> None:
    assert share(5, None, None, {"CPU": 2.0}).num_gpus == 0


@pytest.mark.parametrize(
    ("processes", "num_cpus", "num_gpus", "there"),
    [
        (5, None, 1, {"CPU": 8.0, "GPU": 4.0}),
        (5, None, 0.1, {"CPU": 8.0}),
        (5, None, 0.4, {"CPU": 8.0, "GPU": 2.0}),
        (5, None, 2, {"CPU": 8.0, "GPU": 9.0}),
        (5, 1, None, {"CPU": 4.0}),
        (10, 0.5, None, {"CPU": 4.0}),
    ],
)
def test_more_than_there_is_is_refused(
    processes: int, num_cpus: float | None, num_gpus: float | None, there: dict[str, float]
) -> None:
    with pytest.raises(OutvotedError) as caught:
        share(processes, num_cpus, num_gpus, there)
    assert "cluster.num_" in caught.value.expected


@pytest.mark.parametrize(
    ("num_cpus", "num_gpus", "there"),
    [
        (None, 0.2, {"CPU": 8.0, "GPU": 1.0}),
        (None, 1, {"CPU": 8.0, "GPU": 5.0}),
        (None, 0, {"CPU": 8.0}),
        (0.4, None, {"CPU": 2.0}),
    ],
)
def test_what_fits_is_given(num_cpus: float | None, num_gpus: float | None, there: dict[str, float]) -> None:
    each = share(5, num_cpus, num_gpus, there)
    assert num_gpus is None or each.num_gpus == num_gpus
    assert num_cpus is None or each.num_cpus == num_cpus


def test_a_share_that_leads_nowhere_is_refused_though_it_is_asked_for() -> None:
    with pytest.raises(OutvotedError, match=r"raise cluster\.num_cpus"):
        share(5, 0.0001, None, {"CPU": 2.0})
    assert share(5, 0, 0.1, {"CPU": 2.0, "GPU": 1.0}).num_cpus == 0


@pytest.mark.parametrize("gib", [0.5, 1.0])
def test_processes_that_memory_does_not_hold_are_refused(gib: float) -> None:
    there = {"CPU": 64.0, "memory": gib * 2**30}
    most = int(there["memory"] // PROCESS_BYTES)
    check_memory(most, there, "cluster.cells")
    pool(PoolSettings(panels=most), there)
    share_of_task(TaskSettings(num_cpus=32.0), there)
    for refused in (
        lambda: check_memory(most + 1, there, "cluster.cells"),
        lambda: pool(PoolSettings(panels=most + 1), there),
        lambda: share_of_task(TaskSettings(), there),
    ):
        with pytest.raises(OutvotedError, match=f"at most {most} processes fit"):
            refused()


def test_more_panels_than_cpus_can_turn_to_are_refused() -> None:
    with pytest.raises(OutvotedError, match=r"lower cluster\.panels or .* at most 36"):
        pool(PoolSettings(panels=99), {"CPU": 2.0})
    assert pool(PoolSettings(panels=36), {"CPU": 2.0}).panels == 36


@given(
    nodes=st.lists(st.tuples(st.integers(1, 16), st.integers(0, 4)), min_size=1, max_size=6),
    processes=st.integers(1, 60),
)
def test_a_share_fits_machine_by_machine(nodes: list[tuple[int, int]], processes: int) -> None:
    there = Machines([{"CPU": float(cpus), "GPU": float(gpus)} for cpus, gpus in nodes])
    try:
        each = share(processes, None, None, there)
    except OutvotedError:
        gpus = sum(gpus for _, gpus in nodes)
        on_gpus = math.floor(1e4 / math.ceil(processes / gpus)) / 1e4 if gpus else 0.0
        assert Share(LEAST_CPUS, on_gpus).places(there, 0.9) < processes
        return
    assert each.places(there) >= processes


def test_ten_processes_fit_on_three_machines_of_two_cpus() -> None:
    """0.54 CPUs each would be nine tenths of the whole, and fit nine times."""
    three = Machines([{"CPU": 2.0}] * 3)
    each = share(10, None, None, three)
    assert (each.num_cpus, each.places(three)) == (0.45, 12)


def test_what_fits_the_whole_but_no_machine_is_refused() -> None:
    with pytest.raises(OutvotedError, match=r"cluster\.num_cpus=3 for each of 2 processes"):
        share(2, 3, None, Machines([{"CPU": 2.0}] * 3))


def test_processes_with_a_gpu_count_the_cpus_beside_it() -> None:
    there = Machines([{"CPU": 64.0}, {"CPU": 4.0, "GPU": 4.0}])
    each = share(4, None, None, there)
    assert each.num_gpus == 1
    assert each.num_cpus * 4 <= 4


def test_machines_are_also_the_sum_of_what_they_have() -> None:
    there = Machines([{"CPU": 2.0, "GPU": 1.0}, {"CPU": 3.0}])
    assert there == {"CPU": 5.0, "GPU": 1.0}
    assert there.without("GPU") == {"CPU": 5.0}
    assert Machines.of({"CPU": 2.0}) == {"CPU": 2.0}
