"""NumPy's archive: arrays of images and of what is known of them."""

import zipfile
from pathlib import Path

import numpy as np

from outvoted.cluster.export.exporter import Exporter, OnImage, numbered
from outvoted.cluster.export.mined import MinedImages
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError


class NpzExporter(Exporter):
    """Images as the array ``x_train`` (n, channels, height, width); ``y_train`` holds their labels.

    ``predicted`` is what the target predicted, ``target`` its name, ``class_names`` names every class.
    """

    name, suffix = "npz", ".npz"
    opened_by = "numpy.load('PATH')['x_train']"

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write the array of images through, one after the other; then the others, which are small."""
        labels, predicted, targets = [], [], []
        shape: tuple[int, ...] | None = None
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("x_train.npy", "w", force_zip64=True) as file:
                for _, image in numbered(images, on_image):
                    if shape is None:
                        shape = image.pixels.shape
                        header = {"descr": "|u1", "fortran_order": False, "shape": (images.count, *shape)}
                        np.lib.format.write_array_header_1_0(file, header)
                    _check_alike(shape, image.pixels.shape)
                    file.write(image.pixels.tobytes())
                    labels.append(image.label)
                    predicted.append(image.predicted)
                    targets.append(image.target)
            _add(archive, "y_train", np.array(labels, np.int64))
            _add(archive, "predicted", np.array(predicted, np.int64))
            _add(archive, "target", np.array(targets, np.str_))
            _add(archive, "class_names", np.array(images.names, np.str_))


def _add(archive: zipfile.ZipFile, name: str, array: AnyArray) -> None:
    with archive.open(f"{name}.npy", "w") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


def _check_alike(first: tuple[int, ...], other: tuple[int, ...]) -> None:
    if first != other:
        raise OutvotedError(
            expected="images of one size, which an array holds",
            found=f"images of {first} and of {other}: channels, height, width",
            remedy="export a folder, or Parquet: --to folder",
        )
