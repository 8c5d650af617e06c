"""Opening a run: what is opened is what it was mined with, or it is refused."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import Npz
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError


def nudged(found: list[Member], name: str) -> list[Member]:
    """Return members of whom one has a weight that differs in its last bits."""
    changed = []
    for member in found:
        weights = {key: value.clone() for key, value in member.weights.items()}
        if member.name == name:
            next(iter(weights.values())).view(-1)[0] *= 1.0001
        changed.append(replace(member, weights=weights))
    return changed


def test_the_settings_are_the_runs(run: OpenedRun, rules: Rules) -> None:
    """A record that leaves the border open was written when all borders were black."""
    assert run.transform == rules.transform.model_copy(update={"border": "black"})
    assert run.search.rules(len(run.peers)) == replace(rules, transform=run.transform)


def test_peers_come_without_the_referee(run: OpenedRun, trained: list[Member]) -> None:
    assert [member.name for member in run.peers] == [member.name for member in trained]
    assert [member.name for member in run.members] == [*(member.name for member in trained), "referee"]


def test_the_data_are_those_the_run_was_mined_from(run: OpenedRun, digits: Dataset) -> None:
    np.testing.assert_array_equal(run.data.train.images, digits.train.images)
    assert run.data.fingerprint == digits.fingerprint


def test_the_panel_votes_as_recorded(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    votes = run.panel.vote(np.stack([png.decode(row["image"]["bytes"]) for row in mistakes]))
    for k, row in enumerate(mistakes):
        np.testing.assert_array_equal(votes[:, k], np.array(row["probabilities"], np.float32))


def test_the_panel_is_the_one_that_mined(run: OpenedRun, panel: LocalPanel, digits: Dataset) -> None:
    assert run.panel.size == panel.size
    assert run.panel.vote(digits.test.images).tobytes() == panel.vote(digits.test.images).tobytes()


def test_what_is_opened_is_read_once(own: RunFolder) -> None:
    run = OpenedRun(own)
    first = (run.record, run.members, run.data, run.panel)
    shutil.rmtree(own.path)
    assert all(
        one is other for one, other in zip(first, (run.record, run.members, run.data, run.panel), strict=True)
    )


def test_other_weights_are_refused(own: RunFolder, trained: list[Member]) -> None:
    members.save(own.peers, nudged(trained, "mlp-12"))
    with pytest.raises(OutvotedError) as caught:
        OpenedRun(own).members  # noqa: B018
    assert str(own.peers) in caught.value.found
    assert "restore the networks" in caught.value.remedy


def test_another_order_of_the_peers_is_refused(own: RunFolder, trained: list[Member]) -> None:
    members.save(own.peers, trained[::-1])
    with pytest.raises(OutvotedError, match="other networks or weights"):
        OpenedRun(own).panel  # noqa: B018


def test_another_referee_is_still_the_runs_panel(
    own: RunFolder, trained: list[Member], referee: Member
) -> None:
    members.save(own.peers, nudged([*trained, referee], "referee"))
    assert OpenedRun(own).members[-1].sha256 != referee.sha256


def test_a_run_without_a_fingerprint_yet_takes_its_weights(
    own: RunFolder, record: RunRecord, trained: list[Member]
) -> None:
    own.write_record(record.model_copy(update={"panel_fingerprint": None}))
    members.save(own.peers, nudged(trained, "mlp-6"))
    assert len(OpenedRun(own).peers) == 3


def test_other_images_are_refused(
    own: RunFolder, record: RunRecord, digits_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(digits_folder, tmp_path / "digits"))
    path = folder / "train-images-idx3-ubyte.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[-1] ^= 1
    path.write_bytes(gzip.compress(raw))
    config = record.config | {"data": {"path": str(folder)}}
    own.write_record(record.model_copy(update={"config": config}))
    with pytest.raises(OutvotedError) as caught:
        OpenedRun(own).data  # noqa: B018
    assert str(folder) in caught.value.found


def test_own_data_are_read_again(own: RunFolder, record: RunRecord, digits: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    train, test = digits.train, digits.test
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    config = record.config | {"data": Npz(path=path).model_dump(mode="json")}
    own.write_record(record.model_copy(update={"config": config}))
    np.testing.assert_array_equal(OpenedRun(own).data.train.images, digits.train.images)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="a run of outvoted"):
        OpenedRun(RunFolder(tmp_path)).data  # noqa: B018


def test_a_run_without_weights_is_refused(own: RunFolder) -> None:
    shutil.rmtree(own.peers)
    with pytest.raises(OutvotedError, match="trained panel"):
        OpenedRun(own).members  # noqa: B018


@pytest.mark.parametrize("wrong", [{}, {"search": {"patients": 3}}])
def test_a_record_without_a_configuration_is_refused(wrong: dict[str, Any], own: RunFolder) -> None:
    path = own.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config": wrong}))
    with pytest.raises(OutvotedError):
        OpenedRun(own).search  # noqa: B018
