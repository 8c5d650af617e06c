"""Finding, and killing, the processes that a process started."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Title = str | tuple[str, ...]
"""With what a command line begins, or with one of what."""


def descendants(ancestor: int, title: Title) -> list[int]:
    """Return the live processes below ``ancestor`` whose command line begins with ``title``."""
    parents, titles = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            titles[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if stat[0] != "Z":
            parents[int(folder.name)] = int(stat[1])
    return [pid for pid in parents if titles[pid].startswith(title) and _below(pid, ancestor, parents)]


def _below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False


@contextmanager
def one_killed_each(titles: tuple[str, ...], begun: Callable[[], bool]) -> Iterator[None]:
    """Kill one process of each title, once work has begun, within the block.

    Fails unless all were killed before the block ended.
    """
    killed: set[str] = set()
    over = threading.Event()

    def kill(title: str) -> None:
        while not over.is_set():
            found = descendants(os.getpid(), title) if begun() else []
            if found:
                os.kill(found[0], signal.SIGKILL)
                killed.add(title)
                return
            time.sleep(0.02)

    killers = [threading.Thread(target=kill, args=(title,)) for title in titles]
    for killer in killers:
        killer.start()
    try:
        yield
    finally:
        over.set()
        for killer in killers:
            killer.join()
    assert killed == set(titles), f"only {killed} were killed in time"
