"""The random vectors there are to choose from: written by the making, drawn by the report."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.labelling.simulated import LabellersSettings
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.actors.studies.study_store import StudyStore, vote_rows
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.boundary import figures
from outvoted.analysis.studies.boundary.figures import draw_latents
from outvoted.analysis.studies.boundary.study import PROPOSALS, BoundaryStudy, Pairs, proposals
from outvoted.analysis.studies.kinds import study_report
from outvoted.analysis.studies.latents import Latents
from outvoted.search.arrays import Floats, Pixels, Singles


def generate(latents: Floats) -> Pixels:
    return np.where(latents[:, 0, None, None, None] > 0, np.full((1, 8, 8), 255), 0).astype(np.uint8)


def vote(images: Pixels) -> Singles:
    bright = images[:, 0, 0, 0] > 0
    return np.stack([~bright, bright], axis=1).astype(np.float32)


def test_each_class_has_a_line_led_by_its_own_vector(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure))
    latents = Latents(candidates=12, chosen={1: 99})
    proposed = proposals(Ingredients(digits, generate, vote), latents, Pairs(chosen=((0, 1),)))
    draw_latents(proposed.to_pandas(), "0123456789", tmp_path / "a.png")
    bright = np.flatnonzero(latents.vectors(np.arange(12))[:, 0] > 0).tolist()
    dark = [number for number in range(12) if number not in bright]
    said = [axes.get_xlabel() for axes in drawn[0].axes]
    first, second = said[:11], said[11:]
    assert [text for text in first if text] == [str(number) for number in dark]
    assert [text for text in second if text] == ["99", *(str(number) for number in bright)]
    assert [drawn[0].axes[place].get_ylabel() for place in (0, 11)] == ["0", "1"]


def test_what_the_making_writes_beside_the_images_the_report_draws(
    digits: Dataset, sketched: None, tmp_path: Path
) -> None:
    pairs, latents = Pairs(chosen=((0, 1),), steps=3), Latents(candidates=12)
    settings = BoundaryStudy(
        pairs=pairs, latents=latents, families=(), labellers=LabellersSettings(simulated=0)
    )
    made_from, store = Ingredients(digits, generate, vote), StudyStore(tmp_path, settings.fields())
    extras = settings.extras(made_from)
    for name, rows in extras.items():
        store.folder.write_extra(name, rows)
    found = {name: store.folder.extra(name, PROPOSALS) for name in extras}
    assert found == extras
    assert {path.stem for path in (tmp_path / "extra").iterdir()} == set(extras)
    store.write_images(settings.images(made_from))
    store.write_votes(vote_rows(name, vote(store.pixels())) for name in ("a", "b", "c"))
    config = {"study": settings.model_dump(mode="json")}
    store.folder.write_record(
        RunRecord(name="b", kind="study", state=State.FINISHED, config=config, versions={})
    )
    pictures = study_report(OpenedRun(store.folder)).pictures
    assert set(pictures) == {"figures/images.png", "figures/latents.png"}
    pictures["figures/latents.png"](tmp_path / "latents.png")
    assert (tmp_path / "latents.png").stat().st_size > 0
