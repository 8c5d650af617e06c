"""Batching the questions of several shards into one request."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from outvoted.search.messages import Answers, Candidates, Questions, Replies

Asked = tuple[Questions, "asyncio.Future[Replies]"]


class RequestBatcher:
    """Sends questions to a panel; while its calls are under way, further questions are gathered.

    So several shards advance at the price of one: messages stay full although each shard asks about fewer
    and fewer searches, and while one call is out, shards that have their replies go on. All in one thread:
    several would keep each other, and Ray's calls, waiting for Python's lock.
    """

    def __init__(self, ask: Callable[[Questions], Awaitable[Replies]], calls: int = 2) -> None:
        """Take the function that asks the panel, and how many of its calls may be under way at a time."""
        self._ask = ask
        self._free = calls
        self._waiting: list[Asked] = []
        self._leading: set[asyncio.Task[None]] = set()

    async def ask(self, questions: Questions) -> Replies:
        """Ask together with all others that are waiting; an error reaches everyone it concerns."""
        reply: asyncio.Future[Replies] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, reply))
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._lead())
            self._leading.add(task)
            task.add_done_callback(self._leading.discard)
        return await reply

    async def _lead(self) -> None:
        """Ask for all that are waiting, until no one is."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                asked = [questions for questions, _ in batch]
                parts = apart(asked, await self._ask(together(asked)))
            except Exception as error:
                for _, reply in batch:
                    if not reply.cancelled():
                        reply.set_exception(error)
            else:
                for (_, reply), part in zip(batch, parts, strict=True):
                    if not reply.cancelled():
                        reply.set_result(part)
            await asyncio.sleep(0)  # those with a reply go on before the next call goes out
        self._free += 1


def together(asked: Sequence[Questions]) -> Questions:
    """Join questions, peer by peer, in their order."""
    peers = sorted({peer for questions in asked for peer in questions})
    parts = {peer: [questions[peer] for questions in asked if peer in questions] for peer in peers}
    return {peer: Candidates.joined(found) for peer, found in parts.items()}


def apart(asked: Sequence[Questions], replies: Replies) -> list[Replies]:
    """Hand each of the joined questions its own replies."""
    first = dict.fromkeys(replies, 0)
    return [
        {peer: _next(replies[peer], first, peer, len(part)) for peer, part in questions.items()}
        for questions in asked
    ]


def _next(answers: Answers, first: dict[int, int], peer: int, count: int) -> Answers:
    rows = slice(first[peer], first[peer] + count)
    first[peer] = rows.stop
    return answers.rows(rows)
