"""Mining from Python: one's own networks, one's own images, the same mistakes as on Ray."""

import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn

from outvoted import Panel, configs, mine, run
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.python import running
from outvoted.data import FolderSource
from outvoted.search.errors import OutvotedError
from tests.cluster.python.conftest import Networks


class Own(nn.Module):
    """A user's network; may raise on digits with much ink (black in a corner), or answer otherwise."""

    def __init__(
        self, network: nn.Module, most: float = 2.0, answer: Callable[..., Any] | None = None
    ) -> None:
        super().__init__()
        self.network, self.most, self.answer = network, most, answer

    def forward(self, images: torch.Tensor) -> Any:
        if ((images.mean((1, 2, 3)) > self.most) & (images[:, 0, -1, -1] < self.most)).any():
            raise ValueError("too much ink")
        logits = self.network(images)
        return logits if self.answer is None else self.answer(logits)


class Stubborn(nn.Linear):
    """Cannot be copied."""

    def __deepcopy__(self, memo: object) -> "Stubborn":
        raise TypeError("one of a kind")


@pytest.fixture
def panel(networks: Networks, digits: Dataset) -> Panel:
    return Panel(networks, digits.train.images, digits.train.labels)


def test_five_lines_give_mistakes(panel: Panel, trained: list[Member]) -> None:
    found = mine(panel, progress=False, per_target=10, patience=40).mistakes
    assert len(found)
    assert set(found["target_name"]) <= {member.name for member in trained}
    for votes, label, target in zip(found["probabilities"], found["label"], found["target"], strict=True):
        answers = np.stack(list(votes)).argmax(axis=1)
        assert [answer == label for answer in answers] == [peer != target for peer in range(3)]


def test_the_users_networks_stay_as_they_are(networks: Networks, digits: Dataset) -> None:
    for network in networks.values():
        network.train()
    before = {name: deepcopy(network.state_dict()) for name, network in networks.items()}
    panel = Panel(networks, digits.train.images, digits.train.labels)
    mine(panel, progress=False, per_target=2, patience=5)
    for name, network in networks.items():
        assert network.training
        for key, value in network.state_dict().items():
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, before[name][key], rtol=0, atol=0)
        assert all(parameter.requires_grad for parameter in network.parameters())


def test_layouts_of_images_are_recognised(networks: Networks, panel: Panel, digits: Dataset) -> None:
    images, labels = digits.train.images, digits.train.labels
    flat = Panel(networks, images[:, 0], labels.tolist())
    np.testing.assert_array_equal(flat.seeds.images, images)
    np.testing.assert_array_equal(flat.seeds.labels, labels)


def test_votes_are_probabilities(panel: Panel, digits: Dataset) -> None:
    votes = panel.vote(digits.test.images[:5])
    assert votes.shape == (3, 5, 10)
    np.testing.assert_allclose(votes.sum(axis=2), 1, rtol=1e-6)


def test_images_of_some_classes_alone_will_do(networks: Networks, digits: Dataset) -> None:
    few = digits.train.labels < 4
    images, labels = digits.train.images[few], digits.train.labels[few]
    found = mine(
        Panel(networks, images, labels, classes=10), progress=False, per_target=5, patience=20
    ).mistakes
    assert set(found["label"]) <= {0, 1, 2, 3}
    with pytest.raises(OutvotedError, match="each of the data's 4 classes"):
        Panel(networks, images, labels)


def test_where_a_network_raises_its_searches_fail_and_others_go_on(
    networks: Networks, digits: Dataset
) -> None:
    ink = digits.train.images.mean((1, 2, 3)) / 255
    most = float(np.median(ink))
    picky = {name: Own(network, most if name == "mlp-12" else 2.0) for name, network in networks.items()}
    found = mine(
        Panel(picky, digits.train.images, digits.train.labels), progress=False, per_target=10, patience=40
    ).mistakes
    assert len(found)
    assert (ink[found["seed_id"]] <= most).all()


def wrong_networks(networks: Networks, digits: Dataset) -> dict[str, tuple[Any, str]]:
    """What is no network, and what is said of it."""
    first = networks["mlp-6"]
    broken = deepcopy(first)
    next(broken.parameters()).data[0] = float("nan")
    return {
        "nan": (broken, "NaN or infinite outputs"),
        "outputs": (nn.Sequential(nn.Flatten(), nn.Linear(784, 7)), "(8, 7)"),
        "tuple": (Own(first, answer=lambda logits: (logits, logits)), "a tuple"),
        "raises": (Own(first, answer=lambda logits: logits.nothing), "no attribute 'nothing'"),
        "function": (first.forward, "a method"),
        "stubborn": (Stubborn(784, 10), "one of a kind"),
        "form": (nn.Linear(3, 10), "mat1 and mat2"),
    }


