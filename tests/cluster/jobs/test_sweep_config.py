"""What is wrong with a sweep is said in one message, exit code 2, before Ray starts or a folder is made."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.sweep import SweepConfig

FORMS: dict[str, dict[str, Any]] = {
    "temperature": {"kind": "temperature", "temperatures": [0.5, 2]},
    "noise": {"kind": "noise-class", "network": {"kind": "mlp"}, "fractions": [0.5]},
}
Say = Callable[..., str]


@pytest.fixture
def say(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    """Sweep with overrides; return what it says, which must be one error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was started"))
    images, labels = digits.train.images[:40], digits.train.labels[:40]
    np.savez(tmp_path / "rgb.npz", x_train=images.repeat(3, 1), y_train=labels)
    np.savez(tmp_path / "tiny.npz", x_train=images[:, :, :3, :3], y_train=labels)
    np.savez(tmp_path / "untested.npz", x_train=images, y_train=labels, x_test=images[:0], y_test=labels[:0])

    def run(form: str, *overrides: str) -> str:
        file = tmp_path / f"{form}.yaml"
        file.write_text(yaml.safe_dump({"experiment": FORMS[form]}))
        sets = [part for override in overrides for part in ("--set", override)]
        monkeypatch.setattr(sys, "argv", ["outvoted", "sweep", str(file), "--runs", "new", *sets])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr().err
        assert stop.value.code == 2, said
        assert "Traceback" not in said
        for part in ("expected:", "found:", "to do:"):
            assert part in said
        assert not (tmp_path / "new").exists()
        return " ".join(said.split())

    return run


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["experiment.temperatures=[0.5, 0]"], "experiment.temperatures.1: a number above 0"),
        (["experiment.temperatures=[-1]"], "experiment.temperatures.0: a number above 0"),
        (["experiment.temperatures=[.inf]"], "a number that is infinite or far too large: .inf"),
        (["experiment.temperatures=[]"], "experiment.temperatures: a list of at least one value, each once"),
        (["experiment.temperatures=[2, 2.0]"], "experiment.temperatures: a list of at least one value"),
        (["experiment.temperatures=2"], "experiment.temperatures: a list, in square brackets"),
        (["experiment.epsilons=[0]"], "experiment.epsilons.0"),
        (["experiment.epsilons=[1.5]"], "experiment.epsilons.0"),
        (["experiment.epsilons=[]"], "experiment.epsilons: a list of at least one value"),
        (["experiment.epsilons=[0.1, 0.1]"], "experiment.epsilons: a list of at least one value, each once"),
        (["experiment.pixels=7"], "experiment.pixels: a number of at most 6"),
        (["experiment.kind=temprature"], "'temprature' to do: did you mean 'temperature'?"),
        (["experiment.network.kind=cnn"], "a known experiment.network.kind found: 'cnn'"),
        (["experiment.network.activation=relu"], "experiment: network needs activation: sigmoid"),
        (["experiment.network.temperature=2"], "experiment: network needs activation: sigmoid"),
        (["experiment.network.temperature=0"], "experiment.network.temperature: a number above 0"),
        (["experiment.network={kind: mlp, activation: tanh, temperature: 2}"], "goes with activation"),
        (["experiment.network={kind: plain-cnn, kernel: 4}"], "experiment.network.kernel: an odd number"),
        (["experiment.temperature=1"], "'experiment.temperature' to do: did you mean 'temperatures'?"),
        (["experiment.temperture=1"], "'experiment.temperture' to do: did you mean 'temperatures'?"),
        (
            ["data={name: npz, path: rgb.npz}"],
            "experiment.pixels of at most 2 for images of shape (3, 28, 28)",
        ),
        (["data={name: npz, path: untested.npz}"], "at least one image"),
        (["stopping.metric=acuracy"], "'acuracy' to do: did you mean 'test_accuracy'?"),
        (["stopping.rule=ahsa"], "'ahsa' to do: did you mean 'asha'?"),
        (["stopping.rule=asha", "trial.settings=2"], "a trial that may be stopped holds one setting"),
        (["training.augment={}"], "leave out training.augment"),
        (["training.augment={kind: affine}"], "leave out training.augment"),
        (["seeds=[]"], "seeds: a list of at least one value, each once"),
        (["seeds=[1, 1]"], "seeds: a list of at least one value, each once"),
        (["seeds=[-1]"], "seeds.0"),
        (["seeds=[0]", "mining={}"], "a panel to mine needs at least 2 seeds"),
        (["trial.num_cpus=0"], "trial.num_cpus"),
        (["trail.num_cpus=1"], "the unknown key 'trail' to do: did you mean 'trial'?"),
    ],
)
def test_temperature_sweeps(overrides: list[str], said: str, say: Say) -> None:
    assert said in say("temperature", *overrides)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["experiment.sorted_by=7"], "7 must be one of seeds found: otherwise in"),
        (["experiment.fractions=[0]"], "experiment.fractions.0"),
        (["experiment.fractions=[0.5, 0.5]"], "each setting once"),
        (["experiment.selections=[hc+lc]"], "'hc+lc'"),
        (["experiment.fractions=[]"], "leave both empty"),
        (["experiment.beside={noise: {kind: uniform, low: -1}, number: 5}"], "experiment.beside.noise.low"),
        (["experiment.beside={noise: {kind: uniform, high: 256}}"], "experiment.beside.noise.high"),
        (["experiment.beside={noise: {kind: uniform, low: 9, high: 9}}"], "low must be less than high"),
        (["experiment.noises=[{noise: {kind: gaussian, mean: 300}}]"], "experiment.noises.0.noise.mean"),
        (["experiment.noises=[{noise: {kind: gausian}}]"], "did you mean 'gaussian'?"),
        (
            ["experiment.noises=[{}, {}]"],
            "each setting once; all+gaussian-127.5-70-x1 is there more than once",
        ),
        (["experiment.noises=[{number: 0.0001}]"], "a number of noise images that comes to at least one"),
        (["experiment.noises=[{noise: {filter: mean, size: 31}}]"], "31"),
        (["experiment.network.kind=cnn"], "a known experiment.network.kind found: 'cnn'"),
        (
            ["data={name: npz, path: tiny.npz, layout: NCHW}", "experiment.network.kind=plain-cnn"],
            "images of at least 4 x 4 pixels for a plain-cnn",
        ),
    ],
)
def test_noise_sweeps(overrides: list[str], said: str, say: Say) -> None:
    assert said in say("noise", *overrides)


def test_sorted_by_is_one_of_the_seeds_only_where_images_are_sorted(tmp_path: Path) -> None:
    file = tmp_path / "unsorted.yaml"
    unsorted = {"kind": "noise-class", "network": {"kind": "mlp"}, "selections": [], "fractions": []}
    file.write_text(yaml.safe_dump({"experiment": unsorted, "seeds": [5]}))
    assert len(read(SweepConfig, file).units()) == 2
