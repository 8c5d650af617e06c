"""What mining takes in memory where images stay on disk: made-up folders of many JPEG files.

    python -m tests.benchmarks.many_images make FOLDER --images 200000 --side 224 [--parquet]
    python -m tests.benchmarks.many_images pass FOLDER [--known]
    python -m tests.benchmarks.many_images mine FOLDER [--per-target 400] [--cells 1]

Digits on coloured grounds, 4,000 of them again and again, no two files alike. The first 4,000 train three
tiny networks. The pass over all images is measured; with --known it is quick, for of 200 times the same
pixels what it finds is known, and mining then finds that remembered. Then the command mines, and of each of
its processes the peak of memory is read from the system, once a second. This is no test.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from PIL import Image
from pydantic import TypeAdapter
from torch import nn
from torch.nn import functional

from outvoted.actors.data import datasets, survey
from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.data.formats.folder import FileRows
from outvoted.actors.data.split import StoredPixels
from outvoted.search.arrays import Ints, Pixels
from tests.cluster.processes import descendants

POOL, GROUP = 4000, 2000
WIDTHS = {"narrow": 16, "middle": 24, "wide": 32}
CONFIG = """
data: {{name: {format}, path: {folder}/images, hold: disk, test_share: 0.01}}
panel:
  networks:
{networks}
search: {{per_target: 400, patience: 30, transform: {{kind: affine, border: edge}}}}
cluster: {{shard_size: 120}}
"""
NETWORK = (
    '    - {{kind: python, factory: "tests.benchmarks.many_images:network", '
    "arguments: {{width: {width}}}, weights: {folder}/{name}.pt, alias: {name}}}"
)


def network(width: int) -> nn.Module:
    """Make a small network for RGB images of any size."""
    seen = 3 * 16 * 16
    hidden = (nn.Linear(seen, width), nn.ReLU(), nn.Linear(width, 10))
    return nn.Sequential(nn.AdaptiveAvgPool2d(16), nn.Flatten(), *hidden)


def make(folder: Path, images: int, side: int, parquet: bool) -> None:
    """Write the images, the networks, and the configuration that mines them."""
    pool, labels = _pool(side)
    _train(folder, pool, labels)
    if parquet:
        _write_parquet(folder / "images", pool, labels, images)
    else:
        for label in range(10):
            (folder / "images" / str(label)).mkdir(parents=True, exist_ok=True)
        for index in range(images):
            path = folder / "images" / str(labels[index % POOL]) / f"{index:07d}.jpg"
            path.write_bytes(_marked(pool[index % POOL], index))
    each = [NETWORK.format(width=width, name=name, folder=folder) for name, width in WIDTHS.items()]
    form = "parquet" if parquet else "folder"
    text = CONFIG.format(format=form, folder=folder, networks="\n".join(each))
    (folder / "config.yaml").write_text(text)


def _pool(side: int) -> tuple[list[bytes], Ints]:
    """Return encoded digits on grounds of random colours, and their labels."""
    digits, rng, found = datasets.load(DataSettings()).train, np.random.default_rng(0), []
    for image in digits.images[:POOL, 0]:
        shape = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) / 255
        ground, ink = rng.integers(0, 90, 3), rng.integers(150, 256, 3)
        grain = rng.integers(0, 40, (side, side, 1))
        pixels = ground + shape[:, :, None] * (ink - ground) + grain
        stream = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=85)
        found.append(stream.getvalue())
    return found, digits.labels[:POOL]


def _marked(jpeg: bytes, index: int) -> bytes:
    """Return a file of the same pixels with a comment in it."""
    said = index.to_bytes(8, "big")
    return jpeg[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + jpeg[2:]


def _write_parquet(folder: Path, pool: list[bytes], labels: Ints, images: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    form = pa.schema({"image": pa.binary(), "label": pa.int64()})
    with pq.ParquetWriter(folder / "all.parquet", form, use_dictionary=False, compression="none") as writer:
        for first in range(0, images, GROUP):
            rows = np.arange(first, min(first + GROUP, images))
            files = [_marked(pool[row % POOL], row) for row in rows.tolist()]
            writer.write_table(pa.table({"image": files, "label": labels[rows % POOL]}, form))


def _train(folder: Path, pool: list[bytes], labels: Ints) -> None:
    seen = (np.asarray(Image.open(io.BytesIO(each)).reduce(max(1, _side(pool) // 32))) for each in pool)
    inputs = torch.tensor(np.stack([each.transpose(2, 0, 1) for each in seen])).float() / 255
    answers = torch.tensor(labels)
    folder.mkdir(parents=True, exist_ok=True)
    for name, width in WIDTHS.items():
        torch.manual_seed(width)
        learner = network(width)
        optimizer = torch.optim.Adam(learner.parameters(), 0.003)
        for _ in range(12):
            for rows in torch.split(torch.randperm(POOL), 100):
                optimizer.zero_grad()
                loss = functional.cross_entropy(learner(inputs[rows]), answers[rows])
                torch.autograd.backward(loss)
                optimizer.step()
        torch.save(learner.state_dict(), folder / f"{name}.pt")


def _side(pool: list[bytes]) -> int:
    return Image.open(io.BytesIO(pool[0])).width


def look(folder: Path, known: bool) -> None:
    """Load the images as a run does; print seconds of CPU, by the wall, and the peak of memory."""
    if known:
        _know(folder)
    began, cpu = time.monotonic(), time.process_time()
    setting = yaml.safe_load((folder / "config.yaml").read_text())["data"]
    data = datasets.load(TypeAdapter(DataSource).validate_python(setting))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = {"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}
    print(json.dumps({"images": len(data.train) + len(data.test), "MiB": peak, "seconds": seconds}))


def _know(folder: Path) -> None:
    """Have each image come from a table of the pixels of the first ones; in one thread."""
    first: dict[int, survey._Seen] = {}
    decoded = StoredPixels._decoded

    def each(self: StoredPixels, work: Callable[[Pixels], survey._Seen]) -> Iterator[survey._Seen]:
        rows = self.rows
        assert isinstance(rows, FileRows)
        for number in self._numbers(slice(None)).tolist():
            file = rows.files[number]
            place = int(Path(file).stem) % POOL
            if place not in first:
                first[place] = work(decoded(self, (rows.folder / file).read_bytes(), number))
            yield first[place]

    StoredPixels.each = each  # type: ignore[assignment,method-assign]


def mine(folder: Path, per_target: int, cells: int) -> None:
    """Mine, and print the peak of memory of each process, in MiB."""
    began, peaks = time.monotonic(), dict[str, float]()
    command = [sys.executable, "-m", "outvoted.cluster", "mine", str(folder / "config.yaml")]
    command += ["--runs", str(folder / "runs"), "--set", f"search.per_target={per_target}"]
    command += ["--set", f"cluster.cells={cells}"]
    process = subprocess.Popen(command)
    while process.poll() is None:
        for name, peak in _peaks(process.pid):
            peaks[name] = max(peaks.get(name, 0.0), peak)
        time.sleep(1)
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": round(seconds), "exit": process.returncode, "MiB": peaks}, indent=2))


def _peaks(command: int) -> Iterator[tuple[str, float]]:
    for pid in [command, *descendants(command, "ray::")]:
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        found = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if "kB" in line}
        name = "command" if pid == command else f"{title.partition('.')[0]} {pid}"
        yield name, round(int(found.get("VmHWM", 0)) / 1024)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("make", "pass", "mine"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--per-target", type=int, default=400)
    parser.add_argument("--cells", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if asked.what == "make":
        make(asked.folder, asked.images, asked.side, asked.parquet)
    elif asked.what == "pass":
        look(asked.folder, asked.known)
    else:
        mine(asked.folder, asked.per_target, asked.cells)


if __name__ == "__main__":
    main()
