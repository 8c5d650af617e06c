"""How many threads a process computes with."""

import torch


def use_one_thread() -> None:
    """Compute with one thread: actors share cores, and sums must not depend on how many there are."""
    torch.set_num_threads(1)
