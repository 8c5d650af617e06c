"""Every call from Python: nothing of the caller's gets in, nothing of the caller's is changed."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from outvoted import Panel, heal, landscape, mine, scan
from outvoted.actors.data.datasets import Dataset
from outvoted.search.errors import OutvotedError
from tests.cluster.python.conftest import Networks
from tests.contexts import CONTEXTS, state

pytestmark = pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
SEARCH: dict[str, Any] = {"per_target": 6, "patience": 20, "progress": False}
Call = Callable[[], NDArray[Any] | pd.DataFrame]


@pytest.fixture
def calls(networks: Networks, digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> dict[str, Call]:
    """Every call that computes, each giving an array or a table."""
    monkeypatch.setattr("outvoted.cluster.python.images.datasets.load", lambda _: digits)
    images = digits.train.images, digits.train.labels
    panel, small = Panel(networks, *images), Panel(networks, images[0][:200], images[1][:200])
    widths = [{"kind": "mlp", "hidden": 4}, {"kind": "cnn", "channels": 2, "hidden": 4}]
    few = digits.test.images[:9]
    return {
        "Panel": lambda: Panel(networks, *images, referee=networks["mlp-6"]).vote(few),
        "train": lambda: Panel.train("mnist-sample", networks=widths, training={"epochs": 1}).vote(few),
        "vote": lambda: panel.vote(few),
        "mine": lambda: mine(panel, **SEARCH).mistakes,
        "gradient": lambda: mine(panel, strategy={"kind": "gradient"}, **SEARCH).mistakes,
        "scan": lambda: scan(panel, images[0][:200], progress=False).mistakes,
        "heal": lambda: heal(small, rounds=1, epochs=1, **SEARCH | {"per_target": 2}).mistakes,
        "landscape": lambda: landscape(panel, 3, points=3).votes.probabilities,
    }


CALLS = ("Panel", "train", "vote", "mine", "gradient", "scan", "heal", "landscape")


def same(one: NDArray[Any] | pd.DataFrame, other: NDArray[Any] | pd.DataFrame) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.tobytes() == other.tobytes()
    pd.testing.assert_frame_equal(one, other)  # type: ignore[arg-type]
    return len(one) > 0


@pytest.mark.parametrize("call", CALLS)
def test_what_the_caller_has_switched_on_changes_no_result_and_stays(
    call: str, calls: dict[str, Call]
) -> None:
    expected = calls[call]()
    for context in CONTEXTS.values():
        with context():
            before = state()
            assert same(calls[call](), expected)
            assert state() == before


@pytest.mark.parametrize("call", CALLS)
def test_the_callers_random_numbers_go_on_as_if_nothing_had_been_called(
    call: str, calls: dict[str, Call]
) -> None:
    def drawn() -> list[float]:
        return [random.random(), float(np.random.random()), float(torch.rand(1))]

    def seeded() -> list[float]:
        random.seed(3), np.random.seed(3), torch.manual_seed(3)
        return drawn()

    expected = [*seeded(), *drawn()]
    first = seeded()
    found = calls[call]()
    assert [*first, *drawn()] == expected
    random.seed(4), np.random.seed(4), torch.manual_seed(4)
    assert same(calls[call](), found)


def test_arrays_that_were_handed_over_may_be_used_again(networks: Networks, digits: Dataset) -> None:
    images, labels = digits.train.images.copy(), digits.train.labels.copy()
    panel = Panel(networks, images, labels)
    expected = mine(panel, **SEARCH).mistakes
    images[:], labels[:] = 0, 1
    assert same(mine(panel, **SEARCH).mistakes, expected)
    with pytest.raises(ValueError, match="read-only"):
        panel.seeds.images[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        panel.seeds.labels[:] = 0


def test_tensors_share_nothing_with_the_panel_either(networks: Networks, digits: Dataset) -> None:
    images, labels = torch.tensor(digits.train.images), torch.tensor(digits.train.labels)
    panel = Panel(networks, images, labels)
    before = panel.vote(digits.test.images[:5])
    images.zero_(), labels.zero_()
    np.testing.assert_array_equal(panel.seeds.images, digits.train.images)
    with torch.no_grad():
        for network in networks.values():
            for one in (*network.parameters(), *network.buffers()):
                one.zero_()
    assert same(panel.vote(digits.test.images[:5]), before)


def test_results_may_be_written_into(networks: Networks, digits: Dataset) -> None:
    panel = Panel(networks, digits.train.images, digits.train.labels)
    few = digits.test.images[:5]
    votes, found = panel.vote(few), mine(panel, **SEARCH).mistakes
    kept = votes.copy()
    votes[:] = 0
    found["label"] = -1
    assert same(panel.vote(few), kept)
    assert (mine(panel, **SEARCH).mistakes["label"] >= 0).all()


def test_networks_of_a_list_are_called_by_their_number(networks: Networks, digits: Dataset) -> None:
    modules, images, labels = list(networks.values()), digits.train.images, digits.train.labels
    for several in (modules, tuple(modules), nn.ModuleList(modules), iter(modules)):
        assert Panel(several, images, labels).names == ("0", "1", "2")
    assert Panel(nn.ModuleDict({"a": modules[0], "b": modules[1]}), images, labels).names == ("a", "b")
    for wrong, said in (
        (modules[0], "a single network"),
        (modules[:1], "1"),
        ({1: modules[0], "1": modules[1]}, "1, 1"),
    ):
        with pytest.raises(OutvotedError) as caught:
            Panel(wrong, images, labels)  # type: ignore[arg-type]
        assert said in caught.value.found


@pytest.mark.parametrize("form", ["uint8", "int64", "float32", "bfloat16"])
def test_images_are_taken_in_any_type_and_with_gradients(
    form: str, networks: Networks, digits: Dataset
) -> None:
    panel, few = Panel(networks, digits.train.images, digits.train.labels), digits.test.images[:4]
    tensor = torch.tensor(few).to(getattr(torch, form))
    if tensor.is_floating_point():
        tensor = (torch.tensor(few) / 255).to(tensor.dtype).requires_grad_()
    expected = panel.vote(few)
    assert same(panel.vote(tensor), expected)
    assert same(panel.vote(list(tensor)), expected)
    np.testing.assert_array_equal(
        Panel(networks, tensor, digits.test.labels[:4], classes=10).seeds.images, few
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x / 1.0, "from 0 to 255"),
        (lambda x: torch.tensor(x) / 127.5 - 1, "from -1 to 1"),
        (lambda x: x - 300.0, "-300"),
        (lambda x: x[:0], "0 images"),
        (lambda x: x[..., 4:], "(1, 28, 24)"),
        (lambda x: x.repeat(3, 1), "(3, 28, 28)"),
        (lambda x: x[0, 0], "like a single image"),
        (lambda x: x.astype(str), "type <U"),
        (lambda x: [x[0], x[0, :, 4:]], "inhomogeneous"),
    ],
)
def test_what_are_no_images_of_the_panels_is_said(
    change: Callable[[Any], Any], said: str, networks: Networks, digits: Dataset
) -> None:
    panel = Panel(networks, digits.train.images, digits.train.labels)
    with pytest.raises(OutvotedError) as caught:
        panel.vote(change(digits.test.images[:4]))
    assert said in caught.value.found


def test_images_that_may_be_scaled_to_another_white_are_refused(networks: Networks, digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match=r"images \* \(255 / 15\)"):
        Panel(networks, digits.train.images // 17, digits.train.labels)


@pytest.mark.parametrize("turned", [False, True])
def test_one_image_in_colour_is_told_from_three_in_grey(turned: bool) -> None:
    torch.manual_seed(0)
    networks = [nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 6, 3)) for _ in range(2)]
    images = np.arange(9 * 3 * 6 * 6, dtype=np.uint32).reshape(9, 3, 6, 6) % 256
    panel = Panel(networks, images, [0, 1, 2] * 3)
    one = images[0].transpose(1, 2, 0) if turned else images[0]
    with pytest.raises(OutvotedError, match="like a single image"):
        panel.vote(one)
    assert panel.vote(one[None]).shape == (2, 1, 3)


def test_labels_of_one_class_need_the_number_of_classes(networks: Networks, digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match="at least 2 classes"):
        Panel(networks, digits.train.images, np.zeros(800, int))


class Picky(nn.Module):
    """Raises where there is much ink, black in the corner."""

    def __init__(self, network: nn.Module, most: float) -> None:
        super().__init__()
        self.network, self.most = network, most

    def forward(self, images: torch.Tensor) -> Any:
        if ((images.mean((1, 2, 3)) > self.most) & (images[:, 0, -1, -1] < 0.1)).any():
            raise ValueError("too much ink")
        return self.network(images)


def test_searches_that_fail_are_told_with_their_number_and_reason(
    networks: Networks, digits: Dataset
) -> None:
    most = float(np.median(digits.train.images.mean((1, 2, 3)) / 255))
    picky = networks | {"mlp-6": Picky(networks["mlp-6"], most)}
    with pytest.warns(UserWarning, match="searches failed; all: mlp-6: ValueError: too much ink") as told:
        found = mine(Panel(picky, digits.train.images, digits.train.labels), **SEARCH)
    failures = found.summary["failures"]
    assert {one["target"] for one in failures} == set(networks)
    said = [str(warning.message) for warning in told if "searches failed" in str(warning.message)]
    assert all(f"{one['failed']} of" in text for one, text in zip(failures, said, strict=True))


class Narrow(nn.Module):
    """Raises for all images but those it knows."""

    def __init__(self, network: nn.Module, known: NDArray[np.uint8]) -> None:
        super().__init__()
        self.network = network
        self.known = {image.tobytes() for image in known}

    def forward(self, images: torch.Tensor) -> Any:
        for image in (images * 255).round().to(torch.uint8).numpy():
            if image.tobytes() not in self.known:
                raise KeyError("a stranger")
        return self.network(images)


def test_where_all_searches_fail_it_is_an_error(networks: Networks, digits: Dataset) -> None:
    narrow = networks | {"mlp-12": Narrow(networks["mlp-12"], digits.train.images)}
    panel = Panel(narrow, digits.train.images, digits.train.labels)
    with pytest.raises(OutvotedError) as caught:
        mine(panel, targets=["mlp-12"], **SEARCH)
    reason = "mlp-12: KeyError: 'a stranger' (on a candidate)"
    assert caught.value.found == f"mlp-12: 6 of 6 searches failed; all: {reason}"


def test_where_all_searches_of_one_target_fail_those_of_the_others_are_kept(
    networks: Networks, digits: Dataset
) -> None:
    narrow = networks | {"mlp-12": Narrow(networks["mlp-12"], digits.train.images)}
    panel = Panel(narrow, digits.train.images, digits.train.labels)
    with pytest.warns(UserWarning, match="mlp-12: 30 of 30 searches failed"):
        found = mine(panel, per_target=30, patience=60, voters=[1], progress=False)
    ended = {one["target"]: one["searches"] for one in found.summary["targets"]}
    assert ended["mlp-12"] == 0 < ended["mlp-18"]


def test_one_far_below_its_peers_is_named_and_mining_goes_on(networks: Networks, digits: Dataset) -> None:
    class Muddled(nn.Module):
        """Numbers the classes otherwise for images with much ink."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: torch.Tensor) -> Any:
            logits = self.network(images)
            return torch.where((images.mean((1, 2, 3)) > 0.11)[:, None], logits.roll(1, 1), logits)

    muddled = networks | {"mlp-6": Muddled(networks["mlp-6"])}
    panel = Panel(muddled, digits.train.images, digits.train.labels)
    with pytest.warns(UserWarning, match=r"mlp-6: \d+\.\d% correct, wrong on \d+ of the \d+ that all others"):
        mine(panel, per_target=20, patience=2, progress=False)


def test_where_no_seed_is_undisputed_each_networks_accuracy_is_said(
    networks: Networks, digits: Dataset
) -> None:
    class Never(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: torch.Tensor) -> Any:
            return -self.network(images)

    never = networks | {"mlp-6": Never(networks["mlp-6"])}
    panel = Panel(never, digits.train.images, digits.train.labels)
    with pytest.raises(OutvotedError) as caught:
        mine(panel, per_target=3, progress=False)
    assert "mlp-6: 0.0% correct, wrong on" in caught.value.found
    assert caught.value.found.count("% correct") == 3
    assert caught.value.remedy.endswith("or fix or leave out mlp-6")


def test_a_panel_that_guesses_is_refused(digits: Dataset) -> None:
    torch.manual_seed(0)
    guessing = [nn.Sequential(nn.Flatten(), nn.Linear(784, 10)) for _ in range(3)]
    panel = Panel(guessing, digits.train.images, digits.train.labels)
    with pytest.raises(OutvotedError) as caught:
        mine(panel, per_target=100, patience=2, progress=False)
    assert "; 2: " in caught.value.found
