"""What a kernel sends to a notebook: one bar in its place, pictures, tables; never hundreds of lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

BAR = """
from outvoted.cluster.console.terminal import Terminal, bars, phase
console = Terminal()
with phase(console, "reading"):
    pass
with bars(console) as bar:
    task = bar.add_task("se<b>arches", total=3000, details="")
    for done in range(3000):
        bar.update(task, advance=1, details=f"{done + 1} <mistakes>\\x1b[31m")
"""
QUIET = """
with bars(Terminal(quiet=True)) as bar:
    bar.update(bar.add_task("searches", total=3, details=""), completed=3)
"""
FOUND = """
from outvoted import Result
found = Result.load(RUN)
found
"""
CELLS = {"bar": BAR, "quiet": QUIET, "found": FOUND, "show": "found.show(4)", "climb": "found.climb(1)"}


@pytest.fixture(scope="module")
def outputs(run_path: Path) -> dict[str, Sequence[Any]]:
    """What each cell of a notebook leaves, when a kernel has run it."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(code.replace("RUN", repr(str(run_path)))) for code in CELLS.values()
    ]
    nbclient.NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def test_a_bar_is_one_output_that_ends_where_the_task_does(outputs: dict[str, Sequence[Any]]) -> None:
    phase, bar = outputs["bar"]
    assert phase["data"]["text/html"] == ""
    html = bar["data"]["text/html"]
    assert "3,000/3,000" in html
    assert html.count("<progress") == 1
    assert "se&lt;b&gt;arches" in html
    assert "3000 &lt;mistakes&gt;" in html
    assert "\x1b" not in bar["data"]["text/plain"]


def test_without_progress_nothing_is_said(outputs: dict[str, Sequence[Any]]) -> None:
    assert outputs["quiet"] == []


def test_a_result_is_a_table_and_pictures(outputs: dict[str, Sequence[Any]]) -> None:
    (found,) = (each for each in outputs["found"] if each["output_type"] == "execute_result")
    assert "% success" in found["data"]["text/html"]
    assert "data:image/png;base64," in found["data"]["text/html"]
    for name in ("show", "climb"):
        (picture,) = (each for each in outputs[name] if each["output_type"] == "execute_result")
        assert len(picture["data"]["image/png"]) > 1000
