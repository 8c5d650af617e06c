"""Processes of this user's by what stands in their environment."""

import os
from pathlib import Path


def marked(name: str, value: str) -> list[int]:
    """Return the processes that were started with a variable of this value, and live."""
    numbers = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return [number for number in numbers if is_marked(number, name, value)]


def is_marked(process: int, name: str, value: str) -> bool:
    """Return whether a process was started so, and lives."""
    try:
        surroundings = Path(f"/proc/{process}/environ").read_bytes()  # empty where it is a zombie
    except OSError:
        return False
    return f"{name}={value}".encode() in surroundings.split(b"\0")
