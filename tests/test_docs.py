"""The documentation: what it says to write is understood."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import outvoted
from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import AnyFormat, Format
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.analysis.report.report import Report
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.kinds import KINDS, keys_in, kind_meant, read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.python import running
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs"
MNIST = PAGES.with_name("configs") / "mnist.yaml"
PAGE = (PAGES / "data.md").read_text()
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_line_of_configuration_is_valid(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(snippet)
    read(MineConfig, file)


SWEEPS = (PAGES / "sweeps.md").read_text()


@pytest.mark.parametrize("snippet", re.findall(r"^```yaml\n(.*?)^```", SWEEPS, re.M | re.S))
def test_every_line_of_a_sweep_is_valid(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(snippet)
    read(KINDS[kind_meant("sweep", keys_in(file, "sweep"))].form, file)


def test_every_sweep_configuration_is_explained() -> None:
    for path in MNIST.parent.glob("tune-*.yaml"):
        assert f"`{path.name}`" in SWEEPS
    told = set(re.findall(r"`(?:sweep)?(-[\w-]+\.yaml)`", SWEEPS))
    files = [path.name.removeprefix("sweep") for path in MNIST.parent.glob("sweep-*.yaml")]
    assert files
    assert [name for name in files if not any(name.endswith(one) for one in told)] == []


def test_every_name_of_data_is_explained() -> None:
    formats = {form.model_fields["name"].default for form in get_args(AnyFormat)}
    for name in datasets.names():
        assert f"`{name}`" in PAGE
    assert formats <= set(re.findall(r"name: (\S+?)[,}\n]", "".join(SNIPPETS)))


def test_every_format_of_data_is_public() -> None:
    assert {form.__name__ for form in get_args(AnyFormat)} < set(outvoted.data.__all__)


def test_every_common_key_is_in_the_table() -> None:
    for key in Format.model_fields:
        assert f"`{key}`" in PAGE


PYTHON = (PAGES / "python.md").read_text()
README = (PAGES.with_name("README.md")).read_text()
BLOCKS = re.findall(r"^```python( file=\S+)?\n(.*?)^```", PYTHON, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> Path:
    """A folder with the pages' own modules, in which training and Ray are replaced by something quick."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (lighting,) = re.findall(r"^```python\n(.*?)^```", (PAGES / "transforms.md").read_text(), re.M | re.S)
    (tmp_path / "lighting.py").write_text(lighting)
    for file, code in BLOCKS:
        if file:
            (tmp_path / file.partition("=")[2]).write_text(code)
    monkeypatch.setattr("outvoted.cluster.python.images.datasets.load", lambda _: digits)
    return tmp_path


def test_every_line_of_python_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch, trained: list[Member], digits: Dataset
) -> None:
    def mined(job: Job[MineConfig], _: object) -> Report:
        mining = LocalMining(SearchSettings(per_target=8), networks, digits.train)
        found = mining.mine(mining.plan())
        Shards(job.store.path).write(ShardResult("shard-0", found.searches, found.mistakes))
        job.store.write_record(
            RunRecord(
                name=job.store.path.name, kind=job.kind.name, state=State.FINISHED, config={}, versions={}
            )
        )
        return Report({}, [])

    networks = {member.name: member.bare(digits.shape, digits.classes) for member in trained}
    few = outvoted.Panel(networks, digits.train.images, digits.train.labels)
    monkeypatch.setattr(running, "launch", mined)
    monkeypatch.setattr(outvoted.Panel, "train", lambda *_, **__: few)
    monkeypatch.setattr(outvoted.Panel, "load", lambda _: few)
    (place / "configs").mkdir()
    (place / "configs" / "mnist.yaml").write_text(MNIST.read_text())
    known: dict[str, Any] = {}
    for file, code in BLOCKS:
        if not file:
            exec(code, known)
            assert "found" not in known or len(known["found"].mistakes), code
    assert len(known["mistakes"])
    assert len(list((place / "mistakes").rglob("*.png"))) == len(known["seeds"])
    assert set(known["measures"]) == set(Affine().measures)
    assert set(known["searches"]["strategy"]) == {"hillclimb"}


