"""YAML is read as plain values; what could be read in two ways, or grows without end, is refused at once."""

import re
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.configuration.strict_yaml import DEEPEST, MOST_BYTES, NotPlainYamlError, parse

NUMBERS_SINCE_1_2 = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+|0o[0-7]+")
"""Numbers here, as in YAML 1.2; PyYAML writes 1.1, in which they are words and need no quotes."""
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12).filter(
    lambda text: NUMBERS_SINCE_1_2.fullmatch(text) is None
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(values=PLAIN, flow=st.booleans())
def test_plain_values_are_read_as_they_were_written(values: object, flow: bool) -> None:
    assert parse(yaml.safe_dump(values, allow_unicode=True, default_flow_style=flow)) == values


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_way_to_write_a_number_is_one(number: float) -> None:
    for text in (repr(number), f"{number:e}", f"{number:E}"):
        assert parse(text) == pytest.approx(number, rel=1e-5, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("010", "010"),
        ("=", "="),
        ("1e-3", 0.001),
        ("1e5", 100_000.0),
        ("1_000", 1000),
        ("0x10", 16),
        ("true", True),
        ("~", None),
        ("{no: 1, 3: x}", {"no": 1, 3: "x"}),
        ("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("%YAML 1.1\n---\na: off", {"a": "off"}),
    ],
)
def test_words_stay_words_and_numbers_are_numbers(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "'a' twice, on lines 1 and 3"),
        ("b:\n  c: {x: 1, x: 1}", "'x' twice, on lines 2 and 2"),
        ("a: 1\n---\nb: 2", "2 documents"),
        ("a:\n\tb: 1", "a tab where only spaces may stand, on line 2"),
        ("a: !!python/object/apply:os.system [id]", "!!python/object/apply:os.system on line 1"),
        ("a: !!binary aGk=", "!!binary"),
        ("a: !own 3", "!own"),
        ("? [1]\n: 2", "neither a word nor a number"),
        ("true: 2", "neither a word nor a number"),
        ("a: .nan", "infinite or far too large"),
        ("a: -.inf", "infinite or far too large"),
        ("a: 1e999", "infinite or far too large"),
        ("a: 9223372036854775808", "infinite or far too large"),
        ("a: " + "9" * 5000, "infinite or far too large"),
        ('a: "\\0"', "control character '\\x00'"),
        ('a: "\\e[31m"', "control character '\\x1b'"),
        ("a: \x00", "'\\x00'"),
        ("a: \udcff", "'\\udcff'"),
        ("a: *b", "alias (*name)"),
        ("a: &x [*x]", "holds itself"),
        ("{unclosed: ", "nothing closes"),
        ("a: 'unclosed", "a quote that nothing closes"),
        ("a: 1\n b: 2", "indented"),
        ("<<: 3", "'<<'"),
    ],
)
def test_what_is_not_plain_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(NotPlainYamlError) as caught:
        parse(text)
    assert said in str(caught.value)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000))
MERGES = "a0: &a0 {x0: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, x{n}: 1}}\n" for n in range(1, 5000))


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        CHAIN,
        MERGES,
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 50_000,
        "a: [" + "1," * 100_000 + "1]",
        "a: '" + "x" * MOST_BYTES + "'",
    ],
    ids=["laughs", "chain", "merges", "lists", "keys", "hyphens", "values", "bytes"],
)
def test_what_grows_without_end_is_refused_within_seconds(text: str) -> None:
    began = time.process_time()
    with pytest.raises(NotPlainYamlError):
        parse(text)
    assert time.process_time() - began < 10


def test_lists_may_be_nested_as_deep_as_is_said() -> None:
    assert parse("[" * DEEPEST + "]" * DEEPEST)
    with pytest.raises(NotPlainYamlError, match="deep"):
        parse("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
