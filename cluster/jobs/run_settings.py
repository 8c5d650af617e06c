"""What the configuration of every kind of run has."""

from collections.abc import Mapping
from typing import Annotated

from outvoted.actors.networks.computing import Device
from outvoted.cluster.ray.placement import Machines
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import MayChange, NoResult, Settings


class RunSettings(Settings):
    """The configuration of a run; nothing here changes its results."""

    device: Annotated[Device, MayChange(), NoResult()] = "auto"
    """Where networks compute: ``auto`` (NVIDIA GPUs where the machines have any, else CPUs), ``cpu``,
    ``cuda``, or ``mps`` (an Apple GPU, on this machine alone)."""


def usable(device: Device, there: Mapping[str, float], here: bool = True) -> Machines:
    """Return what a run may use of what is there.

    Args:
        here: whether that is this machine alone.

    Raises:
        OutvotedError: the machines lack the device.
    """
    found = Machines.of(there)
    if device == "cuda" and not found.get("GPU"):
        raise OutvotedError(
            expected="a machine with an NVIDIA GPU, as device: cuda asks for",
            found="none that Ray sees",
            remedy="set device: auto to compute on what is there, or start Ray with --num-gpus",
        )
    if device == "mps" and not here:
        raise OutvotedError(
            expected="device: mps on this machine alone",
            found="a Ray cluster",
            remedy="leave --address out, or set device: auto",
        )
    return computing_on(device, found)


def computing_on(device: Device, there: Machines) -> Machines:
    """Return the machines without their GPUs, where none of these is to be used."""
    return there.without("GPU") if device in ("cpu", "mps") else there


def device_taken(device: Device, there: Mapping[str, float]) -> str:
    """Say where networks compute, of what :func:`usable` gives."""
    gpus = there.get("GPU", 0)
    if device == "mps":
        return "computing on the Apple GPU"
    return f"computing on {gpus:g} GPU{'s' * (gpus != 1)} (cuda)" if gpus else "computing on CPUs"
