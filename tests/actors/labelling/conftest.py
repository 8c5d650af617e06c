from pathlib import Path

import pytest

from outvoted.actors.labelling.label_store import LabelStore, image_labels


@pytest.fixture
def store(tmp_path: Path) -> LabelStore[int]:
    """Labels of three images of ten classes."""
    return image_labels(tmp_path / "labels", 3, 10)
