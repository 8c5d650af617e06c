"""docs/noise.md: what it shows is accepted, and its first snippet is the defaults."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from outvoted.actors.data.noises import AnyNoise, NoiseClass

PAGE = (Path(__file__).parents[3] / "docs" / "noise.md").read_text()
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
KINDS = {form.model_fields["kind"].default: form for form in get_args(get_args(AnyNoise)[0])}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_is_accepted(snippet: str) -> None:
    NoiseClass.model_validate(yaml.safe_load(snippet)).noise.check((3, 32, 32))


def test_the_first_snippet_shows_the_defaults() -> None:
    assert NoiseClass.model_validate(yaml.safe_load(SNIPPETS[0])) == NoiseClass()


def test_every_kind_and_every_key_is_in_the_table() -> None:
    shown = {yaml.safe_load(snippet)["noise"]["kind"] for snippet in SNIPPETS}
    assert shown == set(KINDS)
    for kind, form in KINDS.items():
        (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |"))
        for key in form.model_fields.keys() - {"kind"}:
            assert f"`{key}`" in line
