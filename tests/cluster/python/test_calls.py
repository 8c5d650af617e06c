"""Every kind of run as a call: on a panel in this process, the same as on Ray; on a configuration, a run."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from pydantic import ValidationError

from outvoted import OutvotedError, Panel, Result, compare, configs, heal, landscape, mine, scan, study, sweep
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.computing import computing_on, own_device
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.run_settings import usable
from outvoted.cluster.python import running
from outvoted.cluster.python.shipped import shipped
from outvoted.networks import MLP
from outvoted.strategies import Gradient
from tests.cluster.python.conftest import Networks

SEARCH: dict[str, Any] = {"per_target": 6, "patience": 30, "progress": False}
SHARED = ["search_id", "target_name", "seed_id", "label", "predicted", "moves", "image"]
"""What a mistake is, whether its panel is one of modules or of programs."""


@pytest.fixture
def panel(networks: Networks, digits: Dataset) -> Panel:
    return Panel(networks, digits)


def test_a_comparison_holds_what_each_strategy_finds_alone(panel: Panel) -> None:
    found = compare(panel, ["random", Gradient(steps=6)], **SEARCH)
    rows = found.mistakes
    assert set(rows["run"]) <= {"random", "gradient"}
    for name, strategy in (("random", "random"), ("gradient", Gradient(steps=6))):
        alone = mine(panel, strategy=strategy, **SEARCH).mistakes
        same = rows[rows["run"] == name].drop(columns="run").reset_index(drop=True)
        pd.testing.assert_frame_equal(same, alone)
    assert [one["strategy"] for one in found.summary["strategies"]] == ["random", "gradient"]
    assert found._repr_html_()


def test_a_scan_finds_the_images_on_which_one_network_differs(panel: Panel, digits: Dataset) -> None:
    images = digits.test.images
    votes = panel.vote(images).argmax(axis=2)
    alone = [
        index
        for index, answers in enumerate(votes.T)
        if sorted(np.unique(answers, return_counts=True)[1].tolist()) == [1, len(answers) - 1]
    ]
    found = scan(panel, images, batch=64, progress=False)
    assert found.mistakes["position"].tolist() == alone
    scored = scan(panel, digits.test, progress=False)
    assert scored.mistakes["position"].tolist() == alone
    assert scored.summary["labelled"] == len(images) == found.summary["images"]
    assert found.summary["labelled"] == 0


def test_a_folder_is_scanned_by_its_path(panel: Panel, digits: Dataset, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", digits.test.images[:80])
    whole = scan(panel, digits.test.images[:80], progress=False)
    read = scan(panel, tmp_path / "images.npy", progress=False)
    assert read.mistakes["position"].tolist() == whole.mistakes["position"].tolist()


def test_healing_gives_a_panel_and_leaves_the_users_networks(panel: Panel, networks: Networks) -> None:
    before = {name: one.clone() for name, one in networks["mlp-6"].state_dict().items()}
    found: Any = heal(panel, rounds=1, epochs=1, **SEARCH)
    assert set(found.mistakes["arm"]) <= {"start", "held-out", "nothing", "copies", "mistakes"}
    assert found.summary["rounds"] == 1
    assert found.panel.names == panel.names
    for name, value in networks["mlp-6"].state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    healed = found.panel.networks["mlp-6"].state_dict()
    assert any((healed[name] != before[name]).any() for name in before)
    networks["mlp-6"].load_state_dict(healed)
    again: Any = heal(panel, rounds=1, epochs=1, **SEARCH)
    pd.testing.assert_frame_equal(again.mistakes, found.mistakes)


def test_a_landscape_of_a_panel_and_of_what_was_mined_are_the_same(panel: Panel) -> None:
    found = mine(panel, **SEARCH)
    seed = int(found.mistakes["seed_id"][0])
    of_panel, of_result = landscape(panel, seed, points=5), landscape(found, seed, points=5)
    np.testing.assert_array_equal(of_panel.votes.probabilities, of_result.votes.probabilities)
    assert of_panel._repr_png_()[:4] == b"\x89PNG"
    assert landscape(found, points=5).votes.seed_id in set(found.mistakes["seed_id"])


def test_own_modules_and_architectures_are_trained_on_own_images(networks: Networks, digits: Dataset) -> None:
    images, labels = digits.train.images, digits.train.labels
    architectures: Any = ["mlp", MLP(hidden=6)]
    by_kind = Panel.train(images, labels, networks=architectures, training={"epochs": 1})
    assert by_kind.names == (MLP().label, "mlp-6")
    before = {name: one.clone() for name, one in networks["mlp-6"].state_dict().items()}
    found = Panel.train(images / 255, labels, networks=networks, training={"epochs": 1}, mean=0.1, std=0.3)
    assert found.names == tuple(networks)
    for name, value in networks["mlp-6"].state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert len(found.data.test) == 80 == len(by_kind.data.test)


def test_a_panel_shows_its_networks_with_their_accuracies(panel: Panel) -> None:
    text, page = repr(panel), panel._repr_html_()
    for name in panel.names:
        assert name in text
        assert name in page
    assert "undisputed seeds: " in text
    assert text.startswith("Panel of 3 networks on cpu, 800 images (28 x 28 grey, 10 classes)")
    assert panel.device == "cpu"


def test_a_panel_is_made_of_a_configuration(small: Path, networks: Networks, digits: Dataset) -> None:
    found = Panel.from_config(small)
    few = digits.test.images[:20]
    np.testing.assert_allclose(found.vote(few), Panel(networks, digits).vote(few), rtol=1e-5)
    assert mine(found, **SEARCH).mistakes["valid"].notna().all()
    keys = yaml.safe_load(small.read_text())
    np.testing.assert_array_equal(Panel.from_config(keys | {"referee": None}).vote(few), found.vote(few))


def odd(**keywords: Any) -> Any:
    """Keywords that a type checker is not to see."""
    return keywords


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda panel: mine(panel, **odd(patiense=3)), "did you mean 'patience'?"),
        (lambda panel: compare(panel, ["random"], **odd(per_targett=3)), "did you mean 'per_target'?"),
        (lambda panel: compare(panel, []), "at least one strategy"),
        (lambda panel: compare(panel, ["randum"]), "did you mean 'random'?"),
        (lambda panel: scan(panel), "scan(panel, images)"),
        (lambda panel: scan(panel, []), "reshape the array"),
        (lambda panel: scan(panel, panel.data), "data.test"),
        (lambda panel: heal(panel, **odd(round=3)), "did you mean 'rounds'?"),
        (lambda panel: heal(panel, address="local"), "leave address out"),
        (lambda panel: landscape(panel, 10**6), "a seed from 0 to 799"),
        (lambda panel: landscape(panel, x="rotatio"), "did you mean 'rotation'"),
        (lambda panel: mine("nowhere.yaml"), "nowhere.yaml"),
        (lambda panel: mine({"serch": {}}), "did you mean 'search'?"),
        (lambda panel: sweep(experiment="temprature"), "did you mean 'temperature'?"),
        (lambda panel: study(study="morph"), "did you mean 'morphs'?"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_message(call: Any, said: str, panel: Panel) -> None:
    with pytest.raises(OutvotedError) as caught:
        call(panel)
    assert said in str(caught.value)
    assert not isinstance(caught.value.__cause__, ValidationError)
    assert all("pydantic" not in line for line in caught.value._render_traceback_())


def test_a_notebook_shows_a_message_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.run_cell("from outvoted.strategies import Gradient\nGradient(stepz=3)")
    said = capsys.readouterr().out
    assert "did you mean 'steps'?" in said
    assert "Traceback" not in said
    assert len(said.splitlines()) < 8


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job[Any]]:
    """The jobs that are launched, of which each ends at once."""
    found: list[Job[Any]] = []

    def launched(job: Job[Any], _: object) -> Report:
        found.append(job)
        state = State.FINISHED
        job.store.write_record(RunRecord(name="a", kind=job.kind.name, state=state, config={}, versions={}))
        return Report({}, [])

    monkeypatch.setattr(running, "launch", launched)
    return found


def test_keywords_stand_in_for_those_of_a_configuration(
    small: Path, tmp_path: Path, jobs: list[Job[Any]]
) -> None:
    found = mine(small, per_target=7, transform="crop", name="x", address="auto", runs=tmp_path)
    assert isinstance(found, Result)
    (job,) = jobs
    assert (job.config.search.per_target, job.config.search.patience) == (7, 60)
    assert job.config.search.transform.kind == "crop"
    assert (job.store.path, job.address) == (tmp_path / "x", "auto")
    keys = {"scan": {"source": {"kind": "folder", "path": "images"}}}
    scan(keys, batch=9, name="y", runs=tmp_path)
    assert (jobs[1].config.scan.batch, jobs[1].config.scan.source.kind) == (9, "folder")
    sweep(experiment="temperature", seeds=[4], name="z", runs=tmp_path)
    study(study="morphs", data="mnist-sample", name="w", runs=tmp_path)
    assert [job.kind.name for job in jobs] == ["mine", "scan", "sweep", "study"]


VARY: dict[str, Any] = {"search.patience": [5, 6], "search.seed": {"randint": [0, 9]}}


def test_a_sweep_varies_a_configuration_its_file_its_keys_or_a_panel(
    small: Path, panel: Panel, tmp_path: Path, jobs: list[Job[Any]]
) -> None:
    file = tmp_path / "varied.yaml"
    file.write_text("mine: {search: {per_target: 3}}\nvary: {search.patience: [1, 2]}\nobjectives: moves\n")
    calls: list[tuple[Any, dict[str, Any]]] = [
        (small, {"search": {"per_target": 9}, "objective": "success"}),
        (
            {"search": {"per_target": 9}},
            {"objectives": ["success", {"measure": "moves", "goal": "maximise"}]},
        ),
        (configs.MineConfig(), {"objective": "success", "replicates": [3, 4], "trials": 7}),
        (panel, {"search": {"per_target": 9}, "objective": "success"}),
        (file, {"search": {"per_target": 9}}),
    ]
    for number, (config, more) in enumerate(calls):
        sweep(config, vary=VARY, name=f"n{number}", runs=tmp_path, progress=False, **more)
    settings = [job.config for job in jobs]
    assert {job.kind.name for job in jobs} == {"tune"}
    assert {tuple(one.vary) for one in settings} == {tuple(VARY)}
    assert [one.base.search.per_target for one in settings] == [9, 9, 1000, 9, 9]
    assert [one.objectives[0].measure for one in settings] == [*["success"] * 4, "moves"]
    assert (settings[2].replicates.seeds, settings[2].trials) == ((3, 4), 7)
    assert settings[3].base.panel.networks[0].kind == "exported"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sweep(vary=VARY, objective="success"), "a configuration, or a panel"),
        (lambda: sweep("scan-checkerboard", vary=VARY, objective="success"), "one of scan"),
        (lambda: sweep("mnist", vary=VARY, objective="success", training={}), "either vary or"),
        (lambda: sweep("mnist", vary=VARY), "objectives"),
        (lambda: sweep("mnist", vary={"a": {"grd": [1]}}, objective="success"), "did you mean 'grid'"),
        (lambda: sweep("mnist", vary=VARY, objektive="success"), "did you mean 'objective'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_with_a_sweep_is_one_message(call: Any, said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        call()
    assert said in str(caught.value)


def test_what_is_shipped_is_read_back_as_the_same_panel(panel: Panel, tmp_path: Path) -> None:
    named = Panel(panel.networks, panel.data, class_names=[f"digit {i}" for i in range(10)])
    values = shipped(named, tmp_path)
    read = Panel.from_config({**values, "search": {"per_target": 3}})
    np.testing.assert_array_equal(read.seeds.images, named.seeds.images)
    assert read.class_names == named.class_names
    assert read.names == named.names
    few = panel.data.test.images[:9]
    np.testing.assert_allclose(read.vote(few), named.vote(few), rtol=1e-6)
    assert shipped(named, tmp_path) == values


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_a_trial_of_a_panel_in_hand_finds_what_the_panel_finds_here(panel: Panel, tmp_path: Path) -> None:
    vary = {"search.patience": [5, 40]}
    where: dict[str, Any] = {"runs": tmp_path, "progress": False, "parallel": 1}
    found = sweep(panel, search={"per_target": 3}, vary=vary, objective="mistakes", **where)
    best = int(found.trials.loc[found.trials["on_front"], "number"].iloc[0])
    assert found.path is not None
    assert found.best == found.configuration(best)
    here = mine(panel, per_target=3, patience=vary["search.patience"][best], progress=False).mistakes
    there = Result.load(found.path / "runs" / f"trial-{best:04d}").mistakes
    assert len(here)
    pd.testing.assert_frame_equal(there[SHARED], here[SHARED])


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_a_panel_in_hand_finds_on_ray_what_it_finds_here(panel: Panel, tmp_path: Path) -> None:
    here = mine(panel, **SEARCH).mistakes
    there = mine(panel, address="local", runs=tmp_path, **SEARCH).mistakes
    assert len(here)
    pd.testing.assert_frame_equal(there[SHARED], here[SHARED])


def test_a_device_that_is_not_there_is_one_message(networks: Networks, digits: Dataset) -> None:
    with computing_on("cpu"):
        assert own_device().type == "cpu"
    assert usable("cpu", {"CPU": 2, "GPU": 1}) == {"CPU": 2}
    assert usable("auto", {"CPU": 2, "GPU": 1}) == {"CPU": 2, "GPU": 1}
    with pytest.raises(OutvotedError, match="none that Ray sees"):
        usable("cuda", {"CPU": 2})
    with pytest.raises(OutvotedError, match="on this machine alone"):
        usable("mps", {"CPU": 2}, here=False)
    for device in ("cuda", "mps"):
        there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
        if not there:
            with pytest.raises(OutvotedError, match=f"device={device}"):
                Panel(networks, digits, device=device)
