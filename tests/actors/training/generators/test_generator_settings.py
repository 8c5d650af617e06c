"""Which generator: packaged, trained, or a file."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.training.generators import dcgan
from outvoted.actors.training.generators.dcgan import DcganTraining
from outvoted.actors.training.generators.generator import (
    AnyGenerator,
    Generator,
    GeneratorFile,
    PackagedGenerator,
    TrainedGenerator,
)
from outvoted.search.errors import OutvotedError


def test_the_packaged_one_is_that_of_the_data(digits: Dataset) -> None:
    for name in ("mnist", "fashion-mnist"):
        found = PackagedGenerator().load(replace(digits, name=name))
        assert found.shape == digits.shape
        assert found.fingerprint == PackagedGenerator(name=name).load(digits).fingerprint
    sample, fashion = (replace(digits, name=name) for name in ("mnist-sample", "fashion-mnist"))
    assert PackagedGenerator().load(sample).fingerprint != PackagedGenerator().load(fashion).fingerprint


def test_other_data_has_no_packaged_one(digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match="those of mnist and fashion-mnist"):
        PackagedGenerator().load(digits)


def test_a_generator_of_other_images_is_refused(digits: Dataset, tmp_path: Path) -> None:
    shape = (1, 20, 20)
    Generator.of(shape, 2, dcgan.generator(shape, 2).state_dict()).save(tmp_path / "g.safetensors")
    with pytest.raises(OutvotedError, match=r"\(1, 20, 20\)"):
        GeneratorFile(path=tmp_path / "g.safetensors").load(digits)


def test_a_file_is_read(lively: Generator, digits: Dataset, tmp_path: Path) -> None:
    lively.save(tmp_path / "g.safetensors")
    found = GeneratorFile(path=tmp_path / "g.safetensors").load(digits)
    assert found.fingerprint == lively.fingerprint


def test_what_is_trained_is_named_by_settings_and_images() -> None:
    keys = {
        TrainedGenerator(training=DcganTraining(seed=seed)).key(data)
        for seed in (0, 1)
        for data in ("a", "b")
    }
    assert len(keys) == 4


def test_too_few_images_are_refused_before_anything_starts(few: Dataset) -> None:
    with pytest.raises(OutvotedError, match="one batch"):
        TrainedGenerator().load(few)


def test_unknown_kinds_and_names_are_refused() -> None:
    adapter: TypeAdapter[AnyGenerator] = TypeAdapter(AnyGenerator)
    for wrong in ({"kind": "gan"}, {"kind": "packaged", "name": "svhn"}, {"kind": "trained", "epochs": 3}):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)
