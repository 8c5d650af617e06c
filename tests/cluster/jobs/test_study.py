"""Studies on a local Ray: what they leave, resume, and bad input."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from outvoted.actors.data import datasets
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.analysis.studies.kinds import open_study, study_report
from outvoted.cluster.command_line.cli import app
from outvoted.cluster.jobs.in_process.base import Making
from outvoted.cluster.jobs.in_process.studying import StudyingInProcess
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.kind import STUDY
from outvoted.cluster.jobs.study.stages import StudyStages
from outvoted.search.errors import OutvotedError
from tests.cluster.jobs.in_process.shelves import FolderShelf

NETWORKS = [{"kind": "mlp", "hidden": 6}, {"kind": "mlp", "hidden": 6}, {"kind": "mlp", "hidden": 9}]
CONFIGS = {
    "morphs": {
        "data": {"name": "mnist-sample"},
        "study": {"kind": "morphs", "groups": 2, "sets": 1, "frames": 4},
        "panel": {"networks": NETWORKS, "training": {"epochs": 1}},
    },
    "interpolation": {
        "data": {"name": "iris"},
        "study": {"kind": "interpolation", "groups": 2, "points": 3},
        "panel": {"networks": NETWORKS, "training": {"epochs": 3}},
    },
    "boundary": {
        "data": {"name": "mnist-sample"},
        "study": {
            "kind": "boundary",
            "generator": {"kind": "packaged", "name": "mnist"},
            "latents": {"candidates": 60},
            "pairs": {"steps": 3},
            "families": [
                {
                    "name": "mlp",
                    "network": {"kind": "mlp", "hidden": 12},
                    "variants": [{"learning_rate": 0.01}],
                    "targets": [0.6, 0.7, 0.999],
                    "epochs": 1,
                    "seeds": 2,
                    "repeats": 1,
                    "stopping": {"tolerance": 0.05, "often": 2},
                }
            ],
        },
        "panel": {"networks": NETWORKS, "training": {"epochs": 1}},
        "referee": {"network": {"kind": "cnn", "channels": 2, "hidden": 16}, "training": {"epochs": 1}},
    },
}
FIGURES = {
    "morphs": {"frames.png", "lines.png", "surfaces.png", "dissent.png"},
    "interpolation": {"fields.png", "lines.png", "ternary.png"},
    "boundary": {"latents.png", "images.png", "map.png", "types.png", "entropies.png"},
}
CHANGED = {"morphs": "study.groups", "interpolation": "study.groups", "boundary": "study.pairs.steps"}
SAID = {"morphs": "panel mean", "interpolation": "panel mean", "boundary": "simulated labellers"}


def job(path: Path, kind: str, *overrides: str, resume: bool = False) -> Job[StudyConfig]:
    file = path.parent / f"study-{kind}.yaml"
    file.write_text(yaml.safe_dump(CONFIGS[kind]))
    config = read(StudyConfig, file, overrides)
    return Job(STUDY, config, RunFolder(path), resume=resume)


def voted(job: Job[StudyConfig]) -> None:
    """Do a study without drawing its report, which takes its time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(STUDY), "report", lambda *_: Report({}, []))
        launch(job, Console(quiet=True))


@pytest.fixture(scope="module", params=CONFIGS)
def done(
    request: pytest.FixtureRequest, local_ray: None, tmp_path_factory: pytest.TempPathFactory
) -> Job[StudyConfig]:
    found = job(tmp_path_factory.mktemp("studies") / request.param, request.param)
    voted(found)
    return found


def test_every_network_votes_on_every_image(done: Job[StudyConfig]) -> None:
    opened = open_study(OpenedRun(done.store))
    votes, images = opened.votes, opened.images
    assert list(dict.fromkeys(votes["network"])) == ["mlp-6-1", "mlp-6-2", "mlp-9"]
    assert len(votes) == 3 * len(images)
    assert votes["image_id"].tolist() == [*images["image_id"]] * 3
    rows = np.stack(votes["probabilities"].to_list())
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(votes["predicted"], rows.argmax(1))
    assert opened.architectures == {"mlp-6-1": "mlp-6", "mlp-6-2": "mlp-6", "mlp-9": "mlp-9"}


def test_the_report_has_its_pictures_and_figures(done: Job[StudyConfig], sketched: None) -> None:
    path = done.store.path
    report = study_report(OpenedRun(RunFolder(path)))
    report.write(path)
    assert {file.name for file in (path / "figures").iterdir()} == FIGURES[done.config.study.kind]
    assert (path / "summary.json").is_file()
    console = Console(width=80, record=True, quiet=False, file=(path / "tables.txt").open("w"))
    for table in report.tables:
        console.print(table)
    said = console.export_text()
    assert SAID[done.config.study.kind] in said
    assert max(map(len, said.splitlines())) <= 80


