"""What TensorBoard shows of a run while it goes on."""

import io
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from outvoted.actors.mining.shards import Progress, ShardResult
from outvoted.actors.runs import png
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.watching import Watched, spares_the_run

_GRID = 24
_COLUMNS = 6
_SCALE = 3
_CAPTION = 14


class Monitor(Watched):
    """Writes scalars against searches done, training curves against epochs or steps, and pictures."""

    def __init__(self, folder: Path) -> None:
        self._first: tuple[float, Progress] | None = None
        self._open(folder)

    @spares_the_run
    def _open(self, folder: Path) -> None:
        self._writer = EventFileWriter(str(folder), flush_secs=5)  # PyTorch's would import PyTorch

    @spares_the_run
    def epoch(self, name: str, record: EpochRecord) -> None:
        """Add a point to a network's training curves."""
        curves = {"training loss": record.loss, "test accuracy": record.test_accuracy}
        for curve, value in curves.items():
            if value is not None:
                self._scalar(f"{curve}/{name}", value, record.epoch)
        self._writer.flush()

    @spares_the_run
    def step(self, step: int, curves: Mapping[str, float]) -> None:
        """Add a point to each of some curves, against gradient steps."""
        for curve, value in curves.items():
            self._scalar(curve, value, step)
        self._writer.flush()

    @spares_the_run
    def shard(self, progress: Progress, result: ShardResult) -> None:
        """Show where the run stands after a shard, and the mistakes it found."""
        step = progress.searches
        for name, value in progress.scalars().items():
            self._scalar(name, value, step)
        now = time.monotonic()
        if self._first is None:
            self._first = now, progress
        else:
            began, before = self._first
            for what in ("candidates", "inferences", "mistakes"):
                rate = (getattr(progress, what) - getattr(before, what)) / max(now - began, 1e-9)
                self._scalar(f"per second/{what}", rate, step)
        if result.mistakes.num_rows:
            self._picture("mistakes/seed and mistake, label to wrong class", _grid(result), step)
        self._writer.flush()

    @spares_the_run
    def close(self) -> None:
        """Write what is not yet on disk."""
        self._writer.close()

    def _scalar(self, tag: str, value: float, step: int) -> None:
        self._add(Summary.Value(tag=tag, simple_value=float(value)), step)

    def _picture(self, tag: str, picture: Image.Image, step: int) -> None:
        data = io.BytesIO()
        picture.save(data, format="png")
        image = Summary.Image(
            height=picture.height, width=picture.width, colorspace=3, encoded_image_string=data.getvalue()
        )
        self._add(Summary.Value(tag=tag, image=image), step)

    def _add(self, value: Summary.Value, step: int) -> None:
        event = Event(summary=Summary(value=[value]), wall_time=time.time(), step=int(step))
        self._writer.add_event(event)


def _grid(result: ShardResult) -> Image.Image:
    """Draw seed | mistake pairs with `label to wrong class` under each."""
    rows = result.mistakes.select(["seed_image", "image", "label", "predicted"]).slice(0, _GRID).to_pylist()
    tiles = [_tile(row) for row in rows]
    width, height = tiles[0].size
    lines = -(-len(tiles) // _COLUMNS)
    sheet = Image.new("RGB", (width * min(_COLUMNS, len(tiles)), height * lines), "white")
    for k, tile in enumerate(tiles):
        sheet.paste(tile, (k % _COLUMNS * width, k // _COLUMNS * height))
    return sheet


def _tile(row: dict[str, object]) -> Image.Image:
    pair = [png.decode(row[side]["bytes"]) for side in ("seed_image", "image")]  # type: ignore[index]
    pixels = np.concatenate(pair, axis=2).transpose(1, 2, 0)
    picture = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    picture = picture.resize((picture.width * _SCALE, picture.height * _SCALE), Image.Resampling.NEAREST)
    tile = Image.new("RGB", (picture.width + 6, picture.height + _CAPTION), "white")
    tile.paste(picture, (3, 0))
    caption = f"{row['label']} -> {row['predicted']}"
    ImageDraw.Draw(tile).text((tile.width / 2, tile.height), caption, "black", anchor="md")
    return tile
