"""What holds of every format of `outvoted export`: images and labels come back, all of them or nothing."""

import csv
import errno
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.libraries import vision
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.export import exporter as exporting
from outvoted.cluster.export.exporter import Exporter, export
from outvoted.cluster.export.formats import EXPORTERS, exporter_named
from outvoted.cluster.export.mined import ExportChoice, MinedImages, chosen, of_run, of_table
from outvoted.cluster.export.names import no_formula
from outvoted.search.errors import OutvotedError
from tests.cluster.export.formats import READERS

LABELS = [2, 0, 2, 1, 0]
NAMES = ("cat", "dog", "emu")
HOSTILE = {
    "paths": ("../../etc/passwd", "/etc/passwd", "a/b\\c"),
    "dots": ("..", ".", ".hidden"),
    "reserved": ("con", "NUL.txt", "thumbs.db"),
    "splits": ("test", "train", "val"),
    "alike": ("Crane", "crane", "crane"),
    "long": ("x" * 500, "x" * 501, "ü" * 300),
    "empty": ("", " ", "-"),
    "strange": ("\x1b]0;owned\x07", "a\x00b\nc", "\u202e<img src=x>&\"'"),
    "not in order": ("zebra", "ape", "cow"),
    "formulas": ("=cmd|' /C calc'!A0", "+1+1", "@SUM(1)"),
    "Unicode": ("Äpfel", "ラーメン", "Ωmega"),
}
QUIET = Console(file=io.StringIO())


def table(labels: Sequence[int] = LABELS, shape: tuple[int, ...] = (3, 5, 4)) -> pa.Table:
    rng = np.random.default_rng(3)
    form = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = rng.integers(256, size=(len(labels), *shape), dtype=np.uint8)
    return pa.table(
        {
            "image": pa.array([{"bytes": png.encode(image), "path": None} for image in images], form),
            "label": pa.array(labels, pa.int16()),
            "predicted": [(label + 1) % 3 for label in labels],
            "target_name": ["a", "b", "a", "b", "a"][: len(labels)],
            "margin": np.linspace(0, 1, len(labels), dtype=np.float32),
            "valid": pa.array([True, None, False, None, True][: len(labels)], pa.bool_()),
            "realism": pa.array([0.5, None, 1.0, 0.25, 0.0][: len(labels)], pa.float32()),
        }
    )


def mined(names: Sequence[str] | None = NAMES, **more: Any) -> MinedImages:
    return of_table(table(**more), names)


def pixels(images: MinedImages) -> Any:
    return png.decode_all([image.png for image in images])


@pytest.fixture(params=EXPORTERS)
def form(request: pytest.FixtureRequest) -> Exporter:
    return EXPORTERS[request.param]


def out(form: Exporter, folder: Path) -> Path:
    return folder / f"out{form.suffix}"


@pytest.mark.parametrize("shape", [(1, 4, 7), (3, 5, 4)], ids=["grey", "colour"])
@pytest.mark.parametrize("names", [NAMES, None], ids=["named", "numbered"])
def test_images_and_labels_come_back_in_their_order(
    form: Exporter, names: Sequence[str] | None, shape: tuple[int, ...], tmp_path: Path
) -> None:
    images = mined(names, shape=shape)
    found = READERS[form.name](export(form, images, out(form, tmp_path), QUIET))
    np.testing.assert_array_equal(found.split.images, pixels(images))
    np.testing.assert_array_equal(found.split.labels, LABELS)
    if form.name != "npz" and names is not None:
        assert found.names == NAMES


@pytest.mark.parametrize("names", HOSTILE.values(), ids=HOSTILE)
def test_names_of_classes_lead_nowhere_and_labels_stay(
    form: Exporter, names: Sequence[str], tmp_path: Path
) -> None:
    (tmp_path / "within").mkdir()
    images = mined(names)
    path = export(form, images, out(form, tmp_path / "within"), QUIET)
    assert [file.name for file in tmp_path.iterdir()] == ["within"]
    assert list((tmp_path / "within").iterdir()) == [path]
    found = READERS[form.name](path)
    np.testing.assert_array_equal(found.split.images, pixels(images))
    np.testing.assert_array_equal(found.split.labels, LABELS)


def test_what_is_there_is_never_overwritten(form: Exporter, tmp_path: Path) -> None:
    path = out(form, tmp_path)
    if form.suffix:
        path.write_text("mine")
    else:
        path.mkdir()
        (path / "mine").touch()
    with pytest.raises(OutvotedError, match="choose another place"):
        export(form, mined(), path, QUIET)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutvotedError, match="a link"):
        export(form, mined(), tmp_path / "link", QUIET)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link", path.name]


