"""Judging: the rows are what the panel's votes on each image alone say."""

import numpy as np
import pytest
import torch

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.sources import Chunk
from outvoted.actors.mining.judge import Judge, JudgedChunk
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs import png
from outvoted.search.transforms import Affine

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def chunk(digits: Dataset) -> Chunk:
    images, labels = digits.test.images[:200], digits.test.labels[:200].copy()
    labels[100:] = -1
    paths: list[str | None] = [f"{index}.png" for index in range(200)]
    missing = [{"position": 700, "path": "700.png", "reason": "broken"}]
    return Chunk(500, images, np.arange(500, 700), paths, labels, missing)


@pytest.fixture(scope="module")
def judged(panel: LocalPanel, peers: list[Peer], chunk: Chunk) -> JudgedChunk:
    return Judge(panel, NAMES, peers[0]).judge(chunk)


def test_dissents_are_those_of_each_image_alone(judged: JudgedChunk, panel: LocalPanel, chunk: Chunk) -> None:
    rows = {row["position"]: row for row in judged.dissents.to_pylist()}
    assert rows
    for position, image, true in zip(chunk.positions, chunk.images, chunk.labels, strict=True):
        votes = panel.vote(image[None])[:, 0]
        answers = votes.argmax(axis=1).tolist()
        if len(set(answers)) != 2:
            assert position not in rows
            continue
        (target,) = [peer for peer in range(3) if answers.count(answers[peer]) == 1]
        row = rows.pop(int(position))
        label = answers[(target + 1) % 3]
        assert (row["target"], row["target_name"]) == (target, NAMES[target])
        assert (row["label"], row["predicted"]) == (label, answers[target])
        assert row["path"] == f"{position - 500}.png"
        assert np.array_equal(png.decode(row["image"]["bytes"]), image)
        assert np.array_equal(np.float32(row["probabilities"]), votes)
        least = min(votes[peer, label] for peer in range(3) if peer != target)
        assert row["margin"] == pytest.approx(least - votes[target, label], abs=1e-6)
        assert row["referee_predicted"] == answers[0]
        assert row["valid"] == (answers[0] == label)
        assert row["true_label"] == (None if true < 0 else true)
        assert row["label_correct"] == (None if true < 0 else true == label)
    assert not rows


def test_every_image_is_counted_once(judged: JudgedChunk, panel: LocalPanel, chunk: Chunk) -> None:
    (row,) = judged.scanned.to_pylist()
    assert row["images"] == 201 == row["unanimous"] + row["dissents"] + row["disputed"] + 1
    assert row["dissents"] == judged.dissents.num_rows
    assert row["undecodable"] == chunk.undecodable
    predicted = panel.vote(chunk.images[:100]).argmax(axis=2)
    assert row["labelled"] == 100
    assert row["correct"] == (predicted == chunk.labels[:100]).sum(axis=1).tolist()
    same = (predicted == predicted[0]).all(axis=0)
    assert row["unanimous_labelled"] == same.sum()
    assert row["unanimous_correct"] == (same & (predicted[0] == chunk.labels[:100])).sum()


def test_a_chunk_without_images_has_counts_too(panel: LocalPanel) -> None:
    missing = [{"position": 3, "path": None, "reason": "broken"}]
    none = np.array([], np.int64)
    empty = Chunk(3, np.empty((0, 1, 28, 28), np.uint8), none, [], none, missing)
    found = Judge(panel, NAMES).judge(empty)
    assert found.dissents.num_rows == 0
    assert found.scanned.to_pylist()[0]["images"] == 1


def test_the_judge_has_the_members_names(trained: list[Member], digits: Dataset, chunk: Chunk) -> None:
    from outvoted.actors.mining.judge import local_judge

    found = local_judge(trained, digits.shape, digits.classes).judge(chunk)
    assert set(found.dissents["target_name"].to_pylist()) <= {"mlp-6", "mlp-12", "mlp-18"}
    assert found.dissents["valid"].null_count == found.dissents.num_rows


class Silent(torch.nn.Module):
    """Has no answer for every third image, counted by their ink."""

    def __init__(self, network: torch.nn.Module, silent: set[int]) -> None:
        super().__init__()
        self.network, self.silent = network, silent

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        ink = (images * 255).round().sum((1, 2, 3)).long().tolist()
        none = torch.tensor([one in self.silent for one in ink])
        logits: torch.Tensor = self.network(images)
        return logits.masked_fill(none[:, None], torch.nan)


def test_an_image_that_a_network_fails_on_is_no_dissent_and_is_told(
    trained: list[Member], digits: Dataset, chunk: Chunk, peers: list[Peer]
) -> None:
    silent = set(chunk.images.sum((1, 2, 3), dtype=np.int64)[::3].tolist())
    network = Silent(trained[1].bare(digits.shape, digits.classes), silent)
    voters = [peers[0], Peer(network, Renderer(Affine(), digits.train)), peers[2]]
    found = Judge(LocalPanel(voters), NAMES).judge(chunk)
    (row,) = found.scanned.to_pylist()
    told = [one for one in row["undecodable"] if one["reason"] == "no answer from b"]
    failed = [k for k, ink in enumerate(chunk.images.sum((1, 2, 3), dtype=np.int64)) if int(ink) in silent]
    assert [one["position"] for one in told] == (chunk.positions[failed]).tolist()
    assert [one["path"] for one in told] == [chunk.paths[k] for k in failed]
    assert row["images"] == 201 == row["unanimous"] + row["dissents"] + row["disputed"] + len(failed) + 1
    assert not set(found.dissents["position"].to_pylist()) & {one["position"] for one in told}


def test_a_referee_without_an_answer_agrees_with_nothing(
    panel: LocalPanel, trained: list[Member], digits: Dataset, chunk: Chunk
) -> None:
    inks = set(chunk.images.sum((1, 2, 3), dtype=np.int64).tolist())
    referee = Peer(
        Silent(trained[0].bare(digits.shape, digits.classes), inks), Renderer(Affine(), digits.train)
    )
    rows = Judge(panel, NAMES, referee).judge(chunk).dissents
    assert rows.num_rows
    assert set(rows["referee_predicted"].to_pylist()) == {None} == set(rows["valid"].to_pylist())
