"""Tables of features: rows as images, and what is wrong with tables."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.data.formats import Feature
from outvoted.actors.data.formats.features import to_pixels, to_values
from tests.actors.data import formats
from tests.actors.data.formats import load

ROWS = [
    (1.0, 10, "cat"),
    (2.0, 30, "ant"),
    (3.0, 20, "cat"),
    (4.0, 50, "bee"),
    (5.0, 40, "ant"),
    (6.0, 60, "bee"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "zoo.csv"
    path.write_text("length,weight,kind\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS))
    return path


read = partial(formats.read, "table", label="kind", test_share=0)
refused = partial(formats.refused, "table", label="kind", test_share=0)


def test_rows_become_images_of_one_line(file: Path) -> None:
    data = read(file)
    assert data.shape == (1, 1, 2)
    assert data.class_names == ("ant", "bee", "cat")
    assert data.train.labels.tolist() == [2, 0, 2, 1, 0, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [0, 51, 102, 153, 204, 255]
    assert data.features == (Feature("length", 1, 6), Feature("weight", 10, 60))


def test_features_are_chosen_and_ordered(file: Path) -> None:
    data = read(file, features=["weight"])
    assert [feature.name for feature in data.features or ()] == ["weight"]
    assert data.train.images[:, 0, 0, 0].tolist() == [0, 102, 51, 204, 153, 255]


def test_columns_may_be_named_and_tabs_separate(file: Path, tmp_path: Path) -> None:
    bare = tmp_path / "zoo.tsv"
    bare.write_text("\n".join(file.read_text().replace(",", "\t").splitlines()[1:]) + "\n")
    found, named = read(bare, columns=["length", "weight", "kind"]), read(file)
    assert found.fingerprint == named.fingerprint
    assert "2 names" in str(refused(bare, columns=["length", "kind"]))


def test_so_many_rows_of_each_class_are_drawn(file: Path) -> None:
    data = read(file, per_class=2)
    assert sorted(data.train.labels.tolist()) == [0, 0, 1, 1, 2, 2]
    assert "per_class=3" in str(refused(file, per_class=3))


def test_missing_values_are_named_by_line_or_dropped(file: Path) -> None:
    file.write_text(file.read_text().replace("3.0,20,cat", "3.0,,cat").replace("5.0,40,ant", "5.0,40,"))
    said = str(refused(file))
    assert "line 4: weight" in said
    assert "line 6: kind" in said
    assert "data.missing=drop" in said
    assert read(file, missing="drop").train.labels.tolist() == [2, 0, 1, 1]


def test_lines_of_a_file_without_names_count_from_the_first(file: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("1,10,cat\n2,,ant\n3,20,bee\n")
    assert "line 2: weight" in str(refused(bare, columns=["length", "weight", "kind"]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"features": ["lenght"]}, "did you mean 'length'?"),
        ({"label": "sort"}, "the column 'sort'"),
        ({"features": ["kind"], "label": "weight"}, "text in kind"),
        ({"features": []}, ""),
    ],
)
def test_columns_that_cannot_be_taken_are_named(settings: dict[str, Any], said: str, file: Path) -> None:
    if said:
        assert said in str(refused(file, **settings))
    else:
        assert len(read(file, **settings).features or ()) == 2


def test_a_constant_column_is_refused(file: Path) -> None:
    file.write_text("length,weight,kind\n1,5,a\n2,5,b\n")
    assert "leave it out of data.features" in str(refused(file))


def test_no_file_and_no_table_are_refused(tmp_path: Path) -> None:
    assert "no such file" in str(refused(tmp_path / "none.csv")).lower()
    (tmp_path / "empty.csv").write_text("")
    assert "a table of separated values" in str(refused(tmp_path / "empty.csv"))


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_values_survive_to_half_a_level(values: list[float]) -> None:
    features = (Feature("x", -50, 50),)
    rows = np.array(values)[:, None]
    back = to_values(to_pixels(rows, features), features)
    assert np.abs(back - rows).max() <= 100 / 255 / 2 + 1e-9


def test_irises_come_with_scikit_learn() -> None:
    data = load({"name": "iris"})
    assert len(data.train) + len(data.test) == 150
    assert data.class_names == ("setosa", "versicolor", "virginica")
    assert [feature.name for feature in data.features or ()][:2] == ["sepal length", "sepal width"]
    assert (data.features or ())[0].high == 7.9