def test_after_an_error_nothing_is_left(
    form: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(images: MinedImages, on_image: object) -> Any:
        yield from list(enumerate(images))[:2]
        raise OSError(errno.ENOSPC, "No space left on device")

    for module in ("folder", "npz", "tables", "fiftyone", "cvat"):
        monkeypatch.setattr(f"outvoted.cluster.export.{module}.numbered", full)
    with pytest.raises(OutvotedError, match="No space left"):
        export(form, mined(), out(form, tmp_path), QUIET)
    assert list(tmp_path.iterdir()) == []


def test_a_bar_is_shown_only_where_it_is_waited_for(
    form: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, expected in ((60.0, False), (0.0, True)):
        monkeypatch.setattr(exporting, "_WITHOUT_A_BAR", seconds)
        said = io.StringIO()
        export(form, mined(), tmp_path / f"{seconds}{form.suffix}", Console(file=said))
        assert ("exporting" in said.getvalue()) == expected


def test_class_folders_are_in_the_order_of_the_labels(tmp_path: Path) -> None:
    for number, names in enumerate([*HOSTILE.values(), NAMES, [str(label) for label in range(12)]]):
        path = export(EXPORTERS["folder"], mined(names), tmp_path / str(number), QUIET)
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir())
        assert [len(list(folder.iterdir())) for folder in folders[:3]] == [2, 1, 2]
        assert len(folders) == len(names)
    assert {folder.name for folder in (tmp_path / str(len(HOSTILE))).iterdir()} == {*NAMES, "labels.csv"}


def test_torchvision_numbers_the_folders_as_the_labels(tmp_path: Path) -> None:
    folders = vision("torchvision.datasets")
    path = export(EXPORTERS["folder"], mined((*NAMES, "fox")), tmp_path / "out", QUIET)
    found = folders.ImageFolder(path, allow_empty=True)
    assert sorted(label for _, label in found.samples) == sorted(LABELS)
    assert found.classes == [*NAMES, "fox"]


def test_hugging_face_reads_its_own_format(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    saved = datasets.load_from_disk(str(export(EXPORTERS["hf"], mined(), tmp_path / "saved", QUIET)))
    table = export(EXPORTERS["parquet"], mined(), tmp_path / "out.parquet", QUIET)
    read = datasets.Dataset.from_parquet(str(table), cache_dir=str(tmp_path / "cache"))
    for found in (saved, read):
        assert found.features["label"].names == list(NAMES)
        assert found["label"] == LABELS
        assert found[0]["image"].size == (4, 5)


def test_realism_and_validity_are_written_where_they_are_known(tmp_path: Path) -> None:
    expected = [0.5, None, 1.0, 0.25, 0.0]
    for images, realism in ((mined(), expected), (of_table(table().drop(["realism"]), NAMES), [None] * 5)):
        place = tmp_path / str(realism[0])
        rows = pq.read_table(export(EXPORTERS["parquet"], images, place / "out.parquet", QUIET))
        assert rows["realism"].to_pylist() == realism
        assert rows["valid"].to_pylist() == [True, None, False, None, True]
        folder = export(EXPORTERS["folder"], images, place / "out", QUIET)
        with (folder / "labels.csv").open(newline="") as file:
            cells = [row["realism"] for row in csv.DictReader(file)]
        assert [float(cell) if cell else None for cell in cells] == realism


FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", " =1+1", "=cmd|' /C calc'!A0", "＝1+1")


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    for number in range(0, len(FORMULAS) - 2):
        rows = table().set_column(3, "target_name", pa.array([FORMULAS[number]] * 5))
        images = of_table(rows, FORMULAS[number : number + 3])
        folder = export(EXPORTERS["folder"], images, tmp_path / str(number), QUIET)
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row):
                assert not cell.strip().startswith(("=", "+", "-", "@", "＝")), cell


def test_names_that_are_no_formulas_stay_as_they_are() -> None:
    for name in (*NAMES, "-1", "+1", "-0.5", "a=b", "C++", "", "e-mail@home", "'tis"):
        assert no_formula(name) == name


def test_images_of_two_sizes_are_no_array(tmp_path: Path) -> None:
    rows = pa.concat_tables([table(), table(shape=(3, 6, 4))])
    with pytest.raises(OutvotedError, match="images of one size"):
        export(EXPORTERS["npz"], of_table(rows, None), tmp_path / "out.npz", QUIET)
    path = export(EXPORTERS["parquet"], of_table(rows, None), tmp_path / "out.parquet", QUIET)
    assert path.is_file()


def test_an_unknown_format_is_told_with_those_there_are() -> None:
    with pytest.raises(OutvotedError, match="did you mean 'parquet'"):
        exporter_named("parket")


def test_a_runs_images_are_those_of_its_mistakes(run_path: Path) -> None:
    everything = of_run(RunFolder(run_path))
    images = list(everything)
    assert len(images) == everything.count > 10
    for choice in (
        ExportChoice(target="mlp-12"),
        ExportChoice(label="3"),
        ExportChoice(valid=True),
        ExportChoice("mlp-6", valid=True),
    ):
        some = list(of_run(RunFolder(run_path), choice))
        assert some == [
            image
            for image in images
            if choice.target in (None, image.target)
            and choice.label in (None, str(image.label))
            and (image.valid or not choice.valid)
        ]


def test_what_no_run_can_have_written_is_refused(form: Exporter, tmp_path: Path) -> None:
    rows = table()
    for column, value, said in (
        ("image", [{"bytes": b"GIF89a", "path": None}] * 5, "PNG images"),
        ("label", [0, -1, 2, 1, 0], "a negative one"),
        ("predicted", [0, -1, 2, 1, 0], "a negative one"),
    ):
        changed = pa.array(value, rows.schema.field(column).type)
        altered = rows.set_column(rows.schema.get_field_index(column), column, changed)
        with pytest.raises(OutvotedError, match=said):
            export(form, of_table(altered, NAMES), out(form, tmp_path), QUIET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ExportChoice(target="mlp-21"), "did you mean 'mlp-18'"),
        (ExportChoice(label="11"), "--label with a class"),
        (ExportChoice(label="cat"), "choose from: 0, 1"),
    ],
)
def test_what_chooses_nothing_is_said(choice: ExportChoice, said: str, run_path: Path) -> None:
    with pytest.raises(OutvotedError, match=said):
        of_run(RunFolder(run_path), choice)


