"""Sweeps that don't fit into memory are refused before anything starts, by an estimate of the right size."""

from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.memory import check_memory, trial_bytes
from outvoted.search.errors import OutvotedError

GIB = 2**30
THERE = {"CPU": 2.0, "memory": 8.0 * GIB}
MLP_256 = 784 * 256 + 256 + 256 * 10 + 10


def config(network: dict[str, Any] | None = None, **values: Any) -> SweepConfig:
    of = {"kind": "mlp", "hidden": 256, "activation": "sigmoid"} if network is None else network
    experiment = {"kind": "temperature", "network": of, "temperatures": [0.5, 1, 2, 4]}
    return validated(SweepConfig, {"experiment": experiment, **values}, Path("sweep.yaml"))


def test_a_few_networks_fit(digits: Dataset) -> None:
    check_memory(config(), digits, THERE)


def test_each_network_adds_its_weights_and_activations(digits: Dataset) -> None:
    settings = config()
    one, two, three = (trial_bytes(settings, digits, networks) for networks in (1, 2, 3))
    assert three - two == two - one
    weights = 4 * MLP_256
    activations = 4 * 500 * (784 + 256 + 10)
    assert 4 * weights < two - one < 8 * weights + 20 * activations


def test_wider_networks_take_more(digits: Dataset) -> None:
    wide = config({"kind": "mlp", "hidden": 4096, "activation": "sigmoid"})
    assert trial_bytes(wide, digits, 10) > 4 * 10 * 4 * 4096 * 784
    convolving = config({"kind": "plain-cnn", "activation": "sigmoid"})
    assert trial_bytes(convolving, digits, 10) > trial_bytes(config(), digits, 10)


def test_more_replicates_than_memory_allows_are_refused(digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match="GiB for 2 trials at a time") as refused:
        check_memory(config(seeds=range(1000)), digits, THERE)
    assert "1000 networks in each" in refused.value.found
    assert "fewer seeds" in refused.value.remedy


def test_fewer_trials_at_a_time_may_fit(digits: Dataset) -> None:
    settings = config(seeds=range(60))
    there = {"CPU": 4.0, "memory": 1.5 * trial_bytes(settings, digits, 60)}
    with pytest.raises(OutvotedError, match="4 trials at a time"):
        check_memory(settings, digits, there)
    check_memory(config(seeds=range(60), trial={"num_cpus": 4}), digits, there)


def test_no_more_trials_count_than_there_are(digits: Dataset) -> None:
    settings = config(seeds=[0])
    there = {"CPU": 64.0, "memory": 4.5 * trial_bytes(settings, digits, 1)}
    check_memory(settings, digits, there)  # four settings are four trials


def test_gpus_bound_the_trials_at_a_time(digits: Dataset) -> None:
    settings = config(seeds=range(50), trial={"num_gpus": 1})
    there = {"CPU": 64.0, "GPU": 1.0, "memory": 1.5 * trial_bytes(settings, digits, 50)}
    check_memory(settings, digits, there)


def test_settings_that_are_trained_together_count_together(digits: Dataset) -> None:
    settings = config(seeds=range(3), trial={"settings": 2})
    with pytest.raises(OutvotedError, match="6 networks in each"):
        check_memory(settings, digits, {"CPU": 1.0, "memory": 0.1 * GIB})


def test_samples_that_differ_are_not_counted_together(digits: Dataset) -> None:
    experiment = {"kind": "noise-class", "network": {"kind": "mlp"}}
    values = {"experiment": experiment, "trial": {"settings": 9}}
    settings = validated(SweepConfig, values, Path("sweep.yaml"))
    with pytest.raises(OutvotedError, match="3 networks in each"):
        check_memory(settings, digits, {"CPU": 1.0, "memory": 0.1 * GIB})


@pytest.mark.parametrize(("key", "wanted"), [("num_cpus", 3), ("num_gpus", 1)])
def test_machines_that_are_not_there_are_named(key: str, wanted: float, digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match=f"{wanted} {key[4:7].upper()}s for each trial") as refused:
        check_memory(config(trial={key: wanted}), digits, THERE)
    assert refused.value.remedy == f"lower trial.{key}"
