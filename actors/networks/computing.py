"""How a process computes: device and threads, tensors, and settings that no one has touched."""

import ctypes
import os
import random
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError, suggestion

Device = Literal["auto", "cpu", "cuda", "mps"]
"""Where networks compute. "auto" takes an NVIDIA GPU if there is one, else the CPU."""
DEVICE = "OUTVOTED_DEVICE"
"""The environment variable by which a run on this machine tells its workers."""
_wanted: ContextVar[Device | None] = ContextVar("device", default=None)


def own_device() -> torch.device:
    """Return where this process computes: as was asked for, else the GPU where there is one, else the CPU.

    A GPU's convolutions are told to add up in a fixed order: by default gradients add up as they arrive, and
    equal arguments would train other networks each time.
    """
    wanted = _wanted.get() or os.environ.get(DEVICE, "auto")
    if wanted in ("cpu", "mps") or not torch.cuda.is_available():
        return torch.device("mps" if wanted == "mps" else "cpu")
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda")


def exact_device(device: torch.device) -> torch.device:
    """Return where float64 is computed for a device: there, or on the CPU where it has none, as Apple's."""
    return torch.device("cpu") if device.type == "mps" else device


@contextmanager
def computing_on(device: Device) -> Iterator[None]:
    """Compute on a device within the block."""
    token = _wanted.set(device)
    try:
        yield
    finally:
        _wanted.reset(token)


def check_device(device: Device) -> None:
    """Refuse a device that this machine lacks.

    Raises:
        OutvotedError: PyTorch finds no such device here, or there is none of that name.
    """
    if device not in get_args(Device):
        raise OutvotedError(
            f"device to be {', '.join(get_args(Device))}", repr(device), suggestion(device, get_args(Device))
        )
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if there.get(device, True):
        return
    names = {"cuda": "an NVIDIA GPU", "mps": "an Apple GPU"}
    raise OutvotedError(
        expected=f"{names[device]} that PyTorch can use on this machine, as device={device} asks for",
        found=f"PyTorch {torch.__version__}, which finds none",
        remedy="leave device out to take what is there, or install a PyTorch build for this GPU",
    )


def use_one_thread() -> None:
    """Compute with one thread: actors share cores, and sums must not depend on how many there are."""
    torch.set_num_threads(1)


def busy_seconds() -> float:
    """Return how long threads computed or waited for a CPU: a crowded machine makes work slow."""
    found = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):  # as Linux tells it, in nanoseconds
        with suppress(OSError, ValueError):
            found += sum(map(int, file.read_text("ascii").split()[:2]))
    return found / 1e9 if found else time.process_time()


def keep_freed_memory() -> None:
    """Have the process keep up to 128 MiB of what it frees, for its next tensors.

    The C library returns the memory of large tensors to the system and asks for it again, page by page, at
    every gradient step, until it has seen sizes enough. Another C library than glibc is left as it is.
    """
    with suppress(OSError, AttributeError):
        tune = ctypes.CDLL(None).mallopt
        tune(_MMAP_THRESHOLD, 32 << 20)
        tune(_TRIM_THRESHOLD, 128 << 20)


def give_back_freed_memory() -> None:
    """Return what the process has freed to the system, where it is more than 256 MiB.

    The C library keeps what was freed below memory that is in use, for each thread its own: a process that
    reads large images in one thread and computes with them in another keeps more and more. Another C library
    than glibc (2.33 or later) is left as it is.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        told = library.mallinfo2
        told.restype = _Mallinfo
        if told().fordblks > _MOST_FREED:
            library.malloc_trim(0)


class _Mallinfo(ctypes.Structure):
    """What <malloc.h> calls so: ten numbers, of which ``fordblks`` is the bytes that are free."""

    _fields_ = (
        ("before", ctypes.c_size_t * 8),
        ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    )


_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of <malloc.h>
_MOST_FREED = 256 << 20


def tensor_of(array: AnyArray) -> torch.Tensor:
    """View an array as a tensor without copying, also one that Ray shares between processes read-only."""
    if array.flags.writeable and array.flags.c_contiguous:
        return torch.from_numpy(array)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))


_CPU = torch.device("cpu")
_ERRORS: Any = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def own_context(gradients: bool = False) -> AbstractContextManager[None]:
    """Compute within the block as a fresh process would; what the caller has set is set again after it.

    Inference mode, gradients on or off, the default type and device of new tensors, autocast, anomaly
    detection, deterministic algorithms, the precision of matrix products, NumPy's handling of errors.

    Without ``gradients`` the block runs under ``no_grad``, not in inference mode: whatever a network keeps
    of a call (a cached grid, a layer made at the first call) may still be part of a gradient later.
    """
    return _OwnContext(gradients)


class _OwnContext(AbstractContextManager[None]):
    """Costs a few microseconds where nothing was set, which it is entered for several times in a round."""

    def __init__(self, gradients: bool) -> None:
        self._gradients = gradients

    def __enter__(self) -> None:
        self._stack = ExitStack()
        if _something_is_set():
            _unset(self._stack)
        self._before = torch.is_grad_enabled()
        torch.set_grad_enabled(self._gradients)

    def __exit__(self, *raised: object) -> None:
        torch.set_grad_enabled(self._before)
        self._stack.close()


def _something_is_set() -> bool:
    """Tell whether anything is not as in a fresh process; whether gradients are on is not looked at."""
    new = torch.empty(0)
    return (
        new.device != _CPU
        or new.dtype != torch.float32
        or torch.is_inference_mode_enabled()
        or torch.is_anomaly_enabled()
        or torch.is_autocast_enabled("cpu")
        or torch.is_autocast_enabled("cuda")
        or torch.are_deterministic_algorithms_enabled()
        or torch.get_float32_matmul_precision() != "highest"
        or np.geterr() != _ERRORS
    )


def _unset(stack: ExitStack) -> None:
    """Set everything as in a fresh process, and have the stack set it back."""
    if torch.is_inference_mode_enabled():
        stack.enter_context(torch.inference_mode(False))
    if torch.is_anomaly_enabled():
        stack.enter_context(torch.autograd.set_detect_anomaly(False))
    if np.geterr() != _ERRORS:
        stack.enter_context(np.errstate(**_ERRORS))
    for device in ("cpu", "cuda"):
        if torch.is_autocast_enabled(device):
            stack.enter_context(torch.autocast(device, enabled=False))
    if torch.get_default_device() != _CPU:
        stack.enter_context(_CPU)
    if (dtype := torch.get_default_dtype()) != torch.float32:
        stack.callback(torch.set_default_dtype, dtype)
        torch.set_default_dtype(torch.float32)
    if torch.are_deterministic_algorithms_enabled():
        only = torch.is_deterministic_algorithms_warn_only_enabled()
        stack.callback(torch.use_deterministic_algorithms, True, warn_only=only)
        torch.use_deterministic_algorithms(False)
    if (precision := torch.get_float32_matmul_precision()) != "highest":
        stack.callback(torch.set_float32_matmul_precision, precision)
        torch.set_float32_matmul_precision("highest")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Compute in our own context, and leave the caller's settings and random numbers as they are."""
    with own_random_numbers(), own_context():
        yield


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """Leave the random states of torch, NumPy and Python as they are, whatever is drawn within the block."""
    before, numbers = random.getstate(), np.random.get_state()
    begun = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = list(range(torch.cuda.device_count())) if begun else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(before)
        np.random.set_state(numbers)
