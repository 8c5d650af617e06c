"""Connecting to Ray: a private local instance, or a cluster that is already there."""

import atexit
import gc
import logging
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import ray
from ray.exceptions import RayError

from outvoted.actors.networks.computing import DEVICE, Device
from outvoted.cluster.console.ending import abandon, abandoned, is_command, signals_kept
from outvoted.cluster.ray.calls import within
from outvoted.cluster.ray.head import HeadLostError
from outvoted.search.errors import OutvotedError

LOCAL = "local"
_OBJECT_STORE = 1 << 30
_REACH_SECONDS = 5
_LEAVING_SECONDS = 20.0
_LONGEST_SCRATCH = 39  # sockets have 107 bytes: /ray/session_(date)_(process)/sockets/plasma_store is 68
_ABSENT = re.compile(r"No module named '([\w.]+)'")


@contextmanager
def connected(address: str, debug: bool = False, device: Device = "auto") -> Iterator[bool]:
    """Be connected to Ray within the block; yield whether that ends with the block.

    Args:
        address: ``local`` starts a private instance that ends with the block; ``auto`` or ``HOST:PORT``
            joins a running cluster. A process that is connected already stays as it is.
        debug: show what Ray and its workers print.
        device: where the workers of a private instance compute; those of a cluster go by the GPUs they get.

    Raises:
        OutvotedError: Ray does not start, there is no cluster at the address, or its workers lack a module
            of the user's.
    """
    if address.startswith("ray://"):
        raise OutvotedError(
            expected="local, auto, or the HOST:PORT of a Ray head",
            found=f"the Ray Client address {address}",
            remedy="run the command on a machine of the cluster with --address auto",
        )
    _check_reachable(address)
    if ray.is_initialized():
        with _modules_named():
            yield False
        return
    _prepare_environment(address, debug)
    with _told(device) if address == LOCAL else nullcontext(), nullcontext() if debug else _unprompted():
        cut_short = False
        try:
            _start(address, debug)
            with _modules_named():
                yield True
        except HeadLostError:
            if is_command():
                abandon()  # before Ray would end it
            raise
        except KeyboardInterrupt:
            if cut_short := is_command():
                abandon()  # disconnecting while threads use Ray could end it without a word
            raise
        finally:
            if not cut_short:  # else all of Ray's processes that are its own end with it
                _leave()


@contextmanager
def disconnecting() -> Iterator[None]:
    """Disconnect from Ray, and have its processes end while the block does something else.

    The processes of a private instance take over a second to end. The disconnecting itself is waited for:
    Ray's core ends this process, at once and without a word, where a reference is let go of meanwhile.
    """
    worker = vars(import_module("ray._private.worker"))
    own = worker.get("_global_node")
    if own is not None:
        worker["_global_node"] = None  # whose processes ray.shutdown would end
    _leave()
    ending = Thread(target=partial(_end, own), daemon=True)
    ending.start()
    try:
        yield
    finally:
        ending.join()


def _leave() -> None:
    """Disconnect from Ray; where the head has been lost, that takes long, if it ends at all."""
    if not abandoned() and within(_LEAVING_SECONDS, _shut_down):
        return
    abandon()
    worker = import_module("ray._private.worker")
    atexit.unregister(worker.shutdown)
    _end(vars(worker).get("_global_node"), graceful=False)


def _shut_down() -> None:
    """Disconnect from Ray while nobody lets go of what is Ray's: the collector of garbage might."""
    if not ray.is_initialized() and vars(import_module("ray._private.worker")).get("_global_node") is None:
        return  # and looking for garbage takes a third of a second once a report is drawn
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()


def _end(own: Any, graceful: bool = True) -> None:
    """End the processes of a private instance, if there is one, and remove what it has put on disk."""

    def end() -> None:
        if graceful:
            own.destroy_external_storage()
        own.kill_all_processes(check_alive=False, allow_graceful=graceful)

    if own is not None:
        within(_LEAVING_SECONDS, end)


@contextmanager
def _told(device: Device) -> Iterator[None]:
    """Tell the processes that are started within the block where they compute."""
    before = os.environ.get(DEVICE)
    os.environ[DEVICE] = device
    try:
        yield
    finally:
        os.environ.pop(DEVICE)
        if before is not None:
            os.environ[DEVICE] = before


def _start(address: str, debug: bool) -> None:
    """Start Ray, or join it; where that fails, it raises errors of any class."""
    quiet = {"log_to_driver": debug, "logging_level": logging.INFO if debug else logging.ERROR}
    scratch = _scratch() if address == LOCAL else None
    try:
        with signals_kept(), _apart(), nullcontext() if debug else _silent():
            if address == LOCAL:
                store = min(_OBJECT_STORE, _shared_memory())
                own = {"include_dashboard": False, "object_store_memory": store, "_temp_dir": scratch}
                with nullcontext() if debug else _lean():
                    ray.init(LOCAL, **own, **quiet)
            else:
                ray.init(address, **quiet)
    except SystemExit as error:  # while it starts, Ray answers SIGTERM itself
        raise KeyboardInterrupt("SIGTERM") from error
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise _no_cluster(address, lines[0] if lines else type(error).__name__) from error


