"""Processes of this user's by what stands in their environment."""

import os
from pathlib import Path


def marked(name: str, value: str) -> list[int]:
    """Return the processes that were started with a variable of this value, and live."""
    wanted = f"{name}={value}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            surroundings = Path(entry.path, "environ").read_bytes()  # empty where it is a zombie
        except OSError:
            continue
        if wanted in surroundings.split(b"\0"):
            found.append(int(entry.name))
    return found
