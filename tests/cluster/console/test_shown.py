"""What is printed can be read and pasted."""

import shlex
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.networks import MLP
from outvoted.cluster.console.terminal import command
from outvoted.search.shown import shown, visible


@given(parts=st.lists(st.text(st.characters(blacklist_characters="\0")), min_size=1, max_size=4))
def test_a_shell_reads_a_printed_command_back(parts: list[str]) -> None:
    assert shlex.split(command(*parts)) == parts


def test_a_path_that_looks_like_an_option_is_none() -> None:
    assert command("outvoted", "mine", Path("-x.yaml")) == "outvoted mine ./-x.yaml"
    assert command("outvoted", "mine", Path("an [odd] name")) == "outvoted mine 'an [odd] name'"


@given(text=st.text())
def test_nothing_that_is_shown_steers_a_terminal(text: str) -> None:
    for said in (visible(text), shown(text), shown({text: [text]})):
        assert not any(ord(char) < 32 and char not in "\t\n" for char in said)
        assert "\x1b" not in said
        said.encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5"),
        ("mlp-10", "'mlp-10'"),
        (["a", 1, None], "[a, 1, null]"),
        (Path("here"), "'here'"),
        (BytesIO(b"x"), "an object of type BytesIO"),
        ({"path": BytesIO(b"x")}, "{path: an object of type BytesIO}"),
        (MLP(hidden=3), "hidden: 3"),
    ],
)
def test_values_are_shown_as_a_configuration_holds_them(value: object, said: str) -> None:
    assert said in shown(value)
    assert "0x" not in shown(value)


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 10_000)) <= 200
    assert len(shown(list(range(10_000)))) <= 200
