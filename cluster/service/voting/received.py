"""Images as they arrive over the network, from anyone: PNG, JPEG and npy, bounded before they are decoded."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from outvoted.actors.data.levels import grey_levels, refuse_single, told_layout
from outvoted.actors.data.numbers import arranged
from outvoted.actors.data.pictures import Fit, UndecodableError, decoded
from outvoted.cluster.service.errors import TooLargeError
from outvoted.cluster.service.voting.votes import PanelFacts
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

MOST_DECODED = 1 << 25
"""Pixels of all PNG and JPEG files of one request, as their headers say: 32 million."""
_PNG, _JPEG, _NPY = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", npy.MAGIC_PREFIX
_LONGEST_HEADER = 4096
_FORMATS = "PNG, JPEG or npy (numpy.save)"


@dataclass(frozen=True)
class ReceivedFile:
    """A file of a request; its name, if it has one, is shown in the answer."""

    data: bytes
    name: str | None = None


@dataclass(frozen=True)
class ReceivedImage:
    """One image, made to fit a panel.

    Attributes:
        pixels: shape (channels, height, width), of the panel's shape.
        name: of the file that it is from.
        given: channels, height and width that it came with.
        rounded: grey levels by which floats were rounded at most.
    """

    pixels: Pixels
    name: str | None
    given: tuple[int, ...]
    rounded: float = 0.0

    @property
    def fitted(self) -> bool:
        """Whether it was resized, or its colours were converted."""
        return self.given != self.pixels.shape


def received(files: Sequence[ReceivedFile], panel: PanelFacts) -> list[ReceivedImage]:
    """Decode files, and fit their images to a panel's shape: stretched, antialiased; colours to luma or back.

    Raises:
        TooLargeError: there are too many images, or they have too many pixels.
        OutvotedError: there is none, or a file is no such image.
    """
    if not files:
        raise OutvotedError(
            expected=f"at least one image, {_FORMATS}", found="none", remedy="send one as the request's body"
        )
    shape, most, room = panel.shape, panel.most_images, MOST_DECODED
    found: list[ReceivedImage] = []
    for place, file in enumerate(files):
        if file.data.startswith(_NPY):
            found += _of_array(file, _array(file, place), shape, most - len(found))
        else:
            room -= _pixels(file, place)
            if room < 0:
                raise TooLargeError(
                    expected=f"images of at most {MOST_DECODED:,} pixels in one request",
                    found=f"more, with {_called(file, place)}",
                    remedy="resize them, or send fewer at once",
                )
            found.append(_of_picture(file, place, shape))
        if len(found) > most:
            raise _too_many(len(found), most)
    return found


def _of_picture(file: ReceivedFile, place: int, shape: tuple[int, int, int]) -> ReceivedImage:
    try:
        picture = decoded(file.data)
        channels = 1 if picture.mode in ("1", "L", "LA", "La") else 3
        pixels = Fit(shape=shape).fitted_picture(picture)
    except UndecodableError as error:
        raise _no_image(file, place, str(error)) from error
    return ReceivedImage(pixels, file.name, (channels, picture.height, picture.width))


def _pixels(file: ReceivedFile, place: int) -> int:
    """Return how many pixels a header says there are; none of them is decoded.

    Raises:
        OutvotedError: it is neither PNG nor JPEG.
    """
    if not file.data.startswith((_PNG, _JPEG)):
        raise _no_image(file, place, "a file of another kind" if file.data else "an empty file")
    try:
        with Image.open(io.BytesIO(file.data), formats=("PNG", "JPEG")) as picture:
            return picture.width * picture.height
    except Image.DecompressionBombError:
        return MOST_DECODED + 1
    except Exception as error:  # there is no list of what Pillow raises for broken files
        raise _no_image(file, place, " ".join(str(error).split())[:200]) from error


def _array(file: ReceivedFile, place: int) -> AnyArray:
    """Read an array without unpickling anything, and without room for more than there is.

    Raises:
        OutvotedError: it holds objects, or its header says another size.
    """
    stream = io.BytesIO(file.data)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream, max_header_size=_LONGEST_HEADER)
        if dtype.hasobject or dtype.kind not in "biuf":
            raise ValueError(f"values of type {dtype}")
        rest = len(file.data) - stream.tell()
        if any(side < 0 for side in shape) or prod(shape) * dtype.itemsize != rest:
            raise ValueError(f"{rest:,} bytes behind a header that says {shape} of {dtype}")
    except Exception as error:  # the header is a literal of Python's that anyone may have written
        raise _no_image(file, place, " ".join(str(error).split())[:200]) from error
    flat = np.frombuffer(file.data, dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def _of_array(
    file: ReceivedFile, array: AnyArray, shape: tuple[int, int, int], room: int
) -> list[ReceivedImage]:
    refuse_single(array.shape, shape)
    images = arranged(array, told_layout(array, None, shape), "the request")
    if len(images) > room:
        raise _too_many(len(images), room)
    pixels, rounded = grey_levels(images)
    if not pixels.size:
        raise OutvotedError(
            expected="images of at least one pixel",
            found=f"an array of shape {array.shape}",
            remedy="send them",
        )
    fit = Fit(shape=shape)
    alike = pixels.shape[1:] == shape
    return [ReceivedImage(one if alike else fit.fitted(one), file.name, one.shape, rounded) for one in pixels]


def _called(file: ReceivedFile, place: int) -> str:
    return f"image {place + 1}" if file.name is None else shown(file.name)


def _no_image(file: ReceivedFile, place: int, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"{_FORMATS} of 8 bits a channel in {_called(file, place)}",
        found=found,
        remedy="save it again as PNG",
    )


def _too_many(found: int, most: int) -> TooLargeError:
    return TooLargeError(
        expected=f"at most {most:,} images for this panel in one request",
        found=f"{found:,} or more",
        remedy="send them in several requests",
    )
