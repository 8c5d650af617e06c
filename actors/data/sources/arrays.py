"""Images in one big NumPy array: `.npy`, or a member of `.npz`."""

import zipfile
from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Literal

import numpy as np

from outvoted.actors.data.chunks import Item, Piece, Source, cut
from outvoted.actors.data.files import UserPath, refuse_streams
from outvoted.actors.data.formats.base import Levels
from outvoted.actors.data.formats.npy import BROKEN, Header, header, member_header, names, read_member
from outvoted.actors.data.numbers import (
    CHANNELS,
    Layout,
    arranged,
    in_range,
    is_dark,
    recognised,
    scaled,
    too_dark,
    whole,
)
from outvoted.actors.data.pictures import MOST_PIXELS
from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError, suggestion

_LOOKED_AT = 256


class ArraySource(Source, Levels):
    """An array of uint8 images (n, height, width), (n, channels, height, width) or channels last.

    A `.npy` file is mapped into memory and read anywhere; a member of a `.npz` file, compressed or not, is
    read from its beginning, row by row.
    """

    kind: Literal["array"] = "array"
    path: UserPath
    key: str | None = None
    """The member of an npz file; the only one that can hold images where it is left out."""
    label: str | None = None
    """A member of the npz file with the true labels, whole numbers, which score what was found."""
    layout: Layout | None = None
    """The order of the axes. Left out: recognised by the channels, of which there are 1 or 3."""

    def pieces(self, batch: int) -> list[Piece]:
        """Cut a npy file anywhere; take a npz file as one piece."""
        refuse_streams(self.path)
        try:
            if not self._zipped:
                with self.path.open("rb") as file:
                    found = self._checked(self.path.name, header(file))
                if self.path.stat().st_size < found.begin + found.size:
                    raise EOFError(f"shape {found.shape} in {self.path.stat().st_size:,} bytes")
                pieces = cut(found.shape[0], batch)
            else:
                with zipfile.ZipFile(self.path) as archive:
                    key = self._key(archive)
                    count = self._checked(key, member_header(archive, key)).shape[0]
                    self._labels(archive, count)
                pieces = [Piece(0, count, (key,))]
        except BROKEN as error:
            raise self._unusable(_words(error), "name another file with scan.source.path") from error
        self._check_white(pieces[0])
        return pieces

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the images of a piece one by one."""
        try:
            if not self._zipped:
                images = np.load(self.path, mmap_mode="r", allow_pickle=False)
                layout = self._layout(images.shape)
                for image in images[piece.first : piece.first + piece.count]:
                    yield Item(self._taken(np.array(image), layout))
                return
            with zipfile.ZipFile(self.path) as archive:
                labels = self._labels(archive, piece.count)
                layout = self._layout(member_header(archive, piece.where[0]).shape)
                for index, image in enumerate(_rows(archive, piece.where[0])):
                    label = None if labels is None else int(labels[index])
                    yield Item(self._taken(image, layout), label=label)
        except BROKEN as error:
            raise self._unusable(
                f"damaged data ({_words(error)})", "make or download the file again"
            ) from error

    @property
    def _zipped(self) -> bool:
        return self.path.suffix.lower() == ".npz"

    def _layout(self, shape: tuple[int, ...]) -> Layout:
        return self.layout or recognised(shape, str(self.path), "scan.source.layout")

    def _taken(self, image: AnyArray, layout: Layout) -> Pixels:
        """Return one row of the array as pixels (channels, height, width)."""
        (found,) = arranged(image[None], layout, str(self.path))
        return found if self.white is None else scaled(found, self.white, str(self.path))

    def _check_white(self, piece: Piece) -> None:
        """Look at the first images: where none of them comes near 255, that is hardly white."""
        if self.white is None:
            first = [item.content for item in islice(self.items(piece), _LOOKED_AT)]
            images = np.array(first, np.uint8)
            if is_dark(images):
                raise too_dark(int(images.max()), f"the first images of {self.path}", "scan.source.white")

    def _labels(self, archive: zipfile.ZipFile, count: int) -> Ints | None:
        """Return the labels, one for each image, where there are any."""
        if self.label is None:
            return None
        form = member_header(archive, self.label)
        if form.shape not in ((count,), (count, 1)) or form.dtype.kind not in "iuf":
            found = f"{self.label} of type {form.dtype} and shape {form.shape}"
            raise self._unusable(found, f"name an array of {count} whole numbers (scan.source.label)")
        where = f"{self.label} of {self.path}"
        return in_range(whole(read_member(archive, self.label, self.path), where), where)

    def _key(self, archive: zipfile.ZipFile) -> str:
        """Return the name of the member that holds the images."""
        there = names(archive)
        for wanted in (self.key, self.label):
            if wanted is not None and wanted not in there:
                raise self._unusable(f"no array '{wanted}'", suggestion(wanted, there))
        if self.key is not None:
            return self.key
        fitting = [name for name in there if self._fits(member_header(archive, name))]
        if len(fitting) != 1:
            remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with uint8 images in it"
            raise self._unusable(f"arrays {', '.join(there) or '(none)'}", f"{remedy} (scan.source.key)")
        return fitting[0]

    def _checked(self, name: str, found: Header) -> Header:
        if not self._fits(found):
            order = ", in Fortran order" if found.fortran else ""
            said = f"{name} of type {found.dtype} and shape {found.shape}{order}"
            raise self._unusable(said, "store whole numbers 0-255 as uint8, in C order, with 1 or 3 channels")
        arranged(np.empty((0, *found.shape[1:]), np.uint8), self._layout(found.shape), str(self.path))
        return found

    def _fits(self, found: Header) -> bool:
        """Tell whether an array can be images; of other types than uint8 only where white is said."""
        shape = found.shape
        small = len(shape) in (3, 4) and prod(shape) > 0 and prod(shape[1:]) <= 3 * MOST_PIXELS
        channels = len(shape) == 3 or (len(shape) == 4 and {shape[1], shape[3]} & {*CHANNELS})
        kind = found.dtype == np.uint8 or (self.white is not None and found.dtype.kind in "iuf")
        return bool(small and channels and kind and not found.fortran)

    def _unusable(self, found: str, remedy: str) -> OutvotedError:
        return OutvotedError(
            expected=f"an array of uint8 images (n, [channels,] height, width[, channels]) in {self.path}",
            found=found,
            remedy=remedy,
        )


def _rows(archive: zipfile.ZipFile, name: str) -> Iterator[AnyArray]:
    """Read a member row by row; what lies between is decompressed and dropped."""
    with archive.open(f"{name}.npy") as file:
        found = header(file)
        size = found.dtype.itemsize * prod(found.shape[1:])
        for _ in range(found.shape[0]):
            data = file.read(size)
            if len(data) != size:
                raise EOFError("the array ends too early")
            yield np.frombuffer(data, found.dtype).reshape(found.shape[1:])


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
