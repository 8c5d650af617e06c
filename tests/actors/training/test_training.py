"""Training: a pure function of its arguments that leaves the process as it found it."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import CNN, MLP, Architecture, Weights
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.training.steps import FlatAdam, Optimizer, Training, optimizer
from outvoted.actors.training.training import Epoch, ExtraSamples, accuracy, train
from outvoted.search.transforms import Affine

SMALL = CNN(channels=2, hidden=8)


def trained_weights(architecture: Architecture, training: Training, data: Dataset, seed: int = 0) -> Weights:
    """Train to the end and return the weights."""
    weights = list(train(architecture, training, data, seed))[-1].weights
    assert weights is not None
    return weights


def same(one: Weights, other: Weights) -> bool:
    """Tell whether weights are bitwise the same."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("architecture", [MLP(hidden=4), SMALL], ids=["mlp", "cnn with dropout"])
@pytest.mark.parametrize("training", [Training(epochs=2), Training(epochs=2, augment=Affine())])
def test_equal_arguments_give_identical_weights(
    architecture: Architecture, training: Training, few: Dataset
) -> None:
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(trained_weights(architecture, training, few))
    assert same(*found)


def test_two_trainings_that_alternate_disturb_nothing(few: Dataset) -> None:
    alone = trained_weights(SMALL, Training(epochs=2), few, 1)
    first, second = (train(SMALL, Training(epochs=2), few, seed) for seed in (1, 2))
    pairs = list(zip(first, second, strict=True))
    weights = pairs[-1][0].weights
    assert weights is not None
    assert same(alone, weights)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_flat_adam_moves_weights_to_the_same_bits_as_pytorchs(kind: Any, decay: float) -> None:
    training = Training(optimizer=kind, learning_rate=0.01, weight_decay=decay)
    torch.manual_seed(0)
    one = SMALL.build((1, 28, 28), 10).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    other = copy.deepcopy(one)
    moving: tuple[Optimizer, ...] = (
        FlatAdam(training, one.parameters()),
        optimizer(training, other.parameters(), fused=False),
    )
    for images in torch.rand(5, 7, 1, 28, 28):
        for network, mover in zip((one, other), moving, strict=True):
            mover.zero_grad()
            torch.manual_seed(1)
            torch.autograd.backward(network(images).logsumexp(1).sum())
            mover.step()
    assert same(one.state_dict(), other.state_dict())


def test_another_seed_gives_other_weights(few: Dataset) -> None:
    training = Training(epochs=1)
    one, other = (trained_weights(MLP(hidden=4), training, few, seed) for seed in (1, 2))
    assert not same(one, other)


def losses_of(epochs: Iterator[Epoch]) -> list[float]:
    """Return the loss of every epoch; trained networks have one."""
    return [epoch.record.loss for epoch in epochs if epoch.record.loss is not None]


def test_the_loss_falls(few: Dataset) -> None:
    losses = losses_of(train(MLP(hidden=12), Training(epochs=6, learning_rate=0.01), few, 0))
    assert losses == sorted(losses, reverse=True)
    assert losses[0] < 3
    assert losses[-1] < 0.8 * losses[0]


def test_a_network_learns_digits(digits: Dataset) -> None:
    epochs = list(train(MLP(hidden=18), Training(epochs=4), digits, 0))
    assert (epochs[-1].record.test_accuracy or 0) > 0.5


def test_only_the_last_epoch_has_weights(few: Dataset) -> None:
    epochs = list(train(MLP(hidden=2), Training(epochs=3), few, 0))
    assert [epoch.record.epoch for epoch in epochs] == [1, 2, 3]
    assert [epoch.weights is None for epoch in epochs] == [True, True, False]


def test_weights_are_those_that_were_tested(few: Dataset) -> None:
    last = list(train(SMALL, Training(epochs=2), few, 0))[-1]
    network = SMALL.build(few.shape, few.classes)
    assert last.weights is not None
    network.load_state_dict(last.weights)
    assert accuracy(network, few.test) == last.record.test_accuracy


