"""Panel laws: one suite for every panel, in this process or on Ray."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import ray

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.data.formats import Npz
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.later import Retries
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.ray_panel import MESSAGE_ROWS
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.cluster.ray.cells import Cell, CellContents
from outvoted.cluster.ray.crew_panel import CrewPanel
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Share
from outvoted.search.climb import Rules
from outvoted.search.ledger import no_questions
from outvoted.search.messages import Answers, Candidates, Questions, TakeGradient
from outvoted.search.plan import Shard
from tests.actors.leases import lease_of, mined_by
from tests.actors.panel.same import assert_same
from tests.search.fakes import questions_of

Draw = Callable[[int, int], Candidates]


@contextmanager
def cell(inside: bool, trained: list[Member], digits: Dataset, rules: Rules) -> Iterator[Cell]:
    """Have a cell whose peers are in its process, or each in its own."""
    layout = Layout(inside, 1, len(trained), Share(0.1, 0), 4)
    images = Images(digits.train, digits.shape, digits.classes)
    one = Cell(layout)
    try:
        contents = CellContents.placed(rules, trained, images, "auto", Retries(), Meter("panel", "mine"))
        ray.get(one.furnish(contents))
        yield one
    finally:
        one.end()


@pytest.fixture(scope="module")
def inside(local_ray: None, trained: list[Member], digits: Dataset, rules: Rules) -> Iterator[Cell]:
    """A cell in one process."""
    with cell(True, trained, digits, rules) as found:
        yield found


@pytest.fixture(scope="module")
def outside(local_ray: None, trained: list[Member], digits: Dataset, rules: Rules) -> Iterator[Cell]:
    """A cell with an actor for each peer."""
    with cell(False, trained, digits, rules) as found:
        yield found


@pytest.fixture(scope="module")
def on_disk(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The digits to train on, which stay on disk."""
    file = tmp_path_factory.mktemp("digits") / "digits.npz"
    np.savez(file, x_train=digits.train.images, y_train=digits.train.labels)
    return datasets.load(Npz(path=file, test_share=0, hold="disk"))


@pytest.fixture(scope="module")
def inside_on_disk(local_ray: None, trained: list[Member], on_disk: Dataset, rules: Rules) -> Iterator[Cell]:
    """A cell in one process that reads seeds from disk."""
    with cell(True, trained, on_disk, rules) as found:
        yield found


@pytest.fixture(scope="module")
def outside_on_disk(local_ray: None, trained: list[Member], on_disk: Dataset, rules: Rules) -> Iterator[Cell]:
    """A cell with an actor for each peer that reads seeds from disk."""
    with cell(False, trained, on_disk, rules) as found:
        yield found


KINDS = ("inside", "outside", "inside_on_disk", "outside_on_disk")
ON_RAY = [pytest.param(kind, marks=pytest.mark.ray) for kind in KINDS]


@pytest.fixture(params=["local", *ON_RAY])
def any_panel(request: pytest.FixtureRequest) -> VotingPanel:
    """The same three peers behind each kind of panel."""
    if request.param == "local":
        local: LocalPanel = request.getfixturevalue("panel")
        return local
    found: Cell = request.getfixturevalue(request.param)
    return CrewPanel(lambda method, *given: ray.get(found.ask(method, *given)), 3)


def test_size_is_the_number_of_peers(any_panel: VotingPanel, peers: list[Peer]) -> None:
    assert any_panel.size == len(peers)


def test_each_peer_answers_its_own_questions(
    any_panel: VotingPanel, peers: list[Peer], candidates: Draw
) -> None:
    questions = {peer: candidates(40 + peer, peer) for peer in range(len(peers))}
    replies = any_panel.ask(questions_of(questions))
    assert replies.keys() == questions.keys()
    for peer, asked in questions.items():
        assert_same(replies[peer], peers[peer].ask(asked))


@pytest.mark.parametrize("asked", [[2], [0, 2], [1, 0]])
def test_only_peers_that_were_asked_reply(any_panel: VotingPanel, asked: list[int], candidates: Draw) -> None:
    replies = any_panel.ask(questions_of({peer: candidates(5, 0) for peer in asked}))
    assert set(replies) == set(asked)


def test_peers_that_share_candidates_answer_as_each_would_alone(
    any_panel: VotingPanel, peers: list[Peer], candidates: Draw
) -> None:
    table, rng = candidates(200, 3), np.random.default_rng(3)
    asked = Questions(table, {peer: rng.integers(200, size=40 * peer + 1) for peer in range(len(peers))})
    replies = any_panel.ask(asked)
    for peer, rows in asked.rows.items():
        assert_same(replies[peer], peers[peer].ask(table.rows(rows)))


