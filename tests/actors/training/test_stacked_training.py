"""Networks trained together become what each becomes alone, in one go or cut off between any two epochs."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import CNN, MLP, Architecture, PlainCNN, Weights
from outvoted.actors.training.stacked_training import StackedTraining, Trainee, TrainingState
from outvoted.actors.training.steps import Training
from outvoted.search.errors import OutvotedError

EPOCHS = 2
FORMS: list[list[Architecture]] = [
    [MLP(hidden=7, activation="sigmoid", temperature=one) for one in (0.3, 1, 2, 0.1)],
    [MLP(hidden=(6, 16))] * 4,
    [PlainCNN(channels=(2, 3), kernel=3, hidden=5)] * 4,
]
TRAININGS = [
    Training(optimizer="adam", batch_size=16),
    Training(optimizer="adamw", batch_size=16, weight_decay=0.1),
    Training(optimizer="sgd", batch_size=16, learning_rate=0.05, weight_decay=0.01),
]
forms = pytest.mark.parametrize("form", FORMS, ids=["mlp", "deep", "plain-cnn"])
trainings = pytest.mark.parametrize("training", TRAININGS, ids=["adam", "adamw", "sgd"])
on_a_cpu = pytest.mark.skipif(
    torch.cuda.is_available(), reason="a GPU's products of n networks differ by n in their last bits"
)
Ended = tuple[list[list[float]], list[TrainingState]]


@pytest.fixture(scope="module")
def few(digits: Dataset) -> Split:
    """75 digits: the last batch of 16 has 11."""
    return Split(digits.train.images[:75, :, ::2, ::2], digits.train.labels[:75])


def begun(
    form: Sequence[Architecture],
    which: Sequence[int],
    training: Training,
    split: Split,
    progress: Sequence[TrainingState] | None = None,
) -> StackedTraining:
    trainees = [Trainee(form[index], seed=10 + index) for index in which]
    return StackedTraining(trainees, training, split, (1, 14, 14), 10, progress)


def trained(form: Sequence[Architecture], which: Sequence[int], training: Training, split: Split) -> Ended:
    """Return the losses by epoch, and how far each network is."""
    run = begun(form, which, training, split)
    return [run.advance() for _ in range(EPOCHS)], run.progress()


def assert_same(one: TrainingState, other: TrainingState) -> None:
    assert one.epoch == other.epoch
    assert equal(one.weights, other.weights)
    assert len(one.moments) == len(other.moments)
    assert all(map(equal, one.moments, other.moments))


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@on_a_cpu
@forms
@trainings
@settings(max_examples=6)
@given(company=st.permutations(range(4)), size=st.integers(1, 3))
def test_who_trains_beside_changes_no_bit(
    form: Sequence[Architecture], training: Training, few: Split, company: list[int], size: int
) -> None:
    some = company[:size]
    losses, progress = trained(form, range(4), training, few)
    few_losses, few_progress = trained(form, some, training, few)
    assert [[by_epoch[index] for index in some] for by_epoch in losses] == few_losses
    for index, found in zip(some, few_progress, strict=True):
        assert_same(progress[index], found)


@forms
@trainings
def test_cut_off_and_resumed_equals_one_go(
    form: Sequence[Architecture], training: Training, few: Split
) -> None:
    losses, progress = trained(form, range(4), training, few)
    first = begun(form, range(4), training, few)
    before = first.advance()
    parted = first.progress()
    assert {one.epoch for one in parted} == {1}
    second = begun(form, [2, 1], training, few, [parted[2], parted[1]])  # in other company, too
    assert [before, second.advance()] == [losses[0], [losses[1][2], losses[1][1]]]
    for index, found in zip((2, 1), second.progress(), strict=True):
        assert_same(progress[index], found)


def test_progress_is_a_copy_that_training_on_does_not_change(few: Split) -> None:
    run = begun(FORMS[0], [0], TRAININGS[0], few)
    run.advance()
    (kept,) = run.progress()
    before = {name: value.clone() for name, value in kept.weights.items()}
    run.advance()
    assert equal(kept.weights, before)


def test_progress_from_before_the_first_epoch_is_a_beginning(few: Split) -> None:
    run = begun(FORMS[0], [0, 1], TRAININGS[0], few)
    start = run.progress()
    assert all(one.epoch == 0 and one.moments == () for one in start)
    again = begun(FORMS[0], [0, 1], TRAININGS[0], few, start)
    assert again.advance() == run.advance()


def test_seeds_give_weights_and_orders_of_their_own(few: Split) -> None:
    alike = [MLP(hidden=4)] * 2
    losses, progress = trained(alike, [0, 1], TRAININGS[0], few)
    assert losses[0][0] != losses[0][1]
    assert not equal(progress[0].weights, progress[1].weights)


@pytest.mark.parametrize("form", [FORMS[0][0], FORMS[1][0], FORMS[2][0]], ids=["mlp", "deep", "plain-cnn"])
@trainings
def test_a_network_becomes_what_torch_trains_of_it(
    form: Architecture, training: Training, few: Split
) -> None:
    # Where pixels are equal, max-pooling has a choice that the last bit decides; in noise they are not.
    noise = np.random.default_rng(0).integers(0, 256, few.images.shape, dtype=np.uint8)
    few = Split(noise, few.labels)
    run = begun([form, form], [0, 1], training, few)
    losses = [run.advance() for _ in range(EPOCHS)]
    for index, seed in enumerate((10, 11)):
        network, by_hand = _by_hand(form, training, few, seed)
        torch.testing.assert_close([by_epoch[index] for by_epoch in losses], by_hand, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(run.stack.weights()[index], network.state_dict(), rtol=1e-3, atol=1e-4)


def _by_hand(
    form: Architecture, training: Training, split: Split, seed: int
) -> tuple[nn.Module, list[float]]:
    """Train one network plainly, its samples in the order that the epoch and the seed say."""
    torch.manual_seed(seed)
    network = form.build((1, 14, 14), 10)
    rate, decay = training.learning_rate, training.weight_decay
    optimizer: torch.optim.Optimizer
    if training.optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), rate, weight_decay=decay)
    elif training.optimizer == "adamw":
        optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=decay)
    else:
        optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=decay)
    images, labels = torch.tensor(split.images).float() / 255, torch.tensor(split.labels)
    means = []
    for epoch in range(EPOCHS):
        key = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]) >> 1
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(key))
        total = 0.0
        for rows in torch.split(order, training.batch_size):
            loss = functional.cross_entropy(network(images[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() * len(rows)
        means.append(total / len(labels))
    return network, means


def test_networks_that_cannot_be_stacked_are_refused(few: Split) -> None:
    with pytest.raises(OutvotedError, match="which can be trained together"):
        begun([CNN()], [0], TRAININGS[0], few)


def test_progress_is_there_for_all_or_none(few: Split) -> None:
    run = begun(FORMS[0], [0, 1], TRAININGS[0], few)
    run.advance()
    with pytest.raises(ValueError, match="shorter"):
        begun(FORMS[0], [0, 1], TRAININGS[0], few, run.progress()[:1])