def test_weights_are_single_precision_on_the_cpu(few: Dataset) -> None:
    weights = trained_weights(MLP(hidden=3), Training(epochs=1), few)
    assert {(value.dtype, value.device.type) for value in weights.values()} == {(torch.float32, "cpu")}


def test_augmentation_changes_what_is_learnt(few: Dataset) -> None:
    plain = trained_weights(MLP(hidden=4), Training(epochs=1), few)
    moved = trained_weights(MLP(hidden=4), Training(epochs=1, augment=Affine()), few)
    assert not same(plain, moved)


def test_a_network_learns_from_augmented_images(few: Dataset) -> None:
    training = Training(epochs=6, learning_rate=0.01, augment=Affine())
    losses = losses_of(train(MLP(hidden=12), training, few, 0))
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    "training",
    [
        Training(epochs=1, optimizer="sgd", learning_rate=0.1),
        Training(epochs=1, batch_size=7),
        Training(epochs=1, weight_decay=0.5),
        Training(epochs=1, learning_rate=0.01),
    ],
    ids=["sgd", "batch size", "weight decay", "learning rate"],
)
def test_every_setting_matters(training: Training, few: Dataset) -> None:
    usual = trained_weights(MLP(hidden=4), Training(epochs=1), few)
    changed = trained_weights(MLP(hidden=4), training, few)
    assert not same(usual, changed)
    assert all(bool(torch.isfinite(value).all()) for value in changed.values())


def test_the_global_generator_is_left_untouched(few: Dataset) -> None:
    torch.manual_seed(5)
    before, numpy_before = torch.get_rng_state(), repr(np.random.get_state(legacy=True))
    for _ in train(SMALL, Training(epochs=2, augment=Affine()), few, 0):
        assert torch.equal(torch.get_rng_state(), before)
    assert repr(np.random.get_state(legacy=True)) == numpy_before


def test_accuracy_is_the_share_of_right_answers(few: Dataset) -> None:
    network = SMALL.build(few.shape, few.classes)
    found = accuracy(network, few.test)
    with torch.inference_mode():
        answers = network.eval()(torch.tensor(few.test.images).float() / 255).argmax(1).numpy()
    assert found == np.mean(answers == few.test.labels)
    assert not network.training


class Picky(nn.Module):
    """Raises, exits or answers NaN where there is much ink."""

    def __init__(self, network: nn.Module, most: float, how: str) -> None:
        super().__init__()
        self.network, self.most, self.how = network, most, how

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        much = images.mean((1, 2, 3)) > self.most
        logits: torch.Tensor = self.network(images)
        if self.how == "NaN":
            return logits.masked_fill(much[:, None], torch.nan)
        if much.any():
            raise SystemExit(3) if self.how == "exits" else ValueError("too much ink")
        return logits


@pytest.mark.parametrize("how", ["NaN", "raises", "exits"])
@pytest.mark.parametrize("tolerant", [False, True])
def test_images_on_which_a_network_fails_are_not_right(how: str, tolerant: bool, few: Dataset) -> None:
    network = SMALL.build(few.shape, few.classes).eval()
    ink = few.test.images.mean((1, 2, 3)) / 255
    most = float(np.median(ink))
    picky: nn.Module = Picky(network, most, how)
    with torch.no_grad():
        answers = network(torch.tensor(few.test.images).float() / 255).argmax(1).numpy()
    found = accuracy(Tolerant(picky, few.classes) if tolerant else picky, few.test)
    assert found == np.mean((answers == few.test.labels) & (ink <= most))


def test_accuracy_is_measured_in_the_precision_of_the_weights(few: Dataset) -> None:
    network = SMALL.build(few.shape, few.classes)
    expected = accuracy(network, few.test)
    assert accuracy(network.double(), few.test) == expected


