"""Questions of many shards put to one panel: together, and turn by turn."""

import asyncio
from collections.abc import Awaitable, Callable

from outvoted.search.messages import Questions, Replies, apart, asked_first, in_turn, together

Ask = Callable[[Questions], Awaitable[Replies]]
Asked = tuple[Questions, "asyncio.Future[Replies]"]


class RequestBatcher:
    """Sends questions to a panel; while its calls are under way, further questions are gathered.

    So several shards advance at the price of one: messages stay full although each shard asks about fewer
    and fewer searches, and while one call is out, shards that have their replies go on. All in one thread:
    several would keep each other, and Ray's calls, waiting for Python's lock.
    """

    def __init__(self, ask: Ask, calls: int = 2) -> None:
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
        """Ask for those that are waiting, until no one is."""
        while self._waiting:
            first = set(asked_first([questions for questions, _ in self._waiting]))
            batch = [one for place, one in enumerate(self._waiting) if place in first]
            self._waiting = [one for place, one in enumerate(self._waiting) if place not in first]
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


def taking_turns(ask: Ask) -> Ask:
    """Return what puts questions turn by turn; ``ask`` puts to each peer at once what it is given."""

    async def in_turns(questions: Questions) -> Replies:
        steps = in_turn(questions)
        try:
            asked = next(steps)
            while True:
                asked = steps.send(await ask(asked))
        except StopIteration as end:
            replies: Replies = end.value
            return replies

    return in_turns
