"""Axes of keys: every value has a place within the span, gaps have none."""

from typing import Any

import numpy as np
import pytest

from outvoted.analysis.tuning.key_axes import KeyAxis, key_axes, round_numbers, short_names
from outvoted.analysis.tuning.value_texts import canonical, told_apart, value_text
from outvoted.analysis.tuning.variation import Variation


def axis(points: list[dict[str, Any]] | None = None, **way: Any) -> KeyAxis:
    return key_axes(["a.b"], {"a.b": Variation(**way)}, points or [])[0]


@pytest.mark.parametrize(
    ("way", "values", "log"),
    [
        ({"grid": [50, 100, 2000]}, [50, 100, 2000], True),
        ({"grid": [1, 2, 3]}, [3, 1], False),
        ({"grid": [-1, 10, 1000]}, [-1, 1000], False),
        ({"choice": ["a", None, {"kind": "b", "c": [1]}, True]}, [None, "a", {"kind": "b", "c": [1]}], False),
        ({"uniform": [0.1, 1]}, [0.1, 0.5, 1.0], False),
        ({"log_uniform": [0.001, 1]}, [0.001, 0.5, 1.0], True),
        ({"randint": [5, 50]}, [5, 50], False),
        ({"grid": [7]}, [7], False),
    ],
)
def test_every_value_has_a_place_and_a_gap_has_none(way: Any, values: list[Any], log: bool) -> None:
    found = axis(**way)
    places = found.places([*({"a.b": value} for value in values), {}])
    assert found.log is log
    assert np.isnan(places[-1])
    assert len(set(places[:-1])) == len(values)
    low, high = found.span
    assert ((low < places[:-1]) & (places[:-1] < high)).all()
    ticks, texts = found.ticks()
    assert len(ticks) == len(texts) >= 1
    assert all(low <= tick <= high for tick in ticks)


def test_values_that_are_listed_no_more_have_places_too() -> None:
    words = axis([{"a.b": "old"}], grid=["new"])
    assert words.listed == ("new", "old")
    numbers = axis([{"a.b": 900}], uniform=[0, 10])
    assert numbers.span[1] > 900
    mixed = axis([{"a.b": "all"}, {"a.b": 2}], uniform=[0, 10])
    assert np.isfinite(mixed.places([{"a.b": "all"}, {"a.b": 2}])).all()


def test_names_are_as_short_as_tells_keys_apart() -> None:
    keys = ["search.patience", "panel.networks.0.hidden", "panel.networks.1.hidden", "x.search.patience", "a"]
    assert short_names(keys) == {
        "search.patience": "search.patience",
        "panel.networks.0.hidden": "0.hidden",
        "panel.networks.1.hidden": "1.hidden",
        "x.search.patience": "x.search.patience",
        "a": "a",
    }


@pytest.mark.parametrize("ends", [(0.0, 1.0), (5, 50), (7.09, 14.1), (0.954, 0.976), (-3, 1e6), (2, 2)])
def test_ticks_are_round_and_between_the_ends(ends: tuple[float, float]) -> None:
    found = round_numbers(ends)
    assert 1 <= len(found) <= 6
    assert all(ends[0] <= tick <= ends[1] for tick in found)
    assert len(found) >= 2 or ends[0] == ends[1]


def test_a_value_of_any_depth_is_one_short_line() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    values: list[Any] = [deep, "a\nb\x1b[31m" + "c" * 900, {"k" * 99: {}}, None, True, 10**50, 1e-9, "…"]
    for value in values:
        text = value_text(value)
        assert len(text) <= 28
        assert "\n" not in text
        assert "\x1b" not in text


MOVES: list[Any] = [{"rotation": k, "scale": 1 + k / 100, "shear": 3} for k in (4, 7, 10)]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (MOVES, ["rotation 4 …", "rotation 7 …", "rotation 10 …"]),
        ([None, {"move": {"rotation": 10, "scale": 1.1}}], ["null", "rotation 10 …"]),
        ([{"step": 1, "kind": "a"}, {"kind": "b"}, "c"], ["a", "b", "c"]),
        ([{"kind": "a", "n": 1}, {"kind": "a", "n": 2}], ["n 1 …", "n 2 …"]),
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}], ["a 1, b 1", "a 1, b 2", "a 2, b 1"]),
        (["x" * 60, "x" * 61], ["x" * 27 + "…", "x" * 27 + "… (2)"]),
        ([{}, {"a": {}}, [1, 2]], ["{}", "a {}", "[1, 2]"]),
        ([True, 1, "1"], ["true", "1", "1 (3)"]),
    ],
)
def test_values_of_a_key_are_told_apart_in_few_words(values: list[Any], texts: list[str]) -> None:
    assert told_apart(values) == texts


def test_a_value_has_one_place_whatever_the_order_of_its_keys() -> None:
    turned = [{"a.b": dict(sorted(move.items(), reverse=True))} for move in MOVES]
    found = axis(turned, grid=MOVES)
    assert found.listed == tuple(MOVES)
    assert found.places(turned).tolist() == [0, 1, 2]
    assert axis([{"a.b": 1.0}, {"a.b": 2}], grid=[1, 2]).listed == (1, 2)
    assert (
        canonical({"a": 1, "b": [1.0]}) == canonical({"b": [1], "a": 1.0}) != canonical({"a": True, "b": [1]})
    )
