"""What a GPU does for a panel: mistakes per second, the share of its forward passes, and the same rows.

    python -m tests.benchmarks.devices                  # the GPU if there is one, else the CPU
    python -m tests.benchmarks.devices --panels resnet-50 --searches 40

One process, without Ray. *perceptrons*: the main job's panel and seeds, by hillclimb and genetic.
*resnet-50*: five networks of that size for 224 x 224 pixels in colour, random weights that differ a little,
so that they agree about most images; what is measured is the machinery around them. Their forward rate alone
is that of the best batch and layout in plain PyTorch, inputs lying on the device already.

The first searches are made on the CPU too, and every row has to be the same but for the time of day.
"""

import argparse
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.local_mining import LocalMining, MiningResult
from outvoted.actors.networks.computing import computing_on, keep_freed_memory, own_device
from outvoted.search.search_settings import SearchSettings
from tests.benchmarks.contenders import settings
from tests.benchmarks.panels import NARROW, agreed, moved, trained

BATCHES = (16, 64, 256)
PANELS = ("perceptrons", "resnet-50")
ALIKE = 1e-3
"""How far weights of the residual networks lie apart, in spreads of each tensor."""
SECONDS = 2.0


def perceptrons(searches: int) -> tuple[dict[str, nn.Module], Split, list[SearchSettings]]:
    """Return the main job's panel, its seeds and two searches."""
    networks, data = trained("perceptrons")
    seeds = agreed(networks, data.train, searches)
    wanted = [settings(strategy, NARROW, len(seeds)) for strategy in ("hillclimb", "genetic")]
    return {str(number): network for number, network in enumerate(networks)}, seeds, wanted


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around which the input goes; four times as many channels as inside."""

    def __init__(self, before: int, inside: int, stride: int) -> None:
        super().__init__()
        wide = 4 * inside
        shapes = ((before, inside, 1, 1), (inside, inside, 3, stride), (inside, wide, 1, 1))
        layers = [layer for shape in shapes for layer in (*convolution(*shape), nn.ReLU())]
        self.inside = nn.Sequential(*layers[:-1])
        same = before == wide and stride == 1
        self.around = nn.Identity() if same else nn.Sequential(*convolution(before, wide, 1, stride))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activations, of ``stride`` times smaller sides."""
        return torch.relu(self.inside(inputs) + self.around(inputs))


def convolution(before: int, after: int, size: int, stride: int) -> tuple[nn.Module, nn.Module]:
    """Return a convolution and its normalisation."""
    return nn.Conv2d(before, after, size, stride, size // 2, bias=False), nn.BatchNorm2d(after)


def resnet_50(classes: int) -> nn.Module:
    """Return the residual network of 50 layers (He et al., 2015, table 1), weights drawn at random."""
    layers: list[nn.Module] = [*convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for inside, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            layers.append(Bottleneck(before, inside, 1 if block or inside == 64 else 2))
            before = 4 * inside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))


def residual(searches: int) -> tuple[dict[str, nn.Module], Split, list[SearchSettings]]:
    """Return five residual networks of 50 layers, images of blobs with the class that the first one sees."""
    torch.manual_seed(0)
    first = resnet_50(10).eval().requires_grad_(False)
    networks: dict[str, nn.Module] = {"0": first}
    for number in range(1, 5):
        other = deepcopy(first)
        for weights in other.parameters():
            weights.add_(ALIKE * weights.std(correction=0) * torch.randn_like(weights))
        networks[str(number)] = other
    coarse = torch.rand(searches, 3, 7, 7)
    images = nn.functional.interpolate(coarse, size=(224, 224), mode="bicubic").clamp(0, 1)
    pixels = (images * 255).round().to(torch.uint8)
    with torch.no_grad():
        labels = torch.cat([first(part.float() / 255).argmax(1) for part in torch.split(pixels, 8)])
    search = settings("random", moved(15, 22), searches)
    return networks, Split(pixels.numpy(), labels.numpy().astype(np.int64)), [search]


