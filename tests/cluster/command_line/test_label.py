"""`outvoted label`: a study's images on a page, or labels from a file."""

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.labelling.label_store import image_labels, labels_of
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.studies.study_store import StudyStore, image_rows
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.cluster.command_line import on_runs
from outvoted.cluster.service.label_server import RUN, LabelServer, base_of
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

IMAGES = 5
Label = Callable[..., str]
Served = list[tuple[LabelServer, str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> list[str]:
    """Load few digits for every study; collect the addresses that are opened in a browser."""
    addresses: list[str] = []
    monkeypatch.setattr(datasets, "load", lambda _: digits)
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


@pytest.fixture
def run(tmp_path: Path, opened: list[str], digits: Dataset) -> StudyStore:
    """A study with five images."""
    store = study(tmp_path, MorphStudy(), MorphStudy().fields())
    columns = {name: ["A" if name == "set" else 0] * IMAGES for name, _ in MorphStudy().fields()}
    store.write_images(image_rows(digits.test.images[:IMAGES], columns, MorphStudy().fields()))
    return store


@pytest.fixture
def label(tmp_path: Path) -> Label:
    """Run the command, and return what it prints."""
    app = typer.Typer()
    app.command()(on_runs.label)

    def call(*arguments: str) -> str:
        ended = CliRunner().invoke(app, [*arguments, "--runs", str(tmp_path)], env={"COLUMNS": "200"})
        if isinstance(ended.exception, OutvotedError):
            raise ended.exception
        assert ended.exit_code == 0, ended.output
        return ended.output

    return call


@pytest.fixture
def serves(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Label one image and end, where the command would serve until Ctrl-C."""
    calls: Served = []

    def serve(server: LabelServer, listening: socket.socket) -> None:
        calls.append((server, server.link(base_of(listening))))
        assert server.desks.named is not None
        desk = server.desks.desk(server.desks.named[RUN])
        desk.put("anna", desk.sheet("anna").items[0], 3)

    monkeypatch.setattr(LabelServer, "serve", serve)
    return calls


def study(folder: Path, settings: Settings, fields: object) -> StudyStore:
    config = {"study": settings.model_dump(mode="json"), "data": {"name": "mnist-sample"}}
    store = StudyStore(folder / "a-study", fields)  # type: ignore[arg-type]
    store.folder.write_record(
        RunRecord(name="a-study", kind="study", state=State.FINISHED, config=config, versions={})
    )
    return store


def test_the_page_shows_the_studys_images_and_its_address_is_printed_and_opened(
    run: StudyStore, label: Label, serves: Served, opened: list[str]
) -> None:
    said = label("a-study")
    ((server, address),) = serves
    assert server.desks.named is not None
    task = server.desks.labelled(server.desks.named[RUN]).task
    images = [image["bytes"] for image in run.images()["image"].to_pylist()]
    assert task.pictures(range(IMAGES)) == images
    assert task.classes == tuple("0123456789")
    assert opened == [address]
    assert address in said
    assert "anna" in said
    assert "1 of 5" in said
    assert f"outvoted label {run.path}" in said.replace("\n", "")


def test_the_token_is_new_each_time_and_cannot_be_guessed(
    run: StudyStore, label: Label, serves: Served
) -> None:
    label("a-study", "--no-browser")
    label("a-study", "--no-browser")
    first, second = (parse_qs(urlsplit(address).query)["code"][0] for _, address in serves)
    assert first != second
    assert len(first) >= 20


def test_a_labeller_can_be_named_and_the_browser_left_alone(
    run: StudyStore, label: Label, serves: Served, opened: list[str]
) -> None:
    said = label(str(run.path), "--labeller", "anna", "--no-browser")
    (asked,) = (line.partition("Label on ")[2] for line in said.splitlines() if "Label on" in line)
    assert parse_qs(urlsplit(asked).query)["next"] == ["/label/run?labeller=anna"]
    assert opened == []


def test_a_second_page_of_one_study_is_refused(run: StudyStore, label: Label) -> None:
    with (
        image_labels(run.folder.labels, IMAGES, 10).sole_writer(),
        pytest.raises(OutvotedError, match="another `outvoted label`"),
    ):
        label("a-study")


def test_labels_are_imported(run: StudyStore, label: Label, tmp_path: Path) -> None:
    given = tmp_path / "given.csv"
    given.write_text("image,labeller,label\n0,anna,5\n1,anna,6\n0,zoe,7\n")
    said = label("a-study", "--import", str(given))
    assert "anna: 2 new labels" in said
    assert "1 of 5" in said
    assert labels_of(image_labels(run.folder.labels, IMAGES, 10), IMAGES).labels.tolist() == [
        [5, 6, -1, -1, -1],
        [7, -1, -1, -1, -1],
    ]


@pytest.mark.parametrize(
    ("line", "said"), [("5,anna,5", "0 to 4 as image in line 2"), ("0,anna,10", "0 to 9 as label in line 2")]
)
def test_what_the_study_does_not_have_is_refused(
    run: StudyStore, label: Label, tmp_path: Path, line: str, said: str
) -> None:
    given = tmp_path / "given.csv"
    given.write_text(f"image,labeller,label\n{line}\n")
    with pytest.raises(OutvotedError, match=said):
        label("a-study", "--import", str(given))


def test_labels_that_are_wrong_are_said_before_anybody_labels(
    run: StudyStore, label: Label, serves: Served
) -> None:
    run.folder.labels.mkdir()
    (run.folder.labels / "zoe.csv").write_text("image_id,label\n0,1\n0,2\n")
    with pytest.raises(OutvotedError, match="two, in lines 2 and 3"):
        label("a-study")
    assert serves == []


def test_a_name_that_is_none_is_refused_at_once(run: StudyStore, label: Label, serves: Served) -> None:
    with pytest.raises(OutvotedError, match="a labeller's name"):
        label("a-study", "--labeller", "an na")
    assert serves == []


def test_a_study_without_images_says_how_to_go_on(tmp_path: Path, opened: list[str], label: Label) -> None:
    study(tmp_path, MorphStudy(), MorphStudy().fields())
    with pytest.raises(OutvotedError, match="--resume"):
        label("a-study")


def test_rows_of_a_table_are_nothing_to_look_at(tmp_path: Path, label: Label) -> None:
    settings = InterpolationStudy()
    store = study(tmp_path, settings, settings.fields())
    record = store.folder.read_record()
    record.config["data"] = {"name": "iris"}
    store.folder.write_record(record)
    with pytest.raises(OutvotedError, match="rows of the table iris"):
        label("a-study")


def test_another_kind_of_run_is_refused(tmp_path: Path, label: Label) -> None:
    store = StudyStore(tmp_path / "compared", [])
    record = RunRecord(name="compared", kind="compare", state=State.FINISHED, config={}, versions={})
    store.folder.write_record(record)
    with pytest.raises(OutvotedError, match="outvoted mine"):
        label("compared")


def test_mistakes_are_labelled_without_the_data_they_were_mined_from(
    own: RunFolder, label: Label, serves: Served
) -> None:
    said = label(str(own.path))
    ((server, _),) = serves
    assert server.desks.named is not None
    desk = server.desks.desk(server.desks.named[RUN])
    assert desk.task.what == "mistakes"
    assert "anna" in said
    assert "search_id,number,shown,label,at" in (own.labels / "anna.csv").read_text()


def test_a_port_that_is_taken_is_said(run: StudyStore, label: Label, serves: Served) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OutvotedError, match="another --port"),
    ):
        label("a-study", "--port", str(taken.getsockname()[1]))
