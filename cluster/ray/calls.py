"""Calls to Ray; what machines refuse is no bug: memory, disks, files and processes, in a user's words."""

import errno
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

import ray
from ray import exceptions as ray_errors
from ray.exceptions import RayTaskError

from outvoted.actors.runs.files import FULL
from outvoted.search.errors import OutvotedError

Otherwise = TypeVar("Otherwise")

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


_LOOK_SECONDS = 5.0
ANSWER_SECONDS = 600.0
"""For which a call may be waited for that does no more than write or look something up."""
FETCH_SECONDS = 60.0
"""For which a value may be waited for that a call has returned."""
_ADDRESS = re.compile(r"\bip(?:: |=)([0-9a-fA-F.:]*[0-9a-fA-F])")


def result(call: Any, seconds: float = ANSWER_SECONDS) -> Any:
    """Wait for a call; an error that the user can fix arrives as itself.

    Ray is asked again and again, so that whoever wants this thread to give up is heard.

    Raises:
        OutvotedError: it does not end in time.
    """
    end = time.monotonic() + seconds
    while not ray.wait([call], timeout=_LOOK_SECONDS)[0]:
        if time.monotonic() >= end:
            raise OutvotedError(
                expected=f"an answer of another process of the run within {seconds:.0f} s",
                found="none: it hangs, or its machine cannot be reached",
                remedy="what is recorded is kept: continue with --resume",
            )
    try:
        return ray.get(call, timeout=FETCH_SECONDS)
    except RayTaskError as error:
        raise own(error) from None


def own(error: BaseException) -> BaseException:
    """Return the error that the user can fix, where a task raised one."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(error, RayTaskError) and isinstance(cause, OutvotedError) else error


def answered(call: Any, seconds: float, otherwise: Otherwise) -> Any | Otherwise:
    """Wait for a call, but not for ever; return ``otherwise`` where it has not ended by then, or is lost."""
    try:
        return ray.get(call, timeout=seconds)
    except (ray_errors.GetTimeoutError, *_DEATHS):
        return otherwise


def within(seconds: float, do: Callable[[], object]) -> bool:
    """End something, as far as Ray lets it; return whether it was ended, or refused, in time.

    A cluster that no longer answers may hold up whoever takes leave of it.
    """

    def ended() -> None:
        with suppress(Exception):
            do()

    doing = Thread(target=ended, daemon=True)
    doing.start()
    doing.join(seconds)
    return not doing.is_alive()


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
                _loss(one),
                "make sure nothing kills them (memory, batch system, network), then continue with --resume",
            )
    return None


def _loss(error: BaseException) -> str:
    """Say what was lost; Ray's own words are about its parts."""
    place = _ADDRESS.search(str(error))
    where = f" on node {place[1]}" if place else ""
    if isinstance(error, ray_errors.RayActorError | ray_errors.WorkerCrashedError):
        return f"a process{where} that died: it was killed, or ran out of memory, or its machine was lost"
    if isinstance(error, ray_errors.NodeDiedError):
        return f"a machine{where} that was lost"
    if isinstance(error, ray_errors.ObjectLostError):
        return f"data{where} that were lost with the machine that had them"
    return "Ray's own processes, which no longer answer"


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
