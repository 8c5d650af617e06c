"""A trained generator: its images, and its file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from outvoted.actors.training.generators.dcgan import LATENT
from outvoted.actors.training.generators.generator import Generator, read
from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError


@pytest.fixture(scope="session")
def latents() -> Floats:
    return np.random.default_rng(0).standard_normal((130, LATENT))


@settings(max_examples=10)
@given(rows=st.lists(st.integers(0, 129), min_size=1, max_size=140))
def test_an_image_depends_on_its_latent_alone(lively: Generator, latents: Floats, rows: list[int]) -> None:
    assert np.array_equal(lively(latents[rows]), lively(latents)[rows])


def test_images_have_the_form_of_the_data(lively: Generator, latents: Floats) -> None:
    made = lively(latents[:3])
    assert made.shape == (3, 1, 28, 28)
    assert made.dtype == np.uint8
    assert made.std() > 20


def test_what_is_read_makes_the_images_of_what_was_written(
    lively: Generator, latents: Floats, tmp_path: Path
) -> None:
    lively.save(tmp_path / "g.safetensors")
    found = read(tmp_path / "g.safetensors")
    assert found.fingerprint == lively.fingerprint
    assert np.array_equal(found(latents[:5]), lively(latents[:5]))


def test_weights_that_are_not_finite_are_refused(lively: Generator) -> None:
    bad = {name: torch.full_like(value, torch.nan) for name, value in lively.weights.items() if "0.w" in name}
    with pytest.raises(OutvotedError, match="NaN or infinite"):
        Generator.of(lively.shape, lively.maps, {**lively.weights, **bad})


def test_a_file_that_is_missing_or_damaged_is_refused(lively: Generator, tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    with pytest.raises(OutvotedError, match="correct the path"):
        read(path)
    lively.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(OutvotedError, match=r"g\.safetensors"):
        read(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(OutvotedError, match="SHA-256 differs"):
        read(path)


def test_a_file_of_something_else_is_refused(lively: Generator, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(OutvotedError, match="something else"):
        read(path)
    lively.save(path)
    save_file(load_file(path), path, {"outvoted": "generator 1", "shape": "1 28"})
    with pytest.raises(OutvotedError, match="a generator that Outvoted has trained"):
        read(path)
