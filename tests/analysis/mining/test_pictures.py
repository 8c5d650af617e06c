"""Pictures: whatever a run found, they are drawn, and there is something on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.pictures import draw_climbs, draw_mistakes
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from tests.conftest import full_disk

Rewrite = Callable[[RunFolder, Callable[[dict[str, Any]], object]], None]


def opened(path: Path) -> Pixels:
    """Open a PNG that must not be blank; shape (height, width, 3)."""
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 100
    assert 0.01 < np.mean(pixels != 255) < 0.99
    return pixels


def has(pixels: Pixels, colour: str) -> bool:
    """Tell whether a colour, written #RRGGBB, is anywhere on a picture."""
    return bool((pixels == list(bytes.fromhex(colour[1:]))).all(axis=2).any())


@pytest.fixture(scope="module")
def drawn(run: OpenedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both pictures of the finished run."""
    folder = tmp_path_factory.mktemp("gallery")
    draw_mistakes(run, folder / "mistakes.png")
    draw_climbs(run, folder / "climbs.png")
    return folder


def test_mistakes_are_drawn(drawn: Path) -> None:
    opened(drawn / "mistakes.png")


def test_climbs_are_drawn_with_bars_for_target_and_peers(drawn: Path) -> None:
    pixels = opened(drawn / "climbs.png")
    assert has(pixels, TARGET)
    assert has(pixels, PEERS)


def test_nothing_but_the_pictures_is_left(drawn: Path) -> None:
    assert sorted(path.name for path in drawn.iterdir()) == ["climbs.png", "mistakes.png"]


def test_drawing_again_gives_the_same_picture(run: OpenedRun, drawn: Path, tmp_path: Path) -> None:
    draw_mistakes(run, tmp_path / "again.png")
    np.testing.assert_array_equal(opened(tmp_path / "again.png"), opened(drawn / "mistakes.png"))


def test_a_target_without_mistakes_has_no_line(
    own: RunFolder, rewrite: Rewrite, drawn: Path, tmp_path: Path
) -> None:
    rewrite(own, lambda row: row.update(target=0))
    draw_mistakes(OpenedRun(own), tmp_path / "one.png")
    one, three = opened(tmp_path / "one.png").shape, opened(drawn / "mistakes.png").shape
    assert one[1] == three[1]
    assert one[0] < 0.6 * three[0]


def test_colour_images_are_drawn(own: RunFolder, rewrite: Rewrite, tmp_path: Path) -> None:
    def colour(row: dict[str, Any]) -> None:
        for side in ("image", "seed_image"):
            grey = png.decode(row[side]["bytes"])
            row[side]["bytes"] = png.encode(np.concatenate([grey, 0 * grey, 0 * grey]))

    rewrite(own, colour)
    draw_mistakes(OpenedRun(own), tmp_path / "colour.png")
    red = opened(tmp_path / "colour.png").astype(int)
    assert ((red[..., 0] > 200) & (red[..., 1:].max(axis=2) < 20)).any()


def test_climbs_of_fewer_than_three_moves_are_not_worth_a_picture(
    own: RunFolder, rewrite: Rewrite, tmp_path: Path
) -> None:
    rewrite(own, lambda row: row.update(moves=min(row["moves"], 2)))
    draw_climbs(OpenedRun(own), tmp_path / "climbs.png")
    assert not (tmp_path / "climbs.png").exists()


def test_a_run_without_mistakes_has_no_picture(bare: RunFolder, tmp_path: Path) -> None:
    draw_mistakes(OpenedRun(bare), tmp_path / "mistakes.png")
    assert not (tmp_path / "mistakes.png").exists()


@pytest.mark.parametrize("draw", [draw_mistakes, draw_climbs])
def test_a_full_disk_is_one_message(
    draw: Callable[[OpenedRun, Path], None], run: OpenedRun, tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError, match="No space left"), full_disk(tmp_path / "picture.png"):
        draw(run, tmp_path / "picture.png")
    assert not (tmp_path / "picture.png").exists()
