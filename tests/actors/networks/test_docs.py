"""The documentation's settings are real ones."""

import re
from pathlib import Path

import pytest
import yaml

from outvoted.actors.panel.panel_settings import PanelSettings

PAGE = Path(__file__).parents[3] / "docs" / "networks.md"
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_is_a_valid_panel(snippet: str) -> None:
    panel = PanelSettings.model_validate(yaml.safe_load(snippet)["panel"])
    assert all(name for name in panel.names)


def test_every_kind_is_shown() -> None:
    shown = set(re.findall(r"kind: (\w+)", "".join(SNIPPETS)))
    assert shown == {"python", "torchvision", "timm", "exported", "packaged"}
