"""What a run may use of the machines, once there are those that it asks for."""

from collections.abc import Callable

from ray import exceptions as ray_errors

from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.connect import LOCAL
from outvoted.cluster.ray.machines import await_machines, machines
from outvoted.cluster.ray.placement import Machines

_WAIT_SECONDS = 60.0


def machines_for(config: RunSettings, address: str, say: Callable[[str], object]) -> Machines:
    """Return the machines there are; of a cluster that has too few yet, once it has started some.

    A cluster may scale from zero, and GPUs may come last: nobody computes on CPUs in silence who asks for
    GPUs, or whose cluster can have some.

    Raises:
        OutvotedError: there is no machine, or none with a GPU that was asked for, in time.
    """
    there = machines()
    if address == LOCAL:
        return there
    wanted = _wanted(config, there)
    if wanted:
        cluster = getattr(config, "cluster", None)
        await_machines([wanted], getattr(cluster, "wait", _WAIT_SECONDS), say)
    return machines() if wanted else there


def _wanted(config: RunSettings, there: Machines) -> dict[str, float]:
    """Return what one process needs that no machine has."""
    cluster = getattr(config, "cluster", None)
    asked = getattr(cluster, "num_gpus", None)
    gpus = config.device == "cuda" or bool(asked)
    if config.device == "auto" and asked is None:
        gpus = gpus or _could_have_gpus()
    wanted = {}
    if gpus and config.device not in ("cpu", "mps") and not there.get("GPU"):
        wanted["GPU"] = float(asked or 1.0)
    if not there.get("CPU"):
        wanted["CPU"] = 1.0
    return wanted


def _could_have_gpus() -> bool:
    """Whether the cluster can start machines with GPUs; Ray has no public way to ask."""
    try:
        from ray._private.state import state

        return bool((state.get_max_resources_from_cluster_config() or {}).get("GPU"))
    except (ImportError, AttributeError, ray_errors.RayError):
        return False
