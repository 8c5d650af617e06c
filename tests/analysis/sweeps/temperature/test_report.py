"""The whole report of sweeps of tiny networks, as they should be and degenerate."""

import io
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from rich.console import Console

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, STOPPED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import claims_table
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.opened import Findings
from outvoted.analysis.sweeps.temperature.attacks import draw_extreme, example
from outvoted.analysis.sweeps.temperature.measurements import measurements
from outvoted.analysis.sweeps.temperature.pictures import draw_gradients, draw_pixels
from outvoted.analysis.sweeps.temperature.report import temperature_findings
from tests.analysis.sweeps.temperature.sweeps import Form, written

ALL = [
    "sigmoids",
    "learning-curves",
    "regimes",
    "robustness",
    "robustness-by-epsilon",
    "gradients",
    "pixel-attack",
    "extreme-gradients",
    "attacked-images",
]


@pytest.fixture
def own(whole: SweepStore, tmp_path: Path) -> SweepStore:
    """A copy to be altered."""
    return SweepStore(
        Path(shutil.copytree(whole.path, tmp_path / "tiny")),
        open_sweep(OpenedRun(RunFolder(whole.path))).experiment.fields(),
    )


def report(store: SweepStore) -> Findings:
    """Return what the sweep shows; JSON takes it as it is, and every picture is whole."""
    found = temperature_findings(open_sweep(OpenedRun(RunFolder(store.path))))
    json.dumps({**found.values, "claims": found.claims}, default=asdict, allow_nan=False)
    for name, draw in found.pictures.items():
        draw(store.path / "figures" / f"{name}.png")
        with Image.open(store.path / "figures" / f"{name}.png") as picture:
            assert min(picture.size) > 100
    return found


def rows_of(store: SweepStore, unit: str) -> list[dict[str, Any]]:
    frame = store.trials([unit]).drop(columns=["outcome", "reason"])
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@pytest.mark.filterwarnings("error")
def test_a_sweep_gets_every_picture_and_a_table_that_fits_the_terminal(
    own: SweepStore, figures: list[Figure]
) -> None:
    found = report(own)
    written = [text.get_text() for figure in figures for text in figure.findobj(Text)]
    assert not [text for text in written if "$" in text], "a formula, shown as its source"
    assert list(found.pictures) == ALL
    assert found.values["units"] == {FINISHED: 6}
    rows = found.values["rows"]
    assert [row.temperature for row in rows] == [0.25, 1, 2]
    assert {row.seeds for row in rows} == {2}
    assert len({claim.text for claim in found.claims}) == 7

    trials = open_sweep(OpenedRun(RunFolder(own.path))).trials  # the table says what the rows say
    last = trials[(trials["setting"] == "T0.25") & (trials["epoch"] == 3)]
    assert rows[0].test_accuracy.mean == pytest.approx(last["test_accuracy"].mean())
    assert [one.mean for one in rows[0].robustness] == pytest.approx(
        np.stack(list(last["robustness"])).mean(0).tolist()
    )

    console = Console(width=80, record=True, file=io.StringIO())
    console.print(*found.tables, claims_table(found.claims, found.note))
    text = console.export_text()
    assert "…" not in text
    for said in ("tiny: after 3 epochs", "1/4", "ε 0.1", "2 px", "Lower temperatures make", "low − high T"):
        assert said in text


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("sketched")
def test_one_of_each_will_do(tmp_path: Path) -> None:
    """One temperature, seed, epoch and epsilon, numbers for classes, colours; and no pixel attack."""
    form = Form((0.5,), (7,), 1, (0.1,), pixels=0, rgb=True, named=False)
    found = report(written(tmp_path, form))
    left_out = {"robustness-by-epsilon", "pixel-attack", "attacked-images"}
    assert set(ALL) - set(found.pictures) == left_out
    assert {claim.verdict for claim in found.claims} == {"undecided"}
    assert found.values["rows"][0].fooled == ()


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("sketched")
def test_units_that_are_missing_stopped_or_failed_leave_gaps(own: SweepStore) -> None:
    (own.path / "trials" / "T2.seed-0.parquet").unlink()
    own.write_unit("T1.seed-0", rows_of(own, "T1.seed-0")[:1], STOPPED, "lags")
    own.write_unit("T1.seed-1", [{"setting": "T1", "seed": 1, "epoch": 0}], FAILED, "no memory")
    found = report(own)
    assert list(found.pictures) == ALL
    assert found.values["units"] == {FINISHED: 3, STOPPED: 1, FAILED: 1, "missing": 1}
    assert [row.seeds for row in found.values["rows"]] == [2, 0, 1]


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("sketched")
def test_a_sweep_without_a_finished_network_draws_what_it_has(own: SweepStore) -> None:
    for path in (own.path / "trials").iterdir():
        path.unlink()
    assert list(report(own).pictures) == ["sigmoids"]
    own.write_unit("T1.seed-0", [{"setting": "T1", "seed": 0, "epoch": 0}], FAILED, "no memory")
    assert list(report(own).pictures) == ["sigmoids"]


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("sketched")
def test_networks_that_diverged_are_drawn_as_far_as_they_can_be(own: SweepStore) -> None:
    """All of them: only that nothing is right is left to say."""
    lists = ("gradient_median", "correlation", "correlation_p")
    for unit in open_sweep(OpenedRun(RunFolder(own.path))).units:
        rows = rows_of(own, unit.name)
        for row in rows:
            row |= {name: np.full(len(row[name]), np.nan) for name in lists}
            row |= dict.fromkeys(("loss", "linear", "nonlinear", "saturated"), np.nan)
            row |= {"test_accuracy": 0.0, "robustness": [0.0] * 3, "class_robustness": [[0.0] * 3] * 3}
        rows[-1]["pixel_fooled"] = [[np.nan] * 2] * 3
        own.write_unit(unit.name, rows, FINISHED, None)
        votes = own.votes(unit.name)
        spoilt = {"gradient": np.nan, "pixels": 0}
        for name, value in spoilt.items():
            field = votes.schema.field(name)
            column = pa.array([value] * len(votes), field.type)
            votes = votes.set_column(votes.schema.names.index(name), field, column)
        own.write_network(unit.name, open_sweep(OpenedRun(RunFolder(own.path))).member(unit), votes)
    found = report(own)
    left_out = {"gradients", "pixel-attack", "extreme-gradients", "attacked-images"}
    assert set(ALL) - set(found.pictures) == left_out
    assert {row.test_accuracy.mean for row in found.values["rows"]} == {0.0}


