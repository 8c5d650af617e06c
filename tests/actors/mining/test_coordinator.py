"""The coordinator: mining a shard is a pure function of the shard, and its rows say all that happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.coordinator import Coordinator, Steps, Verdict
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.panel.exactness import GRID, Exactness
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs import png, schema
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import ShardState
from outvoted.search.consensus import is_voter, outvoted
from outvoted.search.messages import Questions, Replies, asked_in_turn
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Shard
from tests.actors.leases import lease_of, mined_by


@dataclass(frozen=True)
class Liar(VotingPanel):
    """A panel that votes otherwise than it answers."""

    honest: VotingPanel

    @property
    def size(self) -> int:
        return self.honest.size

    def ask(self, questions: Questions) -> Replies:
        return self.honest.ask(questions)

    def vote(self, images: Pixels) -> Singles:
        return np.roll(self.honest.vote(images), 1, axis=2)

    def judge(self, found: FoundImages) -> Seen:
        return Seen(self.vote(found.images), self.honest.judge(found).realism)

    def exactness(self) -> tuple[Exactness, ...]:
        return self.honest.exactness()


class Counting(VotingPanel):
    """A panel that counts the rows it is asked about."""

    def __init__(self, honest: VotingPanel) -> None:
        self.honest = honest
        self.rows = 0

    @property
    def size(self) -> int:
        return self.honest.size

    def ask(self, questions: Questions) -> Replies:
        self.rows += sum(map(len, questions.rows.values()))
        return self.honest.ask(questions)

    def vote(self, images: Pixels) -> Singles:
        return self.honest.vote(images)

    def judge(self, found: FoundImages) -> Seen:
        return self.honest.judge(found)

    def exactness(self) -> tuple[Exactness, ...]:
        return self.honest.exactness()


class Broken(torch.nn.Module):
    """A network whose output is not finite."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.new_full((len(images), 10), torch.nan)


def assert_same(one: ShardResult, others: Sequence[ShardResult]) -> None:
    """Compare all rows but the time they were finished at."""
    searches = pa.concat_tables([other.searches for other in others])
    assert one.searches.drop_columns("finished_at").equals(searches.drop_columns("finished_at"))
    assert one.mistakes.equals(pa.concat_tables([other.mistakes for other in others]))


def searches_of(result: ShardResult) -> pd.DataFrame:
    """Return the rows of the searches table."""
    return pd.DataFrame(result.searches.to_pandas())


def images_of(result: ShardResult, column: str) -> Pixels:
    """Return the stored images of all mistakes."""
    return np.stack([png.decode(row[column]["bytes"]) for row in result.mistakes.to_pylist()])


def test_the_shard_is_worth_testing(mined: ShardResult) -> None:
    found = searches_of(mined)["outcome"].value_counts()
    assert set(found.index) == {Outcome.MISTAKE, Outcome.EXHAUSTED, Outcome.SKIPPED}
    assert found.min() >= 5


