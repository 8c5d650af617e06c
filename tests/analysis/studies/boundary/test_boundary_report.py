"""What is shown of a study, whole or with parts missing."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from outvoted.actors.labelling.label_form import MISSING
from outvoted.actors.labelling.label_store import Labels
from outvoted.analysis.report.report import Picture, Plot, Report, Section
from outvoted.analysis.report.table import Table
from outvoted.analysis.studies.boundary.disagreement_map import map_plot
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.report import shown_of
from outvoted.search.arrays import Pixels
from tests.analysis.studies.boundary.boundaries import Example, example

pytestmark = pytest.mark.usefixtures("sketched")
PICTURES = {f"figures/{name}.png" for name in ("images", "types", "map", "kappas", "entropies")}
NO_LABELS = {"diverse networks of equal accuracy (table 2)", "the same network over seeds (fig. 2)"}


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


Show = Callable[[BoundaryFindings], Report]


@pytest.fixture
def show(pixels: Pixels, tmp_path: Path) -> Show:
    """Draws all pictures into the test's folder, and returns what is shown."""

    def drawn(found: BoundaryFindings) -> Report:
        report = shown_of(found, pixels, tmp_path)
        for name, picture in report.pictures.items():
            picture(tmp_path / name)
        return report

    return drawn


def sections(report: Report) -> list[Section]:
    return list(report.sections(lambda done, of: None))


def titles(report: Report) -> set[str]:
    return {table.title for table in report.tables}


def test_everything_is_shown(found: BoundaryFindings, show: Show, tmp_path: Path) -> None:
    report = show(found)
    assert set(report.pictures) == PICTURES
    assert {f"figures/{path.name}" for path in (tmp_path / "figures").iterdir()} == PICTURES
    shown = sections(report)
    parts = [part for section in shown for part in section.parts]
    assert {type(part) for part in parts} == {Table, Plot, Picture}
    (plot,) = (part for part in parts if isinstance(part, Plot))
    assert len(plot.figure.layout.updatemenus[0].buttons) == len(found.seeds)
    pictures = {part.path for part in parts if isinstance(part, Picture)}
    assert pictures == {tmp_path / name for name in PICTURES - {"figures/map.png"}}
    captions = [part.title for part in parts if isinstance(part, Table)]
    assert captions[: len(report.tables)] == [table.title for table in report.tables]
    assert not any(section.simulated for section in shown)


def test_pointing_at_a_cell_of_the_map_shows_all_answers_for_its_image(found: BoundaryFindings) -> None:
    figure = map_plot(found)
    (menu,) = figure.layout.updatemenus
    assert found.people is not None
    for one, button in zip(found.seeds, menu.buttons, strict=True):
        (hover,) = button.args[0]["hovertext"]
        for (row, column), image in np.ndenumerate(found.ways.images):
            place, _, labellers, networks = hover[row][column].split("<br>")
            assert place == f"image {image}: {found.ways.place(int(image))}"
            for line, group in ((labellers, found.people.together), (networks, one.first)):
                said = dict(answer.split(" × ") for answer in line.partition(": ")[2].split(", "))
                assert said == {str(label): str(n) for label, n in enumerate(group.counts[image]) if n}


def test_simulated_labellers_are_called_so_everywhere(figures: list[Figure], show: Show) -> None:
    report = show(small(simulated=True).found())
    assert dict(report.summary)["simulated"] is True  # type: ignore[call-overload]
    assert len(figures) == len(PICTURES)
    assert all("simulated labellers" in figure.get_suptitle() for figure in figures)
    *shown, trainings = sections(report)
    assert all(section.simulated for section in shown)
    assert not trainings.simulated
    for section in shown:
        for part in section.parts:
            assert isinstance(part, Table | Plot | Picture)
            assert "simulated" in (part.title if isinstance(part, Table) else part.caption)
        plots = [part.figure for part in section.parts if isinstance(part, Plot)]
        assert all(figure.layout.title.text == "simulated labellers" for figure in plots)


def test_rows_fit_a_terminal_of_80_columns(show: Show) -> None:
    for one in show(small().found()).tables:
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(one)
        lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
        for cells in one.written():
            assert " ".join(cells) in lines


def test_without_labels_there_are_the_tables_that_need_none(whole: Example, show: Show) -> None:
    found = replace(whole, labels=Labels((), np.empty((0, 15), np.int64))).found()
    report = show(found)
    assert titles(report) >= NO_LABELS
    assert not any("(table 3)" in title or "(table 4)" in title for title in titles(report))
    assert set(report.pictures) == PICTURES - {"figures/entropies.png"}
    assert "no labels of all images" in found.missing[0]
    assert not any(section.title in ("Confidence", "Certainty") for section in sections(report))
    labelled = whole.found()
    assert found.diverse[0].pairs == labelled.diverse[0].pairs
    assert found.to_json()["simulated"] is False


def test_without_networks_there_is_the_panel(whole: Example, show: Show) -> None:
    alone = replace(whole, votes=pd.DataFrame(), stops=whole.stops.iloc[:0]).found()
    report = show(alone)
    assert titles(report) == {"the panel of mining on these images", "who dissents"}
    assert list(report.pictures) == ["figures/images.png"]
    assert any("no network" in line for line in alone.missing)
    assert [section.title for section in sections(report)][1:-1] == ["The panel of mining"]


def test_a_target_that_nobody_reached_is_left_out_and_said(whole: Example) -> None:
    wanted = whole.stops["target"] == 0.985
    stops = whole.stops.assign(reached=whole.stops["reached"] & ~wanted)
    found = replace(whole, stops=stops).found()
    assert [one.target for one in found.diverse] == [0.975, 0.98]
    assert any(
        "mlp-1 at 98.5 %: 4 of 4 trainings were not stopped there" in one.missed for one in found.reached
    )


def test_a_single_labeller_agrees_with_itself(whole: Example, show: Show) -> None:
    found = replace(whole, labels=Labels(("x",), whole.labels.labels[:1])).found()
    assert all(one.types is not None and "C" not in one.types for one in found.diverse)
    assert any("single labeller" in line for line in found.missing)
    assert found.people is not None
    assert found.people.pairs.mean is None
    assert sections(show(found))


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


def test_the_terminal_says_what_is_missing(found: BoundaryFindings, show: Show) -> None:
    said = "not shown: vit-1 at 98 %: 1 of 4 trainings were not stopped there"
    assert any(line.startswith(said) for line in show(found).remarks)


def test_the_papers_own_numbers_stand_beside_those_that_need_no_labels(
    found: BoundaryFindings, show: Show
) -> None:
    table = next(one for one in show(found).tables if "(table 2)" in one.title)
    names = [column.name for column in table.columns[-3:]]
    row = dict(zip(names, table.written()[0][-3:], strict=True))
    assert row["paper"] == "28.5"
    assert "9.3 ± 2.2" in table.note
