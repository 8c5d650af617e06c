"""Running a command in this process, and the law of how every command ends."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from typer.main import get_command

from outvoted.cluster.command_line.cli import main

CUT_OFF = 130
_INTERNALS = re.compile(
    r"Traceback|unexpected error|This is a bug| object at 0x|<class '|constrained-|pydantic|BytesIO"
    r"|weights_only|Settings\(|\w+Type\.|_type\b|errno|\x1b"
)
"""What no message may hold: words of the implementation, advice to load unsafely, escape codes."""


_command_of = cache(get_command)
"""Typer makes all commands anew whenever one is called: here once for thousands of calls."""


class RayReached(BaseException):
    """Raised in place of starting Ray: everything that is checked before had been found good."""


@dataclass(frozen=True)
class Ending:
    """How a command ended; ``code`` is None where it would have started Ray."""

    code: int | None
    said: str

    def broken(self) -> str | None:
        """Say which part of the law does not hold: a good end, Ctrl-C, or one message that helps."""
        if self.code in (None, 0, CUT_OFF):
            return None
        if self.code != 2:
            return f"exit code {self.code}: {self.said[-600:]}"
        inside = _INTERNALS.search(self.said)
        if inside is not None:
            return f"internals ({inside[0]}): {self.said[-600:]}"
        message = re.search(r"expected: (.+)\n\s*found: +(.+)\n\s*to do: +(.+)", self.said, re.DOTALL)
        empty = message is None or not all(part.strip() for part in message.groups())
        return f"no message of three parts: {self.said[-600:]}" if empty else None


def ending(
    arguments: Sequence[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ending:
    """Run a command with Ray out of reach."""

    def reached(*_: object, **__: object) -> None:
        raise RayReached

    monkeypatch.setattr("ray.init", reached)
    monkeypatch.setattr("ray.is_initialized", lambda: False)  # other tests may have started it here,
    monkeypatch.setattr("ray.shutdown", lambda *_, **__: None)  # and may need it still
    monkeypatch.setattr("typer.main.get_command", _command_of)
    monkeypatch.setattr(sys, "argv", ["outvoted", *map(str, arguments)])
    code: int | None = 0
    said = ""
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except RayReached:
        code = None
    except Exception as error:
        code, said = 1, f"unexpected error {error!r}"
    return Ending(code, said + capsys.readouterr().err)
