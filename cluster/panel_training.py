"""Getting a run its trained networks: from an earlier run with the same settings, or by training them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray
from rich.progress import Progress as Bars

from outvoted.actors import members
from outvoted.actors.datasets import Dataset
from outvoted.actors.member import EpochRecord, Member
from outvoted.actors.panel_settings import Recipe
from outvoted.actors.ray_training import measure_remotely, train_remotely
from outvoted.actors.training import Epoch
from outvoted.cluster.placement import Share

OnEpoch = Callable[[str, EpochRecord], object]


def trained(
    folder: Path, recipes: Sequence[Recipe], data: Dataset, share: Share, bars: Bars, on_epoch: OnEpoch
) -> list[Member]:
    """Return the trained networks kept in ``folder``, training and keeping them if it has none."""
    if (folder / members.TABLE).exists():
        return members.load(folder)
    found = _train(recipes, data, share, bars, on_epoch)
    members.save(folder, found)
    return found


def _train(
    recipes: Sequence[Recipe], data: Dataset, share: Share, bars: Bars, on_epoch: OnEpoch
) -> list[Member]:
    """Train all networks at once, each in a task of its own; those that come with weights are measured.

    Weights are read here, so other machines need not have their files.
    """
    placed = ray.put(data)
    options = {"num_cpus": min(1.0, ray.cluster_resources().get("CPU", 1.0)), "num_gpus": share.num_gpus}
    tasks: dict[Any, int] = {}
    for index, recipe in enumerate(recipes):
        tasks[_task(recipe, placed, options)] = index
    history: list[list[Epoch]] = [[] for _ in recipes]
    total = sum(_epochs(recipe) for recipe in recipes)
    bar = bars.add_task("training", total=total, details="")
    while tasks:
        (stream,), _ = ray.wait(list(tasks), num_returns=1)
        index = tasks[stream]
        try:
            epoch: Epoch = ray.get(next(stream))
        except StopIteration:
            del tasks[stream]
            continue
        history[index].append(epoch)
        on_epoch(recipes[index].name, _record(epoch))
        share_right = "" if epoch.test_accuracy is None else f"{epoch.test_accuracy:.1%} of test images right"
        details = f"{recipes[index].name}: {share_right or 'no test images'}"
        bars.update(bar, advance=1, details=details)
    return [_member(recipe, epochs) for recipe, epochs in zip(recipes, history, strict=True)]


def _task(recipe: Recipe, data: Any, options: dict[str, float]) -> Any:
    weights = recipe.network.load()
    if weights is not None:
        return measure_remotely.options(**options).remote(recipe.network, weights, data)
    return train_remotely.options(**options).remote(recipe.network, recipe.training, data, recipe.seed)


def _epochs(recipe: Recipe) -> int:
    """Count what training will report: one epoch for a network that comes with weights."""
    return 1 if recipe.network.loaded else recipe.training.epochs


def _record(epoch: Epoch) -> EpochRecord:
    return EpochRecord(epoch.number, epoch.loss, epoch.test_accuracy)


def _member(recipe: Recipe, epochs: Sequence[Epoch]) -> Member:
    weights = epochs[-1].weights
    if weights is None:
        raise RuntimeError(f"training of {recipe.name} ended without weights")
    return Member(
        recipe.name,
        recipe.role,
        recipe.network,
        recipe.seed,
        weights,
        tuple(_record(epoch) for epoch in epochs),
    )