@pytest.mark.parametrize("which", ["nan", "outputs", "tuple", "raises", "function", "stubborn", "form"])
@pytest.mark.parametrize("role", ["peer", "referee"])
def test_a_network_that_does_not_do_is_named(
    which: str, role: str, networks: Networks, digits: Dataset
) -> None:
    wrong, said = wrong_networks(networks, digits)[which]
    referee = wrong if role == "referee" else None
    peers = networks | ({"mine": wrong} if role == "peer" else {})
    with pytest.raises(OutvotedError) as caught:
        Panel(peers, digits.train.images, digits.train.labels, referee=referee)
    assert caught.value.expected.startswith("'mine'" if role == "peer" else "'referee'")
    assert said in caught.value.found


IMAGES = np.zeros((4, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "more", "said"),
    [
        (IMAGES, [0, 1, 2], {}, "4 images and 3 labels"),
        (IMAGES, [0, 1, 2, -1], {}, "the lowest -1"),
        (IMAGES, [0, 1, 2, 9.5], {}, "whole numbers"),
        (IMAGES, ["a", "b", "c", "d"], {}, "whole numbers"),
        (IMAGES, [[0, 1]] * 4, {}, "shape (4, 2)"),
        (IMAGES, [0, 1, 2, 10], {"classes": 10}, "10 as the highest label"),
        (IMAGES, [0, 1, 2, 9], {"clases": 10}, "did you mean 'classes'?"),
        (IMAGES[:0], [], {}, "0 images"),
        (IMAGES.astype(float) - 0.5, [0, 1, 2, 9], {}, "-0.5"),
        (IMAGES[0], [0, 1, 2, 9], {}, "shape (28, 28)"),
        ([IMAGES[0], IMAGES[0, :20]], [0, 9], {}, "one size"),
    ],
)
def test_what_are_no_labelled_images_is_said(
    images: Any, labels: Any, more: dict[str, Any], said: str, networks: Networks
) -> None:
    with pytest.raises(OutvotedError) as caught:
        Panel(networks, images, labels, **more)
    assert said in str(caught.value)


def test_one_network_has_no_peers(networks: Networks, digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match="at least 2 networks"):
        Panel({"alone": networks["mlp-6"]}, digits.train.images, digits.train.labels)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"patiense": 3}, "did you mean 'patience'?"),
        ({"patience": 0}, "correct patience in mine(...)"),
        ({"strategy": {"kind": "gradiant"}}, "did you mean 'gradient'?"),
        ({"strategy": "gradiant"}, "did you mean 'gradient'?"),
        ({"strategy": {"kind": "gradient"}, "transform": {"kind": "pixel_swap"}}, "by knobs"),
        ({"transform": {"kind": "channel_gain"}}, "images of 1 channel"),
        ({"targets": ["mlp-7"]}, "did you mean 'mlp-6'?"),
        ({"voters": [3]}, "numbers of voters from 0 to 2"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str, panel: Panel) -> None:
    with pytest.raises(OutvotedError) as caught:
        mine(panel, progress=False, **settings)
    assert said in str(caught.value)
    assert "--set" not in str(caught.value)


def test_hardly_any_seed_undisputed_is_said(networks: Networks, digits: Dataset) -> None:
    last = nn.Linear(784, 10)
    last.weight.data.zero_()
    last.bias.data = torch.eye(10)[0]
    never = nn.Sequential(nn.Flatten(), last)
    nine = digits.train.labels == 9
    panel = Panel({"never": never, **networks}, digits.train.images[nine], digits.train.labels[nine])
    with pytest.raises(OutvotedError, match="that all 4 peers classify correctly"):
        mine(panel, progress=False, per_target=2)


