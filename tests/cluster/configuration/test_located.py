"""What is wrong with a configuration is said where it stands."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.configuration.located import read_text
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.configuration.strict_yaml import NotPlainYamlError, TextPosition, parse, positions
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.tune import TuneConfig


def check(keys: Mapping[str, Any]) -> MineConfig:
    return validated(MineConfig, keys, "the text")


def test_what_is_right_is_read() -> None:
    config, wrong = read_text("search: {patience: 7}", check)
    assert config is not None
    assert (config.search.patience, wrong) == (7, ())


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("search:\n  patience: 0", 2, 3),
        ("data: {name: mnist-sample}\nsearch: {patience: 3, per_target: many}", 2, 23),
        ("serach: {}", 1, 1),
        ("panel:\n  networks:\n    - {kind: mlp}\n    - {kind: mpl}", 4, 7),
        ("panel:\n  networks:\n    - {kind: mlp, hiden: 3}", 3, 19),
        ("a: 1\na: 2", 2, 1),
        ("search:\n\tpatience: 3", 2, 1),
        ("search: [", 1, 10),
        ("- 1", 1, 1),
        ("", 1, 1),
        ("search: {patience: 1e999}", 1, 20),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(text: str, line: int, column: int) -> None:
    config, (first, *_) = read_text(text, check)
    assert config is None
    assert first.at == TextPosition(line, column)
    assert first.expected
    assert first.found
    assert first.remedy


def test_a_key_with_dots_in_it_is_found() -> None:
    text = "mine: {}\nobjectives: success\nvary:\n  search.patience:\n    grid: [1]\n    uniform: wide\n"
    _, (first, *_) = read_text(text, lambda keys: validated(TuneConfig, keys, "the text"))
    assert first.at == TextPosition(6, 5)


def test_all_that_is_wrong_is_said_in_the_order_of_the_text() -> None:
    _, wrong = read_text("search:\n  patience: 0\n  per_target: 0\ndevice: abacus\n", check)
    assert [one.at and one.at.line for one in wrong] == [2, 3, 4]


@given(text=st.text("a:b {}[]-&*<\n1\t", max_size=40))
def test_a_text_has_positions_for_what_is_read_of_it(text: str) -> None:
    lines = text.split("\n")
    found = positions(text)
    assert all(1 <= at.line <= len(lines) for at in found.values())
    try:
        values = parse(text)
    except NotPlainYamlError:
        return
    if isinstance(values, dict) and "<<" not in text:
        assert {path[0] for path in found if len(path) == 1} == set(values)
