"""Calls to Ray; what machines refuse is no bug: memory, disks, files and processes, in a user's words."""

import errno
from collections.abc import Iterator
from typing import Any, TypeVar

import ray
from ray import exceptions as ray_errors
from ray.exceptions import RayTaskError

from outvoted.actors.runs.files import FULL
from outvoted.search.errors import OutvotedError

For = TypeVar("For")

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_MANY = (errno.EMFILE, errno.ENFILE, errno.EAGAIN)
_MEMORY = (MemoryError, ray_errors.OutOfMemoryError)
_SPACE = (ray_errors.OutOfDiskError, ray_errors.ObjectStoreFullError)
_DEATHS = (
    ray_errors.RayActorError,
    ray_errors.WorkerCrashedError,
    ray_errors.NodeDiedError,
    ray_errors.ObjectLostError,
    ray_errors.RpcError,
    ray_errors.RaySystemError,
    ray_errors.LocalRayletDiedError,
)


def completed(running: dict[Any, For]) -> Iterator[tuple[For, Any]]:
    """Yield what calls were made for and their results, as references, in the order in which they end.

    Of a call that streams every item is yielded. Calls may be added to ``running`` meanwhile.
    """
    while running:
        (call,), _ = ray.wait(list(running), num_returns=1)
        meant_for = running[call]
        if not isinstance(call, ray.ObjectRefGenerator):
            del running[call]
            yield meant_for, call
            continue
        try:
            item = next(call)
        except StopIteration:
            del running[call]
        else:
            yield meant_for, item


def result(call: Any) -> Any:
    """Wait for a call; an error that the user can fix arrives as itself."""
    try:
        return ray.get(call)
    except RayTaskError as error:
        if isinstance(error.cause, OutvotedError):
            raise error.cause from None
        raise


def answered(call: Any, seconds: float, otherwise: For) -> Any | For:
    """Wait for a call, but not for ever; return ``otherwise`` where it has not ended by then, or is lost."""
    try:
        return ray.get(call, timeout=seconds)
    except (ray_errors.GetTimeoutError, *_DEATHS):
        return otherwise


def refused(error: BaseException) -> OutvotedError | None:
    """Return the message of an error that comes from the machines, or None for any other."""
    for one in _causes(error):
        if isinstance(one, OutvotedError):
            return one
        if isinstance(one, _MEMORY) or type(one).__name__ == "OutOfMemoryError":
            return OutvotedError(
                "enough memory", _first_line(one), "close other programs, or lower batch, cells or num_cpus"
            )
        if isinstance(one, _SPACE) or (isinstance(one, OSError) and one.errno in FULL):
            return OutvotedError(
                "space on the disk",
                f"the disk is full ({_first_line(one)})",
                "free space where runs and temporary files ($TMPDIR) lie, then continue with --resume",
            )
        if isinstance(one, OSError):
            return OutvotedError("the operating system to do what a run needs", _first_line(one), _help(one))
    for one in _causes(error):
        if isinstance(one, _DEATHS):
            return OutvotedError(
                "the processes of a run to stay alive",
                _first_line(one),
                "make sure nothing kills them (memory, batch system, network), then continue with --resume",
            )
    return None


def _help(error: OSError) -> str:
    if error.errno in _REFUSED:
        return "allow it, or choose another folder"
    if error.errno in _MANY:
        return "raise the limits on open files and processes (ulimit -n, ulimit -u)"
    if error.errno == errno.ENAMETOOLONG:
        return "choose shorter names and folders"
    return "see that the folders of the run, of the data and of temporary files are there and may be used"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from; of one that comes out of a worker, the worker's."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "cause", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__


def _first_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f": {error.filename}"
        return f"{error.strerror}{place}"
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
