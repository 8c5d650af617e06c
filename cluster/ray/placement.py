"""What share of the machines each of a number of processes gets; more than fit are refused."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_FINEST = 10_000  # Ray counts resources in ten-thousandths
_FOR_WORK = 0.9
LEAST_CPUS = 0.05
"""Of which a process gets at least so much: more than twenty to a CPU mostly wait for each other."""
PROCESS_BYTES = 200 << 20
"""What a process of ours takes for itself: Python and PyTorch (measured; what it shares is not counted)."""


class Machines(Mapping[str, float]):
    """What there is of each resource in all, and machine by machine: no process lies on two."""

    def __init__(self, nodes: Sequence[Mapping[str, float]]) -> None:
        """Take the resources of each machine, as `ray.nodes()` says."""
        self.nodes = tuple(dict(node) for node in nodes)
        names = dict.fromkeys(name for node in self.nodes for name in node)
        self._total = {name: sum(node.get(name, 0.0) for node in self.nodes) for name in names}

    @staticmethod
    def of(available: Mapping[str, float]) -> "Machines":
        """Return what is available as machines; where it isn't known of which, it is all on one."""
        return available if isinstance(available, Machines) else Machines([available])

    def without(self, resource: str) -> "Machines":
        """Return the machines without a resource."""
        return Machines([{name: node[name] for name in node if name != resource} for node in self.nodes])

    def __getitem__(self, name: str) -> float:
        return self._total[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._total)

    def __len__(self) -> int:
        return len(self._total)


@dataclass(frozen=True)
class Share:
    """What one process gets."""

    num_cpus: float
    num_gpus: float

    def places(self, available: Mapping[str, float], use: float = 1.0) -> int:
        """Count the processes that fit on the machines.

        Args:
            use: share of the CPUs that is given away.
        """
        return sum(self._on(node, use) for node in Machines.of(available).nodes)

    def _on(self, node: Mapping[str, float], use: float) -> int:
        cpus, gpus = use * node.get("CPU", 0.0), node.get("GPU", 0.0)
        by_gpu = _places(self.num_gpus, gpus) if self.num_gpus else 2**31
        by_cpu = int(cpus / self.num_cpus + 1e-6) if self.num_cpus else 2**31
        return min(by_cpu, by_gpu) if self.num_cpus or self.num_gpus else 2**31


def share(
    processes: int,
    num_cpus: float | None,
    num_gpus: float | None,
    available: Mapping[str, float],
    fewer: Sequence[str] = (),
) -> Share:
    """Divide what is ``available`` among processes, each on one machine.

    Args:
        processes: how many there are.
        num_cpus: what each is to have; an even share where it is None.
        num_gpus: likewise.
        fewer: what may be lowered, besides the two, in the configuration.

    Raises:
        OutvotedError: more is asked for than there is, or so many processes would share the CPUs that none
            gets anywhere.
    """
    cpus, gpus = available.get("CPU", 0.0), available.get("GPU", 0.0)
    if num_cpus is not None and processes > Share(num_cpus, 0).places(available):
        raise _too_much("num_cpus", num_cpus, processes, cpus, "CPU", fewer)
    if num_gpus is not None and num_gpus > 0 and processes > Share(0, num_gpus).places(available):
        raise _too_much("num_gpus", num_gpus, processes, gpus, "GPU", fewer)
    even_gpus = math.floor(_FINEST / math.ceil(processes / gpus)) / _FINEST if gpus else 0.0
    each_gpus = even_gpus if num_gpus is None else num_gpus
    each_cpus = _even_cpus(processes, each_gpus, available) if num_cpus is None else num_cpus
    each = Share(each_cpus, each_gpus)
    if each.num_cpus < LEAST_CPUS and not (each.num_cpus == 0 and each.num_gpus > 0):
        raise _too_little(num_cpus, processes, each.num_cpus, cpus, fewer)
    return each


