"""What mining found, in Python: the same whether this process mined or a run did."""

import csv
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from outvoted import OutvotedError, Panel, Result, data, mine
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.mining import shards
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png, schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.mined_settings import MinedSettings
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.python.findings import HeldFindings


@pytest.fixture(scope="session")
def found(run_path: Path) -> Result:
    return Result.load(run_path)


def test_a_runs_rows_and_figures_are_those_of_its_files(own: RunFolder) -> None:
    mining_report(OpenedRun(own)).write(own.path)
    found = Result.load(str(own.path))
    assert found.path == own.path
    assert len(found.mistakes) == Shards(own.path).table("mistakes").num_rows == found.summary["mistakes"]


def test_images_are_those_of_the_rows_in_their_order(found: Result) -> None:
    images, seeds = found.images(), found.images("seed_image")
    assert images.shape == seeds.shape == (len(found.mistakes), 1, 28, 28)
    np.testing.assert_array_equal(images[3], png.decode(found.mistakes["image"][3]["bytes"]))
    assert (images != seeds).any(axis=(1, 2, 3)).all()


def test_a_loader_gives_batches_to_train_on(found: Result) -> None:
    loader: Any = DataLoader(found.dataset(), batch_size=len(found.mistakes))
    ((inputs, labels),) = loader
    assert inputs.dtype == torch.float32
    np.testing.assert_array_equal((inputs * 255).round().numpy(), found.images())
    np.testing.assert_array_equal(labels, found.mistakes["label"])


def test_mistakes_stand_beside_images_of_another_dataset(found: Result) -> None:
    """One whose labels are tensors, and whose images are normalised; in one loader, in any order."""
    own = TensorDataset(torch.zeros(20, 1, 28, 28), torch.full((20,), 3))
    added = found.dataset(transform=lambda image: (image - 0.5) / 0.5, target_transform=torch.tensor)
    loader: Any = DataLoader(ConcatDataset([added, own]), batch_size=7, shuffle=True)
    inputs, labels = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert (inputs.dtype, labels.dtype) == (torch.float32, torch.int64)
    assert sorted(labels.tolist()) == sorted([*found.mistakes["label"], *[3] * 20])
    assert inputs.min() == -1


def test_pictures_show_as_many_as_there_are(found: Result) -> None:
    one, few, all_of_them = (found.show(n) for n in (1, 5, 10_000))
    assert one.width < few.width == all_of_them.width
    assert one.height < few.height < all_of_them.height
    with pytest.raises(OutvotedError, match="n=0"):
        found.show(0)


def test_saved_images_are_a_data_set_with_the_mistakes_labels(found: Result, tmp_path: Path) -> None:
    folder = found.save_images(tmp_path / "new" / "mistakes")
    with (folder / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["predicted"]) for row in rows] == found.mistakes["predicted"].to_list()
    read = data.load(data.Folder(path=folder, name="folder", test_share=0))
    np.testing.assert_array_equal(read.train.images, found.images())
    np.testing.assert_array_equal(read.train.labels, found.mistakes["label"])
    with pytest.raises(OutvotedError, match="a new or an empty folder"):
        found.save_images(folder)


def test_a_run_without_mistakes_has_no_images_to_show(own: RunFolder) -> None:
    shutil.rmtree(own.path / "searches")
    found = Result.load(own.path)
    assert len(found.images()) == len(found.dataset()) == len(found.mistakes) == 0
    for ask in (found.show, found.climb, found.landscape, found.to_hf):
        with pytest.raises(OutvotedError, match="at least one mistake"):
            ask()
    assert "without results yet" in found._repr_html_()


@pytest.fixture(scope="session")
def held(trained: list[Member], digits: Dataset) -> Result:
    """The same found in this process."""
    networks = {member.name: member.bare(digits.shape, digits.classes) for member in trained}
    panel = Panel(networks, digits.train.images, digits.train.labels)
    climb = {"kind": "hillclimb"}
    return mine(panel, progress=False, per_target=30, seed=7, patience=40, strategy=climb)


BOTH = pytest.mark.parametrize("which", ["found", "held"])


