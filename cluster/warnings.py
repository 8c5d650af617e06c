"""What is said of a run that goes on all the same."""

from rich.console import Console
from rich.markup import escape


def warn(console: Console, sentence: str) -> None:
    """Print a warning; what it quotes is no markup."""
    console.print(f"[yellow]warning[/]: {escape(sentence)}", soft_wrap=True, highlight=False)