def test_what_a_network_keeps_of_being_measured_may_be_trained_with(few: Dataset) -> None:
    class Keeping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = SMALL.build(few.shape, few.classes)
            self.scale: torch.Tensor | None = None

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if self.scale is None:
                self.scale = torch.linspace(0.9, 1.1, 28)
            logits: torch.Tensor = self.network(images * self.scale)
            return logits

    network = Keeping()
    accuracy(network, few.test)
    images = torch.tensor(few.test.images).float().requires_grad_()
    torch.autograd.backward(network(images).sum())
    assert images.grad is not None


@pytest.mark.parametrize("seed", [2 * 10**14, 2**62 - 1])
def test_every_seed_that_is_allowed_trains(seed: int, few: Dataset) -> None:
    training = Training(epochs=1, seed=seed)
    trained_weights(MLP(hidden=2), training, few, training.seed)


def test_training_goes_on_from_given_weights(few: Dataset) -> None:
    start = trained_weights(MLP(hidden=4), Training(epochs=1), few)
    still = Training(epochs=1, optimizer="sgd", learning_rate=1e-30)
    (epoch,) = train(MLP(hidden=4), still, few, 5, start)
    assert epoch.weights is not None
    assert same(epoch.weights, start)


def test_given_weights_are_left_as_they_are(few: Dataset) -> None:
    start = trained_weights(MLP(hidden=4), Training(epochs=1), few)
    kept = {name: value.clone() for name, value in start.items()}
    list(train(MLP(hidden=4), Training(epochs=1), few, 0, start))
    assert same(start, kept)


def test_extra_samples_follow_the_training_split_as_often_and_as_heavy_as_said(few: Dataset) -> None:
    samples = Split(few.test.images[:3], few.test.labels[:3])
    shown, weights = ExtraSamples(samples, 0.5, 2).join(few.train, torch.device("cpu"))
    n = len(few.train)
    images = shown.pixels(torch.arange(n + 6)).numpy()
    np.testing.assert_array_equal(images, np.concatenate([few.train.images, *[samples.images] * 2]))
    assert shown.labels[n:].tolist() == samples.labels.tolist() * 2
    assert weights.tolist() == [1.0] * n + [0.5] * 6


def test_extra_samples_are_learnt_the_better_the_heavier(few: Dataset) -> None:
    wrong = Split(few.test.images[:20], (few.test.labels[:20] + 1) % 10)
    found = []
    for weight in (0.0, 1.0, 20.0):
        extra = ExtraSamples(wrong, weight, 2)
        (*_, last) = train(MLP(hidden=12), Training(epochs=10, learning_rate=0.01), few, 0, None, extra)
        network = MLP(hidden=12).build(few.shape, few.classes)
        assert last.weights is not None
        network.load_state_dict(last.weights)
        with torch.inference_mode():
            logits = network(torch.tensor(wrong.images).float() / 255)
            found.append(float(torch.nn.functional.cross_entropy(logits, torch.tensor(wrong.labels))))
    assert found[0] > 2 * found[1] > 4 * found[2]


def test_no_extra_samples_equal_plain_training_up_to_rounding(few: Dataset) -> None:
    nothing = ExtraSamples(Split(few.train.images[:0], few.train.labels[:0]), 1.0, 1)
    plain = trained_weights(MLP(hidden=4), Training(epochs=1), few)
    (epoch,) = train(MLP(hidden=4), Training(epochs=1), few, 0, None, nothing)
    assert epoch.weights is not None
    for name, value in plain.items():
        torch.testing.assert_close(epoch.weights[name], value)


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_training_on_ray_streams_the_same_epochs(few: Dataset) -> None:
    import ray

    from outvoted.actors.training.ray_work import Sign, work_remotely

    arguments = (SMALL, Training(epochs=2), few, 4)
    found = [ray.get(one) for one in work_remotely.options(num_cpus=0.5).remote(train, *arguments)]
    assert isinstance(found[0], Sign)
    streamed: list[Epoch] = [one for one in found if not isinstance(one, Sign)]
    here = list(train(*arguments))
    assert [epoch.record for epoch in streamed] == [epoch.record for epoch in here]
    there, weights = streamed[-1].weights, here[-1].weights
    assert there is not None
    assert weights is not None
    assert same(there, weights)
