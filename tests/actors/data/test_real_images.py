"""Real images, where $OUTVOTED_DATA has them."""

import os
from pathlib import Path

import pytest

from tests.actors.data.formats import load

FOLDER = Path(os.environ.get("OUTVOTED_DATA", "/nonexistent"))
CIFAR, IMAGENET = FOLDER / "cifar10_subset.npz", FOLDER / "imagenet-samples"


@pytest.mark.skipif(not CIFAR.is_file(), reason="$OUTVOTED_DATA is not set, or has no cifar10_subset.npz")
def test_cifar_loads_by_one_line() -> None:
    data = load({"name": "npz", "path": str(CIFAR)})
    assert (data.name, data.shape, data.classes) == ("cifar10_subset.npz", (3, 32, 32), 10)
    assert (len(data.train), len(data.test)) == (5085, 1017)


@pytest.mark.skipif(not IMAGENET.is_dir(), reason="$OUTVOTED_DATA is not set, or has no imagenet-samples")
def test_imagenet_samples_are_a_thousand_named_classes() -> None:
    data = load({"name": "folder", "path": str(IMAGENET), "size": [24, 32], "test_share": 0})
    assert (data.shape, data.classes, len(data.train)) == ((3, 24, 32), 1000, 1000)
    assert data.class_names is not None
    assert data.class_names[:2] == ("tench", "goldfish")
