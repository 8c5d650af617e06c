"""What all commands say and ask alike."""

from pathlib import Path

import pytest

from outvoted.cluster.options import say_written


def test_commands_to_try_are_printed_as_they_are_typed(capsys: pytest.CaptureFixture[str]) -> None:
    commands = "outvoted sweep a.yaml --set 'seeds=[1, 2]'", "python -c 'print([b for b in \"[red]\"])'"
    say_written(Path("runs/an [odd] name"), "votes/, [brackets]", *commands)
    written, *tried = capsys.readouterr().out.strip().splitlines()
    assert written == "Written to runs/an [odd] name: votes/, [brackets]. To try next:"
    assert [line.strip() for line in tried] == list(commands)
