"""The images that few pixels fool a network with."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.sweep_store import SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.temperature.attacks import (
    Example,
    candidates,
    draw_attacked,
    example,
    fooled,
)
from tests.analysis.sweeps.temperature.sweeps import Form, written


@pytest.fixture
def sweep(whole: SweepStore) -> OpenedSweep:
    """Not to be altered."""
    return open_sweep(OpenedRun(RunFolder(whole.path)))


def test_candidates_are_the_surest_of_each_class_that_two_pixels_fool() -> None:
    votes = pd.DataFrame(
        [(0, 2, 0.6), (0, 1, 0.7), (0, 3, 0.9), (1, -1, 0.9), (1, 0, 0.9), (2, 2, 0.8)],
        columns=["label", "pixels", "label_probability"],
    )
    assert candidates(votes).index.tolist() == [5, 1]


def test_confidences_are_the_network_s(sweep: OpenedSweep) -> None:
    """Asked again, the network says the same of what is drawn."""
    chosen = example(sweep)
    assert chosen is not None
    network = sweep.member(chosen.unit).bare(sweep.data.shape, sweep.data.classes)
    found = fooled(chosen)
    assert found
    for one in found:
        images = torch.tensor(np.stack([one.original, one.attacked])).float() / 255
        with torch.inference_mode():
            before, after = network(images).softmax(1)
        assert before.argmax() == one.label != one.predicted == after.argmax()
        assert (one.before, one.after) == pytest.approx((float(before.max()), float(after.max())), abs=1e-5)


def test_nothing_but_the_framed_pixels_differs(sweep: OpenedSweep) -> None:
    chosen = example(sweep)
    assert chosen is not None
    for one in fooled(chosen):
        differs = {(int(y), int(x)) for _, y, x in np.argwhere(one.original != one.attacked)}
        assert differs
        assert differs <= set(one.places)
        assert len(one.places) <= 2


def test_the_example_is_closest_to_one_by_ratio(tmp_path: Path) -> None:
    """1/4 is farther from 1 than 2, though not by difference; of 2 and 1/2 the lower is chosen."""
    store = written(tmp_path, Form((0.25, 2.0, 0.5), (0, 1), 1), skipped=["T0.5.seed-0"])
    assert _chosen(store).unit.name == "T0.5.seed-1"
    (store.path / "trials" / "T0.5.seed-1.parquet").unlink()
    assert _chosen(store).unit.name == "T2.seed-0"
    assert _chosen(store).name == "T = 2, seed 0"


@pytest.mark.usefixtures("sketched")
def test_rgb_images_are_attacked_and_drawn(tmp_path: Path, figures: list[Figure]) -> None:
    sweep = open_sweep(OpenedRun(RunFolder(written(tmp_path, Form((1.0,), (0,), 2, rgb=True)).path)))
    chosen = example(sweep)
    assert chosen is not None
    draw_attacked(chosen, fooled(chosen), tmp_path / "attacked.png")
    pair = figures[0].axes[:2]
    assert [axes.images[0].get_array().shape for axes in pair] == [(6, 6, 3)] * 2  # type: ignore[union-attr]


def _chosen(store: SweepStore) -> Example:
    found = example(open_sweep(OpenedRun(RunFolder(store.path))))
    assert found is not None
    return found
