"""What TensorBoard shows of a run while it goes on."""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from outvoted.actors.mining.shards import Progress
from outvoted.actors.runs import png
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.watching import Watched, spares_the_run

_GRID = 24
_COLUMNS = 6
_SCALE = 3
_HIGH = 112  # pixels, the most of a tile: a grid of photographs would have 20 MB
_CAPTION = 14
_POINT = 1.01
"""How many times the searches of the last point there must be for another: a hundred points double a run."""
_PICTURE = 1.25
"""Likewise for pictures, of which TensorBoard keeps ten."""


class Monitor(Watched):
    """Writes scalars against searches done, training curves against epochs or steps, and pictures.

    Points and pictures become rarer as a run goes on, so that its files grow with the logarithm of its
    searches and not with their number.
    """

    def __init__(self, folder: Path) -> None:
        self._first: tuple[float, Progress] | None = None
        self._last = Progress()
        self._shown = 0  # searches
        self._point_at = self._picture_at = 0.0
        self._open(folder)

    @spares_the_run
    def _open(self, folder: Path) -> None:
        self._writer = EventFileWriter(str(folder), flush_secs=5)  # PyTorch's would import PyTorch

    @spares_the_run
    def epoch(self, name: str, record: EpochRecord) -> None:
        """Add a point to a network's training curves."""
        curves = {"training loss": record.loss, "test accuracy": record.test_accuracy}
        shown = {f"{curve}/{name}": value for curve, value in curves.items() if value is not None}
        self._scalars(shown, record.epoch)
        self._writer.flush()

    @spares_the_run
    def step(self, step: int, curves: Mapping[str, float]) -> None:
        """Add a point to each of some curves, against gradient steps."""
        self._scalars(curves, step)
        self._writer.flush()

    @spares_the_run
    def shard(self, progress: Progress, mistakes: Callable[[], pa.Table]) -> None:
        """Show where the run stands after a shard, and the mistakes it found; or don't, until later.

        Args:
            progress: of the run.
            mistakes: gives the shard's rows of `mistakes`; called only where they are shown.
        """
        self._last = progress
        if self._first is None:
            self._first = time.monotonic(), progress
        due = progress.searches >= self._point_at
        if due:
            self._point()
        if progress.searches >= self._picture_at and (found := mistakes()).num_rows:
            self._picture_at = _PICTURE * progress.searches
            self._picture("mistakes/seed and mistake, label to wrong class", _grid(found), progress.searches)
            due = True
        if due:
            self._writer.flush()

    @spares_the_run
    def health(self, values: Mapping[str, float], step: int) -> None:
        """Show how leases and cells fare, also where no shard ends."""
        self._scalars(values, step)
        self._writer.flush()

    @spares_the_run
    def close(self) -> None:
        """Show the last shard, and write what is not yet on disk."""
        if self._last.searches:
            self._point()
        self._writer.close()

    def _point(self) -> None:
        """Show where the run stands, unless that is shown already."""
        progress = self._last
        if self._shown == progress.searches:
            return
        self._shown, self._point_at = progress.searches, _POINT * progress.searches
        self._scalars(progress.scalars() | self._rates(progress), progress.searches)

    def _rates(self, progress: Progress) -> dict[str, float]:
        """Return what was done in a second since the first shard; nothing yet with that one."""
        if self._first is None or self._first[1] is progress:
            return {}
        began, before = self._first
        seconds = max(time.monotonic() - began, 1e-9)
        return {
            f"per second/{what}": (getattr(progress, what) - getattr(before, what)) / seconds
            for what in ("candidates", "inferences", "mistakes")
        }

    def _scalars(self, values: Mapping[str, float], step: int) -> None:
        self._add([Summary.Value(tag=tag, simple_value=float(each)) for tag, each in values.items()], step)

    def _picture(self, tag: str, picture: Image.Image, step: int) -> None:
        data = io.BytesIO()
        picture.save(data, format="png")
        image = Summary.Image(
            height=picture.height, width=picture.width, colorspace=3, encoded_image_string=data.getvalue()
        )
        self._add([Summary.Value(tag=tag, image=image)], step)

    def _add(self, values: Sequence[Summary.Value], step: int) -> None:
        event = Event(summary=Summary(value=values), wall_time=time.time(), step=int(step))
        self._writer.add_event(event)


def _grid(mistakes: pa.Table) -> Image.Image:
    """Draw seed | mistake pairs with `label to wrong class` under each."""
    rows = mistakes.select(["seed_image", "image", "label", "predicted"]).slice(0, _GRID).to_pylist()
    tiles = [_tile(row) for row in rows]
    width, height = tiles[0].size
    lines = -(-len(tiles) // _COLUMNS)
    sheet = Image.new("RGB", (width * min(_COLUMNS, len(tiles)), height * lines), "white")
    for k, tile in enumerate(tiles):
        sheet.paste(tile, (k % _COLUMNS * width, k // _COLUMNS * height))
    return sheet


def _resized(picture: Image.Image) -> Image.Image:
    """Enlarge small pictures by whole pixels, and shrink large ones."""
    if picture.height > _HIGH:
        return picture.resize((picture.width * _HIGH // picture.height, _HIGH), Image.Resampling.BOX)
    scale = min(_SCALE, _HIGH // picture.height)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def _tile(row: dict[str, object]) -> Image.Image:
    pair = [png.decode(row[side]["bytes"]) for side in ("seed_image", "image")]  # type: ignore[index]
    pixels = np.concatenate(pair, axis=2).transpose(1, 2, 0)
    picture = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    picture = _resized(picture)
    tile = Image.new("RGB", (picture.width + 6, picture.height + _CAPTION), "white")
    tile.paste(picture, (3, 0))
    caption = f"{row['label']} -> {row['predicted']}"
    ImageDraw.Draw(tile).text((tile.width / 2, tile.height), caption, "black", anchor="md")
    return tile
