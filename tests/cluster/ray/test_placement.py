"""Sharing machines among peers: what is asked for fits, or is refused before anything starts."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outvoted.cluster.ray.placement import (
    LEAST_CPUS,
    PROCESS_BYTES,
    PlacementSettings,
    PoolSettings,
    TaskSettings,
    pool,
    share,
    share_of_task,
)
from outvoted.search.errors import OutvotedError


@given(cells=st.integers(1, 400), peers=st.integers(2, 9), cpus=st.integers(1, 512), gpus=st.integers(0, 64))
def test_an_even_share_fits_and_is_enough_or_is_refused(cells: int, peers: int, cpus: int, gpus: int) -> None:
    actors, there = cells * peers, {"CPU": float(cpus), "GPU": float(gpus)}
    if 0.9 * cpus / actors < LEAST_CPUS:
        with pytest.raises(OutvotedError, match=f"each of {actors} peers"):
            share(PlacementSettings(cells=cells), peers, there)
        return
    assume(0.9 * cpus / actors > LEAST_CPUS + 1e-4)  # Ray's steps
    each = share(PlacementSettings(cells=cells), peers, there)
    assert LEAST_CPUS <= each.num_cpus <= 1
    assert each.num_cpus * actors <= cpus
    if gpus:
        on_one = int(1 / each.num_gpus + 1e-9)
        assert 0 < each.num_gpus <= 1
        assert on_one * gpus >= actors
    else:
        assert each.num_gpus == 0


def test_a_machine_without_gpus_needs_no_setting() -> None:
    assert share(PlacementSettings(), 5, {"CPU": 2.0}).num_gpus == 0


@pytest.mark.parametrize(
    ("settings", "there"),
    [
        (PlacementSettings(num_gpus=1), {"CPU": 8.0, "GPU": 4.0}),
        (PlacementSettings(num_gpus=0.1), {"CPU": 8.0}),
        (PlacementSettings(num_gpus=0.4), {"CPU": 8.0, "GPU": 2.0}),
        (PlacementSettings(num_gpus=2), {"CPU": 8.0, "GPU": 9.0}),
        (PlacementSettings(num_cpus=1), {"CPU": 4.0}),
        (PlacementSettings(num_cpus=0.5, cells=2), {"CPU": 4.0}),
    ],
)
def test_more_than_there_is_is_refused(settings: PlacementSettings, there: dict[str, float]) -> None:
    with pytest.raises(OutvotedError) as caught:
        share(settings, 5, there)
    assert "cluster.num_" in caught.value.expected


@pytest.mark.parametrize(
    ("settings", "there"),
    [
        (PlacementSettings(num_gpus=0.2), {"CPU": 8.0, "GPU": 1.0}),
        (PlacementSettings(num_gpus=1), {"CPU": 8.0, "GPU": 5.0}),
        (PlacementSettings(num_gpus=0), {"CPU": 8.0}),
        (PlacementSettings(num_cpus=0.4), {"CPU": 2.0}),
    ],
)
def test_what_fits_is_given(settings: PlacementSettings, there: dict[str, float]) -> None:
    each = share(settings, 5, there)
    assert settings.num_gpus is None or each.num_gpus == settings.num_gpus
    assert settings.num_cpus is None or each.num_cpus == settings.num_cpus


def test_ninety_nine_cells_on_two_cores_are_refused_with_the_arithmetic() -> None:
    with pytest.raises(OutvotedError) as caught:
        share(PlacementSettings(cells=99), 5, {"CPU": 2.0})
    assert caught.value.expected == "at least 0.05 of a CPU for each of 495 peers (99 cells of 5)"
    assert caught.value.found == "0.0036 of a CPU: 2 CPUs on the machines that Ray sees"
    assert caught.value.remedy == "lower cluster.cells to at most 7"
    assert share(PlacementSettings(cells=7), 5, {"CPU": 2.0}).num_cpus >= LEAST_CPUS


def test_a_share_that_leads_nowhere_is_refused_though_it_is_asked_for() -> None:
    with pytest.raises(OutvotedError, match=r"raise cluster\.num_cpus"):
        share(PlacementSettings(num_cpus=0.0001), 5, {"CPU": 2.0})
    assert share(PlacementSettings(num_cpus=0, num_gpus=0.1), 5, {"CPU": 2.0, "GPU": 1.0}).num_cpus == 0


@pytest.mark.parametrize("gib", [0.5, 1.0])
def test_processes_that_memory_does_not_hold_are_refused(gib: float) -> None:
    there = {"CPU": 64.0, "memory": gib * 2**30}
    most = int(there["memory"] // PROCESS_BYTES)
    share(PlacementSettings(), most - 1, there)
    pool(PoolSettings(panels=most - 1), there)
    share_of_task(TaskSettings(num_cpus=32.0), there)
    for refused in (
        lambda: share(PlacementSettings(), most, there),
        lambda: pool(PoolSettings(panels=most), there),
        lambda: share_of_task(TaskSettings(), there),
    ):
        with pytest.raises(OutvotedError, match=f"at most {most} processes fit"):
            refused()


def test_more_panels_than_cpus_can_turn_to_are_refused() -> None:
    with pytest.raises(OutvotedError, match=r"lower cluster\.panels to at most 39"):
        pool(PoolSettings(panels=99), {"CPU": 2.0})
    assert pool(PoolSettings(panels=39), {"CPU": 2.0}).panels == 39
