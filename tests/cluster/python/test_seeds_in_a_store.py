"""Seeds that lie in an object store are mined to the rows of those in memory."""

from pathlib import Path

import numpy as np
import pandas as pd

from outvoted import Panel, mine
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.data import Npy
from tests.object_store import hold


def test_rows_are_those_of_images_in_memory(
    digits: Dataset, trained: list[Member], s3: str, tmp_path: Path
) -> None:
    for name, array in (("x_train", digits.train.images[:60]), ("y_train", digits.train.labels[:60])):
        np.save(tmp_path / f"{name}.npy", array)
        hold(f"digits/{name}.npy", (tmp_path / f"{name}.npy").read_bytes())
    found = []
    for path, held in ((tmp_path, "memory"), (f"{s3}/digits", "disk")):
        data = Npy.model_validate({"path": path, "layout": "NCHW", "hold": held, "test_share": 0})
        networks = {member.name: member.build(digits.shape, 10) for member in trained}
        panel = Panel(networks, data, classes=10)
        found.append(mine(panel, per_target=6, patience=20))
    for here, there in zip(*((one.searches, one.mistakes) for one in found), strict=True):
        assert len(here)
        wall = ["finished_at"]
        pd.testing.assert_frame_equal(
            here.drop(columns=wall, errors="ignore"), there.drop(columns=wall, errors="ignore")
        )