def test_company_of_other_peers_changes_no_answer(any_panel: VotingPanel, candidates: Draw) -> None:
    mine = candidates(30, 1)
    alone = any_panel.ask(questions_of({1: mine}))
    together = any_panel.ask(questions_of({0: candidates(400, 2), 1: mine, 2: candidates(3, 3)}))
    assert_same(alone[1], together[1])


def test_no_question_has_no_reply(any_panel: VotingPanel) -> None:
    assert not any_panel.ask(no_questions())


def test_an_empty_question_has_an_empty_reply(any_panel: VotingPanel, candidates: Draw) -> None:
    replies = any_panel.ask(questions_of({0: candidates(3, 0).rows(slice(0, 0)), 1: candidates(3, 0)}))
    assert (len(replies[0]), len(replies[1])) == (0, 3)
    assert (replies[0].score.dtype, replies[0].predicted.dtype) == (np.dtype(np.float32), np.dtype(np.int16))


@pytest.mark.parametrize("n", [MESSAGE_ROWS, MESSAGE_ROWS + 1, 2 * MESSAGE_ROWS + 77])
def test_long_questions_keep_their_order(
    n: int, any_panel: VotingPanel, peers: list[Peer], candidates: Draw
) -> None:
    asked = candidates(n, 5)
    backwards = np.arange(n)[::-1]
    replies = any_panel.ask(Questions(asked, {0: np.arange(n), 2: backwards}))
    assert_same(replies[0], peers[0].ask(asked))
    forwards = peers[2].ask(asked)
    assert_same(replies[2], Answers(forwards.score[backwards], forwards.predicted[backwards]))


def test_gradients_come_back_with_their_rows(
    any_panel: VotingPanel, peers: list[Peer], candidates: Draw
) -> None:
    asked = candidates(MESSAGE_ROWS + 30, 6)
    flags = np.random.default_rng(6).integers(len(TakeGradient), size=len(asked)).astype(np.uint8)
    asked = replace(asked, take_gradient=flags)
    replies = any_panel.ask(questions_of({1: asked, 2: asked.rows(slice(0, 0))}))
    assert_same(replies[1], peers[1].ask(asked))
    assert_same(replies[2], peers[2].ask(asked.rows(slice(0, 0))))


def test_every_peer_votes_on_every_image(any_panel: VotingPanel, peers: list[Peer], digits: Dataset) -> None:
    votes = any_panel.vote(digits.test.images)
    assert votes.shape == (len(peers), len(digits.test), digits.classes)
    assert votes.dtype == np.float32
    for peer, found in zip(peers, votes, strict=True):
        assert found.tobytes() == peer.vote(digits.test.images).tobytes()


def test_one_image_is_enough_for_a_vote(any_panel: VotingPanel, digits: Dataset) -> None:
    every = any_panel.vote(digits.test.images[:9])
    assert any_panel.vote(digits.test.images[4:5]).tobytes() == every[:, 4:5].tobytes()


def test_any_panel_mines_the_same_rows(
    any_panel: VotingPanel, coordinator: Coordinator, shard: Shard, mined: ShardResult
) -> None:
    other = mined_by(coordinator, shard, any_panel)
    assert other.mistakes.equals(mined.mistakes)
    assert other.searches.drop_columns("finished_at").equals(mined.searches.drop_columns("finished_at"))


@pytest.mark.parametrize("kind", ON_RAY)
def test_shards_mined_together_in_a_cell_give_the_same_rows(
    kind: str,
    shard: Shard,
    panel: LocalPanel,
    rules: Rules,
    mined: ShardResult,
    request: pytest.FixtureRequest,
) -> None:
    found: Cell = request.getfixturevalue(kind)
    rows = np.arange(len(shard))
    parts = [shard.rows(rows[first : first + 12]) for first in range(0, len(shard), 12)]
    leases = [lease_of(part, panel, rules.transform) for part in parts]
    calls = [found.mine(lease) for lease in leases]
    told: list[tuple[int, int]] = ray.get([one for one, _ in calls])
    results: list[ShardResult] = ray.get([rows for _, rows in calls])
    assert told == [(len(part), 0) for part in parts]
    searches = pa.concat_tables([result.searches for result in results])
    expected = mined.searches.drop_columns("finished_at")
    assert searches.drop_columns("finished_at").equals(expected)
    images = pa.concat_tables([result.mistakes for result in results]).column("image")
    assert images.combine_chunks().equals(mined.mistakes.column("image").combine_chunks())


@pytest.mark.ray
def test_each_peer_outside_has_a_process_of_its_own(inside: Cell, outside: Cell) -> None:
    assert not inside.peers
    assert len(set(outside.peers)) == 3
