"""docs/strategies.md: what it shows is accepted, its defaults are the defaults, and nothing is left out."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import BUILT_IN

PAGE = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()
SNIPPETS = [yaml.safe_load(text)["search"] for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
FORMS = {form.model_fields["kind"].default: form for form in BUILT_IN}


@pytest.mark.parametrize("given", SNIPPETS, ids=lambda given: given["strategy"]["kind"])
def test_every_snippet_is_accepted_and_shows_the_defaults(given: dict[str, Any]) -> None:
    strategy = SearchSettings.model_validate(given).strategy
    usual = FORMS[given["strategy"]["kind"]]()
    assert strategy.model_dump(exclude={"descriptors"}) == usual.model_dump(exclude={"descriptors"})


@pytest.mark.parametrize("name", FORMS)
def test_every_strategy_has_a_line_with_all_its_settings(name: str) -> None:
    line, *_ = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
    assert all(f"`{key}`" in line for key in FORMS[name].model_fields if key != "kind")
