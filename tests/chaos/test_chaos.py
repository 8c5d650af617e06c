"""A run that something happens to ends with the rows of one that nothing happened to."""

import tempfile
from pathlib import Path

import pytest

from tests.chaos.bench import Bench
from tests.chaos.drill import drill
from tests.chaos.faults import FAULTS
from tests.chaos.machines import Alone

pytestmark = [pytest.mark.ray, pytest.mark.chaos]

TELLING = (
    "a cell is killed",
    "a network raises for 3 s",
    "the recorder is killed while it writes",
    "the command is killed",
)


def test_a_run_survives_four_faults_with_the_rows_of_an_undisturbed_one() -> None:
    """A short folder, as Ray's sockets need it; Ray is started thrice, since all of it is struck."""
    faults = {fault.name: fault for fault in FAULTS}
    with tempfile.TemporaryDirectory(prefix="ovc-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), per_target=80, pace=0.05)
        undisturbed = bench.undisturbed()
        outcomes = drill([faults[name] for name in TELLING], bench, Alone(), undisturbed, seed=1)
    assert [outcome.fault for outcome in outcomes] == list(TELLING)
    assert all(outcome.good for outcome in outcomes), [str(outcome) for outcome in outcomes]
