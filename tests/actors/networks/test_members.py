"""Trained networks on disk: they come back as they were, and nothing else is taken for them."""

import errno
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import MLP, InputRecipe, PreprocessedNetwork, members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.search.errors import OutvotedError


@pytest.fixture
def shelf(trained: list[Member], referee: Member, tmp_path: Path) -> Path:
    """A folder with three peers and a referee."""
    members.save(tmp_path / "peers", [*trained, referee])
    return tmp_path / "peers"


def altered(member: Member, change: Callable[[torch.Tensor], object]) -> Member:
    """Return a member whose first weight tensor was changed in place."""
    weights = {name: value.clone() for name, value in member.weights.items()}
    change(next(iter(weights.values())))
    return replace(member, weights=weights)


def refused(folder: Path) -> OutvotedError:
    """Return the error that loading ends in, after checking that it names the folder."""
    with pytest.raises(OutvotedError) as caught:
        members.load(folder)
    assert str(folder) in caught.value.expected
    assert str(folder) in caught.value.remedy
    return caught.value


def rewritten(folder: Path, change: Callable[[list[dict[str, object]]], object]) -> Path:
    """Change the rows of a folder's table."""
    rows = pq.read_table(folder / members.TABLE).to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows), folder / members.TABLE)
    return folder


def facts(member: Member) -> tuple[object, ...]:
    """Return everything about a member but its weights."""
    return member.name, member.role, member.architecture, member.training_seed, member.epochs


def test_members_come_back_as_they_were(shelf: Path, trained: list[Member], referee: Member) -> None:
    found = members.load(shelf)
    for before, after in zip([*trained, referee], found, strict=True):
        assert facts(after) == facts(before)
        assert after.weights.keys() == before.weights.keys()
        assert all(torch.equal(after.weights[name], before.weights[name]) for name in before.weights)


def test_the_order_is_kept(trained: list[Member], tmp_path: Path) -> None:
    members.save(tmp_path, trained[::-1])
    assert [member.name for member in members.load(tmp_path)] == ["mlp-18", "mlp-12", "mlp-6"]


def test_saving_twice_changes_no_file(shelf: Path, trained: list[Member], referee: Member) -> None:
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    members.save(shelf, [*trained, referee])
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before


def test_a_network_that_was_saved_answers_as_before(
    shelf: Path, trained: list[Member], digits: Dataset
) -> None:
    inputs = torch.rand(5, *digits.shape)
    for before, after in zip(trained, members.load(shelf), strict=False):
        here, there = (member.build(digits.shape, digits.classes).eval() for member in (before, after))
        assert torch.equal(here(inputs), there(inputs))


def test_the_table_opens_in_pandas(shelf: Path, trained: list[Member], referee: Member) -> None:
    frame = pd.read_parquet(shelf / members.TABLE)
    assert frame["name"].tolist() == ["mlp-6", "mlp-12", "mlp-18", "referee"]
    assert frame["role"].tolist() == ["peer", "peer", "peer", "referee"]
    assert frame["test_accuracy"].tolist() == [member.test_accuracy for member in [*trained, referee]]
    assert [len(epochs) for epochs in frame["epochs"]] == [8, 8, 8, 3]


def test_the_hash_is_that_of_the_file(shelf: Path, trained: list[Member]) -> None:
    for member in trained:
        data = (shelf / f"{member.name}.safetensors").read_bytes()
        assert member.sha256 == hashlib.sha256(data).hexdigest()


def test_accuracy_is_that_after_the_last_epoch(trained: list[Member]) -> None:
    records = (EpochRecord(1, 2.0, 0.3), EpochRecord(2, 1.0, 0.6))
    assert replace(trained[0], epochs=records).test_accuracy == 0.6


@pytest.mark.parametrize("place", [0, 9, -1])
def test_tampered_weights_are_found(place: int, shelf: Path) -> None:
    path = shelf / "mlp-12.safetensors"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert "mlp-12.safetensors" in refused(shelf).found


def test_weights_of_another_peer_are_found(shelf: Path) -> None:
    (shelf / "mlp-6.safetensors").write_bytes((shelf / "mlp-12.safetensors").read_bytes())
    assert "SHA-256" in refused(shelf).found


