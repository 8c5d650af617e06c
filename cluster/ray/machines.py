"""The machines of the cluster: what each has, which are gone or about to leave, and waiting for more."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import ray
from ray import exceptions as ray_errors
from ray.util.placement_group import placement_group, remove_placement_group

from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Machines
from outvoted.search.errors import OutvotedError

_STEP_SECONDS = 1.0
_SAY_SECONDS = 15.0
_LOOK_SECONDS = 2.0


def machines() -> Machines:
    """Return what the machines that are alive have."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return Machines(alive)


def machines_seen(layout: Layout, usable: Callable[[Machines], Machines]) -> MachinesSeen:
    """Look which machines there are, and for how many cells they have room.

    Args:
        usable: what a run may use of them.
    """
    leaving = _draining()
    alive, lost, drained = [], set[str](), set[str]()
    for node in ray.nodes():
        address = str(node["NodeManagerAddress"])
        if not node["Alive"]:
            lost.add(address)
        elif str(node["NodeID"]) in leaving:
            drained.add(address)
        else:
            alive.append((address, node["Resources"]))
    there = {address for address, _ in alive} | drained
    room = layout.room(usable(Machines([resources for _, resources in alive])))
    return MachinesSeen(room, len(there), tuple(sorted(lost - there)), frozenset(drained))


class MachinesLost:
    """Tells which machines have been lost since it was made; what has come back is not."""

    def __init__(self) -> None:
        self._before = _lost()

    def __call__(self) -> list[str]:
        """Return their addresses; nothing where the head does not answer."""
        return sorted(_lost() - self._before)


def _lost() -> set[str]:
    """Return the addresses at which there was a machine, and is none."""
    nodes: list[Any] = []
    looking = Thread(target=lambda: nodes.extend(ray.nodes()), daemon=True)
    looking.start()
    looking.join(_LOOK_SECONDS)
    addresses: dict[bool, set[str]] = {True: set(), False: set()}
    for node in list(nodes):
        addresses[bool(node["Alive"])].add(str(node["NodeManagerAddress"]))
    return addresses[False] - addresses[True]


def _draining() -> frozenset[str]:
    """Return the ids of the machines that are about to leave; Ray has no public way to ask."""
    try:
        from ray._private.state import state

        return frozenset(state.get_draining_nodes())
    except (ImportError, AttributeError, ray_errors.RayError):
        return frozenset()


def await_machines(bundles: Sequence[dict[str, float]], seconds: float, say: Callable[[str], object]) -> None:
    """Ask the cluster for room, and wait until it is there: machines may be started for it.

    Args:
        bundles: what is needed, each on one machine.
        seconds: for how long.
        say: is told now and then what is waited for.

    Raises:
        OutvotedError: there is none in time.
    """
    words = ", ".join(f"{amount:g} {name}" for bundle in bundles[:1] for name, amount in bundle.items())
    needed = words if len(bundles) == 1 else f"{len(bundles)} times {words}"
    with _asked(bundles) as group:
        began, due = time.monotonic(), _SAY_SECONDS
        while not group.wait(_STEP_SECONDS):
            age = time.monotonic() - began
            if age >= seconds:
                raise OutvotedError(
                    expected=f"room for {needed} within {seconds:.0f} s (cluster.wait)",
                    found=_found(),
                    remedy="start more machines, wait for other work to end, or raise cluster.wait",
                )
            if age >= due:
                due *= 2
                say(f"waiting for {needed} since {age:.0f} s; there is {_found()}")


def _found() -> str:
    there, free = machines(), ray.available_resources()
    parts = [f"{there.get(name, 0.0):g} {name}s, {free.get(name, 0.0):g} free" for name in ("CPU", "GPU")]
    return f"{len(there.nodes)} machines with {'; '.join(parts)}"


@contextmanager
def _asked(bundles: Sequence[dict[str, float]]) -> Iterator[Any]:
    group = placement_group(list(bundles), strategy="PACK")
    try:
        yield group
    finally:
        with suppress(Exception):  # Ray may be ending as well
            remove_placement_group(group)