def _even_cpus(processes: int, num_gpus: float, available: Mapping[str, float]) -> float:
    """Return the largest share of CPUs, at most 1, at which so many processes fit on the machines."""
    low, high = 0, _FINEST
    while low < high:
        middle = (low + high + 1) // 2
        if Share(middle / _FINEST, num_gpus).places(available, _FOR_WORK) >= processes:
            low = middle
        else:
            high = middle - 1
    return low / _FINEST


def check_memory(processes: int, available: Mapping[str, float], key: str, each: int = PROCESS_BYTES) -> None:
    """Refuse more processes than memory holds.

    Args:
        available: what there is; nothing is refused where it knows of no memory.
        key: what to lower in the configuration.
        each: bytes that a process takes, at least.

    Raises:
        OutvotedError: with the arithmetic.
    """
    there = available.get("memory", float("inf"))
    if processes * each > there:
        needed = f"at least {processes * each / 2**30:.1f} GiB of memory"
        raise OutvotedError(
            expected=f"{needed} for {processes} processes of {each >> 20} MiB or more",
            found=f"{there / 2**30:.1f} GiB on the machines that Ray sees",
            remedy=f"lower {key}: at most {int(there // each)} processes fit",
        )


def _too_little(
    num_cpus: float | None, processes: int, each: float, cpus: float, fewer: Sequence[str]
) -> OutvotedError:
    most = int(_FOR_WORK * cpus / LEAST_CPUS + 1e-9)
    if num_cpus is not None:
        remedy = "raise cluster.num_cpus, or leave it out for an even share"
    else:
        remedy = " or ".join([*(f"lower {key}" for key in fewer), "take more machines"])
        remedy += f": at most {most} processes get that much"
    return OutvotedError(
        expected=f"at least {LEAST_CPUS:g} of a CPU for each of {processes} processes",
        found=f"{each:.2g} of a CPU: {cpus:g} CPUs on the machines that Ray sees",
        remedy=remedy,
    )


def _places(each: float, gpus: float) -> int:
    """Count the processes that fit: a share below 1 lies on one GPU, a larger one takes whole GPUs."""
    return int(gpus) * int(1 / each + 1e-9) if each <= 1 else int(gpus / math.ceil(each))


def _too_much(
    key: str, each: float, processes: int, there: float, unit: str, fewer: Sequence[str]
) -> OutvotedError:
    also = "".join(f", or lower {other}" for other in fewer)
    return OutvotedError(
        expected=f"cluster.{key}={each:g} for each of {processes} processes",
        found=f"{there:g} {unit}s on the machines that Ray sees",
        remedy=f"lower cluster.{key} (fractions are allowed), leave it out for an even share{also}",
    )


class PoolSettings(Settings):
    """Where a scan's work goes; nothing here changes its results."""

    panels: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Processes that each read images and put them to a whole panel; one for each CPU if left out."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] | None = None
    """GPUs for each panel, fractions allowed; an even share, 0 without GPUs, if left out."""


@dataclass(frozen=True)
class Pool:
    """A number of panels, and what each one gets."""

    panels: int
    share: Share


def pool(settings: PoolSettings, available: Mapping[str, float]) -> Pool:
    """Divide what is ``available`` (as `ray.cluster_resources()` says).

    Raises:
        OutvotedError: the configuration asks for more GPUs, CPUs or memory than there are.
    """
    panels = settings.panels or max(1, int(available.get("CPU", 1.0)))
    check_memory(panels, available, "cluster.panels")
    return Pool(panels, share(panels, None, settings.num_gpus, available, ["cluster.panels"]))


class TaskSettings(Settings):
    """What each round of each arm takes of the machines; nothing here changes the results."""

    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""


def share_of_task(settings: TaskSettings, available: Mapping[str, float]) -> Share:
    """Return what a task gets, after checking that as many as run at a time fit in.

    Args:
        available: what `ray.cluster_resources()` says.

    Raises:
        OutvotedError: one task alone asks for more than there is, or as many as CPUs allow for more memory.
    """
    found = share(1, settings.num_cpus, settings.num_gpus, available)
    at_a_time = max(1, int(available.get("CPU", 1.0) / found.num_cpus))
    check_memory(at_a_time, available, "their number by a higher cluster.num_cpus")
    return found