@BOTH
def test_searches_say_what_came_of_each(which: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(which)
    assert (result.searches["outcome"] == "mistake").sum() == len(result.mistakes)
    assert {"outcome", "reason", "target_name"} <= set(result.searches)


@BOTH
@pytest.mark.usefixtures("sketched")
def test_a_search_and_its_landscape_are_pictures(which: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(which)
    longest = int(result.mistakes["moves"].argmax())
    long, short = result.climb(longest), result.climb(int(result.mistakes["moves"].argmin()))
    assert long.width > short.width
    assert result.landscape(longest, "rotation", "translate_x_px", points=5).width > 500
    for i in (-1, len(result.mistakes)):
        with pytest.raises(OutvotedError, match="the number of a mistake, 0 to"):
            result.climb(i)
    with pytest.raises(OutvotedError, match="points from 3"):
        result.landscape(0, points=2)
    with pytest.raises(OutvotedError, match="did you mean 'rotation"):
        result.landscape(0, "rotatoin")


def test_mining_here_draws_what_the_run_draws(found: Result, held: Result) -> None:
    assert found.mistakes["search_id"].equals(held.mistakes["search_id"])
    assert found.climb(2).tobytes() == held.climb(2).tobytes()


@BOTH
def test_a_notebook_shows_the_table_and_a_grid(which: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(which)
    html = result._repr_html_()
    for name in result.mistakes["target_name"].unique():
        assert f">{name}</th>" in html
    assert html.count("data:image/png;base64,") == 2 * min(12, len(result.mistakes))
    assert "<script" not in html
    assert "http" not in html


@pytest.mark.usefixtures("sketched")
def test_the_pictures_of_the_kind_are_at_hand(own: RunFolder, held: Result) -> None:
    found = Result.load(own.path).pictures
    assert set(found) >= {"gallery/mistakes.png", "gallery/climbs.png"}
    assert not (own.path / "gallery").exists()
    assert held.pictures == {}


def test_a_result_without_mistakes_shows_pictures() -> None:
    def draw(path: Path) -> None:
        Image.new("RGB", (30, 20)).save(path)

    table = Table("claims", [Column("claim")], [("<b>",)])
    result = Result(HeldFindings("study", lambda: Report({"a": 1}, [table], pictures={"map.png": draw})))
    html = result._repr_html_()
    assert "&lt;b&gt;" in html
    assert html.count("data:image/png;base64,") == 1
    assert result.pictures["map.png"].size == (30, 20)
    assert result.summary["a"] == 1
    for ask in (lambda: result.mistakes, lambda: result.searches, result.climb, result.to_hf):
        with pytest.raises(OutvotedError, match=r"one of outvoted.study"):
            ask()


@BOTH
def test_a_report_is_one_page(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    result: Result = request.getfixturevalue(which)
    page = result.report(tmp_path / "page.html").read_text()
    assert "gallery" in page
    assert "% success" in page


def test_a_report_that_is_there_is_replaced_only_where_it_is_named(
    held: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert held.report() == Path("report.html")
    with pytest.raises(OutvotedError, match=r"report\(file\)"):
        held.report()


@BOTH
def test_hugging_face_gets_images_and_labels(which: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(which)
    rows = result.to_hf()
    assert rows["label"] == result.mistakes["label"].to_list()
    np.testing.assert_array_equal(np.asarray(rows[1]["image"]), result.images()[1, 0])


def test_a_missing_package_names_its_extra(found: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(OutvotedError, match=r"outvoted\[hf\]"):
        found.to_hf()


@BOTH
def test_mistakes_are_exported_from_anywhere(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    result: Result = request.getfixturevalue(which)
    with np.load(result.export("npz", tmp_path / "mistakes.npz")) as file:
        np.testing.assert_array_equal(file["x_train"], result.images())
        np.testing.assert_array_equal(file["y_train"], result.mistakes["label"])


@pytest.mark.filterwarnings("ignore:Glyph")
def test_texts_of_a_strangers_run_are_text_in_a_notebook(own: RunFolder) -> None:
    record = own.read_record()
    assert record.data is not None
    record.data.class_names = tuple(f'<img src=x onerror="alert({n})">' for n in range(10))
    own.write_record(record)
    html = Result.load(own.path)._repr_html_()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_a_study_has_no_mistakes_and_says_where_its_votes_are(own: RunFolder) -> None:
    changed(own, "study")
    with pytest.raises(OutvotedError, match="votes"):
        Result.load(own.path).mistakes  # noqa: B018


_TABLES: tuple[shards.Table, ...] = ("mistakes", "searches")


@pytest.mark.parametrize("kind", ["heal", "sweep"])
def test_a_damaged_table_is_named(own: RunFolder, kind: str) -> None:
    changed(own, kind)
    found = {table: Shards(own.path).table(table) for table in _TABLES}
    for table in found:
        shutil.rmtree(own.path / table)
    if kind == "heal":
        mistakes = tables.with_values(found["mistakes"], schema.OF_STEP, 0, "start", 0)
        rounds = schema.ROUNDS.of_rows([])
        HealStore(own.path).units.write("0-start-000", {"mistakes": mistakes, "rounds": rounds})
    else:
        mined: dict[str, pa.Table] = {
            name: tables.with_values(rows, (schema.OF_SETTING,), "T1") for name, rows in found.items()
        }
        MinedSettings(own.path).units.write("T1", mined)
    assert len(Result.load(own.path).mistakes)
    for path in (own.path / "mistakes").iterdir():
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(OutvotedError, match="mistakes"):
        Result.load(own.path).mistakes  # noqa: B018


def test_a_comparisons_rows_say_whose_they_are(own: RunFolder, tmp_path: Path) -> None:
    changed(RunFolder(tmp_path / "both"), "compare", own)
    for name in ("a", "b"):
        shutil.copytree(own.path, tmp_path / "both" / name)
    found = Result.load(tmp_path / "both").mistakes
    assert found["run"].value_counts().to_dict() == dict.fromkeys(
        "ab", len(Shards(own.path).frame("mistakes"))
    )


def changed(store: RunFolder, kind: str, of: RunFolder | None = None) -> None:
    record = (of or store).read_record()
    record.kind = kind
    store.path.mkdir(exist_ok=True)
    store.write_record(record)
