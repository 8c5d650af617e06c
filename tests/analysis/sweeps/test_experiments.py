"""What experiments vary: settings that are told apart, samples as the papers say, or a clear refusal."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.noises import Gaussian, NoiseClass, Uniform
from outvoted.actors.networks import MLP
from outvoted.analysis.sweeps.base import Experiment, Setting
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.search.errors import OutvotedError
from tests.analysis.sweeps.trials import SIGMOID, noise, run, temperature, trial, units

Votes = dict[str, pa.Table]


@pytest.fixture(scope="module")
def votes(digits: Dataset) -> Votes:
    """The votes of the network that sorts the images."""
    experiment = noise()
    ended = run(trial(experiment, units(experiment, [0])[:1], digits))
    return {"all.seed-0": ended.votes[0]}


def settings(experiment: Experiment) -> dict[str, Setting]:
    return {setting.label: setting for stage in experiment.stages() for setting in stage}


@pytest.mark.parametrize(
    "experiment",
    [
        TemperatureExperiment(),
        temperature(),
        TemperatureExperiment(temperatures=(1 / 3, 0.333333, 1e-9, 1e20)),
        NoiseClassExperiment(),
        noise(),
        NoiseClassExperiment(
            noises=tuple(NoiseClass(number=number, seed=seed) for number in (1, 1.0000001) for seed in (0, 1))
        ),
    ],
)
def test_labels_are_unique_and_fit_for_files(experiment: Experiment) -> None:
    labels = [setting.label for stage in experiment.stages() for setting in stage]
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[\w.+-]+", label) and not label.startswith(".") for label in labels)


def test_a_network_has_the_temperature_of_its_setting() -> None:
    (stage,) = temperature().stages()
    assert [(setting.label, setting.network) for setting in stage] == [
        ("T0.5", SIGMOID.model_copy(update={"temperature": 0.5})),
        ("T2", SIGMOID.model_copy(update={"temperature": 2.0})),
    ]


def test_temperatures_train_on_all_data(digits: Dataset) -> None:
    experiment = temperature()
    assert all(experiment.data(setting, digits, {}) is digits for setting in experiment.stages()[0])
    assert all(setting.needs == () for setting in experiment.stages()[0])


def test_selections_come_after_what_sorts_them() -> None:
    first, second = noise().stages()
    assert [setting.label for setting in first] == ["all", "all+gaussian-127.5-70-x1"]
    assert [setting.label for setting in second] == [
        "hc+ls-0.5",
        "hc+ls-0.5+uniform-0-255-x2",
        "lc+hs-0.5",
        "lc+hs-0.5+uniform-0-255-x2",
    ]
    assert {setting.needs for setting in first} == {()}
    assert {setting.needs for setting in second} == {("all.seed-0",)}


def test_a_selection_without_noise_holds_images_of_both_kinds(digits: Dataset, votes: Votes) -> None:
    experiment = noise()
    part = experiment.data(settings(experiment)["hc+ls-0.5"], digits, votes)
    trained = votes["all.seed-0"].to_pandas().query("split == 'train'")
    right = int((trained["label"] == trained["predicted"]).sum())
    assert len(part.train) == right // 2 + (len(digits.train) - right) // 2
    assert part.classes == digits.classes == 10
    assert part.test is digits.test
    whole = {image.tobytes() for image in digits.train.images}
    assert {image.tobytes() for image in part.train.images} <= whole


def test_the_halves_of_opposite_criteria_are_disjoint(digits: Dataset, votes: Votes) -> None:
    experiment = noise()
    parts = [
        experiment.data(settings(experiment)[label], digits, votes) for label in ("hc+ls-0.5", "lc+hs-0.5")
    ]
    one, other = ({image.tobytes() for image in part.train.images} for part in parts)
    assert not one & other


def test_a_selection_gets_as_much_noise_as_all_images_would(digits: Dataset, votes: Votes) -> None:
    experiment = noise()
    part = experiment.data(settings(experiment)["hc+ls-0.5+uniform-0-255-x2"], digits, votes)
    assert part.classes == 11
    assert (part.train.labels == 10).sum() == 2 * len(digits.train) / 10
    assert (digits.test.labels == part.test.labels).all()


def test_all_images_with_noise_have_one_class_more(digits: Dataset) -> None:
    experiment = noise()
    data = experiment.data(settings(experiment)["all+gaussian-127.5-70-x1"], digits, {})
    assert (data.classes, len(data.train)) == (11, len(digits.train) + 80)


def test_the_same_samples_each_time(digits: Dataset, votes: Votes) -> None:
    experiment = noise()
    for setting in settings(experiment).values():
        needed = votes if setting.needs else {}
        one, other = (experiment.data(setting, digits, needed).train for _ in range(2))
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)


def test_noises_of_other_seeds_are_other_settings(digits: Dataset, votes: Votes) -> None:
    seeds = [NoiseClass(noise=Uniform(), number=2, seed=seed) for seed in (0, 1)]
    experiment = noise().model_copy(update={"noises": (seeds[0],), "beside": seeds[1]})
    named = settings(experiment)
    beside = experiment.data(named["hc+ls-0.5+uniform-0-255-x2-seed1"], digits, votes)
    whole = experiment.data(named["all+uniform-0-255-x2"], digits, {})
    assert not np.array_equal(beside.train.images[-160:], whole.train.images[-160:])


def test_only_networks_without_noise_on_all_images_vote_on_those_they_trained_on(digits: Dataset) -> None:
    experiment = noise()
    splits = {}
    for unit in units(experiment, [0]):
        ended = run(trial(experiment, [unit], digits))
        splits[unit.setting.label] = set(ended.votes[0]["split"].to_pylist())
    assert splits == {"all": {"test", "train"}, "all+gaussian-127.5-70-x1": {"test"}}


def test_networks_without_a_noise_class_have_no_share_of_noise(digits: Dataset) -> None:
    experiment = noise()
    found = {unit.setting.label: run(trial(experiment, [unit], digits)) for unit in units(experiment, [0])}
    assert np.isnan(found["all"].rows[0][-1]["noise"])  # type: ignore[call-overload]
    assert found["all+gaussian-127.5-70-x1"].rows[0][-1]["noise"] >= 0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("channels", "pixels", "most"), [(1, 6, None), (3, 2, None), (3, 3, 2), (2, 4, 3), (6, 2, 1), (7, 1, 0)]
)
def test_pixels_are_as_many_as_can_be_tried(channels: int, pixels: int, most: int | None) -> None:
    experiment = temperature().model_copy(update={"pixels": pixels})
    data = coloured(channels, 8)
    if most is None:
        experiment.check(data)
    else:
        with pytest.raises(OutvotedError, match=f"at most {most} for images") as said:
            experiment.check(data)
        assert said.value.remedy == f"--set experiment.pixels={most}"


def test_pixels_are_no_more_than_an_image_has() -> None:
    with pytest.raises(OutvotedError, match="at most 1 for images"):
        temperature().check(coloured(1, 1))


def test_noise_that_comes_to_no_image_is_refused(digits: Dataset) -> None:
    experiment = NoiseClassExperiment(beside=None, noises=(NoiseClass(number=0.001),))
    with pytest.raises(OutvotedError, match="at least one"):
        experiment.check(digits)


def test_a_filter_larger_than_the_images_is_refused(digits: Dataset) -> None:
    filtered = NoiseClass(noise=Gaussian(filter="median", size=29))
    with pytest.raises(OutvotedError, match="29 × 29"):
        noise().model_copy(update={"beside": filtered}).check(digits)


@pytest.mark.parametrize("empty", [{"selections": ()}, {"fractions": ()}])
def test_selections_and_fractions_come_together(empty: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="leave both empty"):
        NoiseClassExperiment.model_validate(empty)
    both = NoiseClassExperiment(selections=(), fractions=())
    assert both.stages()[1] == ()


def test_a_tempered_network_is_refused() -> None:
    with pytest.raises(OutvotedError, match="temperature left out"):
        TemperatureExperiment(network=MLP(activation="sigmoid", temperature=2))


def coloured(channels: int, side: int) -> Dataset:
    split = Split(np.zeros((4, channels, side, side), np.uint8), np.arange(4))
    return Dataset("plain", Path(), split, split)