@pytest.mark.parametrize("name", ["mlp-6.safetensors", "referee.safetensors", members.TABLE])
def test_a_missing_file_is_found(name: str, shelf: Path) -> None:
    (shelf / name).unlink()
    assert name in refused(shelf).found


def test_a_missing_folder_is_found(tmp_path: Path) -> None:
    refused(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"name,role\n", bytes(range(256)) * 8])
def test_what_is_no_parquet_is_refused(content: bytes, shelf: Path) -> None:
    (shelf / members.TABLE).write_bytes(content)
    refused(shelf)


def test_a_table_cut_short_is_refused(shelf: Path) -> None:
    data = (shelf / members.TABLE).read_bytes()
    for kept in np.linspace(0, len(data) - 1, 40).astype(int):
        (shelf / members.TABLE).write_bytes(data[:kept])
        refused(shelf)


def test_a_table_without_a_column_is_refused(shelf: Path) -> None:
    def drop(rows: list[dict[str, object]]) -> None:
        for row in rows:
            del row["file"]

    refused(rewritten(shelf, drop))


@pytest.mark.parametrize("architecture", ['{"kind": "rnn"}', "{", '{"kind": "mlp", "hidden": -3}'])
def test_an_unknown_architecture_is_refused(architecture: str, shelf: Path) -> None:
    error = refused(rewritten(shelf, lambda rows: rows[1].update(architecture=architecture)))
    assert "architecture of mlp-12" in error.found
    assert not {"validation", "union", "pydantic"} & set(error.found.split())


def test_a_safetensors_file_that_is_none_is_refused(shelf: Path) -> None:
    (shelf / "mlp-6.safetensors").write_bytes(b"pickle")
    digest = hashlib.sha256(b"pickle").hexdigest()
    refused(rewritten(shelf, lambda rows: rows[0].update(sha256=digest)))


@pytest.mark.parametrize("epochs", [None, [{"epoch": 1, "lost": 2.0}]])
def test_an_unknown_training_record_is_refused(epochs: object, shelf: Path) -> None:
    def change(rows: list[dict[str, object]]) -> None:
        for row in rows:
            row["epochs"] = epochs

    refused(rewritten(shelf, change))


def test_a_damaged_name_is_refused(shelf: Path) -> None:
    data = (shelf / members.TABLE).read_bytes()
    (shelf / members.TABLE).write_bytes(data.replace(b"mlp-6", b"\xa4lp-6"))
    refused(shelf)


def test_weights_must_fit_the_architecture(trained: list[Member], digits: Dataset) -> None:
    wrong = replace(trained[0], architecture=MLP(hidden=7))
    with pytest.raises(OutvotedError, match="in the file") as caught:
        wrong.build(digits.shape, digits.classes)
    assert "mlp-6" in caught.value.expected


def test_weights_must_fit_the_images(trained: list[Member]) -> None:
    with pytest.raises(OutvotedError, match="in the file"):
        trained[0].build((3, 32, 32), 10)


def test_weights_must_be_whole(trained: list[Member], digits: Dataset) -> None:
    weights = dict(list(trained[0].weights.items())[1:])
    with pytest.raises(OutvotedError, match="not in the file"):
        replace(trained[0], weights=weights).build(digits.shape, digits.classes)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_must_be_finite(value: float, trained: list[Member], digits: Dataset) -> None:
    broken = altered(trained[1], lambda weights: weights[0].fill_(value))
    with pytest.raises(OutvotedError, match="NaN or infinite") as caught:
        broken.build(digits.shape, digits.classes)
    assert "mlp-12" in caught.value.expected


def test_one_weight_changes_the_fingerprint(trained: list[Member]) -> None:
    nudged = altered(trained[2], lambda weights: weights[0, 0].add_(1e-6))
    assert fingerprint([*trained[:2], nudged]) != fingerprint(trained)


def changed_panels(trained: Sequence[Member]) -> list[list[Member]]:
    """Return panels that are others than ``trained``."""
    first, second, third = trained
    return [
        [second, first, third],
        [first, second],
        [first, second, third, third],
        [replace(first, name="other"), second, third],
        [replace(first, architecture=MLP(hidden=6, activation="relu")), second, third],
        [
            replace(
                first, architecture=PreprocessedNetwork(network=MLP(hidden=6), input=InputRecipe(scale=2))
            ),
            second,
            third,
        ],
    ]


