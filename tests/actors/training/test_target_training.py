"""Training to targets: a pure function whose stops are what was measured, and whose failures are data."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import CNN, MLP, Architecture, Shape, ViT, Weights
from outvoted.actors.training.steps import Training
from outvoted.actors.training.target_training import Check, TargetChecks, TrainedToTargets, train_to_targets
from outvoted.actors.training.training import accuracy
from outvoted.search.transforms import Affine

OFTEN = TargetChecks(tolerance=0.02, often=2, seldom=4)
QUICK = Training(epochs=4, batch_size=32, learning_rate=0.01)
SMALL = MLP(hidden=12)


class Breaking(Architecture):
    """A perceptron that raises, or answers NaN, from a number of training steps on."""

    after: int
    how: str

    @property
    def label(self) -> str:
        return "breaking"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return Broken(MLP(hidden=8).build(shape, classes), self)


class Broken(nn.Module):
    def __init__(self, network: nn.Module, settings: Breaking) -> None:
        super().__init__()
        self.network, self.settings, self.steps = network, settings, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images)
        self.steps += self.training
        if not self.training or self.steps <= self.settings.after:
            return logits
        if self.settings.how == "raise":
            raise ValueError("no more")
        return logits * torch.nan


def trained(
    data: Dataset,
    targets: tuple[float, ...],
    architecture: Architecture = SMALL,
    training: Training = QUICK,
    seed: int = 0,
    stopping: TargetChecks = OFTEN,
) -> tuple[list[Check], TrainedToTargets]:
    """Train to the end; return the checks and what came of it."""
    *checks, ended = train_to_targets(architecture, training, targets, stopping, data, seed)
    assert isinstance(ended, TrainedToTargets)
    return [check for check in checks if isinstance(check, Check)], ended


def same(one: Weights | None, other: Weights | None) -> bool:
    assert one is not None
    assert other is not None
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_kept_has_the_accuracy_that_is_told(digits: Dataset) -> None:
    targets = (0.5, 0.6, 0.7)
    checks, ended = trained(digits, targets)
    assert ended.failure == ""
    assert [stop.reached for stop in ended.stops] == [True] * 3
    for target, stop in zip(targets, ended.stops, strict=True):
        assert stop.check in checks
        assert stop.weights is not None
        network = SMALL.restore(digits.shape, digits.classes, stop.weights)
        assert accuracy(network, digits.test) == stop.check.accuracy == pytest.approx(target, abs=0.02 + 1e-9)


def test_training_ends_when_every_target_is_reached(digits: Dataset) -> None:
    checks, ended = trained(digits, (0.5,))
    assert checks[-1] == ended.stops[0].check
    assert checks[-1].step < 25 * QUICK.epochs


def test_a_target_too_high_takes_all_epochs_and_says_so(digits: Dataset) -> None:
    checks, ended = trained(digits, (0.5, 0.999), training=Training(epochs=3, batch_size=32))
    assert checks[-1].step == 25 * 3
    assert [stop.reached for stop in ended.stops] == [True, False]
    assert ended.stops[1].reason.startswith("not reached in 3 epochs: best ")


def test_checks_are_numbered_and_apart_as_the_settings_say(digits: Dataset) -> None:
    checks, _ = trained(digits, (0.999,), training=Training(epochs=2, batch_size=32))
    assert [check.number for check in checks] == list(range(1, len(checks) + 1))
    apart = np.diff([0, *(check.step for check in checks)])
    assert set(apart[:-1]) <= {2, 3, 4}
    assert apart[-1] <= 4
    assert [check.epoch for check in checks] == [(check.step - 1) // 25 + 1 for check in checks]


MANY = tuple(np.linspace(0.2, 0.8, 40).round(4).tolist())
EIGHTH = TargetChecks(tolerance=0, often=8, seldom=8)


def test_a_target_that_checks_pass_over_is_missed_only_between_neighbouring_steps(digits: Dataset) -> None:
    checks, ended = trained(digits, MANY, CNN(channels=2, hidden=8), stopping=EIGHTH)
    found = {check.step: check.accuracy for check in checks}
    regular = [found[step] for step in sorted(found) if step % 8 == 0]
    neighbours = [(found[step], found[step + 1]) for step in found if step + 1 in found]

    def straddled(target: float, pairs: Iterable[tuple[float, float]]) -> bool:
        return any(min(pair) < target < max(pair) for pair in pairs)

    missed = [stop.target for stop in ended.stops if not stop.reached]
    passed = [target for target in missed if straddled(target, pairwise(regular))]
    assert passed
    assert all(straddled(target, neighbours) for target in passed)


def test_looking_back_changes_nothing_of_what_comes_after(digits: Dataset) -> None:
    plain, _ = trained(digits, (0.999,), CNN(channels=2, hidden=8), stopping=EIGHTH)
    looking, ended = trained(digits, (*MANY, 0.999), CNN(channels=2, hidden=8), stopping=EIGHTH)
    assert len(looking) > len(plain)
    regular = [check for check in looking if check.step in {one.step for one in plain}]
    told = [(check.step, check.loss, check.accuracy) for check in plain]
    assert [(check.step, check.loss, check.accuracy) for check in regular] == told
    for stop in ended.stops:
        if stop.weights is not None and stop.check is not None:
            network = CNN(channels=2, hidden=8).restore(digits.shape, digits.classes, stop.weights)
            assert accuracy(network, digits.test) == stop.check.accuracy


@pytest.mark.parametrize(
    ("architecture", "training"),
    [
        (CNN(channels=2, hidden=8), QUICK),
        (SMALL, QUICK.model_copy(update={"augment": Affine(), "optimizer": "adamw"})),
        (ViT(width=8, heads=2, blocks=1, hidden=8), QUICK),
    ],
    ids=["cnn with dropout", "augmented", "vit"],
)
def test_equal_arguments_give_identical_checks_and_weights(
    architecture: Architecture, training: Training, digits: Dataset
) -> None:
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(trained(digits, (0.2, 0.3, 0.4, 0.5), architecture, training, seed=5))
    (checks, ended), (again, ended_again) = found
    assert checks == again
    pairs = [pair for pair in zip(ended.stops, ended_again.stops, strict=True) if pair[0].reached]
    assert pairs
    assert all(same(one.weights, other.weights) for one, other in pairs)


def test_another_seed_gives_another_network(digits: Dataset) -> None:
    one, other = (trained(digits, (0.6,), seed=seed)[1].stops[0].weights for seed in (0, 1))
    assert not same(one, other)


def test_training_leaves_the_random_numbers_of_the_process_as_they_were(digits: Dataset) -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    for _ in train_to_targets(CNN(channels=2, hidden=8), QUICK, (0.4,), OFTEN, digits, 0):
        assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_that_are_kept_do_not_change_while_training_goes_on(digits: Dataset) -> None:
    early = trained(digits, (0.5,))[1].stops[0]
    with_more = trained(digits, (0.5, 0.8))[1].stops[0]
    assert early.check == with_more.check
    assert same(early.weights, with_more.weights)


@pytest.mark.parametrize("how", ["raise", "nan"])
def test_a_training_that_fails_keeps_what_it_reached(how: str, digits: Dataset) -> None:
    checks, ended = trained(digits, (0.5, 0.999), Breaking(after=60, how=how))
    assert checks
    assert [stop.reached for stop in ended.stops] == [True, False]
    assert (
        ended.failure
        == {
            "raise": "ValueError: no more",
            "nan": "FloatingPointError: the loss of step 61 is nan",
        }[how]
    )
    assert ended.failure in ended.stops[1].reason


def test_a_training_that_fails_at_once_has_no_check(digits: Dataset) -> None:
    checks, ended = trained(digits, (0.5,), Breaking(after=0, how="raise"))
    assert checks == []
    assert ended.stops[0].check is None
    assert ended.stops[0].reason == "not reached before it failed (ValueError: no more)"


def test_a_step_is_what_torch_makes_of_the_batch(digits: Dataset) -> None:
    few = Dataset(
        "few", digits.folder, Split(digits.train.images[:32], digits.train.labels[:32]), digits.test
    )
    training = Training(epochs=1, batch_size=32, optimizer="adamw", weight_decay=0.1, learning_rate=0.01)
    (check, ended) = train_to_targets(SMALL, training, (0.5,), TargetChecks(tolerance=0.49), few, 4)
    assert isinstance(check, Check)
    assert isinstance(ended, TrainedToTargets)
    torch.manual_seed(4)
    network = SMALL.build(few.shape, few.classes)
    step: Any = torch.optim.AdamW(network.parameters(), 0.01, weight_decay=0.1)
    inputs, labels = torch.tensor(few.train.images).float() / 255, torch.tensor(few.train.labels)
    loss = nn.functional.cross_entropy(network(inputs), labels)
    torch.autograd.backward(loss)
    step.step()
    assert check.loss == pytest.approx(loss.item(), rel=1e-5)
    weights = ended.stops[0].weights
    assert weights is not None
    torch.testing.assert_close(weights, dict(network.state_dict()), rtol=1e-4, atol=1e-5)
