"""A small temperature sweep that several tests read."""

import pytest

from outvoted.actors.sweeps.sweep_store import SweepStore
from tests.analysis.sweeps.temperature.sweeps import Form, written


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SweepStore:
    """Three temperatures, two seeds, three epochs; not to be altered."""
    return written(tmp_path_factory.mktemp("whole"), Form())
