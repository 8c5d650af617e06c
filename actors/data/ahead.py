"""Work on items in order, several at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

FAR = 16, 32
"""Threads that fetch objects from a store, and how many objects ahead."""
Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Given], Made], items: Iterable[Given], threads: int, ahead: int
) -> Iterator[Made]:
    """Yield what ``work`` makes of each item, in their order; one thread is the caller's own.

    Args:
        work: runs in up to ``threads`` threads, or where that is 1 as each result is asked for.
        items: are taken in the caller's thread.
        ahead: how many items may be worked on, or done, before their turn.
    """
    if threads == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