def test_order_names_number_and_architectures_change_the_fingerprint(trained: list[Member]) -> None:
    found = [fingerprint(panel) for panel in [trained, *changed_panels(trained)]]
    assert len(set(found)) == len(found)


def test_the_fingerprint_is_blind_to_the_referee(trained: list[Member], referee: Member) -> None:
    other = altered(referee, lambda weights: weights[0].zero_())
    assert fingerprint(trained) == fingerprint([*trained, referee]) == fingerprint([other, *trained])


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".", "", "a\nb", "a\x1b[31m", "C:\\x", "x" * 300])
def test_names_that_are_paths_are_refused(name: str, shelf: Path) -> None:
    assert "not a plain" in refused(rewritten(shelf, lambda rows: rows[0].update(name=name))).found


@pytest.mark.parametrize("file", ["../../x.safetensors", "/etc/passwd", "mlp-12.safetensors", "mlp-6", ""])
def test_a_network_lies_under_its_own_name(file: str, shelf: Path) -> None:
    found = refused(rewritten(shelf, lambda rows: rows[0].update(file=file))).found
    assert "mlp-6.safetensors" in found


@pytest.mark.parametrize("name", ["mlp-6.safetensors", members.TABLE])
def test_links_to_networks_are_refused(name: str, shelf: Path, tmp_path: Path) -> None:
    (shelf / name).rename(tmp_path / "elsewhere")
    (shelf / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutvotedError, match=f"{name}, which leads to {tmp_path / 'elsewhere'}"):
        members.load(shelf)


def test_too_many_networks_are_refused(shelf: Path) -> None:
    rows = pq.read_table(shelf / members.TABLE).to_pylist()
    pq.write_table(pa.Table.from_pylist(rows * 3000), shelf / members.TABLE)
    assert "12,000 networks" in refused(shelf).found


def test_the_fingerprint_survives_the_disk(shelf: Path, trained: list[Member]) -> None:
    assert fingerprint(members.load(shelf)) == fingerprint(trained)


def test_an_unwritable_folder_is_one_message(trained: list[Member]) -> None:
    with pytest.raises(OutvotedError, match="to write /proc/outvoted"):
        members.save(Path("/proc/outvoted"), trained)


@pytest.fixture
def linked(shelf: Path, trained: list[Member], referee: Member, tmp_path: Path) -> Path:
    """The folder of a run that has the shelf's files."""
    members.save(tmp_path / "run", [*trained, referee], shelf)
    return tmp_path / "run"


def test_a_run_shares_the_files_of_the_shelf(linked: Path, shelf: Path, trained: list[Member]) -> None:
    for file in linked.glob("*.safetensors"):
        assert file.samefile(shelf / file.name)
        assert not file.is_symlink()
    assert fingerprint(members.load(linked)) == fingerprint(trained)


def test_shared_files_outlive_and_outgrow_each_other(
    linked: Path, shelf: Path, trained: list[Member]
) -> None:
    altered(trained[0], lambda values: values.add_(1)).save(shelf)
    (shelf / "mlp-12.safetensors").unlink()
    assert fingerprint(members.load(linked)) == fingerprint(trained)


def test_a_file_of_the_shelf_that_is_not_the_networks_is_not_shared(
    shelf: Path, trained: list[Member], tmp_path: Path
) -> None:
    altered(trained[0], lambda values: values.add_(1)).save(shelf)
    (shelf / "mlp-12.safetensors").unlink()
    (shelf / "mlp-12.safetensors").symlink_to(shelf / "mlp-18.safetensors")
    members.save(tmp_path / "run", trained, shelf)
    assert fingerprint(members.load(tmp_path / "run")) == fingerprint(trained)
    shared = {file.name for file in (tmp_path / "run").iterdir() if file.stat().st_nlink > 1}
    assert shared == {"mlp-18.safetensors"}


def test_where_files_cannot_be_shared_they_are_copied(
    shelf: Path, trained: list[Member], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*names: object, **how: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    members.save(tmp_path / "run", trained, shelf)
    assert fingerprint(members.load(tmp_path / "run")) == fingerprint(trained)