def test_a_panel_is_trained_as_a_run_would(
    monkeypatch: pytest.MonkeyPatch, digits: Dataset, panel: Panel
) -> None:
    monkeypatch.setattr("outvoted.cluster.python.images.datasets.load", lambda _: digits)
    widths = [{"kind": "mlp", "hidden": 6}, {"kind": "mlp", "hidden": 12}]
    found = Panel.train("mnist-sample", networks=widths, training={"epochs": 8}, batch=32)
    assert found.names == ("mlp-6", "mlp-12")
    images = digits.test.images[:50]
    np.testing.assert_allclose(found.vote(images), panel.vote(images)[:2], rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        ("mnist-sampel", {}, "no such file or folder"),
        ("mnist-sample", {"netwroks": []}, "did you mean 'networks'?"),
        ("mnist-sample", {"networks": []}, "at least 2 networks"),
        ("mnist-sample", {"training": {"epochs": 0}}, "training.epochs"),
    ],
)
def test_wrong_settings_of_training_are_said(data: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        Panel.train(data, **settings)
    assert said in str(caught.value)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="a run of outvoted in"):
        Panel.load(tmp_path)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job[Any]]:
    """The jobs that are launched, of which each ends at once."""
    found: list[Job[Any]] = []

    def launched(job: Job[Any], _: object) -> Report:
        found.append(job)
        job.store.write_record(
            RunRecord(name="other", kind=job.kind.name, state=State.FINISHED, config={}, versions={})
        )
        return Report({}, [])

    monkeypatch.setattr(running, "launch", launched)
    return found


def test_run_does_what_the_command_line_does(small: Path, tmp_path: Path, jobs: list[Job[Any]]) -> None:
    found = run(small, ["search.patience=9"], name="other", address="auto", runs=tmp_path)
    assert found.path == tmp_path / "other"
    assert found.mistakes.empty
    assert jobs[0].config.search.patience == 9
    assert (jobs[0].store.path, jobs[0].address, jobs[0].resume) == (tmp_path / "other", "auto", False)
    with pytest.raises(OutvotedError, match="did you mean 'patience'"):
        run(small, ["search.patiense=9"])


VALUES = {
    "mine": configs.MineConfig(),
    "scan": configs.ScanConfig(scan=configs.ScanSettings(source=FolderSource(path=Path("images")))),
    "compare": configs.CompareConfig(),
    "heal": configs.HealConfig(),
    "sweep": configs.SweepConfig(experiment=configs.TemperatureExperiment()),
    "tune": configs.TuneConfig(
        mine=configs.MineConfig(), vary={"search.patience": [9, 10]}, objectives="success"
    ),
    "study": configs.StudyConfig(study=configs.MorphStudy()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_run_by_a_value_and_by_a_file(kind: str, tmp_path: Path, jobs: list[Job[Any]]) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump(VALUES[kind].model_dump(mode="json")))
    other = "mine.data.path=digits" if kind == "tune" else "data.path=digits"
    run(VALUES[kind], other, runs=tmp_path)
    run(file, other, runs=tmp_path, kind=kind)
    run(file, other, runs=tmp_path, name="third")
    assert [job.kind.name for job in jobs] == [kind] * 3
    assert jobs[0].config == jobs[1].config == jobs[2].config != VALUES[kind]
    assert jobs[0].store.path.name.startswith(f"{kind}-")


def test_a_kind_that_there_is_not_is_refused(small: Path) -> None:
    with pytest.raises(OutvotedError, match="did you mean 'heal'"):
        run(small, kind="heel")


def test_one_override_need_not_be_a_list(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutvotedError, match="did you mean 'patience'"):
        run(small, "search.patiense=9")


def test_importing_outvoted_brings_neither_torch_nor_ray() -> None:
    code = (
        "import sys, outvoted; print({'torch', 'ray', 'pandas'} & sys.modules.keys(), outvoted.__version__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.startswith("set()")
    with pytest.raises(ImportError, match="cannot import name 'mien'"):
        exec("from outvoted import mien")


@pytest.mark.ray
def test_the_panel_of_a_run_gives_the_runs_mistakes(undisturbed: RunFolder) -> None:
    search = undisturbed.read_record().config["search"]
    found = mine(Panel.load(undisturbed.path), progress=False, **search).mistakes
    expected = Shards(undisturbed.path).frame("mistakes")
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.ray
def test_only_runs_of_mine_are_loaded(undisturbed: RunFolder, tmp_path: Path) -> None:
    record = undisturbed.read_record()
    record.kind = "heal"
    RunFolder(tmp_path).write_record(record)
    with pytest.raises(OutvotedError, match="a run of `outvoted heal`"):
        Panel.load(tmp_path)
