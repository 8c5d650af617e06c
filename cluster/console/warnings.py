"""What is said of a run that goes on all the same."""

from collections.abc import Sequence

from rich.console import Console

from outvoted.actors.networks.members import Member
from outvoted.actors.panel.standing import far_below


def warn(console: Console, sentence: str) -> None:
    """Print a warning; what it quotes stays as it is."""
    console.print(f"warning: {sentence}", soft_wrap=True)


def warn_of(console: Console, members: Sequence[Member]) -> None:
    """Warn of peers that get far fewer test images right than the best."""
    peers = {member.name: member.test_accuracy for member in members if member.role == "peer"}
    for sentence in far_below(peers):
        warn(console, sentence)