def test_mining_twice_gives_the_same_rows(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    again = mined_by(coordinator, shard, panel)
    assert again.name == mined.name == shard.name
    assert_same(mined, [again])


@settings(max_examples=4)
@given(cuts=st.sets(st.integers(1, 59), max_size=4))
def test_splitting_a_shard_changes_no_row(
    cuts: set[int], coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    edges = [0, *sorted(cuts), len(shard)]
    parts = [shard.rows(slice(*pair)) for pair in pairwise(edges)]
    assert_same(mined, [mined_by(coordinator, each, panel) for each in parts])


def replied(
    coordinator: Coordinator, panel: VotingPanel, asked: Questions | FoundImages
) -> Replies | Verdict:
    """Return what is said to one of a shard's steps."""
    if isinstance(asked, FoundImages):
        return coordinator.verdict(asked, panel)
    return asked_in_turn(panel.ask, asked)


def driven(coordinator: Coordinator, panel: VotingPanel, running: list[Steps]) -> list[ShardResult]:
    """Drive several shards at a time, each one step further in its turn."""
    waiting = {number: (steps, next(steps)) for number, steps in enumerate(running)}
    results: dict[int, ShardResult] = {}
    while waiting:
        for number, (steps, asked) in list(waiting.items()):
            try:
                waiting[number] = (steps, steps.send(replied(coordinator, panel, asked)))
            except StopIteration as end:
                results[number] = end.value
                del waiting[number]
    return [results[number] for number in range(len(running))]


def test_shards_that_advance_together_disturb_nothing(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    parts = [shard.rows(slice(first, first + 20)) for first in (0, 20, 40)]
    assert_same(
        mined,
        driven(
            coordinator,
            panel,
            [coordinator.steps(lease_of(each, panel, coordinator.rules.transform)) for each in parts],
        ),
    )


def test_whoever_watches_sees_every_state_and_changes_no_row(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    seen: list[int] = []

    def watch(climb: ShardState) -> None:
        seen.append(int((climb.outcome != Outcome.CLIMBING).sum()))

    assert_same(
        mined,
        driven(
            coordinator,
            panel,
            [coordinator.steps(lease_of(shard, panel, coordinator.rules.transform), watch)],
        ),
    )
    assert seen == sorted(seen)
    assert seen[-1] == len(shard)
    assert len(seen) > 10


def test_images_are_put_to_the_panel_once_and_last(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    asked: list[Questions | FoundImages] = []

    def steps() -> Steps:
        running = coordinator.steps(lease_of(shard, panel, coordinator.rules.transform))
        reply = None
        while True:
            try:
                asked.append(next(running) if reply is None else running.send(reply))
            except StopIteration as end:
                result: ShardResult = end.value
                return result
            reply = yield asked[-1]

    assert_same(mined, driven(coordinator, panel, [steps()]))
    *before, last = asked
    assert not any(isinstance(each, FoundImages) for each in before)
    assert isinstance(last, FoundImages)
    np.testing.assert_array_equal(last.images, images_of(mined, "image"))


def test_every_attempted_search_has_a_row(shard: Shard, mined: ShardResult, digits: Dataset) -> None:
    found = searches_of(mined)
    assert found["search_id"].tolist() == shard.search_id.tolist()
    assert found["target"].tolist() == shard.target.tolist()
    assert found["seed_id"].tolist() == shard.seed_id.tolist()
    assert found["label"].tolist() == digits.train.labels[shard.seed_id].tolist()
    assert set(found["outcome"]) <= {str(outcome) for outcome in Outcome} - {Outcome.CLIMBING}


def test_mistakes_are_the_searches_that_found_one(mined: ShardResult) -> None:
    found = searches_of(mined)
    won = found.loc[found["outcome"] == Outcome.MISTAKE, "search_id"].tolist()
    assert mined.mistakes.column("search_id").to_pylist() == won


def test_a_mistake_repeats_its_search(mined: ShardResult) -> None:
    searches = {row["search_id"]: row for row in mined.searches.to_pylist()}
    for mistake in mined.mistakes.to_pylist():
        search = searches[mistake["search_id"]]
        shared = search.keys() & mistake.keys()
        assert len(shared) == 17
        assert {name: mistake[name] for name in shared} == {name: search[name] for name in shared}


def test_every_mistake_is_verified_by_its_stored_bytes(mined: ShardResult, panel: LocalPanel) -> None:
    rows = mined.mistakes.to_pylist()
    votes = panel.vote(images_of(mined, "image"))
    labels, targets, voters = (
        np.array([row[name] for row in rows]) for name in ("label", "target", "voters")
    )
    assert outvoted(votes.argmax(axis=2), labels, targets, voters).all()
    for k, row in enumerate(rows):
        assert row["predicted"] == votes[row["target"], k].argmax() != row["label"]
        np.testing.assert_array_equal(np.array(row["probabilities"], np.float32), votes[:, k])


def test_the_seed_image_is_the_seed(mined: ShardResult, digits: Dataset) -> None:
    seeds = mined.mistakes.column("seed_id").to_numpy()
    np.testing.assert_array_equal(images_of(mined, "seed_image"), digits.train.images[seeds])


def test_the_target_ends_below_even_odds_and_below_its_start(mined: ShardResult) -> None:
    frame = mined.mistakes.to_pandas()
    assert (frame["end_probability"] < 0.5).all()
    assert (frame["end_probability"] < frame["start_probability"]).all()


def test_the_end_probability_is_the_targets_vote_on_the_stored_bytes(mined: ShardResult) -> None:
    """But for the grid that scores are rounded to."""
    for row in mined.mistakes.to_pylist():
        vote = row["probabilities"][row["target"]][row["label"]]
        assert logit(row["end_probability"]) == pytest.approx(logit(vote), abs=0.5 / GRID + 1e-4)


def test_the_referee_judges_every_mistake(mined: ShardResult, judge: Peer) -> None:
    verdict = judge.vote(images_of(mined, "image")).argmax(axis=1)
    frame = mined.mistakes.to_pandas()
    assert frame["referee_predicted"].tolist() == verdict.tolist()
    assert frame["valid"].tolist() == (verdict == frame["label"]).tolist()


def test_without_a_referee_nothing_is_judged(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    alone = mined_by(replace(coordinator, referee=None), shard, panel)
    judged = ["referee_predicted", "valid"]
    assert alone.mistakes.drop_columns(judged).equals(mined.mistakes.drop_columns(judged))
    assert [alone.mistakes.column(name).null_count for name in judged] == [alone.mistakes.num_rows] * 2


def test_realism_is_the_mean_of_what_the_voters_find(
    coordinator: Coordinator, mined: ShardResult, panel: LocalPanel
) -> None:
    rows = mined.mistakes.to_pandas()
    labels, seeds = (rows[name].to_numpy(np.int64) for name in ("label", "seed_id"))
    each = panel.judge(FoundImages(images_of(mined, "image"), labels, seeds)).realism
    voters = is_voter(len(each), rows["target"].to_numpy(np.int64), rows["voters"].to_numpy(np.int64))
    mean = [each[voters[:, k], k].astype(np.float64).mean() for k in range(len(rows))]
    np.testing.assert_array_equal(rows["realism"].to_numpy(), np.array(mean, np.float32))


def test_whether_realism_is_asked_for_changes_nothing_else(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    rules = replace(coordinator.rules, realism=False)
    without = mined_by(replace(coordinator, rules=rules), shard, panel).mistakes
    assert without.column("realism").null_count == without.num_rows
    assert without.drop_columns(["realism"]).equals(mined.mistakes.drop_columns(["realism"]))


def test_every_forward_inference_is_counted(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel
) -> None:
    counting = Counting(panel)
    lease = lease_of(shard, panel, coordinator.rules.transform)
    frame = searches_of(coordinator.mine(lease, counting))
    assert counting.rows == int(frame["inferences_target"].sum() + frame["inferences_peers"].sum())


def test_a_mistake_that_the_votes_deny_is_a_failed_search(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    lied = mined_by(coordinator, shard, Liar(panel))
    assert lied.mistakes.num_rows == 0
    before, after = searches_of(mined), searches_of(lied)
    won = before["outcome"] == Outcome.MISTAKE
    assert set(after.loc[won, "outcome"]) == {Outcome.FAILED}
    assert after.loc[won, "reason"].str.startswith("not verified").all()
    pd.testing.assert_series_equal(before.loc[~won, "outcome"], after.loc[~won, "outcome"])


def test_a_broken_peer_fails_every_search(
    coordinator: Coordinator, shard: Shard, peers: list[Peer], digits: Dataset
) -> None:
    broken = Peer(Broken(), Renderer(coordinator.rules.transform, digits.train))
    result = mined_by(coordinator, shard, LocalPanel([*peers[:2], broken]))
    frame = searches_of(result)
    assert set(frame["outcome"]) == {Outcome.FAILED}
    assert frame["reason"].str.contains("NaN or infinite").all()
    assert frame["start_probability"].isna().all()
    assert result.mistakes.num_rows == 0


def test_a_shard_without_mistakes_still_has_both_tables(
    coordinator: Coordinator, shard: Shard, panel: LocalPanel, mined: ShardResult
) -> None:
    found = searches_of(mined)
    row = int(np.flatnonzero(found["outcome"] == Outcome.SKIPPED)[0])
    skipped = mined_by(coordinator, shard.rows(slice(row, row + 1)), panel)
    assert skipped.searches.num_rows == 1
    assert skipped.mistakes.num_rows == 0
    assert skipped.mistakes.schema.equals(
        schema.mistakes(coordinator.rules.transform.parameters, coordinator.rules.transform.measures).arrow
    )


def test_only_skipped_and_failed_searches_have_a_reason_and_no_probability(mined: ShardResult) -> None:
    frame = searches_of(mined)
    skipped = frame["outcome"] == Outcome.SKIPPED
    assert frame["reason"].notna().equals(skipped)
    assert frame["start_probability"].isna().equals(skipped)
    assert frame["end_probability"].isna().equals(skipped)
    assert (frame.loc[skipped, ["moves", "candidates", "consensus"]] == 0).all(axis=None)
