"""Interpolations of tables: weights, items, edges, and what cannot be interpolated."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import CsvTable, Iris
from outvoted.actors.data.formats.features import to_values
from outvoted.actors.runs import png
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.interpolation.fields import edge_sequences
from outvoted.analysis.studies.interpolation.report import plane, shares
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.search.errors import OutvotedError

STUDY = InterpolationStudy(groups=3, points=4)


@pytest.fixture(scope="module")
def irises() -> Dataset:
    return datasets.load(Iris())


@pytest.fixture(scope="module")
def images(irises: Dataset) -> pd.DataFrame:
    return pd.DataFrame(STUDY.images(Ingredients(irises)).to_pandas())


def test_weights_fill_a_triangle_and_sum_to_one() -> None:
    weights = STUDY.weights()
    assert len(weights) == 21
    np.testing.assert_allclose(weights.sum(1), 1)
    assert len(np.unique(weights, axis=0)) == 21
    assert (weights >= 0).all()


def test_corners_are_the_items_and_points_lie_between(images: pd.DataFrame, irises: Dataset) -> None:
    assert irises.features is not None
    whole = np.concatenate([irises.train.images, irises.test.images])
    rows, labels = (
        to_values(whole, irises.features),
        np.concatenate([irises.train.labels, irises.test.labels]),
    )
    for image in images.to_dict("records"):
        items, weights, classes = ([image[f"{kind}{k}"] for k in range(3)] for kind in ("item", "w", "class"))
        np.testing.assert_allclose(image["values"], np.array(weights) @ rows[items])
        assert labels[items].tolist() == classes == [0, 1, 2]
        if 1 in weights:
            pixels = png.decode(image["image"]["bytes"])
            np.testing.assert_array_equal(pixels, whole[items[weights.index(1)]])


def test_edges_have_as_many_points_between_items_as_asked(images: pd.DataFrame) -> None:
    edges = edge_sequences(images)
    assert edges.frames.shape == (3 * 3, STUDY.points + 2)
    assert edges.expected.tolist() == [[0, 1], [1, 2], [2, 0]] * 3
    by_id = images.set_index("image_id")
    for keys, frames in zip(edges.keys.itertuples(), edges.frames, strict=True):
        walked = by_id.loc[frames, [f"w{keys.first}", f"w{keys.second}"]].to_numpy()
        np.testing.assert_allclose(walked[:, 1], np.linspace(0, 1, STUDY.points + 2))
        np.testing.assert_allclose(walked.sum(1), 1)


def test_ternary_coordinates_sum_to_one_and_corners_are_corners() -> None:
    random = np.random.default_rng(0).dirichlet(np.ones(4), 50).astype(np.float32)
    np.testing.assert_allclose(shares(random).sum(1), 1)
    x, y = plane(np.eye(3, dtype=np.float32))
    np.testing.assert_allclose(np.stack([x, y], 1), [[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])


def test_classes_may_be_named_in_any_order(irises: Dataset) -> None:
    named = InterpolationStudy(groups=2, points=1, classes=(2, 0, 1))
    columns = named.images(Ingredients(irises)).select(["class0", "class1", "class2"]).to_pandas()
    assert set(map(tuple, columns.to_numpy().tolist())) == {(2, 0, 1)}
    with pytest.raises(OutvotedError, match=r"0 to 2(.|\n)*3(.|\n)*study\.classes"):
        InterpolationStudy(classes=(1, 2, 3)).check(irises)
    with pytest.raises(OutvotedError, match="three different classes"):
        InterpolationStudy(classes=(1, 2, 2))


def test_images_and_two_classes_are_refused(digits: Dataset, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match=r"a table(.|\n)*digits(.|\n)*study\.kind to morphs"):
        STUDY.check(digits)
    file = tmp_path / "two.csv"
    file.write_text("x,kind\n" + "\n".join(f"{k},{'ab'[k % 2]}" for k in range(20)))
    with pytest.raises(OutvotedError, match=r"three classes(.|\n)*2 in two\.csv"):
        STUDY.check(datasets.load(CsvTable(path=file, label="kind")))
