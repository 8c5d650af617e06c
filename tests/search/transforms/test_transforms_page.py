"""docs/transforms.md: what it shows is accepted, its defaults are the defaults, and its example runs."""

import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
import yaml

from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms.chain import SIMPLE
from outvoted.search.trust import EVERYTHING

PAGE = (Path(__file__).parents[3] / "docs" / "transforms.md").read_text()
SNIPPETS = [yaml.safe_load(text)["search"] for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
KINDS = {form.model_fields["kind"].default: form for form in SIMPLE}


@pytest.fixture(autouse=True)
def _example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "lighting.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("given", SNIPPETS, ids=lambda given: given["transform"]["kind"])
def test_every_snippet_is_accepted_and_shows_the_defaults(given: dict[str, Any]) -> None:
    transform = SearchSettings.model_validate(given, context=EVERYTHING.context).transform
    kind = given["transform"]["kind"]
    if kind in KINDS:
        assert transform == KINDS[kind]()


def test_every_kind_has_a_snippet_and_a_line() -> None:
    assert {*KINDS, "chain"} < {given["transform"]["kind"] for given in SNIPPETS}
    assert all(f"| `{kind}` |" in PAGE for kind in (*KINDS, "chain"))
    assert all(get_args(form.model_fields["kind"].annotation) == (kind,) for kind, form in KINDS.items())


@pytest.mark.parametrize("form", SIMPLE)
def test_the_table_gives_every_default_of_a_budget(form: type[Any]) -> None:
    for name, value in form().budget.model_dump().items():
        assert f"`{name}` {value:g}" in PAGE


def test_the_example_renders() -> None:
    lighting = SearchSettings.model_validate(
        {"transform": {"kind": "lighting:Lighting"}}, context=EVERYTHING.context
    ).transform
    composed = lighting.compose(lighting.identity(1), lighting.place(np.array([[1.0]])))
    seeds = torch.full((1, 1, 4, 9), 100, dtype=torch.uint8)
    rendered = lighting.render(seeds, torch.from_numpy(composed.astype(np.float32)))
    assert rendered[0, 0, 0].tolist() == [80, 85, 90, 95, 100, 105, 110, 115, 120]
