"""Judging chunks: which of their images does exactly one peer see differently from all others?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.data.sources import Chunk
from outvoted.actors.mining.rows import stored_image
from outvoted.actors.mining.verification import decoded, verify
from outvoted.actors.networks import Shape
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer, voter
from outvoted.actors.runs import png, schema
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.consensus import Dissent, lone_dissent

NO_ANSWER = "no answer from"
"""How the reason begins where a network failed on an image; its name follows."""


@dataclass(frozen=True)
class JudgedChunk:
    """What came of a chunk: a row of counts, and a row for each dissent."""

    first: int
    scanned: pa.Table
    dissents: pa.Table


class Judge:
    """A panel, and a referee if there is one, that judge a chunk at a time."""

    def __init__(self, panel: LocalPanel, names: Sequence[str], referee: Peer | None = None) -> None:
        self._panel, self._names, self._referee = panel, tuple(names), referee

    def judge(self, chunk: Chunk) -> JudgedChunk:
        """Have the panel vote; every dissent is verified from the PNG bytes that are stored."""
        predicted = np.empty((self._panel.size, 0), np.int64)
        if len(chunk.positions):
            chunk, predicted = self._answered(chunk, self._panel.classify(chunk.images))
        dissent = lone_dissent(predicted)
        return JudgedChunk(
            chunk.first, _counts(chunk, predicted, dissent), self._dissents(chunk, predicted, dissent)
        )

    def _answered(self, chunk: Chunk, predicted: Ints) -> tuple[Chunk, Ints]:
        """Put images on which a network has no answer to those that could not be read."""
        silent = predicted < 0
        failed = silent.any(axis=0)
        if not failed.any():
            return chunk, predicted
        missing = [
            {
                "position": int(chunk.positions[row]),
                "path": chunk.paths[row],
                "reason": f"{NO_ANSWER} {self._names[int(silent[:, row].argmax())]}",
            }
            for row in np.flatnonzero(failed)
        ]
        rows = np.flatnonzero(~failed)
        kept = replace(
            chunk,
            images=chunk.images[rows],
            positions=chunk.positions[rows],
            paths=[chunk.paths[row] for row in rows],
            labels=chunk.labels[rows],
            undecodable=sorted([*chunk.undecodable, *missing], key=lambda one: int(one["position"])),
        )
        return kept, predicted[:, rows]

    def _dissents(self, chunk: Chunk, predicted: Ints, dissent: Dissent) -> pa.Table:
        rows = np.flatnonzero(dissent.alone)
        if not len(rows):
            return schema.DISSENTS.arrow.empty_table()
        target, label = dissent.target[rows], dissent.label[rows]
        stored = [png.encode(image) for image in chunk.images[rows]]
        images, voters = decoded(stored), np.full(len(rows), self._panel.size - 1)
        verdict = verify(stored, self._panel.vote(images), label, target, voters)
        if not verdict.verified.all():
            raise RuntimeError(
                "the panel's votes on stored pixels differ from those on the same pixels before"
            )
        true = chunk.labels[rows]
        columns: dict[str, Any] = {
            "position": chunk.positions[rows],
            "path": [chunk.paths[row] for row in rows],
            "target": target,
            "target_name": [self._names[index] for index in target],
            "label": label,
            "predicted": predicted[target, rows],
            "image": [stored_image(data) for data in stored],
            "probabilities": [verdict.probabilities[:, k].tolist() for k in range(len(rows))],
            "margin": verdict.margin,
            "true_label": pa.array(true, mask=true < 0),
            "label_correct": pa.array(true == label, mask=true < 0),
        }
        columns |= self._refereed(images, label)
        return pa.table(
            {name: columns[name] for name in schema.DISSENTS.arrow.names}, schema=schema.DISSENTS.arrow
        )

    def _refereed(self, images: Pixels, label: Ints) -> dict[str, Any]:
        if self._referee is None:
            return {name: [None] * len(label) for name in ("referee_predicted", "valid")}
        answer = self._referee.classify(images)
        return {
            "referee_predicted": pa.array(answer, mask=answer < 0),
            "valid": pa.array(answer == label, mask=answer < 0),
        }


def local_judge(members: Sequence[Member], shape: Shape, classes: int, batch: Batch = "auto") -> Judge:
    """Build the members' networks in this process for images of ``shape``."""
    built = [(member, voter(member, shape, classes, batch)) for member in members]
    peers = {member.name: peer for member, peer in built if member.role == "peer"}
    referee = next((peer for member, peer in built if member.role == "referee"), None)
    return Judge(LocalPanel(list(peers.values())), list(peers), referee)


def _counts(chunk: Chunk, predicted: Ints, dissent: Dissent) -> pa.Table:
    known = chunk.labels >= 0
    right = predicted == chunk.labels
    row = {
        "first": chunk.first,
        "images": len(chunk),
        "unanimous": int(dissent.unanimous.sum()),
        "dissents": int(dissent.alone.sum()),
        "disputed": int((dissent.label < 0).sum()),
        "labelled": int(known.sum()),
        "unanimous_labelled": int((dissent.unanimous & known).sum()),
        "unanimous_correct": int((dissent.unanimous & known & (dissent.label == chunk.labels)).sum()),
        "correct": (right & known).sum(axis=1).tolist(),
        "undecodable": chunk.undecodable,
    }
    return schema.SCANNED.of_rows([row])
