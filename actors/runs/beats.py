"""How often this process's work has got a step further, which tells what is slow from what hangs."""

_COUNT = [0]


def beat() -> None:
    """Count a step: gradients on a batch, answers to a batch, a round of searches."""
    _COUNT[0] += 1


def beats() -> int:
    """Return how many steps there were since this process began."""
    return _COUNT[0]
