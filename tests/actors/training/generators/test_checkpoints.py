"""A generator's checkpoint on disk."""

from pathlib import Path

import pytest
import torch

from outvoted.actors.training.generators.dcgan import Checkpoint, TrainingStage
from outvoted.search.errors import OutvotedError


def test_what_is_read_is_what_was_written(uncut: list[TrainingStage], tmp_path: Path) -> None:
    written = uncut[0].checkpoint
    written.save(tmp_path / "c.safetensors", "key")
    found = Checkpoint.load(tmp_path / "c.safetensors", "key")
    assert found is not None
    assert found.step == written.step
    assert found.tensors.keys() == written.tensors.keys()
    assert all(torch.equal(value, written.tensors[name]) for name, value in found.tensors.items())


def test_a_training_that_has_not_begun_has_none(tmp_path: Path) -> None:
    assert Checkpoint.load(tmp_path / "c.safetensors", "key") is None


def test_one_of_another_training_or_damaged_is_refused(uncut: list[TrainingStage], tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    uncut[0].checkpoint.save(path, "key")
    with pytest.raises(OutvotedError, match="other settings or other images"):
        Checkpoint.load(path, "another")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(OutvotedError, match="delete the file"):
        Checkpoint.load(path, "key")
