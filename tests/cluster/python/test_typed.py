"""What a type checker says of calls from Python.

These files are checked by mypy --strict, which refuses a ``type: ignore`` where there is nothing to ignore.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from outvoted import (
    OutvotedError,
    Panel,
    Result,
    compare,
    connect,
    heal,
    landscape,
    mine,
    scan,
    study,
    submit,
    sweep,
)
from outvoted.actors.networks.members import Member
from outvoted.configs import MineConfig
from outvoted.data import Dataset, Npz
from outvoted.networks import MLP, Training
from outvoted.strategies import Gradient
from outvoted.transforms import Photometric


def right(panel: Panel) -> Result:
    """Only checked: calls as the docs have them."""
    mine(panel, per_target=3, strategy={"kind": "gradient"}, targets=["a"], voters=[1], progress=False)
    mine(panel, per_target=3, strategy=Gradient(steps=12), transform=Photometric())
    mine(panel, per_target=3, strategy="gradient", transform="photometric")
    Panel([nn.Flatten(), nn.Flatten()], [[0]], [1], batch=64)
    Panel([nn.Flatten(), nn.Flatten()], "photos", mean=[0.5], std=0.25, device="cpu", class_names=["a", "b"])
    Panel({"a": nn.Flatten(), "b": nn.Flatten()}, [[0]], [1], recipe={"a": "timm"}, layout="NHWC")
    Panel.train([[0]], [1], networks={"a": nn.Flatten(), "b": nn.Flatten()}, recipe="torchvision")
    Panel.from_config({"search": {"per_target": 3}}, device="auto")
    compare(panel, ["random", Gradient(steps=3), {"kind": "bayesian"}], per_target=3)
    scan(panel, "photos", sizes="refuse")
    heal(panel, rounds=3, training=Training(epochs=2)).save_images("healed")
    landscape(mine("mnist", per_target=3, address="auto"), x="rotation").show()
    sweep(experiment="temperature", seeds=[1, 2])
    study("study-iris", name="iris")
    connect("http://127.0.0.1:8300", token="t").submit(
        {"search": {"per_target": 3}}, name="a"
    ).result().show()
    submit(MineConfig(), "search.per_target=3", address="http://head:8265", runs="s3://b/r").progress()
    [event.text for event in connect("http://127.0.0.1:8300").run("a").events()]
    Panel.train("mnist", networks=[MLP(hidden=8), MLP(hidden=9)], training=Training(epochs=3))
    Panel.train(Npz(path=Path("my.npz")), training={"epochs": 3})
    return mine(panel)


WRONG: dict[str, Callable[[Panel], object]] = {
    "patience": lambda panel: mine(panel, patiense=3),  # type: ignore[arg-type]
    "per_target": lambda panel: mine(panel, per_target="many"),  # type: ignore[arg-type]
    "strategy": lambda panel: mine(panel, strategy=3),  # type: ignore[arg-type]
    "transform": lambda panel: mine(panel, transform=Gradient()),  # type: ignore[arg-type]
    "networks": lambda _: Panel.train(netwroks=[]),  # type: ignore[arg-type]
    "training": lambda _: Panel.train(training=3),  # type: ignore[arg-type]
    "device": lambda panel: Panel(panel.networks, panel.data, device="tpu"),  # type: ignore[arg-type]
    "rounds": lambda panel: heal(panel, rounds="three"),  # type: ignore[arg-type]
    "sizes": lambda panel: scan(panel, panel.data.test, sizes="crop"),  # type: ignore[arg-type]
}


@pytest.fixture
def panel(trained: list[Member], digits: Dataset) -> Panel:
    networks = [member.bare(digits.shape, digits.classes) for member in trained]
    return Panel(networks, digits.train.images, digits.train.labels)


@pytest.mark.parametrize("said", WRONG)
def test_what_a_type_checker_refuses_is_refused_when_it_runs(said: str, panel: Panel) -> None:
    with pytest.raises(OutvotedError, match=said):
        WRONG[said](panel)


def test_misspelt_settings_are_refused_too() -> None:
    with pytest.raises(OutvotedError, match="did you mean 'steps'"):
        Gradient(stesp=12)  # type: ignore[call-arg]
