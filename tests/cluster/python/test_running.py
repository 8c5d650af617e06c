"""Runs from Python, on Ray."""

from pathlib import Path

import pandas as pd
import pytest

from outvoted import run
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from tests.cluster.rows import assert_same_rows


@pytest.mark.ray
def test_a_run_from_python_has_the_rows_of_the_command_lines(
    undisturbed: RunFolder, small: Path, runs: Path
) -> None:
    found = run(small, name="from-python", runs=runs)
    assert found.path == runs / "from-python"
    assert_same_rows(RunFolder(found.path), undisturbed)
    pd.testing.assert_frame_equal(found.mistakes, Shards(undisturbed.path).frame("mistakes"))
    assert found.summary["mistakes"] == len(found.images()) == len(found.mistakes) > 0
