"""A run that something happens to ends with the rows of one that nothing happened to."""

import tempfile
from pathlib import Path

import pytest

from tests.chaos.bench import Bench
from tests.chaos.drill import drill, not_struck
from tests.chaos.faults import FAULTS
from tests.chaos.machines import Alone

pytestmark = [pytest.mark.ray, pytest.mark.chaos]

TELLING = (
    "a cell is killed",
    "the recorder is killed while it enters a shard",
    "the command is killed",
    "a network raises for 3 s",
)


def test_a_run_survives_four_faults_with_the_rows_of_an_undisturbed_one() -> None:
    """All in one run as far as possible, in a short folder, as Ray's sockets need it."""
    coming = sorted((one for one in FAULTS if one.name in TELLING), key=lambda one: TELLING.index(one.name))
    with tempfile.TemporaryDirectory(prefix="ovc-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), per_target=80, pace=0.05)
        undisturbed = bench.undisturbed()
        while coming:
            outcomes = drill(coming, bench, Alone(), undisturbed, seed=len(coming))
            assert outcomes, f"{coming[0].name} found nothing to strike"
            assert all(outcome.good for outcome in outcomes), [str(outcome) for outcome in outcomes]
            coming = not_struck(coming, outcomes)