def test_images_open_as_pictures_elsewhere(done: Job[StudyConfig]) -> None:
    metadata = pq.read_schema(done.store.path / "images" / "images.parquet").metadata
    assert b'"Image"' in metadata[b"huggingface"]
    opened = open_study(OpenedRun(done.store))
    assert opened.pixels.shape[1:] == opened.data.shape


def test_a_study_cut_off_anywhere_equals_a_clean_one(
    done: Job[StudyConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = done.config.study.kind
    path = tmp_path / "cut"

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("ask_panel", "_vote", "ask_families"):
        begun = job(path, kind, resume=path.exists())
        with monkeypatch.context() as patched:
            patched.setattr(StudyStages, place, cut)
            with pytest.raises(KeyboardInterrupt):
                voted(begun)
    voted(job(path, kind, resume=True))
    assert_same(path, done)


def test_in_one_process_a_study_leaves_what_its_command_leaves(done: Job[StudyConfig]) -> None:
    path, config = done.store.path.with_name("in-one-process"), done.config
    data = datasets.load(config.data)
    store, shelf = RunFolder(path), FolderShelf(done.store.panels)
    assert StudyingInProcess().make(Making(config.settled(data.shape[0]), store, data, shelf))
    assert shelf.trainings == 0
    assert_same(path, done)
    left, command = ({file.name for file in folder.path.iterdir()} for folder in (store, done.store))
    assert left == command - {"figures", "summary.json", "tables.txt"}


def assert_same(path: Path, done: Job[StudyConfig]) -> None:
    """Fail unless a study has the rows of a clean one, but for the time they took."""
    found, clean = open_study(OpenedRun(RunFolder(path))), open_study(OpenedRun(done.store))
    pd.testing.assert_frame_equal(found.votes, clean.votes)
    pd.testing.assert_frame_equal(found.images, clean.images)
    np.testing.assert_array_equal(found.pixels, clean.pixels)
    for table in ("votes", "stops"):
        files = sorted(file.name for file in (clean.store.path / table).glob("*.parquet"))
        assert files == sorted(file.name for file in (path / table).glob("*.parquet"))
        for file in files:
            one, other = (pd.read_parquet(at / table / file) for at in (path, clean.store.path))
            kept = [column for column in other if column != "seconds"]
            pd.testing.assert_frame_equal(one[kept], other[kept])


@pytest.mark.parametrize("done", ["boundary"], indirect=True)
def test_a_boundary_study_is_reported_where_its_data_set_is_not(
    done: Job[StudyConfig], sketched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenedRun, "data", property(lambda _: pytest.fail("read the data set")))
    assert study_report(OpenedRun(done.store)).tables


def test_a_study_goes_on_only_as_it_was_configured(done: Job[StudyConfig]) -> None:
    kind = done.config.study.kind
    key = CHANGED[kind]
    with pytest.raises(OutvotedError, match=rf"another value of {re.escape(key)}"):
        launch(job(done.store.path, kind, f"{key}=5", resume=True), Console(quiet=True))


def test_a_study_without_results_says_how_to_go_on(done: Job[StudyConfig], tmp_path: Path) -> None:
    path = tmp_path / "bare"
    path.mkdir()
    (path / "run.json").write_text((done.store.path / "run.json").read_text())
    with pytest.raises(OutvotedError, match=r"without results yet(.|\n)*--name bare --resume"):
        study_report(OpenedRun(RunFolder(path)))


@pytest.mark.parametrize(
    ("kind", "override", "said"),
    [
        ("morphs", "study.kind=morph", "did you mean 'morphs'?"),
        ("morphs", "study.between.kind=blendd", "did you mean 'blend'?"),
        ("morphs", "study.frame=3", "did you mean 'frames'?"),
        ("interpolation", "data.name=irises", "did you mean 'iris'?"),
        ("interpolation", "data.name=mnist-sample", "study.kind to morphs"),
        ("morphs", "study.groups=121", "at most 120"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    kind: str, override: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError) as caught:
        launch(job(tmp_path / "x", kind, override), Console(quiet=True))
    assert said in str(caught.value)
    assert not (tmp_path / "x").exists()


def test_the_command_runs_and_reports(local_ray: None, tmp_path: Path, sketched: None) -> None:
    file = tmp_path / "study-iris.yaml"
    file.write_text(yaml.safe_dump(CONFIGS["interpolation"]))
    arguments = ["--runs", str(tmp_path / "runs"), "--name", "x"]
    ran = CliRunner().invoke(app, ["study", str(file), *arguments])
    assert ran.exit_code == 0, ran.output
    assert "networks disagree on" in ran.output
    again = CliRunner().invoke(app, ["report", "x", "--runs", str(tmp_path / "runs")])
    assert again.exit_code == 0, again.output
