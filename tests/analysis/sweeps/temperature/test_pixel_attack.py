"""The pixel attack against a search in plain loops."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.sweeps.temperature.pixel_attack import PixelAttack, attack_pixels, fooled_shares
from outvoted.analysis.sweeps.temperature.robustness import InputGradients, gradients, right
from outvoted.search.errors import OutvotedError
from tests.analysis.sweeps.temperature.stacks import SmallStack, samples, small_stack

GREY, RGB = ((40, 1, 3, 4), 3), ((12, 3, 2, 3), 2)
BOTH = pytest.mark.parametrize(("shape", "limit"), [GREY, RGB], ids=["grey", "rgb"])


def stack_and_samples(shape: tuple[int, ...]) -> tuple[SmallStack, torch.Tensor, torch.Tensor]:
    """Networks that are right and fooled often enough: most labels are the first one's answers."""
    stack = small_stack(int(np.prod(shape[1:])), scale=0.9)
    images, labels = samples(shape)
    answers = stack(images.expand(3, *images.shape))[0].argmax(1)
    return stack, images, torch.where(torch.arange(len(labels)) % 5 == 0, labels, answers)


def found_by(
    stack: SmallStack, images: torch.Tensor, labels: torch.Tensor, limit: int, rows: int
) -> PixelAttack:
    """The attack with the gradients it needs."""
    return attack_pixels(stack, images, labels, gradients(stack, len(stack), images, labels), limit, rows)


def searched(network: SmallStack, image: torch.Tensor, label: int, limit: int) -> int:
    """Try everything for one network and one image, one input at a time."""
    channels, height, width = image.shape

    def answer(candidate: torch.Tensor) -> int:
        return int(network(candidate[None, None])[0, 0].argmax())

    if answer(image) != label:
        return 0
    gradient = gradients(network, 1, image[None], torch.tensor([label])).values[0, 0]
    size = {
        (row, column): sum(abs(float(gradient[channel, row, column])) for channel in range(channels))
        for row in range(height)
        for column in range(width)
    }
    pixels = sorted(size, key=lambda pixel: -size[pixel])
    for number in range(1, limit + 1):
        for values in product((0.0, 1.0), repeat=number * channels):
            candidate = image.clone()
            rest = list(values)
            for row, column in pixels[:number]:
                for channel in range(channels):
                    candidate[channel, row, column] = rest.pop()
            if answer(candidate) != label:
                return number
    return -1


@BOTH
def test_the_attack_finds_what_a_plain_search_finds(shape: tuple[int, ...], limit: int) -> None:
    stack, images, labels = stack_and_samples(shape)
    found = found_by(stack, images, labels, limit, 100)
    expected = [
        [
            searched(stack.alone(i), image, int(label), limit)
            for image, label in zip(images, labels, strict=True)
        ]
        for i in range(3)
    ]
    assert found.fewest.dtype == torch.int8
    assert found.fewest.tolist() == expected
    assert set(np.unique(expected)) == set(range(-1, limit + 1))  # so that every outcome was tested


@BOTH
def test_fooling_images_fool_and_differ_in_the_strongest_pixels_only(
    shape: tuple[int, ...], limit: int
) -> None:
    stack, images, labels = stack_and_samples(shape)
    found = found_by(stack, images, labels, limit, 4096)
    fooling = found.fooling(images)
    answers = stack(fooling)
    assert torch.equal(answers.argmax(2), found.classes)
    assert torch.equal(right(answers, labels), found.fewest == -1)
    assert torch.equal(found.combination >= 0, found.fewest > 0)
    changed = (fooling != images).any(2).flatten(2)
    for network, image in np.ndindex(*found.fewest.shape):
        number = max(0, int(found.fewest[network, image]))
        pixels = set(changed[network, image].nonzero().flatten().tolist())
        assert pixels <= set(found.places[network, image, :number].tolist())
        assert len(pixels) == number  # random grey levels are never 0 or 1
        values = fooling[network, image].flatten(1)[:, list(pixels)]
        assert torch.equal(values, values.round())


@BOTH
def test_the_size_of_batches_changes_nothing(shape: tuple[int, ...], limit: int) -> None:
    stack, images, labels = stack_and_samples(shape)
    small, large = (found_by(stack, images, labels, limit, rows) for rows in (1, 10_000))
    assert torch.equal(small.fewest, large.fewest)
    assert torch.equal(small.combination, large.combination)


