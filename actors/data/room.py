"""How much memory data may take: what a file says it holds is compared with the machine before it is read."""

from pathlib import Path

from outvoted.search.errors import OutvotedError

MOST_TIMES = 200
"""How many times its own size a file may grow when it is decompressed; images hardly grow 20-fold."""
SMALL = 256 << 20
"""Bytes below which it may grow as it likes."""
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def check_room(needed: int, where: object, packed: int | None = None) -> None:
    """Refuse to read ``needed`` bytes from a file, or a part of one, of ``packed`` bytes.

    Raises:
        OutvotedError: they do not fit into this machine's free memory, or are far more than real data ever
            grow to.
    """
    free = available()
    if needed > free:
        raise OutvotedError(
            expected=f"data that fit into the {gib(free)} of free memory of this machine, in {where}",
            found=f"{gib(needed)} once they are read",
            remedy="use fewer images or, for encoded pictures, smaller ones (data.size)",
        )
    if packed is not None and needed > _most(packed):
        raise OutvotedError(
            expected=f"at most {MOST_TIMES} times the size of the file in memory, in {where}",
            found=f"{packed:,} bytes that become {gib(needed)}, as no real images do",
            remedy="create the file again from its source; do not use it if it came from a stranger",
        )


def limit(packed: int) -> int:
    """Return how many bytes a file, or a part of one, of ``packed`` bytes may become."""
    return min(available(), _most(packed))


def _most(packed: int) -> int:
    return max(SMALL, MOST_TIMES * packed)


def available() -> int:
    """Return how many bytes of memory are free: on this machine, and in its container."""
    free = [1 << 62]
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError, IndexError):
        pass  # another system than Linux: only real growth is limited
    for limit in _LIMITS:
        try:
            free.append(int(limit.read_text("ascii")))
        except (OSError, ValueError):  # no such limit, or "max"
            continue
    return min(free)


def gib(size: int) -> str:
    """Say a number of bytes."""
    return f"{size / 2**30:,.1f} GiB" if size >= 100 << 20 else f"{size / 2**20:,.1f} MiB"