def mined(networks: dict[str, nn.Module], seeds: Split, search: SearchSettings) -> tuple[MiningResult, float]:
    """Mine on this process's device; return the rows and the seconds, opening the networks not counted."""
    mining = LocalMining(search, networks, seeds)
    plan = mining.plan()
    synchronised()
    began = time.perf_counter()
    found = mining.mine(plan)
    synchronised()
    return found, time.perf_counter() - began


def forward_rate(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Return images per second of the best batch and layout in plain PyTorch, in float32."""
    device, best = own_device(), 0.0
    copy = deepcopy(network).to(device)
    for form in (torch.contiguous_format, torch.channels_last):
        copy.to(memory_format=form)  # type: ignore[call-overload]
        for batch in BATCHES if len(shape) == 3 and shape[1] > 64 else (256, 4096, 65536):
            inputs = torch.rand(batch, *shape, device=device).to(memory_format=form)
            best = max(best, _rate(copy, inputs))
    return best


def _rate(network: nn.Module, inputs: torch.Tensor) -> float:
    with torch.inference_mode():
        network(inputs)
        synchronised()
        began, rows = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            network(inputs)
            synchronised()
            rows += len(inputs)
    return rows / (time.perf_counter() - began)


def synchronised() -> None:
    """Wait until the GPU has done what it was given."""
    if own_device().type == "cuda":
        torch.cuda.synchronize()


def same_rows(one: MiningResult, other: MiningResult) -> bool:
    """Tell whether two runs gave the same searches and mistakes."""
    pairs = (one.searches, other.searches), (one.mistakes, other.mistakes)
    return all(bool(_timeless(mine).equals(_timeless(its))) for mine, its in pairs)


def _timeless(rows: Any) -> Any:
    timed = [name for name in rows.column_names if str(rows.schema.field(name).type).startswith("timestamp")]
    return rows.drop_columns(timed)


def measured(name: str, searches: int, compared: int, console: Console) -> Iterator[dict[str, Any]]:
    """Measure one panel with each of its searches."""
    networks, seeds, wanted = (perceptrons if name == "perceptrons" else residual)(searches)
    rates = [forward_rate(network, seeds.shape) for network in networks.values()]
    for search in wanted:
        few = search.model_copy(update={"per_target": compared})
        part = Split(seeds.images[:compared], seeds.labels[:compared])
        here, _ = mined(networks, part, few)
        with computing_on("cpu"):
            there, _ = mined(networks, part, few)
        found, seconds = mined(networks, seeds, search)
        rows = found.searches.to_pandas()
        asked = int(rows["inferences_target"].sum() + rows["inferences_peers"].sum())
        row = {
            "panel": name,
            "device": torch.cuda.get_device_name() if own_device().type == "cuda" else "CPU",
            "strategy": search.strategy.kind,
            "searches": len(rows),
            "mistakes_per_s": found.mistakes.num_rows / seconds,
            "inferences_per_s": asked / seconds,
            "forward_per_s": len(rates) / sum(1 / rate for rate in rates),
            "same_rows_as_cpu": same_rows(here, there),
        }
        row["share_of_forward"] = row["inferences_per_s"] / row["forward_per_s"]
        console.print(row)
        yield row


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("bench/devices.parquet"))
    parser.add_argument("--panels", nargs="*", default=[*PANELS], choices=[*PANELS])
    parser.add_argument("--searches", type=int, default=2000, help="for each target; a tenth of it at 224 px")
    parser.add_argument("--compared", type=int, default=20, help="those that the CPU makes too")
    given = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    rows = [
        row
        for name in given.panels
        for row in measured(
            name,
            given.searches if name == "perceptrons" else max(given.searches // 10, given.compared),
            min(given.compared, 4) if name == "resnet-50" else given.compared,
            Console(),
        )
    ]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(given.out)


if __name__ == "__main__":
    main()
