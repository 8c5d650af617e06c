"""Seeds that stay on disk, read for a cell's panel before it is asked about them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import prod

import numpy as np

from outvoted.actors.data.split import Split
from outvoted.actors.panel.later import LaterPanel
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.search.arrays import Ints
from outvoted.search.messages import Answers, Questions, Replies

_PART_BYTES = 64 << 20
"""Bytes of seeds that are read together for questions that come from outside the cell."""
_MOST_BYTES = 1 << 30
"""Of one shard; the seeds of a larger one are read again and again, as they are asked about."""


class SeedsAhead:
    """Reads the seeds of shards in threads, while others are mined, and has the panel hold them meanwhile.

    They are decoded once for a cell. Where all seeds are in memory nothing is done.
    """

    def __init__(self, seeds: Split, panel: LaterPanel) -> None:
        self._seeds, self._panel = seeds, panel

    @asynccontextmanager
    async def at_hand(self, name: str, seed_id: Ints) -> AsyncIterator[None]:
        """Have the panel hold seeds (n,) within the block.

        Raises:
            OutvotedError: one cannot be read.
        """
        each = np.unique(seed_id)
        if self._seeds.held or len(each) * prod(self._seeds.shape) > _MOST_BYTES:
            yield
            return
        self._panel.hold(name, await asyncio.to_thread(SeedBlock.of, self._seeds, each))
        try:
            yield
        finally:
            self._panel.release(name)

    async def ask(self, questions: Questions) -> Replies:
        """Ask the panel, part by part if the seeds must be read: never all of them are in memory."""
        step = max(1, _PART_BYTES // prod(self._seeds.shape))
        count = len(questions.candidates)
        if self._seeds.held or not count:
            return await self._panel.ask(questions)
        found: dict[int, list[Answers]] = {peer: [] for peer in questions.rows}
        places: dict[int, list[Ints]] = {peer: [] for peer in questions.rows}
        coming = asyncio.create_task(self._part(questions, 0, step))
        for first in range(0, count, step):
            task = coming
            if first + step < count:  # read while the one before is asked about
                coming = asyncio.create_task(self._part(questions, first + step, first + 2 * step))
            chosen, replies = await task
            for peer, rows in chosen.items():
                found[peer].append(replies[peer])
                places[peer].append(rows)
        return {peer: _ordered(found[peer], places[peer]) for peer in questions.rows}

    async def _part(self, questions: Questions, first: int, last: int) -> tuple[dict[int, Ints], Replies]:
        """Ask about some rows of the table; return which of its rows each peer answered, and the answers."""
        table = questions.candidates.rows(slice(first, last))
        chosen = {
            peer: np.flatnonzero((rows >= first) & (rows < last)) for peer, rows in questions.rows.items()
        }
        part = Questions(table, {peer: questions.rows[peer][rows] - first for peer, rows in chosen.items()})
        async with self.at_hand(f"rows {first} of questions", table.seed_id.astype(np.int64)):
            return chosen, await self._panel.ask(part)


def _ordered(answers: list[Answers], places: list[Ints]) -> Answers:
    return Answers.joined(answers).rows(np.argsort(np.concatenate(places)))
