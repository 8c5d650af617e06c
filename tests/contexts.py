"""What a user may have switched on around a call."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def switched(set_: Callable[[Any], object], value: Any, usual: Any) -> Iterator[None]:
    set_(value)
    try:
        yield
    finally:
        set_(usual)


CONTEXTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "inference mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "float64": lambda: switched(torch.set_default_dtype, torch.float64, torch.float32),
    "bfloat16": lambda: switched(torch.set_default_dtype, torch.bfloat16, torch.float32),
    "device": lambda: switched(torch.set_default_device, "meta", None),
    "device context": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "anomaly": torch.autograd.detect_anomaly,
    "deterministic": lambda: switched(torch.use_deterministic_algorithms, True, False),
    "products": lambda: switched(torch.set_float32_matmul_precision, "medium", "highest"),
    "numpy": lambda: np.errstate(all="raise"),
}


def state() -> tuple[object, ...]:
    """Return all that the contexts change."""
    return (
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_autocast_enabled("cpu"),
        torch.is_anomaly_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
        tuple(np.geterr().values()),
    )
