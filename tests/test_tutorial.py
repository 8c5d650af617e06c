"""The tutorial's cells and the script of the first hour run, outside the repository, and do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings

DOCS = Path(__file__).parents[1] / "docs"
TUTORIAL, SCRIPT = DOCS / "tutorial.ipynb", DOCS / "first_hour.py"


def stored() -> nbformat.NotebookNode:
    """Return the tutorial as it is stored."""
    notebook: nbformat.NotebookNode = nbformat.read(TUTORIAL, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """Return everything that the cells print."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "".join(output.get("text", "") for output in outputs)


def test_the_tutorial_heals_a_network(tmp_path: Path) -> None:
    notebook = stored()
    NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    text = printed(notebook)
    shares = [int(share) for share in re.findall(r"(\d+)% of \d+ fresh mistakes still made", text)]
    before, nothing_new, healed = shares
    assert healed < nothing_new <= before
    assert any((tmp_path / "mistakes").rglob("*.png"))


def test_the_tutorial_is_kept_with_its_outputs() -> None:
    """The site and GitHub show the notebook as it is stored."""
    notebook = stored()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    assert "fresh mistakes still made" in printed(notebook)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder in which `photos` has colour pictures in class folders."""
    digits = datasets.load(DataSettings(name="mnist-sample")).train
    random = np.random.default_rng(0)
    for number, (image, label) in enumerate(zip(digits.images[:1500, 0], digits.labels, strict=False)):
        ink = image[..., None] / 255
        pixels = ink * random.uniform(150, 255, 3) + (1 - ink) * random.uniform(0, 100, 3)
        folder = tmp_path / "photos" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return tmp_path


def test_the_script_of_the_first_hour_is_short_and_heals_a_network(photos: Path) -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 40
    done = subprocess.run(
        [sys.executable, SCRIPT], cwd=photos, capture_output=True, text=True, check=True, timeout=250
    )
    told = re.search(r"of (\d+) fresh mistakes, (\d+) are still made", done.stdout)
    assert told is not None, done.stdout
    fresh, wrong = map(int, told.groups())
    assert wrong < 0.8 * fresh  # all of them before
    with Image.open(photos / "grid.png") as grid:
        assert min(grid.size) > 100
    assert len(list((photos / "mistakes").rglob("*.png"))) > 10
