"""Running searches against a fake panel, and what of their ends can be compared bit for bit."""

import numpy as np

from outvoted.search.arrays import Ints
from outvoted.search.climb import Rules, ShardState, advance, begin
from outvoted.search.messages import Questions
from outvoted.search.plan import AskedSeeds, Lease, Searches, Shard, Turns
from outvoted.search.strategies import Strategy
from outvoted.search.transforms import Affine, AffineRange, Transform
from tests.search.fakes import SEEDS, FakePanel, label_of

PEERS = 3
EAGER = Affine(move=AffineRange(rotation=9, translation=0.9, scale=1.12, shear=9))
"""Its moves are large enough to leave the realism budget at once."""

Finding = tuple[str, ...]


def rules_of(strategy: Strategy, patience: int = 12, transform: Transform = EAGER) -> Rules:
    """Rules against three peers."""
    return Rules(
        run_seed=2**40 + 11,
        peers=PEERS,
        transform=transform,
        strategy=strategy,
        patience=patience,
    )


def all_turns(peers: int) -> Turns:
    """Every peer is the target, with all of the others as voters."""
    return Turns(tuple(range(peers)), (peers - 1,))


def shard_of(search_id: Ints, peers: int = PEERS, voters: int | None = None) -> Shard:
    """A shard in which every search (ids below SEEDS) has a seed of its own, by which one can tell it."""
    many = np.full_like(search_id, peers - 1 if voters is None else voters)
    return Shard(search_id, search_id, search_id % peers, many, search_id * 11 % SEEDS)


def searches(run_seed: int, replicas: int, turns: Turns, seeds: int) -> Shard:
    """All searches of a run, as one shard."""
    return Searches(run_seed, replicas, turns, seeds).of(np.arange(replicas))


def lease_of(shard: Shard, panel: FakePanel) -> Lease:
    """A lease of a shard; what the panel says of its seeds is off the record."""
    seeds = shard.seed_id[np.unique(shard.replica, return_index=True)[1]]
    said = [[panel.answer(panel.still(peer, seed)) for peer in range(panel.peers)] for seed in seeds.tolist()]
    score, predicted = (
        np.array([[each[k] for each in row] for row in said]).reshape(len(seeds), panel.peers) for k in (0, 1)
    )
    asked = AskedSeeds(seeds, score.astype(np.float32), predicted.astype(np.int16))
    return Lease(shard, asked, tuple(np.roll(range(panel.peers), 1).tolist()))


def first(n: int) -> Shard:
    """The first n searches."""
    return shard_of(np.arange(n))


def panel_for(rules: Rules) -> FakePanel:
    """A fresh, sound panel."""
    return FakePanel(rules.transform.identity(1)[0], rules.peers)


def started(rules: Rules, shard: Shard, panel: FakePanel | None = None) -> tuple[ShardState, Questions]:
    """A shard's beginning."""
    return begin(rules, lease_of(shard, panel or panel_for(rules)), label_of(shard.seed_id))


def ended(climb: ShardState, questions: Questions, panel: FakePanel) -> ShardState:
    """Go on until nothing is asked any more."""
    while questions:
        climb, questions = advance(climb, panel.ask(questions))
    return climb


def run(rules: Rules, shard: Shard, panel: FakePanel | None = None) -> ShardState:
    """Run a shard from its beginning to its end."""
    panel = panel or panel_for(rules)
    return ended(*started(rules, shard, panel), panel)


def predicted_by(climb: ShardState) -> Ints:
    """The wrong class that each search found first; -1 where it found none."""
    classes = np.full(len(climb.shard), -1)
    firsts = climb.finds.number == 0
    classes[climb.finds.search[firsts]] = climb.finds.predicted[firsts]
    return classes


def finds_of(climb: ShardState, row: int) -> list[str]:
    """A search's finds in their order, exact to the bit."""
    finds, trails = climb.finds, climb.finds.trails
    return [
        f"find {finds.number[k]}: {finds.predicted[k]} {finds.score[k].tobytes().hex()} "
        f"{finds.composed[k].tobytes().hex()} by {trails[k].tobytes().hex()}"
        for k in np.flatnonzero(finds.search == row)
    ]


def findings(climb: ShardState) -> dict[int, Finding]:
    """All that a search found and knows, by search id, exact to the bit; not what it cost."""
    tally = climb.tally
    return {
        int(search): (
            str(climb.outcome[row]),
            str(climb.reason[row]),
            f"candidates {tally.candidates[row]}, unrealistic {tally.unrealistic[row]}",
            f"stale {tally.stale[row]}, moves {climb.position.moves[row]}",
            f"start {climb.start_score[row].tobytes().hex()}",
            f"score {climb.position.score[row].tobytes().hex()}",
            f"composed {climb.position.composed[row].tobytes().hex()}",
            f"trail {climb.position.trail(row).tobytes().hex()}",
            *finds_of(climb, row),
            *(f"{name} {array[row].tobytes().hex()}" for name, array in climb.memory.items()),
        )
        for row, search in enumerate(climb.shard.search_id)
    }


def costs(climb: ShardState) -> dict[int, tuple[int, ...]]:
    """What a search cost, by search id: inferences of target and peers, how often the peers were asked and
    how often they agreed."""
    tally = climb.tally
    counts = np.stack(
        [tally.inferences_target, tally.inferences_peers, tally.voted_on, tally.consensus], axis=1
    )
    return dict(zip(climb.shard.search_id.tolist(), map(tuple, counts.tolist()), strict=True))
