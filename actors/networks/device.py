"""Where a process computes."""

import torch


def own_device() -> torch.device:
    """Return the GPU where there is one, else the CPU.

    A GPU's convolutions are told to add up in a fixed order: by default gradients add up as they arrive, and
    equal arguments would train other networks each time.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda")
