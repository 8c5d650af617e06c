"""What is shown of a study, whole or with parts missing."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from outvoted.actors.labelling.label_store import MISSING, Labels
from outvoted.analysis.report.report import Picture, Plot
from outvoted.analysis.report.table import Table
from outvoted.analysis.studies.boundary.figures import pictures
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.report import sections
from outvoted.analysis.studies.boundary.tables import every, remarks
from outvoted.search.arrays import Pixels
from tests.analysis.studies.boundary.boundaries import Example, example

pytestmark = pytest.mark.usefixtures("sketched")
PICTURES = {f"figures/{name}.png" for name in ("images", "types", "map", "kappas", "entropies")}
NO_LABELS = {"diverse networks of one accuracy (table 2)", "the same network over seeds (fig. 2)"}


def small(simulated: bool = False) -> Example:
    return example(simulated, seeds=4, labellers=3, pairs=3, steps=5)


@pytest.fixture(scope="module")
def whole() -> Example:
    return small()


@pytest.fixture(scope="module")
def found(whole: Example) -> BoundaryFindings:
    return whole.found()


@pytest.fixture(scope="module")
def pixels(whole: Example) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (len(whole.images), 1, 8, 8)).astype(np.uint8)


def draw(found: BoundaryFindings, pixels: Pixels, folder: Path) -> tuple[str, ...]:
    """Draw all pictures, and return their names."""
    drawn = pictures(found, pixels)
    for name, picture in drawn.items():
        picture(folder / name)
    return tuple(drawn)


def titles(found: BoundaryFindings) -> set[str]:
    return {one.title for one in every(found)}


def test_everything_is_shown(found: BoundaryFindings, pixels: Pixels, tmp_path: Path) -> None:
    assert set(draw(found, pixels, tmp_path)) == PICTURES
    assert {f"figures/{path.name}" for path in (tmp_path / "figures").iterdir()} == PICTURES
    shown = sections(found, tmp_path)
    parts = [part for section in shown for part in section.parts]
    assert {type(part) for part in parts} == {Table, Plot, Picture}
    assert sum(isinstance(part, Plot) for part in parts) == 4
    assert all(part.path.is_file() for part in parts if isinstance(part, Picture))
    captions = [part.title for part in parts if isinstance(part, Table)]
    assert all(any(caption.startswith(title) for caption in captions) for title in titles(found))
    assert not any(section.simulated for section in shown)


def test_simulated_labellers_are_called_so_everywhere(
    pixels: Pixels, figures: list[Figure], tmp_path: Path
) -> None:
    found = small(simulated=True).found()
    assert found.to_json()["simulated"] is True
    draw(found, pixels, tmp_path)
    assert len(figures) == len(PICTURES)
    assert all("simulated labellers" in figure.get_suptitle() for figure in figures)
    *shown, trainings = sections(found, tmp_path)
    assert all(section.simulated for section in shown)
    assert not trainings.simulated
    for section in shown:
        for part in section.parts:
            assert isinstance(part, Table | Plot | Picture)
            assert "simulated" in (part.title if isinstance(part, Table) else part.caption)
        plots = [part.figure for part in section.parts if isinstance(part, Plot)]
        assert all(figure.layout.title.text == "simulated labellers" for figure in plots)


def test_rows_fit_a_terminal_of_80_columns() -> None:
    for one in every(example(seeds=4).found()):
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(one)
        lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
        for cells in one.written():
            assert " ".join(cells) in lines


def test_without_labels_there_are_the_tables_that_need_none(
    whole: Example, pixels: Pixels, tmp_path: Path
) -> None:
    found = replace(whole, labels=Labels((), np.empty((0, 15), np.int64))).found()
    assert titles(found) >= NO_LABELS
    assert not any("(table 3)" in title or "(table 4)" in title for title in titles(found))
    assert set(draw(found, pixels, tmp_path)) == PICTURES - {"figures/entropies.png"}
    assert "no labels of all images" in found.missing[0]
    assert sections(found, tmp_path)
    labelled = whole.found()
    assert found.diverse[0].pairs == labelled.diverse[0].pairs
    assert found.to_json()["simulated"] is False


def test_without_networks_there_is_the_panel(whole: Example, pixels: Pixels, tmp_path: Path) -> None:
    alone = replace(whole, votes=pd.DataFrame(), stops=whole.stops.iloc[:0]).found()
    assert titles(alone) == {"the panel of mining on these images", "who dissents"}
    assert draw(alone, pixels, tmp_path) == ("figures/images.png",)
    assert any("no network" in line for line in alone.missing)
    assert sections(alone, tmp_path)


def test_a_target_that_nobody_reached_is_left_out_and_said(whole: Example) -> None:
    wanted = whole.stops["target"] == 0.985
    stops = whole.stops.assign(reached=whole.stops["reached"] & ~wanted)
    found = replace(whole, stops=stops).found()
    assert [one.target for one in found.diverse] == [0.975, 0.98]
    assert any(
        "mlp-1 at 98.5 %: 4 of 4 trainings were not stopped there" in one.missed for one in found.reached
    )


def test_a_single_labeller_agrees_with_itself(whole: Example, tmp_path: Path) -> None:
    found = replace(whole, labels=Labels(("x",), whole.labels.labels[:1])).found()
    assert all(one.types is not None and "C" not in one.types for one in found.diverse)
    assert any("single labeller" in line for line in found.missing)
    assert found.people is not None
    assert found.people.pairs.mean is None
    assert sections(found, tmp_path)


def test_labellers_who_are_not_done_are_left_out(whole: Example) -> None:
    labels = whole.labels.labels.copy()
    labels[1, 4] = MISSING
    found = replace(whole, labels=Labels(whole.labels.names, labels)).found()
    assert found.people is not None
    assert found.people.names == ("person-01", "person-03")
    assert any("1 of 3 labellers" in line for line in found.missing)


def test_a_panel_of_two_has_no_dissenter(whole: Example) -> None:
    two = whole.panel[whole.panel["network"].isin(["peer-0", "peer-1"])]
    found = replace(whole, panel=two).found()
    assert found.panel is not None
    assert found.panel.rows[0].dissent.hits == 0
    assert found.panel.rows[0].disputed.hits > 0


def test_findings_are_plain_json(found: BoundaryFindings) -> None:
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written["diverse"][0]["target"] == 0.975
    assert written["kappas"]["labels"][0][0] is None
    assert set(written["seeds"][0]["shares"]) == {
        "A",
        "B, all disagree",
        "B, all agree",
        "agreed mistake",
        "C",
    }


def test_the_terminal_says_what_is_missing(found: BoundaryFindings) -> None:
    said = "not shown: vit-1 at 98 %: 1 of 4 trainings were not stopped there"
    assert any(line.startswith(said) for line in remarks(found))


def test_the_papers_own_numbers_stand_beside_those_that_need_no_labels(found: BoundaryFindings) -> None:
    table = next(one for one in every(found) if "(table 2)" in one.title)
    names = [column.name for column in table.columns[-3:]]
    row = dict(zip(names, table.written()[0][-3:], strict=True))
    assert row["paper"] == "28.5"
    assert "9.3 ± 2.2" in table.note
