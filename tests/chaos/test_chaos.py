"""A run that something happens to ends with the rows of one that nothing happened to."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

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


class Joined(Alone):
    """This machine: every command joins the tests' Ray."""

    def __init__(self) -> None:
        super().__init__()
        self.address = ray.get_runtime_context().gcs_address

    def roots(self, driver: int) -> Iterator[int]:
        yield os.getpid()


@pytest.mark.usefixtures("local_ray")
def test_a_run_survives_four_faults_with_the_rows_of_an_undisturbed_one() -> None:
    """All in one run as far as possible."""
    coming = sorted((one for one in FAULTS if one.name in TELLING), key=lambda one: TELLING.index(one.name))
    with tempfile.TemporaryDirectory(prefix="ovc-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), per_target=80, pace=0.05)
        machines = Joined()
        undisturbed = bench.undisturbed(machines)
        while coming:
            outcomes = drill(coming, bench, machines, undisturbed, seed=len(coming))
            assert outcomes, f"{coming[0].name} found nothing to strike"
            assert all(outcome.good for outcome in outcomes), [str(outcome) for outcome in outcomes]
            coming = not_struck(coming, outcomes)
