"""Healing: fine-tuning a panel on its own mistakes (Baluja et al., section 6), beside two controls.

Three arms start from one trained panel and take the same gradient steps in every round. Each adds the same
number of samples to each peer's training data, with the same weight and frequency: ``mistakes`` the mistakes
mined of that peer in the round before, ``copies`` training images moved at random within the realism budget
(as many moves each as the mistakes took), ``nothing`` training images as they are.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from outvoted.actors.data.datasets import Dataset, Images, Split
from outvoted.actors.healing.arms import HELD_OUT, Arm, HealSettings, Step, Use, keyed
from outvoted.actors.mining.local_mining import MiningResult, mine_panel
from outvoted.actors.mining.shards import Failed, check_not_all, failures
from outvoted.actors.mining.verification import rendered
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.actors.runs import png, schema, tables
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import ExtraSamples, accuracy, train
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.outcome import Outcome
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Found:
    """The mistakes of one peer, and the number of moves each took, shape (n,)."""

    samples: Split
    moves: Ints


def found_of(mistakes: pa.Table, peers: int, data: Dataset) -> tuple[Found, ...]:
    """Return the mistakes of each peer in rows of a `mistakes` table, as samples to train on."""
    rows = mistakes.select(["target", "label", "moves", "image"]).to_pylist()
    return tuple(_found([row for row in rows if row["target"] == peer], data) for peer in range(peers))


def _found(rows: Sequence[dict[str, object]], data: Dataset) -> Found:
    images = [png.decode(row["image"]["bytes"]) for row in rows]  # type: ignore[index]
    pixels = np.stack(images) if images else np.empty((0, *data.shape), np.uint8)
    labels, moves = (np.array([row[name] for row in rows], np.int64) for name in ("label", "moves"))
    return Found(Split(pixels, labels), moves)


_TRIES = 1000
"""Draws after which a walk that finds no further move within the budget stays where it is."""


def wandered(transform: Transform, images: Pixels, moves: Ints, rng: np.random.Generator) -> Pixels:
    """Move each image at random, ``moves`` (n,) times; every move must stay within the realism budget."""
    return rendered(transform, images.copy(), walks(transform, moves, rng).astype(np.float32))


def walks(transform: Transform, moves: Ints, rng: np.random.Generator) -> Floats:
    """Compose random moves, ``moves`` (n,) of them each; shape (n, transform.size).

    A move that would leave the budget is drawn again: what a search does without asking any network.
    """
    composed, left = transform.identity(len(moves)), moves.copy()
    for _ in range(_TRIES):
        rows = np.flatnonzero(left > 0)
        if not len(rows):
            break
        drawn = transform.sample(rng.random((len(rows), transform.draws)))
        tried = transform.compose(composed[rows], drawn)
        kept = transform.within_budget(tried)
        composed[rows[kept]] = tried[kept]
        left[rows[kept]] -= 1
    return composed


def moved_split(transform: Transform, split: Split, moves: int, key: int) -> Split:
    """Return a split in which every image is moved at random; the same for the same arguments."""
    rng = np.random.default_rng(key)
    return Split(wandered(transform, split.images, np.full(len(split), moves), rng), split.labels)


@dataclass(frozen=True)
class Task:
    """What a step depends on besides the healer.

    Attributes:
        panel: the peers as the step before left them.
        found: for each round before, for each peer, the mistakes mined in the ``mistakes`` arm
            (round 0: of the start).
        held_out: for each peer; empty for the start, which mines them.
    """

    step: Step
    panel: tuple[Member, ...]
    found: tuple[tuple[Found, ...], ...] = ()
    held_out: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Round:
    """What a step gave: a row for each peer (schema.ROUNDS), its mistakes, and the panel after it.

    Attributes:
        failed: the peers some of whose searches failed; not kept, so empty where a step is read again.
    """

    step: Step
    rows: pa.Table
    mistakes: pa.Table
    panel: tuple[Member, ...]
    failed: tuple[Failed, ...] = ()


@dataclass(frozen=True)
class Healer:
    """Everything that is the same in all steps of a run.

    Attributes:
        training: how the peers were trained; healing takes its own number of epochs.
        moved: the test images, moved at random once and for all.
    """

    settings: HealSettings
    search: SearchSettings
    training: Training
    data: Dataset
    moved: Split
    referee: Member | None
    batch: Batch = "auto"

    def run(self, task: Task) -> Round:
        """Fine-tune the panel, measure it and mine it; a pure function of its arguments but for the time.

        Raises:
            OutvotedError: all searches of a peer failed, or the panel disputes nearly all seeds.
        """
        began = time.monotonic()
        step = task.step
        panel = tuple(self.trained_on(task, peer) for peer in range(len(task.panel)))
        mined = self.mined(panel, self.mining_seed(Use.MINE, step))
        failed = failures(mined.searches.to_pandas())
        check_not_all(failed, "the rounds before are kept")
        mistakes = _tagged(mined.mistakes, step, step.arm)
        held_out = task.held_out
        if step.arm == Arm.START:
            never = self.mined(panel, self.mining_seed(Use.HOLD_OUT, step)).mistakes
            held_out = found_of(never, len(panel), self.data)
            mistakes = pa.concat_tables([mistakes, _tagged(never, step, HELD_OUT)])
        seconds = time.monotonic() - began
        rows = [
            {
                **self.measured(task, peer, member, held_out[peer]),
                **_counted(mined.searches, mistakes, peer, step.arm),
                "seconds": seconds,
            }
            for peer, member in enumerate(panel)
        ]
        return Round(step, schema.ROUNDS.of_rows(rows), mistakes, panel, failed)

    def mining_seed(self, use: Use, step: Step) -> int:
        """Return the run seed of a step's searches: new seeds in each round, the same for all arms."""
        return keyed(use, self.search.seed, step.repeat, step.round)

    def added(self, task: Task, peer: int) -> Split:
        """Return what a step's arm has added to a peer's training data so far, round after round."""
        parts = [
            self._addition(task.step, number, peer, found[peer]) for number, found in enumerate(task.found)
        ]
        train = self.data.train
        images = np.concatenate([train.read(slice(0)), *(part.images for part in parts)])
        return Split(images, np.concatenate([train.labels[:0], *(part.labels for part in parts)]))

    def _addition(self, step: Step, number: int, peer: int, found: Found) -> Split:
        """Return what an arm adds because of the mistakes found in round ``number``: as many samples."""
        if step.arm == Arm.MISTAKES:
            return found.samples
        rng = np.random.default_rng(keyed(Use.ADD, self.search.seed, step.repeat, number, peer))
        rows = rng.integers(len(self.data.train), size=len(found.moves))
        images, labels = self.data.train.read(rows), self.data.train.labels[rows]
        if step.arm == Arm.COPIES and len(rows):
            images = wandered(self.search.transform, images, found.moves, rng)
        return Split(images, labels)

    def trained_on(self, task: Task, peer: int) -> Member:
        """Fine-tune a peer for a round; the start is left as it is."""
        member, step = task.panel[peer], task.step
        if step.arm == Arm.START:
            return member
        training = self.training.model_copy(update={"epochs": self.settings.epochs})
        extra = ExtraSamples(self.added(task, peer), self.settings.weight, self.settings.frequency)
        seed = keyed(Use.TRAIN, self.training.seed, step.repeat, step.round, peer)
        epochs = list(train(member.architecture, training, self.data, seed, member.weights, extra))
        weights = epochs[-1].weights
        assert weights is not None
        before = len(member.epochs)
        records = (replace(epoch.record, epoch=before + epoch.record.epoch) for epoch in epochs)
        return replace(member, weights=weights, epochs=(*member.epochs, *records))

    def gradient_steps(self, task: Task, peer: int) -> int:
        """Count the gradient steps that a peer has taken since the start; the same in every arm."""
        sizes = np.cumsum([len(found[peer].moves) for found in task.found])
        rows = len(self.data.train) + self.settings.frequency * sizes
        return int((-(-rows // self.training.batch_size)).sum()) * self.settings.epochs

    def mined(self, panel: Sequence[Member], seed: int) -> MiningResult:
        """Mine every peer of a panel."""
        data, search = self.data, self.search.model_copy(update={"seed": seed})
        images = Images(data.train, data.shape, data.classes)
        return mine_panel(search, panel, images, data.classes, self.referee, self.batch)

    def measured(self, task: Task, peer: int, member: Member, held_out: Found) -> dict[str, object]:
        """Return what a row says of a peer besides its searches."""
        step, network = task.step, member.build(self.data.shape, self.data.classes)
        return {
            "repeat": step.repeat,
            "arm": str(step.arm),
            "round": step.round,
            "target": peer,
            "target_name": member.name,
            "clean_accuracy": accuracy(network, self.data.test),
            "moved_accuracy": accuracy(network, self.moved),
            "held_out": len(held_out.moves),
            "held_out_wrong": 1 - accuracy(network, held_out.samples) if len(held_out.moves) else None,
            "added": sum(len(found[peer].moves) for found in task.found),
            "gradient_steps": self.gradient_steps(task, peer),
            "sha256": member.sha256,
        }


def _counted(searches: pa.Table, mistakes: pa.Table, peer: int, arm: Arm) -> dict[str, object]:
    """Return what a row says of a peer's searches."""
    rows, found = searches.to_pandas(), mistakes.select(["target", "arm", "valid"]).to_pandas()
    outcomes = rows.loc[rows["target"] == peer, "outcome"].value_counts()
    won = int(outcomes.get(Outcome.MISTAKE, 0))
    climbed = won + int(outcomes.get(Outcome.EXHAUSTED, 0))
    valid = found.loc[(found["target"] == peer) & (found["arm"] == str(arm)), "valid"].dropna()
    return {
        "searches": climbed,
        "mistakes": won,
        "success": won / climbed if climbed else None,
        "validity": float(valid.astype(bool).mean()) if len(valid) else None,
    }


def _tagged(mistakes: pa.Table, step: Step, arm: str) -> pa.Table:
    """Say behind their columns whose mistakes these are."""
    return tables.with_values(mistakes, schema.OF_STEP, step.repeat, arm, step.round)


def healed(healer: Healer, task: Task) -> Round:
    """Run one step, panel and all, in this process."""
    return healer.run(task)