class Greyed(nn.Module):
    """A network of colour pictures, normalised to -1 to 1, that looks at their lightness alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> Any:
        return self.network((images * 0.5 + 0.5).mean(1, keepdim=True))


@pytest.fixture
def colourful(trained: list[Member], digits: Dataset) -> dict[str, nn.Module]:
    """Networks of colour pictures."""
    names = ("narrow", "middle", "wide")
    networks = [Greyed(member.bare(digits.shape, digits.classes)).eval() for member in trained]
    return dict(zip(names, networks, strict=True))


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> Path:
    """The working directory, with colour pictures in the class folders of `photos`."""
    monkeypatch.chdir(tmp_path)
    for number, (image, label) in enumerate(zip(digits.test.images, digits.test.labels, strict=True)):
        folder = tmp_path / "photos" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.repeat(image[0][..., None], 3, 2)).save(folder / f"{number}.png")
    return tmp_path


def test_the_first_python_of_the_readme_runs(
    photos: Path, colourful: dict[str, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one's own networks and folder, in a dozen lines."""
    monkeypatch.setitem(sys.modules, "my_networks", SimpleNamespace(**colourful))
    code = README.partition("```python\n")[2].partition("```")[0]
    assert len(code.splitlines()) <= 12
    known: dict[str, Any] = {}
    exec(code, known)
    assert len(known["found"].mistakes)
    images, labels = next(iter(known["more"]))
    assert len(images) == len(labels)
    assert (photos / "mistakes.png").is_file()
    assert any((photos / "mistakes").rglob("*.png"))


def test_the_first_yaml_of_the_readme_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "photos.yaml"
    file.write_text(README.partition("```yaml\n")[2].partition("```")[0])
    config = read(MineConfig, file)
    assert [network.label for network in config.panel.networks] == ["narrow", "middle", "wide"]


def test_the_strategy_of_the_page_is_a_strategy(place: Path) -> None:
    found = validated(SearchSettings, {"strategy": {"kind": "strides:Strides", "least": 1}}, "here")
    assert validated(SearchSettings, found.model_dump(mode="json"), "here") == found
    assert found.strategy.label == "Strides"
    with pytest.raises(OutvotedError, match="did you mean 'least'"):
        validated(SearchSettings, {"strategy": {"kind": "strides:Strides", "leest": 1}}, "here")


def test_every_keyword_is_named() -> None:
    for key in SearchSettings.model_fields:
        assert f"`{key}`" in PYTHON


@pytest.mark.parametrize(
    "page", [PAGES.with_name("README.md"), *sorted(PAGES.glob("*.md"))], ids=lambda one: one.name
)
def test_no_page_imports_what_is_not_the_public_api(page: Path) -> None:
    inner = re.findall(
        r"^(?:from|import) outvoted\.(?:search|actors|analysis|cluster).*", page.read_text(), re.M
    )
    assert inner == []


TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(PAGES.glob("*.md"))]


@pytest.mark.parametrize("page", TEXTS, ids=lambda one: one.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Paths of code from the top of the repository, and where links lead from the page's folder."""
    text = page.read_text()
    folders = "search|actors|analysis|cluster|src|tests|configs|docs"
    named = {ROOT / path for path in re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]*\w/?", text)}
    linked = {page.parent / path for path in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)}
    assert [str(path) for path in sorted(named | linked) if not path.exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    """The site is built without pages that nobody can reach."""
    listed = set(re.findall(r": ([\w-]+)\.md(?: #.*)?$", (ROOT / "mkdocs.yml").read_text(), re.M))
    assert listed == {page.stem for page in PAGES.iterdir() if page.suffix in (".md", ".ipynb")}


def test_every_table_of_figures_is_told_with_its_command() -> None:
    told = (PAGES / "experiments.md").read_text().partition("## Data files")[2]
    patterns = re.findall(r"`([\w*-]+\.csv)`", told)
    files = list((PAGES / "data").iterdir())
    assert files
    assert [file.name for file in files if not any(file.match(pattern) for pattern in patterns)] == []


def test_the_reference_has_the_whole_interface() -> None:
    listed = re.findall(r"^::: outvoted\.(\w+)$", (PAGES / "reference.md").read_text(), re.M)
    assert sorted(listed) == sorted(outvoted.__all__)
