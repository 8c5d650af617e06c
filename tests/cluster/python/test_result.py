"""What mining found, in Python: the same whether this process mined or a run did."""

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch.utils.data import DataLoader

from outvoted import OutvotedError, Result, data
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.mining.shards import Shards, Table
from outvoted.actors.runs import png, schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.mined_settings import MinedSettings
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun


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
    with pytest.raises(OutvotedError, match="at least one mistake"):
        found.show()


def test_a_study_has_no_mistakes_and_says_where_its_votes_are(own: RunFolder) -> None:
    changed(own, "study")
    with pytest.raises(OutvotedError, match="votes"):
        Result.load(own.path).mistakes  # noqa: B018


_TABLES: tuple[Table, ...] = ("mistakes", "searches")


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