def test_a_choice_that_leaves_no_mistake_is_said() -> None:
    with pytest.raises(OutvotedError, match="that --label --valid leaves"):
        chosen(lambda columns: [table().select(list(columns))], NAMES, ExportChoice(label="dog", valid=True))
    with pytest.raises(OutvotedError, match="none so far"):
        of_table(table(labels=[]), NAMES)


def test_what_people_see_is_written_and_can_be_asked_for(own: RunFolder, tmp_path: Path) -> None:
    rows = Shards(own.path).table("mistakes").to_pylist()
    seen, disputed = ({"search_id": row["search_id"], "number": row["number"]} for row in rows[:2])
    form = "search_id,number,shown,label\n"
    line = "{search_id},{number},mistake,{label}\n"
    own.labels.mkdir()
    for name, wrong in (("anna", 0), ("ben", 1), ("zoe", 1)):
        labels = [rows[0]["label"], (rows[1]["label"] + wrong) % 10]
        given = [line.format(**key, label=label) for key, label in zip((seen, disputed), labels, strict=True)]
        (own.labels / f"{name}.csv").write_text(form + "".join(given))
    export(EXPORTERS["parquet"], of_run(own), tmp_path / "all.parquet", QUIET)
    found = pq.read_table(tmp_path / "all.parquet").to_pylist()
    told = [(row["people"], row["people_votes"], row["people_agreeing"]) for row in found]
    assert told[0] == (rows[0]["label"], 3, 3)
    assert told[1] == ((rows[1]["label"] + 1) % 10, 3, 1)
    assert set(told[2:]) == {(None, None, None)}
    (only,) = of_run(own, ExportChoice(people=True))
    assert only.png == rows[0]["image"]["bytes"]
    export(EXPORTERS["folder"], of_run(own), tmp_path / "folder", QUIET)
    with (tmp_path / "folder" / "labels.csv").open() as file:
        cells = [row["people_agreeing"] for row in csv.DictReader(file)]
    assert cells[:3] == ["3", "1", ""]


def test_a_run_that_nobody_has_labelled_has_nothing_that_people_see(own: RunFolder) -> None:
    with pytest.raises(OutvotedError, match="--people leaves"):
        of_run(own, ExportChoice(people=True))
