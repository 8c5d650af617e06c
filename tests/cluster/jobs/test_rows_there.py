"""A run is finished only if every row can be read where its report reads."""

from pathlib import Path

import pytest

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.mine.kind import check_all_there
from outvoted.search.errors import OutvotedError


@pytest.mark.parametrize("recorded", [0, 99])
def test_rows_that_went_elsewhere_are_no_finished_run(recorded: int, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError) as caught:
        check_all_there(RunFolder(tmp_path), recorded, 100)
    assert caught.value.expected == f"100 recorded searches in {tmp_path}"
    assert caught.value.found.startswith(f"{recorded}; ")
    assert "--resume" in caught.value.remedy


@pytest.mark.parametrize("recorded", [100, 101])
def test_all_rows_are_enough(recorded: int, tmp_path: Path) -> None:
    check_all_there(RunFolder(tmp_path), recorded, 100)
