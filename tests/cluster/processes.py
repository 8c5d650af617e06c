"""Finding the processes that a process started."""

from pathlib import Path


def descendants(ancestor: int, title: str) -> list[int]:
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
