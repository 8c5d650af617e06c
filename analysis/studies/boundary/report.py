"""What a boundary study leaves for its reader: findings, tables, pictures."""

from collections.abc import Callable
from pathlib import Path

from outvoted.analysis.studies.boundary.figures import draw_entropies, draw_kappas, draw_types
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.image_figures import draw_images, draw_map
from outvoted.search.arrays import Pixels

IMAGES, TYPES, MAP, KAPPAS, ENTROPIES = "images.png", "types.png", "map.png", "kappas.png", "entropies.png"


def draw(found: BoundaryFindings, pixels: Pixels, folder: Path) -> tuple[str, ...]:
    """Draw what there is something to draw of; returns the names of the files.

    Args:
        pixels: all images, shape (images, channels, height, width).

    Raises:
        OutvotedError: the disk refuses.
    """
    here = any(one.target == found.focus for one in found.entropies)
    wanted: dict[str, tuple[bool, Callable[[Path], None]]] = {
        IMAGES: (True, lambda path: draw_images(found, pixels, path)),
        TYPES: (bool(found.seeds), lambda path: draw_types(found, path)),
        MAP: (bool(found.seeds), lambda path: draw_map(found, path)),
        KAPPAS: (found.kappas is not None, lambda path: draw_kappas(found, path)),
        ENTROPIES: (here, lambda path: draw_entropies(found, path)),
    }
    drawn = {name: picture for name, (there, picture) in wanted.items() if there}
    for name, picture in drawn.items():
        picture(folder / name)
    return tuple(drawn)
