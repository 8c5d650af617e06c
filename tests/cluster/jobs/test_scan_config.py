"""What `outvoted scan` refuses before it begins, and how it divides the machines."""

import sys
from pathlib import Path

import numpy as np
import pytest

from outvoted.cluster.command_line.cli import main
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.ray.placement import PoolSettings, pool
from outvoted.search.errors import OutvotedError

CONFIGS = Path(__file__).parents[3] / "configs"
TOY = CONFIGS / "scan-checkerboard.yaml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "scan.source.kind=foldr"), "did you mean 'folder'?"),
        (("--set", "scan.source.kind=folder", "--set", "scan.source.path=/nowhere"), "no such folder"),
        (("--set", "scan.source.kind=folder"), "scan.source.path"),
        (("--set", "panel.networks=[{kind: mlp}, {kind: mlp}]"), "at least 3 networks"),
        (("--set", "data.name=mnist-sample"), "points of a checkerboard"),
        (("--set", "data.name=chessboard"), "did you mean 'checkerboard'?"),
        (("--set", "scan.sizes=crop"), "choose from: refuse, resize"),
        (("--set", "scan.batches=3"), "did you mean 'batch'?"),
        (("--set", "panel.networks.0.hidden=[]"), "panel.networks.0.hidden"),
        (("--resume",), "none of scan-checkerboard"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_no_trace(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["outvoted", "scan", str(TOY), "--runs", str(tmp_path / "r"), *arguments]
    )
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("cpus", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("panels", [None, 1, 5])
def test_panels_fit_the_machines(cpus: int, panels: int | None) -> None:
    found = pool(PoolSettings(panels=panels), {"CPU": cpus})
    assert found.panels == (panels or cpus)
    assert 0 < found.panels * found.share.num_cpus <= cpus
    assert found.share.num_gpus == 0


def test_gpus_are_shared_evenly_or_as_asked_for() -> None:
    assert pool(PoolSettings(panels=4), {"CPU": 8, "GPU": 2}).share.num_gpus == 0.5
    assert pool(PoolSettings(panels=4, num_gpus=0), {"CPU": 8, "GPU": 2}).share.num_gpus == 0
    with pytest.raises(OutvotedError, match=r"cluster\.num_gpus=1 for each of 4 processes"):
        pool(PoolSettings(panels=4, num_gpus=1), {"CPU": 8, "GPU": 2})


def test_the_splits_can_trade_places_so_that_the_training_images_are_unseen() -> None:
    usual = {
        "data": {"name": "mnist-sample"},
        "scan": {"source": {"kind": "dataset", "name": "mnist-sample"}},
    }
    plain, traded = (ScanConfig.model_validate(usual | more).load() for more in ({}, {"train_on": "test"}))
    assert np.array_equal(traded.train.images, plain.test.images)
    assert np.array_equal(traded.test.labels, plain.train.labels)
    few = ScanConfig.model_validate(usual | {"train_on": 7}).load()
    assert (len(few.train), len(few.test)) == (7, len(plain.test))
