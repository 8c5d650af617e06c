"""A seed's surroundings: votes on a grid, climbs projected on it, files, pictures and sections."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import (
    Surroundings,
    climbs,
    every,
    file_of,
    grid,
    images,
    most_mistaken,
    read,
    surroundings,
    write,
)
from outvoted.analysis.mining.surroundings_report import (
    WHO,
    draw_surroundings,
    edge,
    outvoted_map,
    surroundings_plot,
    surroundings_sections,
)
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import colour
from outvoted.analysis.report.report import Picture, Plot
from outvoted.search.errors import OutvotedError
from tests.analysis.mining.test_pictures import has, opened

POINTS = 5


@pytest.fixture(scope="module")
def seed(run: OpenedRun) -> int:
    return most_mistaken(run)


@pytest.fixture(scope="module")
def found(run: OpenedRun, seed: int) -> Surroundings:
    return surroundings(run, seed, two_directions(run.transform, None, None), POINTS)


def test_the_seed_with_most_mistakes_is_taken(mistakes: list[dict[str, Any]], seed: int) -> None:
    counts = {row["seed_id"]: 0 for row in mistakes}
    for row in mistakes:
        counts[row["seed_id"]] += 1
    assert counts[seed] == max(counts.values())


def test_in_the_middle_the_panel_sees_the_seed(run: OpenedRun, found: Surroundings, seed: int) -> None:
    votes = run.panel.vote(run.data.train.images[seed : seed + 1])
    np.testing.assert_array_equal(found.probabilities[:, 2, 2], votes[:, 0])
    assert found.label == run.data.train.labels[seed]
    assert found.correct[:, 2, 2].all()  # only seeds that the whole panel gets right are searched


def test_each_point_is_the_panels_answer_for_the_image_there(
    run: OpenedRun, found: Surroundings, seed: int
) -> None:
    composed = grid(run.transform, two_directions(run.transform, None, None), POINTS)
    votes = run.panel.vote(images(run, seed, composed[[1 * POINTS + 4]]))
    np.testing.assert_array_equal(found.probabilities[:, 1, 4], votes[:, 0])
    described = run.transform.describe(composed[[1 * POINTS + 4]])[0]
    assert (found.x[4], found.y[1]) == pytest.approx((described[0], described[3]))


def test_progress_counts_every_point(run: OpenedRun, seed: int) -> None:
    told: list[int] = []
    surroundings(run, seed, two_directions(run.transform, "shear", None), 17, told.append)
    assert sum(told) == 17**2
    assert len(told) > 1


def test_climbs_begin_at_the_seed_and_end_at_what_was_mined(
    run: OpenedRun, seed: int, mistakes: list[dict[str, Any]]
) -> None:
    ways = climbs(run, seed, two_directions(run.transform, None, None))
    mined = {row["search_id"]: row for row in mistakes if row["seed_id"] == seed}
    assert [way.search_id for way in ways] == [*mined]
    for way in ways:
        row = mined[way.search_id]
        assert (way.x[0], way.y[0]) == (0, 1)
        assert len(way.x) == row["moves"] + 1
        assert way.x[-1] == pytest.approx(row["measures"]["rotation_deg"])
        scales = [row["measures"][name] for name in ("scale_x", "scale_y")]
        assert way.y[-1] == pytest.approx(np.mean(scales))
        assert (way.target, way.predicted) == (row["target"], row["predicted"])


def by_hand() -> Surroundings:
    """Three networks, a row of four points: all right, the second outvoted, two wrong, the third outvoted."""
    right, wrong = [0.2, 0.8], [0.7, 0.3]
    votes = np.array(
        [
            [[right, right, right, right]],
            [[right, wrong, wrong, right]],
            [[right, right, wrong, wrong]],
        ],
        np.float32,
    )
    return Surroundings(7, 1, ("a", "b"), np.arange(4.0), np.zeros(1), ("n1", "n2", "n3"), votes)


def test_who_is_outvoted_by_hand() -> None:
    assert outvoted_map(by_hand()).tolist() == [[0, 2, -1, 3]]
    assert by_hand().outvoted.sum((1, 2)).tolist() == [0, 1, 1]
    np.testing.assert_allclose(edge(by_hand(), 1), [[0.6, -0.4, -0.4, 0.6]], atol=1e-6)


def test_the_lead_changes_its_sign_where_the_answer_does(found: Surroundings) -> None:
    for network in range(len(found.networks)):
        np.testing.assert_array_equal(edge(found, network) > 0, found.correct[network])


def test_what_is_written_is_read(found: Surroundings, tmp_path: Path) -> None:
    path = write(tmp_path, found)
    assert path == file_of(tmp_path, found) == tmp_path / f"landscapes/{found.seed_id}-rotation-scale.parquet"
    (again,) = every(tmp_path)
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    np.testing.assert_array_equal(again.x, found.x)
    np.testing.assert_array_equal(again.y, found.y)
    assert replace(again, x=found.x, y=found.y, probabilities=found.probabilities) == found


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, by_hand())
    path.write_bytes(b"no parquet")
    with pytest.raises(OutvotedError, match=r"readable(.|\n)*7-a-b\.parquet"):
        read(path)


def test_the_picture_shows_maps_boundaries_climbs_and_who_is_outvoted(
    run: OpenedRun, found: Surroundings, seed: int, tmp_path: Path
) -> None:
    directions = two_directions(run.transform, None, None)
    nine = images(run, seed, grid(run.transform, directions, 3))
    lonely = found.probabilities.copy()
    lonely[1, :2, :2] = np.eye(10, dtype=np.float32)[(found.label + 1) % 10]  # the second errs in a corner
    drawn = replace(found, probabilities=lonely)
    draw_surroundings(drawn, climbs(run, seed, directions), nine, "title", tmp_path / "map.png")
    pixels = opened(tmp_path / "map.png")
    assert has(pixels, "#D55E00")
    assert has(pixels, colour(1))


def test_a_plot_has_a_map_for_each_network_and_one_for_all(run: OpenedRun, found: Surroundings) -> None:
    ways = climbs(run, found.seed_id, two_directions(run.transform, None, None))
    figure = surroundings_plot(found, ways)
    (menu,) = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [*found.networks, WHO]
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    for network, drawn in enumerate(maps[:-1]):
        probability = found.probabilities[network, ..., found.label]
        np.testing.assert_allclose(np.array(drawn.z), probability, atol=6e-4)
    np.testing.assert_array_equal(np.array(maps[-1].z), outvoted_map(found) + 1)
    ends = [trace for trace in figure.data if trace.text is not None]
    assert sum(len(trace.x) for trace in ends[:-1]) == len(ends[-1].x) == len(ways)


def test_a_report_shows_what_was_drawn(own: RunFolder, found: Surroundings) -> None:
    copy = OpenedRun(own)
    assert surroundings_sections(copy) == []
    write(own.path, found)
    (section,) = surroundings_sections(copy)
    assert [type(part) for part in section.parts] == [Plot]
    file_of(own.path, found).with_suffix(".png").write_bytes(b"")
    (section,) = surroundings_sections(copy)
    assert [type(part) for part in section.parts] == [Picture, Plot]
    assert section.parts[0].caption == f"Seed {found.seed_id}, label {found.label}: rotation and scale."  # type: ignore[union-attr]


def test_bad_seeds_are_refused(run: OpenedRun, bare: RunFolder) -> None:
    directions = two_directions(run.transform, None, None)
    for seed in (-1, 800):
        with pytest.raises(OutvotedError, match=rf"0 to 799(.|\n)*{seed}"):
            surroundings(run, seed, directions, POINTS)
    with pytest.raises(OutvotedError, match=r"mistakes in(.|\n)*none so far(.|\n)*--seed-id"):
        most_mistaken(OpenedRun(bare))
    assert climbs(OpenedRun(bare), 0, directions) == []
