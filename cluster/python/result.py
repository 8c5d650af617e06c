"""What mining found, in Python: rows, images, pictures, and a data set to train on."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import Dataset

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_ACROSS = 4  # pairs of a seed and a mistake on a line
_DPI = 110


class Result:
    """What a run found, or :func:`outvoted.mine` in this process.

    Attributes:
        path: the run's folder; None where this process mined.
    """

    def __init__(
        self,
        mistakes: Callable[[], pd.DataFrame],
        summary: Callable[[], dict[str, Any]],
        path: Path | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        """Take where rows and figures come from; :meth:`load` opens a run."""
        self.path = path
        self._read_mistakes, self._read_summary, self._class_names = mistakes, summary, class_names

    @classmethod
    def load(cls, run: str | Path) -> "Result":
        """Open a run by its folder, finished or not; nothing that it names is imported.

        Raises:
            OutvotedError: the folder holds no run.
        """
        store = RunFolder(Path(run))
        record = store.read_record()
        names = None if record.data is None else record.data.class_names
        kind = import_module("outvoted.cluster.jobs.kinds").kind_of(record)  # which takes a while
        rows, figures = partial(kind.mistakes, store, record), partial(_summary, store.path / kind.summary)
        return cls(rows, figures, store.path, names)

    @cached_property
    def mistakes(self) -> pd.DataFrame:
        """A row for each verified mistake, or for each dissent of a scan.

        Rows of a comparison say in ``run`` which strategy's they are, of a healing run in ``arm`` and
        ``round`` where they come from, of a sweep in ``setting`` whose they are.

        Raises:
            OutvotedError: the run is a study, or a table is damaged.
        """
        return self._read_mistakes()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures of the run, as ``summary.json`` has them; of a comparison, ``strategies`` lists them.

        Raises:
            OutvotedError: the run has none yet.
        """
        return self._read_summary()

    def images(self, which: Literal["image", "seed_image"] = "image") -> Pixels:
        """Return the mistakes, or the seeds they come from, as an array.

        Returns:
            uint8, shape (n, channels, height, width), in the order of ``mistakes``.

        Raises:
            OutvotedError: the images differ in size, or there are too many for memory; or the rows are of
                a scan, whose images have no seeds.
        """
        encoded = _encoded(self.mistakes, which)
        return png.decode_all(encoded) if encoded else np.empty((0, 0, 0, 0), np.uint8)

    def show(self, n: int = 16) -> Image.Image:
        """Draw mistakes, each beside its seed: the clearest of as many different confusions as fit.

        Args:
            n: how many, at least 1.

        Returns:
            A picture, which a notebook shows and ``.save("mistakes.png")`` writes.

        Raises:
            OutvotedError: there are no mistakes.
        """
        from matplotlib.figure import Figure

        from outvoted.analysis.report import drawing

        chosen = _varied(self.mistakes, n)
        if chosen.empty:
            raise OutvotedError(
                expected="at least one mistake to show, and n of at least 1",
                found=f"{len(self.mistakes)} mistakes, and n={n}",
                remedy="search more seeds (per_target), longer (patience), or with another strategy",
            )
        across = min(_ACROSS, len(chosen))
        down = -(-len(chosen) // across)
        figure = Figure(figsize=(2.4 * across, 1.5 * down), layout="constrained")
        cells = figure.subplots(down, across, squeeze=False).ravel()
        for axes, (_, row) in zip(cells, chosen.iterrows(), strict=False):
            drawing.show(axes, _pair(row))
            what = drawing.confusion(self._class_names, row["label"], row["predicted"])
            axes.set_title(f"{row['target_name']}: {what}", fontsize=8)
        for axes in cells[len(chosen) :]:
            axes.set_axis_off()
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
        return Image.open(buffer)

    def save_images(self, folder: str | Path) -> Path:
        """Write each mistake as a PNG file, and ``labels.csv``, which names the file and its label.

        The folder is one that ``data: {name: folder}`` reads.

        Raises:
            OutvotedError: there are other files in the folder, or it cannot be written.
        """
        path = Path(folder)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise OutvotedError(
                expected=f"a new or an empty folder {path}",
                found="a folder with files in it" if path.is_dir() else "a file of that name",
                remedy="choose another folder, or empty this one",
            )
        path.mkdir(parents=True, exist_ok=True)
        names, rows = self._class_names, self.mistakes
        encoded = _encoded(rows, "image")
        with (path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["file", "label", "predicted", *([] if names is None else ["name"])])
            for number, (label, predicted) in enumerate(zip(rows["label"], rows["predicted"], strict=True)):
                picture = f"{number:06}-{label}-as-{predicted}.png"
                (path / picture).write_bytes(encoded[number])
                table.writerow([picture, label, predicted, *([] if names is None else [names[label]])])
        return path

    def dataset(self) -> "MistakeDataset":
        """Return the mistakes with their labels, ready for a ``torch.utils.data.DataLoader``."""
        return MistakeDataset(_encoded(self.mistakes, "image"), self.mistakes["label"].to_list())

    def __repr__(self) -> str:
        where = "in this process" if self.path is None else f"in {self.path}"
        return f"<Result {where}>"


class MistakeDataset(Dataset[tuple[torch.Tensor, int]]):
    """Mistakes and their labels; an image is float32 in [0, 1], shape (channels, height, width)."""

    def __init__(self, images: Sequence[bytes], labels: Sequence[int]) -> None:
        """Take images as PNG bytes, and labels 0 to classes - 1."""
        self._images, self._labels = images, labels

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = png.decode(self._images[index])
        return torch.from_numpy(pixels.astype(np.float32)) / 255, self._labels[index]


def _summary(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise OutvotedError(
            expected=f"the figures of a run in {file}",
            found="none so far" if isinstance(error, FileNotFoundError) else str(error),
            remedy=f"resume the run until it is finished, or run `outvoted report {file.parent}`",
        ) from error
    return {"strategies": found} if isinstance(found, list) else dict(found)


def _encoded(rows: pd.DataFrame, column: str) -> list[bytes]:
    if not len(rows):
        return []
    if column not in rows:
        raise OutvotedError(
            expected=f"rows with the column '{column}'",
            found=f"those of {', '.join(rows.columns)}",
            remedy="images of a scan have no seeds: call images() without a column",
        )
    return [image["bytes"] for image in rows[column]]


def _varied(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose rows of different labels and wrong classes first, then others, the clearest first."""
    if rows.empty or most < 1:
        return rows.iloc[:0]
    clearest = rows.sort_values("margin", ascending=False, kind="stable")
    first = clearest.drop_duplicates(["label", "predicted"])
    return pd.concat([first, clearest.drop(first.index)]).head(most)


def _pair(row: "pd.Series[Any]") -> Pixels:
    """Return a mistake beside its seed, or alone where it has none."""
    mistake = png.decode(row["image"]["bytes"])
    if "seed_image" not in row:
        return mistake
    gap = np.full((*mistake.shape[:2], 2), 255, np.uint8)
    return np.concatenate([png.decode(row["seed_image"]["bytes"]), gap, mistake], axis=2)
