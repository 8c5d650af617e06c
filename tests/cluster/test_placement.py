"""Sharing machines among peers: what is asked for fits, or is refused before anything starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.placement import PlacementSettings, share
from outvoted.search.errors import OutvotedError


@given(cells=st.integers(1, 40), peers=st.integers(2, 9), cpus=st.integers(1, 512), gpus=st.integers(0, 64))
def test_an_even_share_always_fits(cells: int, peers: int, cpus: int, gpus: int) -> None:
    each = share(PlacementSettings(cells=cells), peers, {"CPU": cpus, "GPU": gpus})
    actors = cells * peers
    assert 0 <= each.num_cpus <= 1
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
