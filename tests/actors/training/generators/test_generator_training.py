"""Training a generator: a pure function, wherever it is cut."""

import numpy as np
import pytest
import torch

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.training.generators.dcgan import (
    Checkpoint,
    DcganTraining,
    TrainingStage,
    _Pair,
    train_dcgan,
)
from outvoted.search.errors import OutvotedError
from tests.actors.training.generators.conftest import TINY


def same(one: Checkpoint, other: Checkpoint) -> bool:
    return (
        one.step == other.step
        and one.tensors.keys() == other.tensors.keys()
        and all(torch.equal(value, other.tensors[name]) for name, value in one.tensors.items())
    )


def test_stages_come_as_often_as_asked_and_at_the_end(uncut: list[TrainingStage]) -> None:
    assert [stage.checkpoint.step for stage in uncut] == [3, 6, 8]


@pytest.mark.parametrize("cut", [0, 1])
def test_a_resumed_training_equals_an_uncut_one(uncut: list[TrainingStage], few: Dataset, cut: int) -> None:
    resumed = list(train_dcgan(TINY, few.train, uncut[cut].checkpoint))
    assert same(resumed[-1].checkpoint, uncut[-1].checkpoint)


def test_how_often_stages_come_changes_nothing(uncut: list[TrainingStage], few: Dataset) -> None:
    (only,) = train_dcgan(TINY, few.train, every=1000)
    assert same(only.checkpoint, uncut[-1].checkpoint)


def test_what_is_at_its_end_trains_no_more(uncut: list[TrainingStage], few: Dataset) -> None:
    assert list(train_dcgan(TINY, few.train, uncut[-1].checkpoint)) == []


def test_another_seed_gives_other_weights(uncut: list[TrainingStage], few: Dataset) -> None:
    (other,) = train_dcgan(TINY.model_copy(update={"seed": 1}), few.train, every=1000)
    assert not same(other.checkpoint, uncut[-1].checkpoint)


def test_no_image_is_shown_twice_in_an_epoch(digits: Dataset) -> None:
    pair = _Pair(TINY, Split(digits.train.images[:120], digits.train.labels[:120]), None)
    shown = pair.order()
    assert len(shown) == len(set(shown.tolist())) == 100
    pair.done = 4
    assert not torch.equal(shown, pair.order())


def test_training_teaches_the_pair_something(uncut: list[TrainingStage]) -> None:
    assert uncut[-1].discriminator_loss < uncut[0].discriminator_loss


def test_fewer_images_than_a_batch_are_refused(few: Dataset) -> None:
    with pytest.raises(OutvotedError, match="at least 128 training images"):
        next(train_dcgan(DcganTraining(), few.train))


def test_images_too_small_are_refused() -> None:
    table = Split(np.zeros((200, 1, 1, 4), np.uint8), np.zeros(200, np.int64))
    with pytest.raises(OutvotedError, match="1 by 4 pixels"):
        next(train_dcgan(DcganTraining(), table))
