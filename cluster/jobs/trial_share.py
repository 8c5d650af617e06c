"""What trials of a sweep take of the machines, and how many of them run at a time."""

from collections.abc import Mapping

from outvoted.cluster.ray.placement import LEAST_CPUS, PROCESS_BYTES, Share, check_memory
from outvoted.search.errors import OutvotedError


def check_share(num_cpus: float, num_gpus: float, there: Mapping[str, float]) -> Share:
    """Return what each trial takes.

    Raises:
        OutvotedError: no machine has so much, or it is too little to get anywhere.
    """
    for name, wanted in (("CPU", num_cpus), ("GPU", num_gpus)):
        each = Share(num_cpus, 0.0) if name == "CPU" else Share(0.0, num_gpus)
        if wanted and not each.places(there):
            raise OutvotedError(
                expected=f"{wanted:g} {name}s for each trial",
                found=f"{there.get(name, 0.0):g} on the machines that Ray sees"
                + (", no single one of which has so many" if wanted <= there.get(name, 0.0) else ""),
                remedy=f"lower trial.num_{name.lower()}s",
            )
    if not Share(num_cpus, num_gpus).places(there):
        raise OutvotedError(
            expected=f"a machine with {num_cpus:g} CPUs and {num_gpus:g} GPUs for each trial",
            found="none that has both",
            remedy="lower trial.num_cpus or trial.num_gpus",
        )
    if num_cpus < LEAST_CPUS:
        raise OutvotedError(
            expected=f"at least {LEAST_CPUS:g} of a CPU for each trial",
            found=f"trial.num_cpus: {num_cpus:g}",
            remedy="raise trial.num_cpus: every trial computes with one thread",
        )
    return Share(num_cpus, num_gpus)


def at_once(num_cpus: float, num_gpus: float, parallel: int, there: Mapping[str, float]) -> tuple[Share, int]:
    """Return what each trial takes, and how many run at a time: as many as fit, at most ``parallel``.

    Raises:
        OutvotedError: not even one fits.
    """
    share = check_share(num_cpus, num_gpus, there)
    many = min(parallel, share.places(there))
    check_memory(many, there, "parallel, or raise trial.num_cpus", PROCESS_BYTES)
    return share, many