@BOTH
def test_a_network_is_attacked_alone_as_in_a_stack(shape: tuple[int, ...], limit: int) -> None:
    stack, images, labels = stack_and_samples(shape)
    together = found_by(stack, images, labels, limit, 64)
    for index in range(3):
        alone = found_by(stack.alone(index), images, labels, limit, 64)
        for name in ("fewest", "classes", "places", "combination"):
            assert torch.equal(getattr(alone, name)[0], getattr(together, name)[index])


def test_no_gradient_is_taken_and_batches_have_one_shape_for_each_number() -> None:
    stack, images, labels = stack_and_samples(GREY[0])
    given = gradients(stack, 3, images, labels)
    asked: list[tuple[int, ...]] = []

    def watched(inputs: torch.Tensor) -> torch.Tensor:
        assert not torch.is_grad_enabled()
        asked.append(tuple(inputs.shape))
        return stack(inputs)

    attack_pixels(watched, images, labels, given, 3, rows=30)
    assert [shape[1] for shape in asked] == sorted([shape[1] for shape in asked], reverse=True)
    assert set(asked) == {(3, rows, 1, 3, 4) for rows in (15 * 2, 7 * 4, 3 * 8)}
    assert stack.first.grad is None


def test_images_that_are_wrong_or_fooled_are_not_asked_about_again() -> None:
    images, labels = torch.full((50, 1, 2, 2), 0.5), torch.zeros(50, dtype=torch.int64)
    logits = torch.tensor([1.0, 0.0]).repeat(1, 50, 1)
    logits[0, :10] = torch.tensor([0.0, 1.0])
    given = InputGradients(torch.ones(1, 50, 1, 2, 2), logits)
    asked: list[int] = []

    def fooled_by_one(inputs: torch.Tensor) -> torch.Tensor:
        asked.append(inputs.shape[1])
        dark = inputs[:, :, 0, 0, :1] == 0
        return torch.cat([~dark, dark], 2).float()

    found = attack_pixels(fooled_by_one, images, labels, given, 3, rows=20)
    assert asked == [20] * 4  # 40 images of two combinations each
    assert found.fewest.tolist() == [[0] * 10 + [1] * 40]
    assert found.classes.tolist() == [[1] * 50]


def test_of_equal_gradients_the_first_pixels_go_first() -> None:
    images, labels = samples((2, 1, 2, 3))
    values = torch.zeros(1, 2, 1, 2, 3)
    values[0, 1, 0, 1, :2] = torch.tensor([-0.5, 0.5])
    given = InputGradients(values, torch.zeros(1, 2, 3))
    found = attack_pixels(small_stack(6, 1), images, labels, given, 3)
    assert found.places.tolist() == [[[0, 1, 2], [3, 4, 0]]]


def test_channels_count_by_their_mean_size() -> None:
    images, labels = samples((1, 3, 1, 2))
    values = torch.tensor([[1.0, 0.9], [-1.0, 0.9], [0.0, 0.0]]).view(1, 1, 3, 1, 2)
    given = InputGradients(values, torch.zeros(1, 1, 3))
    assert attack_pixels(small_stack(6, 1), images, labels, given, 1).places.item() == 0


@pytest.mark.parametrize(
    ("shape", "limit", "most"),
    [((1, 28, 28), 7, 6), ((3, 32, 32), 3, 2), ((1, 1, 2), 3, 2), ((1, 28, 28), 0, 6)],
)
def test_a_limit_out_of_reach_is_refused(shape: tuple[int, int, int], limit: int, most: int) -> None:
    images, labels = samples((2, *shape))
    given = InputGradients(torch.zeros(1, 2, *shape), torch.zeros(1, 2, 3))
    with pytest.raises(OutvotedError, match=f"from 1 to {most} pixels"):
        attack_pixels(small_stack(4, 1), images, labels, given, limit)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 3)), min_size=1, max_size=30), st.integers(1, 4))
def test_shares_are_of_the_images_that_were_right(rows: list[tuple[int, int]], limit: int) -> None:
    labels, fewest = np.array(rows).T
    found = fooled_shares(fewest[None].astype(np.int8), labels, 3, limit)
    assert found.shape == (1, 3, limit)
    for label, number in np.ndindex(3, limit):
        own = [row[1] for row in rows if row[0] == label and row[1] != 0]
        if own:
            expected = sum(1 <= fewest <= number + 1 for fewest in own) / len(own)
            assert found[0, label, number] == pytest.approx(expected)
        else:
            assert np.isnan(found[0, label, number])
    known = found[~np.isnan(found[..., 0])]
    assert (np.diff(known, axis=-1) >= 0).all()
