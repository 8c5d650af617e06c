"""Laws of the user's own networks: one suite for every kind."""

from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import Architecture, Network, PythonFactory, TorchvisionModel, members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.answers import sample
from outvoted.actors.panel.checking import examine
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import measured, train
from outvoted.search.trust import named_by
from tests.actors.networks.conftest import CLASSES, KINDS, SHAPE, Bring, vision

IMAGES = torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, bring: Bring) -> Architecture:
    """One network of each kind, with weights."""
    return bring(request.param)


def member(architecture: Architecture, name: str = "one") -> Member:
    """Load a network as a run does."""
    loaded = architecture.load(SHAPE, CLASSES)
    assert loaded is not None
    return Member(name, "peer", architecture, 0, loaded.weights, (EpochRecord(0, None, None),))


def built(architecture: Architecture) -> nn.Module:
    return member(architecture).build(SHAPE, CLASSES).eval()


def test_it_gives_one_finite_logit_for_each_class(own: Architecture) -> None:
    logits = built(own)(IMAGES)
    assert logits.shape == (5, CLASSES)
    assert torch.isfinite(logits).all()


def test_it_passes_the_door(own: Architecture) -> None:
    network = member(own).bare(SHAPE, CLASSES)
    assert examine(network, sample(None, SHAPE, CLASSES), gradients=True) is None


def test_gradients_reach_the_image(own: Architecture) -> None:
    image = IMAGES[:2].double().requires_grad_()
    torch.autograd.backward(built(own).double()(image)[:, 1].sum())
    assert image.grad is not None
    assert (image.grad.flatten(1).abs().sum(1) > 0).all()


def test_it_is_loaded_not_trained(own: Architecture) -> None:
    pixels = (IMAGES * 255).to(torch.uint8).numpy()
    split = Split(pixels, torch.tensor([0, 1, 2, 3, CLASSES - 1]).numpy())
    data = Dataset("few", Path(), split, split)
    (only,) = measured(own, member(own).weights, data)
    assert own.loaded
    assert (only.record.epoch, only.record.loss) == (0, None)
    right = built(own)(torch.tensor(pixels) / 255).argmax(1).numpy() == split.labels
    assert only.record.test_accuracy == right.mean()


def test_without_test_images_there_is_no_accuracy(bring: Bring) -> None:
    pixels = (IMAGES * 255).to(torch.uint8).numpy()
    split = Split(pixels, torch.tensor([0, 1, 2, 3, CLASSES - 1]).numpy())
    data = Dataset("few", Path(), split, Split(split.images[:0], split.labels[:0]))
    network = bring("python")
    (only,) = measured(network, member(network).weights, data)
    assert only.record.test_accuracy is None


def test_from_the_runs_folder_alone_it_answers_as_before(
    own: Architecture, workplace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before, first = built(own)(IMAGES), member(own)
    folder = tmp_path_factory.mktemp("peers")
    members.save(folder, [first])
    for file in (*workplace.glob("*.safetensors"), *workplace.glob("*.pt2")):
        file.unlink()
    (again,) = members.load(folder, named_by(own))
    assert again.architecture == own
    assert fingerprint([again]) == fingerprint([first])
    assert torch.equal(again.build(SHAPE, CLASSES).eval()(IMAGES), before)


def test_settings_survive_being_written_down(own: Architecture) -> None:
    adapter: TypeAdapter[Network] = TypeAdapter(Network)
    assert adapter.validate_json(own.model_dump_json()) == own


def test_another_file_is_other_content(own: Architecture, workplace: Path) -> None:
    before = own.content
    for file in (*workplace.glob("*.safetensors"), *workplace.glob("*.pt2")):
        file.write_bytes(file.read_bytes() + b" ")
    assert own.content != before


@pytest.mark.parametrize("model", ["googlenet", "inception_v3"])
def test_auxiliary_outputs_are_left_out(model: str) -> None:
    vision("torchvision")
    settings = TorchvisionModel(model=model)
    weights = {"aux1.conv.weight": IMAGES, "AuxLogits.fc.weight": IMAGES, "fc.weight": IMAGES}
    assert set(settings.fitting(weights)) < set(weights)
    assert "fc.weight" in settings.fitting(weights)
    with torch.device("meta"):
        names = settings.module((3, 75, 75), 3).state_dict()
    assert not [name for name in names if name.lower().startswith("aux")]


def test_without_weights_it_is_trained(workplace: Path) -> None:
    pixels = (IMAGES * 255).to(torch.uint8).numpy()
    split = Split(pixels, torch.tensor([0, 1, 2, 3, CLASSES - 1]).numpy())
    network = PythonFactory(factory="brought_models:tiny", arguments={"width": 2})
    epochs = list(train(network, Training(epochs=2), Dataset("few", Path(), split, split), 0))
    assert [epoch.record.epoch for epoch in epochs] == [1, 2]
    assert not network.loaded
    weights = epochs[-1].weights
    assert weights is not None
    Member("tiny", "peer", network, 0, weights, ()).build(SHAPE, CLASSES)
