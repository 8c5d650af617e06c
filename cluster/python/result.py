"""What a run found, in Python: rows, images, pictures, a report, and data to train on."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import Dataset

from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.runs import png
from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.python.findings import ResultFindings, RunFindings
from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import run_folder_of
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING, NOTHING

if TYPE_CHECKING:
    import datasets

    from outvoted.analysis.opened.scene import Scene
    from outvoted.cluster.jobs.run_settings import RunSettings

Format = Literal["folder", "npz", "hf", "parquet", "fiftyone", "cvat"]
_IN_A_NOTEBOOK = 12  # mistakes
_PICTURES = 3  # there, where a run looks for no mistakes


class Result:
    """What a run found, or a call such as :func:`outvoted.mine` in this process.

    Attributes:
        kind: mine, scan, compare, heal, sweep, tune (a sweep with ``vary``), study, ...
        path: the run's folder; None where nothing was written.
    """

    def __init__(self, findings: ResultFindings) -> None:
        """Take where everything comes from; :meth:`load` opens a run."""
        self._findings = findings
        self.kind, self.path = findings.kind, findings.path

    @classmethod
    def load(cls, run: str | Path, *, trust: bool = False) -> "Result":
        """Open a run of any kind by its folder or URL, finished or not.

        Args:
            run: its folder, or its URL: ``s3://BUCKET/RUNS/NAME``.
            trust: import the Python code that the run names, where that is needed; it runs as you.

        Raises:
            OutvotedError: the folder holds no run, or the store refuses.
        """
        return cls(RunFindings(RunFolder(fetched(run_folder_of(run))), EVERYTHING if trust else NOTHING))

    @cached_property
    def mistakes(self) -> pd.DataFrame:
        """A row for each verified mistake, or for each dissent of a scan.

        Rows of a comparison say in ``run`` which strategy's they are, of a healing run in ``arm`` and
        ``round`` where they come from, of a sweep in ``setting`` whose they are.

        Raises:
            OutvotedError: the run looks for none, as a study does, or a table is damaged.
        """
        return self._findings.mistakes()

    @cached_property
    def searches(self) -> pd.DataFrame:
        """A row for each search: what came of it (``outcome``), why it failed (``reason``), what it cost.

        Raises:
            OutvotedError: runs of this kind keep none, or a table is damaged.
        """
        return self._findings.searches()

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row for each trial of a sweep with ``vary``.

        Columns: ``number``, each varied key (empty where it does not hold), ``outcome``, whether it keeps the
        constraints (``feasible``) and is ``on_front``, each measure with the ends of its 95 % interval
        (``success``, ``success_low``, ``success_high``), ``seconds`` and others.

        Raises:
            OutvotedError: the run is no such sweep, or a table is damaged.
        """
        return self._findings.tuning().frame

    @property
    def best(self) -> "RunSettings":
        """The configuration of a sweep's best trial; with several objectives, of the first of the front.

        Raises:
            OutvotedError: the run is no sweep with ``vary``, no trial is the best, or it names code that is
                not trusted.
        """
        from outvoted.cluster.command_line.sweeping import at_place

        return self.configuration(at_place(self._findings.tuning(), 1))

    def configuration(self, trial: int) -> "RunSettings":
        """Return the configuration of a trial of a sweep, for :func:`outvoted.mine` or :func:`outvoted.run`.

        Raises:
            OutvotedError: see :attr:`best`; or there is no trial of this number.
        """
        from outvoted.cluster.jobs.tune.configurations import settings_of

        return settings_of(self._findings.tuning(), trial)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures of the run, as ``summary.json`` has them; of a comparison, ``strategies`` lists them.

        Raises:
            OutvotedError: the run has none yet.
        """
        return self._findings.summary()

    @cached_property
    def pictures(self) -> dict[str, Image.Image]:
        """The pictures of the run's kind, by their files' names: a comparison's, say, or a study's maps.

        Raises:
            OutvotedError: the run has nothing to say yet, or a file is damaged.
        """
        return self._findings.pictures()

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
        from outvoted.cluster.python.pictures import mistakes_picture, varied

        chosen = varied(self.mistakes, n)
        if chosen.empty:
            raise OutvotedError(
                expected="at least one mistake to show, and n of at least 1",
                found=f"{len(self.mistakes)} mistakes, and n={n}",
                remedy="search more seeds (per_target), longer (patience), or with another strategy",
            )
        return mistakes_picture(chosen, self._findings.class_names)

    @undisturbed()
    def climb(self, i: int = 0) -> Image.Image:
        """Draw one search move by move: each image, and how sure every network is of the label.

        Args:
            i: a row of ``mistakes``, counted from 0.

        Raises:
            OutvotedError: there is no such row, the run keeps no searches that can be gone through again
                (those of a comparison are in a run for each strategy), or it names untrusted code.
        """
        from outvoted.analysis.mining.one_climb import climb_figure
        from outvoted.cluster.python.pictures import picture

        row = self._row(i)
        return picture(climb_figure(self._findings.scene(), row))

    @undisturbed()
    def landscape(
        self, i: int = 0, x: str | None = None, y: str | None = None, points: int = 31
    ) -> Image.Image:
        """Draw what each network predicts around a mistake's seed, along two directions of the transform.

        Args:
            i: a row of ``mistakes``, counted from 0.
            x, y: the directions, say ``"rotation"`` and ``"scale"``; if left out, the usual ones.
            points: along each direction, at least 3.

        Raises:
            OutvotedError: as for :meth:`climb`; or the transform has no such directions.
        """
        from outvoted.cluster.python.pictures import landscape_picture

        if not 3 <= points <= 401:
            raise OutvotedError("points from 3 to 401", str(points), "leave points out for 31")
        row = self._row(i)
        return landscape_picture(self._findings.scene(), row, (x, y), points)

    def dataset(
        self,
        transform: Callable[[torch.Tensor], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> "MistakeDataset":
        """Return the mistakes with their labels, ready for a ``torch.utils.data.DataLoader``.

        Beside images of your own in one ``ConcatDataset``, both must give the same: what torchvision's data
        sets take as ``transform`` and ``target_transform`` does so here too.

        Args:
            transform: of an image, float32 in [0, 1], shape (channels, height, width), say a normalisation.
            target_transform: of a label, an int, say ``torch.tensor``, as a ``TensorDataset`` has them.
        """
        images, labels = _encoded(self.mistakes, "image"), self.mistakes["label"].to_list()
        return MistakeDataset(images, labels, transform, target_transform)

    def save_images(self, folder: str | Path) -> Path:
        """Write each mistake as a PNG file into the folder of its class, and ``labels.csv`` beside them.

        The folder is one that ``data: {name: folder}`` and torchvision's ``ImageFolder`` read. Images are
        written one after the other, however many there are.

        Raises:
            OutvotedError: there are no mistakes, or other files in the folder, or it cannot be written.
        """
        return self.export("folder", folder)

    def export(self, to: Format, path: str | Path) -> Path:
        """Write the mistakes in a format of other programs, as ``outvoted export`` does.

        Args:
            to: the format.
            path: the file or folder to write, where nothing is yet.

        Raises:
            OutvotedError: there is no such format, there are no mistakes, something is at ``path`` already,
                or it cannot be written.
        """
        from outvoted.cluster.export.exporter import export
        from outvoted.cluster.export.formats import exporter_named

        exporter = exporter_named(to)
        return export(exporter, self._findings.images(), Path(path), Terminal())

    def to_hf(self) -> "datasets.Dataset":
        """Return the mistakes as a Hugging Face dataset: image, label, predicted, target, margin and valid.

        Raises:
            OutvotedError: there are no mistakes, or the package ``datasets`` is not installed.
        """
        from outvoted.cluster.export.tables import hugging_face

        return hugging_face(self._findings.images())

    def report(self, file: str | Path | None = None) -> Path:
        """Write the report as one HTML file that needs nothing else: tables, plots, every mistake.

        Args:
            file: where to; if left out, ``report.html`` in the run's folder, as ``outvoted report`` does, or
                in the working directory where nothing was written yet.

        Raises:
            OutvotedError: the run has nothing to say yet, a file is damaged, or it cannot be written.
        """
        return self._findings.write_report(None if file is None else Path(file))

    def scene(self) -> "Scene":
        """Return what searches can be gone through again with: moves, images and networks.

        Raises:
            OutvotedError: as for :meth:`climb`.
        """
        return self._findings.scene()

    def __repr__(self) -> str:
        where = "in this process" if self.path is None else f"in {self.path}"
        return f"<Result of {command_of(self.kind)} {where}>"

    def _repr_html_(self) -> str:
        """Return the tables of the run's kind, and a grid of mistakes or else its pictures."""
        from outvoted.cluster.python.html import Shown, result_html
        from outvoted.cluster.python.pictures import varied

        notes: list[str] = []
        tables, rows, drawn = [], pd.DataFrame(), list[Image.Image]()
        try:
            tables = list(self._findings.report().tables)
            if not self._findings.has_mistakes:
                drawn = list(self.pictures.values())[:_PICTURES]
        except OutvotedError as error:
            notes.append(str(error))
        if self._findings.has_mistakes:
            try:
                rows = varied(self.mistakes, _IN_A_NOTEBOOK)
            except OutvotedError as error:
                notes.append(str(error))
        names = self._findings.class_names
        shown = Shown(tables, rows, drawn, names)
        return str(result_html(repr(self)[1:-1], shown, "\n".join(notes)))

    def _row(self, i: int) -> dict[str, Any]:
        """Return a row of the mistakes by its place."""
        count = len(self.mistakes)
        if not 0 <= i < count:
            raise OutvotedError(
                expected=f"the number of a mistake, 0 to {count - 1}" if count else "at least one mistake",
                found=f"{i}" if count else "none",
                remedy="number them as the rows of mistakes"
                if count
                else "search more seeds (per_target), longer (patience), or with another strategy",
            )
        return {str(name): value for name, value in self.mistakes.iloc[i].items()}


class MistakeDataset(Dataset[tuple[Any, Any]]):
    """Mistakes and their labels; an image is float32 in [0, 1], shape (channels, height, width)."""

    def __init__(
        self,
        images: Sequence[bytes],
        labels: Sequence[int],
        transform: Callable[[torch.Tensor], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        """Take images as PNG bytes, labels 0 to classes - 1, and what is done to each."""
        self._images, self._labels = images, labels
        self._transform, self._target_transform = transform, target_transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = torch.from_numpy(png.decode(self._images[index]).astype(np.float32)) / 255
        label: Any = self._labels[index]
        if self._transform is not None:
            image = self._transform(image)
        return image, label if self._target_transform is None else self._target_transform(label)


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
