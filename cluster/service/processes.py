"""Processes of this machine by what stands in their environment, or on their command line."""

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


def head_of(session: str) -> str | None:
    """Return HOST:PORT of the head of a Ray of which this machine is a node; None if it is none.

    Args:
        session: the name of Ray's session, which all its nodes know.
    """
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            words = Path(f"/proc/{entry.name}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].rpartition("/")[2] == "raylet" and f"--session-name={session}" in words:
            heads = [word.partition("=")[2] for word in words if word.startswith("--gcs-address=")]
            return heads[0] if heads else None
    return None