@pytest.mark.usefixtures("sketched")
def test_insignificant_correlations_are_crossed_out(
    own: SweepStore, tmp_path: Path, figures: list[Figure]
) -> None:
    rows = rows_of(own, "T1.seed-1")
    rows[-1]["correlation_p"] = [0.0, 0.5, 0.0, 0.0]
    for unit in open_sweep(OpenedRun(RunFolder(own.path))).units:
        every = rows if unit.name == "T1.seed-1" else rows_of(own, unit.name)
        if every is not rows:
            every[-1]["correlation_p"] = [0.0] * 4
        own.write_unit(unit.name, every, FINISHED, None)
    draw_gradients(measurements(open_sweep(OpenedRun(RunFolder(own.path)))), tmp_path / "gradients.png")
    crosses = figures[0].axes[1].texts
    assert [(text.get_text(), text.get_position()) for text in crosses] == [("×", (1, 1))]


@pytest.mark.usefixtures("sketched")
def test_pictures_name_classes_shortened(whole: SweepStore, tmp_path: Path, figures: list[Figure]) -> None:
    draw_pixels(measurements(open_sweep(OpenedRun(RunFolder(whole.path)))), tmp_path / "pixels.png")
    labels = [label.get_text() for label in figures[0].axes[0].get_yticklabels()]
    assert labels == ["a class with …", "cat", "dog"]


@pytest.mark.usefixtures("sketched")
def test_extreme_images_are_those_of_largest_gradient(
    whole: SweepStore, tmp_path: Path, figures: list[Figure]
) -> None:
    sweep = open_sweep(OpenedRun(RunFolder(whole.path)))
    chosen = example(sweep)
    assert chosen is not None
    draw_extreme(chosen, tmp_path / "extreme.png")
    votes = whole.votes("T1.seed-0").to_pandas().sort_values("gradient", ascending=False)
    (drawn,) = figures
    assert f"G = {votes['gradient'].iloc[0]:.2g}" in drawn.axes[0].get_title()
    for axes, image in zip(drawn.axes, votes["image_id"].iloc[:16], strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), sweep.data.test.images[image, 0])