@contextmanager
def _apart() -> Iterator[None]:
    """Start Ray's daemons in process groups of their own.

    A signal to the group of a command (`timeout`, `kill -- -GROUP`, a terminal that closes) would end them
    before the command has ended its run, which then waits for them for a minute.
    """
    names = vars(import_module("ray._private.services"))
    before = names.get("ConsolePopen")
    if before is None:  # another version of Ray
        yield
        return
    names["ConsolePopen"] = partial(before, process_group=0)
    try:
        yield
    finally:
        names["ConsolePopen"] = before


@contextmanager
def _lean() -> Iterator[None]:
    """Start Ray without processes that a private instance has no use for.

    They are what scales clusters up, what reports on usage in the place of a dashboard, and what forwards
    workers' output: each imports Ray anew, half a second of a core. Its agent takes any free port: the one
    that Ray names may be another instance's, and Ray would try it for three and a half seconds before workers
    start.
    """
    parameters, services = (vars(import_module(f"ray._private.{name}")) for name in ("parameter", "services"))
    whole, server = parameters.get("RayParams"), services.get("start_api_server")
    if whole is None or server is None:  # another version of Ray
        yield
        return
    parameters["RayParams"] = partial(
        whole, include_log_monitor=False, no_monitor=True, dashboard_agent_listen_port=0
    )
    services["start_api_server"] = lambda *given, **named: ("", None)
    try:
        yield
    finally:
        parameters["RayParams"], services["start_api_server"] = whole, server


def _scratch() -> str | None:
    """Return a folder for Ray's sockets whose path is short enough; None where Ray's own choice is.

    Raises:
        OutvotedError: there is none.
    """
    usual = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    if len(os.fsencode(usual)) <= _LONGEST_SCRATCH and _may_write(usual):
        return None
    for short in ("/tmp", "/var/tmp", "/dev/shm"):
        if _may_write(short):
            return f"{short}/ray-{os.getuid()}"
    raise OutvotedError(
        expected=f"a writable folder for Ray's sockets with a path of at most {_LONGEST_SCRATCH} bytes",
        found=f"TMPDIR={usual}, {len(os.fsencode(usual))} bytes",
        remedy="set RAY_TMPDIR to such a folder",
    )


def _may_write(folder: str) -> bool:
    return Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)


@contextmanager
def _modules_named() -> Iterator[None]:
    """Say which module workers could not import: networks, strategies and transforms may be the user's."""
    try:
        yield
    except RayError as error:
        absent = _ABSENT.search(str(error))
        if absent is None:
            raise
        raise OutvotedError(
            expected=f"the module '{absent[1]}' on every machine of the cluster",
            found="a worker of Ray that cannot import it",
            remedy="start in the folder that holds it, or install its package on every machine",
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what Ray's core prints on standard error; what goes wrong arrives as an exception."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _unprompted() -> Iterator[None]:
    """Drop what Ray's own thread prints in this process, say that tasks of a killed actor are tried again.

    Ray has no setting for these lines; they are about its own parts, and full of escape codes.
    """
    names = vars(import_module("ray._private.worker"))
    before = names.get("print_to_stdstream")
    if before is None:  # another version of Ray
        yield
        return
    names["print_to_stdstream"] = lambda *said, **how: None
    try:
        yield
    finally:
        names["print_to_stdstream"] = before


def _prepare_environment(address: str, debug: bool) -> None:
    """Set what Ray reads from the environment, unless the user has set it."""
    # Ray would otherwise let workers build environments of their own under `uv run`.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not debug:
        # It warns that restarts need the constructors' arguments, which cells keep (cluster/ray/cells.py).
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if address != LOCAL:
        return
    # A local instance demands a token by default. It gets one of its own: Ray would write one to a file
    # that every user of the machine may read.
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _check_reachable(address: str) -> None:
    """Fail within seconds where nothing listens; Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, f"nothing that answers there ({error})") from error


def _no_cluster(address: str, found: str) -> OutvotedError:
    if address == LOCAL:
        return OutvotedError(
            expected="to start a local Ray instance",
            found=found,
            remedy="try again when the machine is less busy; Ray needs free memory, ports and space in "
            "$TMPDIR or /tmp; --debug shows what holds it up",
        )
    return OutvotedError(
        expected=f"a Ray cluster at address '{address}'",
        found=found,
        remedy="start one (`ray start --head`), set its RAY_AUTH_TOKEN, or use --address local",
    )


def _shared_memory() -> int:
    """Return the bytes that the object store may take: most of what /dev/shm has."""
    try:
        space = os.statvfs("/dev/shm")
    except OSError:
        return _OBJECT_STORE
    return max(int(space.f_bavail * space.f_frsize * 0.8), 80 << 20)
