"""What a sweep leaves: `summary.json` and tables, of both experiments, mined or not."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.sweep_store import SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.report import sweep_report
from tests.analysis.sweeps.noise_class.conftest import same, write_sweep
from tests.analysis.sweeps.temperature.sweeps import Form, written
from tests.small_run import REFEREE

MINING = {"search": {"per_target": 5}, "referee": REFEREE.model_dump(mode="json")}
NOISE: dict[str, Any] = {
    "selections": ["hc+ls"],
    "fractions": [0.5],
    "noises": [{"noise": {"kind": "solid"}, "number": 1}],
}

pytestmark = pytest.mark.usefixtures("sketched")


@pytest.fixture
def temperatures(tmp_path: Path) -> SweepStore:
    """Two temperatures, two seeds, one epoch."""
    return written(tmp_path, Form((0.5, 2.0), (0, 1), 1, (0.1,), pixels=0))


def to_be_mined(path: Path) -> OpenedSweep:
    """Configure a sweep to be mined; nothing is mined yet."""
    sweep = open_sweep(OpenedRun(RunFolder(path)))
    sweep.store.folder.write_record(
        sweep.record.model_copy(update={"config": {**sweep.record.config, "mining": MINING}})
    )
    return open_sweep(OpenedRun(RunFolder(path)))


def summary(sweep: OpenedSweep) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sweep.store.path / "summary.json").read_text())
    return found


def written_report(sweep: OpenedSweep) -> Report:
    report = sweep_report(sweep.run)
    report.write(sweep.store.path)
    return report


def titles(report: Report) -> list[str]:
    """Print the tables on a terminal of 80 columns, where all of them fit, and name them."""
    text = io.StringIO()
    Console(file=text, width=80).print(*report.tables)
    assert "…" not in text.getvalue()
    return [str(getattr(table, "title", None)) for table in report.tables]


def test_temperatures_are_summed_up_with_their_claims(temperatures: SweepStore) -> None:
    sweep = open_sweep(OpenedRun(RunFolder(temperatures.path)))
    report = written_report(sweep)
    assert titles(report) == ["tiny: after 1 epochs", "the paper's claims"]
    left = summary(sweep)
    assert len(left["tables"]) == len(report.tables)
    assert left["mined"] is None
    assert [row["temperature"] for row in left["experiment"]["rows"]] == [0.5, 2]
    claims = left["experiment"]["claims"]
    assert "Saturation grows during training" in {claim["text"] for claim in claims}
    assert {claim["verdict"] for claim in claims} <= {"holds", "does not hold here", "undecided"}
    for name in left["experiment"]["figures"]:
        assert (temperatures.path / name).is_file()


def test_what_is_to_be_mined_stands_between_table_and_claims(temperatures: SweepStore) -> None:
    for path in sorted((temperatures.path / "trials").iterdir())[1:]:
        path.unlink()  # so that there is little to draw
    sweep = to_be_mined(temperatures.path)
    report = written_report(sweep)
    assert titles(report) == [
        "tiny: after 1 epochs (3 missing)",
        "tiny: scored by the miner",
        "the paper's claims",
    ]
    assert [row["setting"] for row in summary(sweep)["mined"]["settings"]] == ["T0.5", "T2"]
    assert json.loads((sweep.store.path / "outvoted.json").read_text()) == summary(sweep)["mined"]
    assert (temperatures.path / "figures" / "outvoted.png").is_file()


def test_a_report_draws_nothing_before_it_is_written(temperatures: SweepStore) -> None:
    before = set(temperatures.path.rglob("*"))
    sweep_report(to_be_mined(temperatures.path).run)
    assert set(temperatures.path.rglob("*")) == before


def test_noises_are_summed_up_in_the_papers_tables(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "noises", NOISE, [0, 1], lambda unit: same(0.5 + 0.01 * unit.seed))
    report = written_report(sweep)
    assert titles(report) == [
        "selections",
        "selections with uniform-0-255-x5",
        "all training images, with a class of noise",
        "the paper's claims",
    ]
    left = summary(sweep)
    assert len(left["tables"]) == len(report.tables)
    assert {"baseline", "table_2", "table_3", "noises", "claims"} < left["experiment"].keys()
    assert left["experiment"]["claims"][-1]["text"] == "Solid colours lower accuracy (1×)"
    assert left["mined"] is None
    assert all((sweep.store.path / name).is_file() for name in left["experiment"]["figures"])


def test_tables_without_a_row_are_left_out(tmp_path: Path) -> None:
    experiment: dict[str, Any] = {"selections": [], "fractions": [], "beside": None, "noises": []}
    sweep = write_sweep(tmp_path / "alone", experiment, [0], lambda unit: same(0.5))
    assert titles(written_report(sweep)) == ["the paper's claims"]
