"""Whether the networks of a sweep that are trained at a time fit into memory."""

from collections.abc import Mapping
from math import prod

import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.analysis.sweeps.base import Unit
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.trials import grouped
from outvoted.cluster.jobs.trial_share import check_share
from outvoted.search.errors import OutvotedError

_COPIES = 7  # weights, gradients, two moments, and a checkpoint on its way
_PROCESS = 600 << 20  # Python and PyTorch
_BATCHES = 4  # activations, their gradients, and what the attacks add
_TEST_BATCH = 500


def check_memory(config: SweepConfig, data: Dataset, available: Mapping[str, float]) -> None:
    """Refuse a sweep whose trials need more than Ray has.

    Raises:
        OutvotedError: too much memory, or CPUs or GPUs that are not there.
    """
    trial, there = config.trial, available.get("memory", float("inf"))
    check_share(trial.num_cpus, trial.num_gpus, available)
    networks, at_a_time = _together(config, available)
    wanted = needed(config, data, available)
    if wanted > there:
        raise OutvotedError(
            expected=f"at most {there / 2**30:.1f} GiB for {at_a_time} trials at a time",
            found=f"about {wanted / 2**30:.1f} GiB for {networks} networks in each",
            remedy="use fewer seeds at a time (a sweep can be extended later), a lower trial.settings, "
            "or more trial.num_cpus, so that fewer trials run at a time",
        )


def needed(config: SweepConfig, data: Dataset, available: Mapping[str, float]) -> int:
    """Estimate the memory of the trials that run at a time."""
    networks, at_a_time = _together(config, available)
    return at_a_time * trial_bytes(config, data, networks)


def _together(config: SweepConfig, available: Mapping[str, float]) -> tuple[int, int]:
    """Return the most networks of a trial, and how many trials run at a time."""
    trial = config.trial
    stages = [
        [Unit(setting, seed) for setting in stage for seed in config.seeds]
        for stage in config.experiment.stages()
    ]
    trials = [list(grouped(stage, {}, trial.settings)) for stage in stages if stage]
    places = available.get("CPU", 1.0) / trial.num_cpus
    if trial.num_gpus:
        places = min(places, available.get("GPU", 0.0) / trial.num_gpus)
    largest = max(len(together) for stage in trials for together in stage)
    return largest, max(1, min(int(places), max(map(len, trials))))


def trial_bytes(config: SweepConfig, data: Dataset, networks: int) -> int:
    """Estimate the memory that one trial takes, with its process and the images."""
    with torch.device("meta"):
        network = config.experiment.network.build(data.shape, data.classes + 1)
    weights = sum(parameter.numel() for parameter in network.parameters())
    batch = max(config.training.batch_size, _TEST_BATCH)
    activations = batch * _outputs(network, data.shape)
    images = 2 * (data.train.nbytes + 4 * data.test.nbytes)
    return _PROCESS + images + 4 * networks * (_COPIES * weights + _BATCHES * activations)


def _outputs(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Count the numbers that all layers give for one image, the image itself among them."""
    total, values = prod(shape), torch.empty(1, *shape, device="meta")
    for layer in network.children():
        values = layer(values)
        total += values.numel()
    return total
