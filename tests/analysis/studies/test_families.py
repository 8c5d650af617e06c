"""Families: which trainings there are, what they are called, and what is refused."""

import numpy as np
import pytest
from pydantic import ValidationError

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import CNN, MLP, DeepCNN, ExportedNetwork, PreprocessedNetwork, ViT
from outvoted.actors.training.steps import Training
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.families import FAMILIES, Family, Variant, check, units, work
from outvoted.search.errors import OutvotedError

SMALL = Family(name="small", network=MLP(hidden=4), seeds=3, repeats=2, variants=(Variant(), Variant()))


def test_the_first_variant_is_trained_from_all_seeds_and_the_others_from_seed_0() -> None:
    found = [(unit.variant, unit.seed) for unit in SMALL.units()]
    assert found == [*((1, seed) for seed in range(6)), (2, 0)]


def test_more_repeats_add_trainings_and_change_none() -> None:
    more = [unit.name for unit in SMALL.model_copy(update={"repeats": 4}).units()]
    assert {unit.name for unit in SMALL.units()} < set(more)
    assert len(more) == 13


def test_trainings_and_their_networks_have_names() -> None:
    unit = next(FAMILIES[0].units())
    assert unit.name == "mlp-1.seed-0"
    assert [unit.stop(target) for target in unit.targets] == [
        f"{unit.name}@{at}" for at in ("97.5", "98", "98.5")
    ]


def test_all_names_differ() -> None:
    names = [unit.stop(target) for unit in units(FAMILIES) for target in unit.targets]
    assert len(set(names)) == len(names)


def test_high_targets_are_those_of_seed_0_alone() -> None:
    family = SMALL.model_copy(update={"high_targets": (0.995,)})
    high = {(unit.variant, unit.seed) for unit in family.units() if 0.995 in unit.targets}
    assert high == {(1, 0), (2, 0)}


def test_the_usual_families_are_trained_as_the_paper_says() -> None:
    mlp, cnn, _ = FAMILIES
    assert [family.name for family in FAMILIES] == ["mlp", "cnn", "vit"]
    first = Training(epochs=mlp.epochs, batch_size=128, learning_rate=5e-4)
    for family in FAMILIES:
        trainings = {unit.variant: unit.training for unit in family.units()}
        assert len(trainings) == 3
        assert trainings[1] == first.model_copy(update={"epochs": family.epochs})
        assert (trainings[2].optimizer, trainings[2].weight_decay) == ("adamw", 1e-5)
        assert family.targets == (0.975, 0.98, 0.985)
    thirds = [family.variants[2] for family in FAMILIES]
    assert thirds[0] == Variant(learning_rate=1e-3, batch_size=256, weight_decay=1e-5)
    assert thirds[1].augment is not None
    assert thirds[2] == Variant(weight_decay=5e-5)
    assert cnn.high_targets == (0.995,)
    networks = [family.network for family in FAMILIES]
    assert [one.network for one in networks if isinstance(one, PreprocessedNetwork)] == [
        MLP(hidden=500, activation="relu"),
        DeepCNN(),
        ViT(),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"targets": ()},
        {"targets": (1.0,)},
        {"targets": (0,)},
        {"targets": (97.5,)},
        {"targets": (0.98, 0.98)},
        {"targets": (0.98,), "high_targets": (0.98,)},
        {"variants": ()},
        {"name": "a b"},
        {"name": "a-1.seed"},
        {"name": ""},
        {"seeds": 0},
        {"epochs": 0},
        {"network": {"kind": "vit", "width": 9}},
        {"variants": ({"optimizer": "lamb"},)},
    ],
)
def test_what_no_family_means_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Family.model_validate({"name": "a", "network": {"kind": "mlp"}, **values})


def test_a_network_that_comes_with_its_weights_is_refused() -> None:
    with pytest.raises(OutvotedError, match="comes with its weights"):
        Family(name="a", network=ExportedNetwork(file="a.pt2"))


def test_two_families_of_one_name_are_refused() -> None:
    with pytest.raises(OutvotedError, match="small is there more than once"):
        BoundaryStudy(families=(SMALL, *FAMILIES, SMALL))


def test_images_that_a_network_cannot_take_are_refused_with_its_place(digits: Dataset) -> None:
    check((SMALL,), digits)
    train, test = (Split(split.images[..., :-1], split.labels) for split in (digits.train, digits.test))
    narrow = Dataset("narrow", digits.folder, train, test)
    with pytest.raises(OutvotedError, match=r"study\.families\.1 \(vit\).*multiples of patch"):
        check((SMALL, FAMILIES[2]), narrow)


def test_data_without_test_images_are_refused(digits: Dataset) -> None:
    none = Split(digits.test.images[:0], np.empty(0, np.int64))
    with pytest.raises(OutvotedError, match=r"study\.families\.0 \(small\): test images"):
        check((SMALL,), Dataset("bare", digits.folder, digits.train, none))


def test_a_vit_is_more_work_than_a_cnn_and_that_than_an_mlp(digits: Dataset) -> None:
    mlp, cnn, vit = (work(family, digits) for family in FAMILIES)
    assert mlp < cnn < vit


def test_work_counts_the_products_of_every_sample_and_epoch(digits: Dataset) -> None:
    once = 2 * (784 * 4 + 4 * 10)
    assert work(SMALL, digits) == once * SMALL.epochs * len(digits.train)
    assert work(Family(name="cnn", network=CNN()), digits) > 0
