"""Small temperature sweeps: frames made up by hand, and folders of tiny networks trained in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.data import datasets
from outvoted.actors.data.formats import Folder, Npz
from outvoted.actors.networks import MLP
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.actors.sweeps.sweep_store import FINISHED, SweepStore
from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.analysis.sweeps.temperature.measurements import Measurements, SweepLayout, arranged
from outvoted.analysis.sweeps.trial import Trial

NAMES = ("cat", "dog", "a class with a very long name")
TEMPERATURES = (2.0, 0.25, 1.0)
"""Not in order."""


def row(temperature: float, seed: int, epoch: int, **figures: Any) -> dict[str, Any]:
    """A row of `trials` for two classes, two epsilons and two pixels."""
    measured = {
        "test_accuracy": 0.9,
        "loss": 0.5,
        "linear": 0.5,
        "nonlinear": 0.3,
        "saturated": 0.2,
        "robustness": [0.4, 0.6],
        "class_robustness": [[0.3, 0.5], [0.5, 0.7]],
        "gradient_median": [0.01, 0.02],
        "correlation": [-0.7, -0.8, -0.75],
        "correlation_p": [1e-9, 1e-9, 1e-9],
        "pixel_fooled": [[0.1, 0.2], [0.3, 0.4]],
    }
    named = {"setting": f"T{temperature:g}", "seed": seed, "epoch": epoch, "outcome": FINISHED}
    return named | measured | figures


def layout(temperatures: Sequence[float], seeds: int, epochs: int = 1, **other: Any) -> SweepLayout:
    """The layout of such rows."""
    settings = {f"T{temperature:g}": temperature for temperature in temperatures}
    form: dict[str, Any] = {"epsilons": (0.2, 0.1), "classes": ("0", "1"), "pixels": 2}
    return SweepLayout(settings, tuple(range(seeds)), epochs, **(form | other))


def arrange(rows: list[dict[str, Any]], form: SweepLayout) -> Measurements:
    """Arrange such rows as those of a sweep."""
    return arranged(pd.DataFrame(rows), form)


@dataclass(frozen=True)
class Form:
    """What a sweep in a folder consists of."""

    temperatures: tuple[float, ...] = TEMPERATURES
    seeds: tuple[int, ...] = (0, 1)
    epochs: int = 3
    epsilons: tuple[float, ...] = (0.1, 0.3, 0.02)
    pixels: int = 2
    rgb: bool = False
    named: bool = True


def written(folder: Path, form: Form, skipped: Sequence[str] = ()) -> SweepStore:
    """Train a sweep of three classes of 6 by 6 images and write its folder, without the units ``skipped``."""
    source = _data(folder / "data", form)
    data = datasets.load(source)
    experiment = TemperatureExperiment(
        network=MLP(hidden=8, activation="sigmoid"),
        temperatures=form.temperatures,
        epsilons=form.epsilons,
        pixels=form.pixels,
    )
    training = Training(epochs=form.epochs, batch_size=8, learning_rate=0.05)
    store = SweepStore(folder / "tiny", experiment.fields())
    for setting in experiment.stages()[0]:
        trial = Trial(experiment, [Unit(setting, seed) for seed in form.seeds], training, data)
        list(trial.advance())
        for unit, rows, member, votes in zip(
            trial.units, trial.rows, trial.members(), trial.votes, strict=True
        ):
            if unit.name not in skipped:
                store.write_network(unit.name, member, votes)
                store.write_unit(unit.name, rows, FINISHED, None)
    config = {
        "data": source.model_dump(mode="json"),
        "experiment": experiment.model_dump(mode="json"),
        "training": training.model_dump(mode="json"),
        "seeds": list(form.seeds),
    }
    store.folder.write_record(
        RunRecord(name="tiny", kind="sweep", state=State.FINISHED, config=config, versions={"outvoted": "0"})
    )
    return store


def _data(folder: Path, form: Form) -> Folder | Npz:
    """Images with a bright stripe where their class says, much blurred by noise."""
    random = np.random.default_rng(0)
    channels = 3 if form.rgb else 1
    splits = {}
    for split, number in (("train", 60), ("test", 45)):
        labels = np.arange(number) % 3
        images = random.integers(0, 150, (number, channels, 6, 6)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[:, 2 * label : 2 * label + 2] += 70
        splits[split] = images, labels
    folder.mkdir(parents=True)
    if not form.named:
        (x_train, y_train), (x_test, y_test) = splits["train"], splits["test"]
        np.savez(folder / "data.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        return Npz(path=folder / "data.npz")
    for split, (images, labels) in splits.items():
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = folder / split / NAMES[label] / f"{index:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png.encode(image))
    return Folder(path=folder)
