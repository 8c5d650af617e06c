"""The documentation: what it says to write is understood."""

import re
from pathlib import Path

import pytest

from outvoted.actors import datasets
from outvoted.actors.readers import Source
from outvoted.cluster.config import MineConfig
from outvoted.cluster.reading import read

PAGE = (Path(__file__).parents[1] / "docs" / "data.md").read_text()
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_line_of_configuration_is_valid(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(snippet)
    read(MineConfig, file)


def test_every_name_of_data_is_explained(tmp_path: Path) -> None:
    formats = {"npz", "folder", "parquet", "huggingface", "svhn", "idx"}
    for name in datasets.names():
        assert f"`{name}`" in PAGE
    assert formats < set(re.findall(r"name: (\S+?)[,}\n]", "".join(SNIPPETS)))


def test_every_common_key_is_in_the_table() -> None:
    for key in Source.model_fields:
        assert f"`{key}`" in PAGE
