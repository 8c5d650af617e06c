"""Training, and whatever else takes long, as Ray tasks that show signs of life meanwhile."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isgenerator
from queue import Empty, Queue
from threading import Thread
from typing import Any

import ray

from outvoted.actors.networks.computing import busy_seconds, keep_freed_memory, use_one_thread
from outvoted.actors.runs.beats import beats

SIGN_SECONDS = 5.0
"""From one sign of life to the next, where nothing else is heard."""


@dataclass(frozen=True)
class Sign:
    """How a piece of work is.

    Attributes:
        node: the address of its machine.
        beats: steps that its process has made so far.
        cpu_seconds: for which its process has computed so far, or would have, had it had a CPU.
    """

    node: str
    beats: int
    cpu_seconds: float

    @classmethod
    def now(cls) -> "Sign":
        """Return that of this process."""
        return cls(str(ray.util.get_node_ip_address()), beats(), busy_seconds())


class LastSigns:
    """What each of several pieces of work last showed of itself."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Sign] = {}

    def sign(self, work: Hashable, sign: Sign) -> None:
        """Take a sign of life."""
        self._last[work] = sign

    def signs(self) -> Mapping[Hashable, Sign]:
        """Return the last one of each."""
        return dict(self._last)


def with_signs(work: Callable[[], Any]) -> Iterator[Any]:
    """Do some work in a thread of its own, and compute with none but that.

    Yields:
        A sign of life at once and every few seconds; between them what the work yields, or returns.
    """
    found: Queue[tuple[str, Any]] = Queue(1)

    def do() -> None:
        try:
            use_one_thread()
            keep_freed_memory()
            value = work()
            for item in value if isgenerator(value) else (value,):
                found.put(("item", item))
            found.put(("end", None))
        except BaseException as error:  # raised again below
            found.put(("error", error))

    Thread(target=copy_context().run, args=(do,), daemon=True).start()
    yield Sign.now()
    while True:
        try:
            what, item = found.get(timeout=SIGN_SECONDS)
        except Empty:
            yield Sign.now()
            continue
        if what == "error":
            raise item
        if what == "end":
            return
        yield item


@ray.remote(num_returns="streaming", max_retries=0)
def _work(do: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    yield from with_signs(lambda: do(*arguments))


work_remotely: Any = _work
"""Does what the first argument does with the others, and streams what it yields, or returns, between signs of
life. It is never begun again by Ray: signs come when they come, so Ray would not know which items are new."""
