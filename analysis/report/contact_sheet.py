"""A contact sheet: a few images of each class on one picture, so that a wrong reading is seen at once."""

import numpy as np
from PIL import Image, ImageDraw

from outvoted.actors.data.datasets import Dataset

_COLUMNS, _MOST_CLASSES = 10, 25
_GAP, _TEXT_WIDTH, _SMALLEST, _LARGEST = 4, 150, 48, 96


def contact_sheet(data: Dataset) -> Image.Image:
    """Draw the first training images of each class in a row, beside the class's name and count.

    Of more classes than fit, some are drawn, evenly taken; small images are enlarged without smoothing.
    """
    counts = np.bincount(data.train.labels, minlength=data.classes)
    classes = np.flatnonzero(counts)
    if len(classes) > _MOST_CLASSES:
        classes = classes[np.linspace(0, len(classes) - 1, _MOST_CLASSES).astype(int)]
    side = _SMALLEST if max(data.shape[1:]) <= _SMALLEST else _LARGEST
    step = side + _GAP
    sheet = Image.new("RGB", (_TEXT_WIDTH + _COLUMNS * step + _GAP, len(classes) * step + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for row, label in enumerate(classes):
        top = _GAP + row * step
        draw.text((_GAP, top + side // 2 - 6), _called(data, int(label), int(counts[label])), fill="black")
        images = data.train.read(np.flatnonzero(data.train.labels == label)[:_COLUMNS])
        for column, image in enumerate(images):
            picture = _picture(image, side)
            sheet.paste(picture, (_TEXT_WIDTH + column * step, top))
    return sheet


def _called(data: Dataset, label: int, count: int) -> str:
    name = data.class_names[label] if data.class_names else str(label)
    plain = "".join(sign if sign.isprintable() and sign.isascii() else "?" for sign in name)
    return f"{plain[:16]}: {count:,}"


def _picture(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], side: int) -> Image.Image:
    channels, height, width = image.shape
    pixels = image.transpose(1, 2, 0) if channels == 3 else np.repeat(image[0][:, :, None], 3, axis=2)
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BILINEAR
    return Image.fromarray(np.ascontiguousarray(pixels)).resize(size, way)
