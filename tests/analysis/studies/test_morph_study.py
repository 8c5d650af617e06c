"""Morph studies: which images they draw, and the laws of their frames."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.runs import png
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.morphs.morph import Morph
from outvoted.analysis.studies.morphs.passages import morph_sequences, passages
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

STUDY = MorphStudy(groups=2, sets=2, frames=4, seed=3)


@pytest.fixture(scope="module")
def made(digits: Dataset) -> tuple[pd.DataFrame, Pixels]:
    rows = STUDY.images(Ingredients(digits))
    pixels = np.stack([png.decode(image["bytes"]) for image in rows["image"].to_pylist()])
    return rows.drop_columns(["image"]).to_pandas(), pixels


def test_every_ordered_pair_morphs_into_the_third(made: tuple[pd.DataFrame, Pixels]) -> None:
    images, _ = made
    assert len(images) == 2 * 2 * 6 * 16
    for _, rows in images.groupby(["group", "set"]):
        orders = set(map(tuple, rows[["first", "second", "third"]].to_numpy()))
        assert orders == set(permutations(next(iter(orders))))


def test_corners_of_a_passage_are_its_sources(made: tuple[pd.DataFrame, Pixels], digits: Dataset) -> None:
    images, pixels = made
    for row in images[images["along"].isin((0, 3)) & images["across"].isin((0, 3))].to_dict("records"):
        named = "third" if row["along"] == 3 else "second" if row["across"] == 3 else "first"
        source = digits.test.images[row[f"{named}_id"]]
        np.testing.assert_array_equal(pixels[row["image_id"]], source)


def test_labels_are_those_of_the_sources(made: tuple[pd.DataFrame, Pixels], digits: Dataset) -> None:
    images, _ = made
    for name in ("first", "second", "third"):
        np.testing.assert_array_equal(digits.test.labels[images[f"{name}_id"]], images[name])


def test_a_pair_in_the_other_order_has_mirrored_frames(made: tuple[pd.DataFrame, Pixels]) -> None:
    images, pixels = made
    squares = {(one.group, one.letter, *one.labels): pixels[one.frames] for one in passages(images)}
    for group, letter, first, second, third in squares:
        mirrored = squares[group, letter, second, first, third][::-1]
        np.testing.assert_array_equal(squares[group, letter, first, second, third], mirrored)


def test_sets_show_other_images_of_the_same_classes(made: tuple[pd.DataFrame, Pixels]) -> None:
    images, _ = made
    for _, rows in images.groupby("group"):
        sets = [set(part["first_id"]) for _, part in rows.groupby("set")]
        assert sets[0].isdisjoint(sets[1])
        assert rows.groupby("set")["first"].unique().map(frozenset).nunique() == 1


def test_a_study_is_a_function_of_its_seed(made: tuple[pd.DataFrame, Pixels], digits: Dataset) -> None:
    again = STUDY.images(Ingredients(digits)).drop_columns(["image"]).to_pandas()
    pd.testing.assert_frame_equal(again, made[0])
    other = STUDY.model_copy(update={"seed": 4}).images(Ingredients(digits))
    assert other["first_id"].to_pylist() != made[0]["first_id"].tolist()


def test_sequences_walk_towards_the_third_and_count_mirrored_frames_once(
    made: tuple[pd.DataFrame, Pixels],
) -> None:
    images, _ = made
    walks = morph_sequences(images)
    assert walks.frames.shape == (2 * 2 * 3 * 4, 4)
    ordered = images.set_index("image_id")
    for keys, frames in zip(walks.keys.itertuples(), walks.frames, strict=True):
        assert ordered.loc[frames, "along"].tolist() == [0, 1, 2, 3]
        assert ordered.loc[frames, "across"].tolist() == [keys.across] * 4


def test_classes_may_be_named(digits: Dataset) -> None:
    study = MorphStudy(classes=((1, 7, 9),), sets=1, frames=2)
    assert set(study.images(Ingredients(digits))["first"].to_pylist()) == {1, 7, 9}


def test_images_that_cannot_be_morphed_are_passed_over(digits: Dataset) -> None:
    images, labels = digits.test.images.copy(), digits.test.labels
    ones = [int(row) for row in np.flatnonzero(labels == 1) if Morph().bears(images[row])][:2]
    images[(labels == 1) & ~np.isin(np.arange(len(labels)), ones)] = 0
    data = Dataset("digits", digits.folder, digits.train, Split(images, labels))
    study, articles = MorphStudy(classes=((0, 1, 2),), sets=2), Morph().articles(Ingredients(data))
    assert {group.ids[1] for group in study.drawn(articles)} == set(ones)
    with pytest.raises(OutvotedError, match=r"test image of class 1(.|\n)*no more than 2(.|\n)*sets"):
        list(MorphStudy(classes=((0, 1, 2),), sets=3).drawn(articles))


def test_what_is_wrong_is_said(digits: Dataset) -> None:
    few = Dataset("few", digits.folder, digits.train, Split(digits.test.images[:3], np.array([0, 1, 2])))
    with pytest.raises(OutvotedError, match=r"3 classes(.|\n)*study\.groups to 1"):
        MorphStudy(groups=2).check(few)
    with pytest.raises(OutvotedError, match=r"none of class 7(.|\n)*study\.classes"):
        MorphStudy(classes=((0, 1, 7),)).check(few)
    with pytest.raises(OutvotedError, match="three different classes"):
        MorphStudy(classes=((1, 1, 2),))
