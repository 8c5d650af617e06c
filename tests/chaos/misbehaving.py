"""A network that misbehaves on command: while, or once, a file of a certain name lies in a folder."""

import os
import secrets
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn

ONCE = ("hang", "loop", "exit", "quit", "hog")
"""What only the first process does that finds the file; it takes the file away."""
WHILE = ("nan", "raise", "slow", "drowsy")
"""What every process does as long as the file is there; only the last while it trains."""
_HOGGED = 400 << 20
_GROUPS = Path("/sys/fs/cgroup/memory")
_SLOW_SECONDS, _DROWSY_SECONDS = 0.5, 0.1
_kept: list[bytearray] = []


class Misbehaving(nn.Module):
    """A small perceptron. Where it is mined it takes a while for each batch, and hardly any CPU."""

    def __init__(self, folder: str, pace: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10))
        self._folder, self._pace = Path(folder), pace

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, unless told otherwise."""
        logits: torch.Tensor = self.layers(images)
        if self.training:
            time.sleep(_DROWSY_SECONDS * self._on("drowsy"))
            return logits
        if "ray" in sys.modules and sys.modules["ray"].is_initialized():  # not while it is checked
            time.sleep(self._pace)
        for what in ONCE:
            if self._claimed(what):
                _misbehave(what)
        if self._on("slow"):
            time.sleep(_SLOW_SECONDS)
        if self._on("raise"):
            raise RuntimeError("this network fails now and then")
        return logits * torch.nan if self._on("nan") else logits

    def _on(self, what: str) -> bool:
        return (self._folder / what).exists()

    def _claimed(self, what: str) -> bool:
        """Return whether this process is the first to find a file, and note which it is."""
        try:
            (self._folder / what).rename(self._folder / f"{what}-{os.getpid()}")
        except OSError:
            return False
        return True


def _misbehave(what: str) -> None:
    if what == "hang":
        time.sleep(1e6)
    while what == "loop":
        pass
    if what == "quit":
        sys.exit("this network calls sys.exit")
    if what == "hog":
        limited = _limited()
        while limited or len(_kept) << 24 < _HOGGED:
            _kept.append(bytearray(os.urandom(1 << 20) * 16))
    os.kill(os.getpid(), signal.SIGKILL)


def _limited() -> bool:
    """Have the kernel end this process once it has taken so much more memory; return whether it will."""
    group = _GROUPS / f"ovc-{secrets.token_hex(4)}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(_HOGGED))
        (group / "cgroup.procs").write_text("0")
    except OSError:
        return False
    return True


def forget_limits() -> None:
    """Remove what limits of processes that have ended were kept in."""
    for group in _GROUPS.glob("ovc-*"):
        with suppress(OSError):
            group.rmdir()


def network(folder: str, pace: float) -> nn.Module:
    """Return one, not trained."""
    return Misbehaving(folder, pace)
