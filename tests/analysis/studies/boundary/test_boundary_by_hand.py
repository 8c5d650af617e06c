"""A study of six images, three labellers and six networks, worked out by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from outvoted.actors.labelling.label_store import Labels
from outvoted.analysis.report.numbers import Spread
from outvoted.analysis.studies.boundary import disagreement_map
from outvoted.analysis.studies.boundary.disagreement_map import disagreement
from outvoted.analysis.studies.boundary.figures import proposed
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, analyse
from outvoted.analysis.studies.boundary.groups import Type
from outvoted.analysis.studies.boundary.networks import Dissenter
from tests.analysis.studies.boundary.boundaries import certain, frame, images, stop

LABELS = np.array([[0, 0, 1, 1, 2, 2], [0, 0, 1, 2, 2, 2], [0, 0, 1, 1, 0, 2]])
A, B, C = (0, 1, 2, 1, 2, 2), (0, 0, 2, 1, 0, 2), (0, 0, 2, 1, 2, 2)
PANEL = ((0, 0, 1, 1, 2, 2), (0, 1, 1, 1, 0, 2), (0, 0, 1, 0, 1, 2))
SD = 1 / 6 / np.sqrt(3)  # of 1/3, 1/6, 1/6


@pytest.fixture(scope="module")
def found() -> BoundaryFindings:
    """Family a has four seeds, b and c one; a group of fig. 2 has two networks."""
    networks = {
        "a-0": (A, 0.9),
        "a-1": (B, 0.6),
        "a-2": (C, 0.6),
        "a-3": (A, 0.6),
        "b": (B, 0.8),
        "c": (C, 0.7),
    }
    votes = frame({name: certain(said, 3, sure) for name, (said, sure) in networks.items()})
    stops = [stop(f"a-{seed}", "a-1", seed, 0.98) for seed in range(4)]
    stops += [stop("b", "b-1", 0, 0.98), stop("c", "c-1", 0, 0.98)]
    panel = frame({f"peer-{n}": certain(said, 3) for n, said in enumerate(PANEL)})
    labels = Labels(("x", "y", "z"), LABELS)
    made = images([(0, 1), (1, 2)], 3)
    return analyse(made, votes, pd.DataFrame(stops), ("r", "s", "t"), labels, panel, {"a": 2})


def close(one: Spread | None, mean: float, std: float | None) -> None:
    assert one is not None
    assert one.mean == pytest.approx(mean)
    assert one.std == (None if std is None else pytest.approx(std, abs=1e-7))


def test_types(found: BoundaryFindings) -> None:
    (group,) = found.diverse
    assert group.models == ("a-1", "b-1", "c-1")
    expected = [Type.B_AGREE, Type.A, Type.MISTAKEN, Type.C, Type.B_DISAGREE, Type.B_AGREE]
    assert group.types is not None
    assert group.types.tolist() == expected


def test_table_2(found: BoundaryFindings) -> None:
    (group,) = found.diverse
    close(group.misclassified, 2 / 9, SD)
    assert group.across == pytest.approx(2 / 6)
    close(group.pairs, 2 / 9, SD)
    assert group.disagree == pytest.approx(2 / 6)
    assert found.people is not None
    close(found.people.pairs, 2 / 9, SD)


def test_table_4(found: BoundaryFindings) -> None:
    softmax = found.diverse[0].softmax
    assert softmax is not None
    assert softmax[Type.A].images == 1
    close(softmax[Type.A].value, 0.8, 0.1)
    assert softmax[Type.B_AGREE].images == 2
    close(softmax[Type.B_AGREE].value, 0.8, np.sqrt(0.04 / 5))


def test_figure_2(found: BoundaryFindings) -> None:
    (group,) = found.seeds
    assert (group.family, group.size, group.repeats) == ("a", 2, 2)
    assert group.shares is not None
    close(group.shares[Type.A], 1 / 6, 0)
    close(group.shares[Type.C], 0.25, 1 / 6 / np.sqrt(2))
    close(group.disagree, 0.25, 1 / 6 / np.sqrt(2))


def test_table_5(found: BoundaryFindings) -> None:
    certainty = found.seeds[0].certainty
    assert certainty is not None
    assert {level: cell.images for level, cell in certainty.items()} == {100: 4, 70: 2}
    close(certainty[70].value, 0.875, 0.25 / np.sqrt(2))


def test_kappas(found: BoundaryFindings) -> None:
    kappas = found.kappas
    assert kappas is not None
    assert kappas.errors is not None
    assert kappas.names == ("x", "y", "z", "a-1", "b-1", "c-1")
    assert kappas.labels[0, 3] == pytest.approx(0.5)  # 4 of 6 alike, 2 expected
    assert kappas.errors[0, 3] == pytest.approx(0)  # x is right wherever y and z agree
    assert kappas.errors[3, 4] == pytest.approx(0.25)  # 4 of 6 alike, 10/3 expected
    labels, errors = found.kappa_means
    assert (labels.measure, errors.measure) == ("labels", "errors")
    assert labels.networks.mean == pytest.approx(np.mean(kappas.labels[[3, 3, 4], [4, 5, 5]]))
    assert labels.between.mean == pytest.approx(kappas.labels[:3, 3:].mean())


def test_entropies(found: BoundaryFindings) -> None:
    assert found.people is not None
    expected = -(np.log2(1 / 3) + 2 * np.log2(2 / 3)) / 3
    np.testing.assert_allclose(found.people.together.entropy, [0, 0, 0, expected, expected, 0], atol=1e-12)
    (one,) = found.entropies
    assert one.networks == 4
    np.testing.assert_allclose(one.votes[[0, 1]], [0, 1])  # two of four say 1, two say 0


def test_map_of_disagreement(found: BoundaryFindings) -> None:
    assert found.people is not None
    kinds = disagreement(found.seeds[0].first, found.people.together)
    expected = [
        disagreement_map.NOBODY,
        disagreement_map.NETWORKS,
        disagreement_map.MISTAKEN,
        disagreement_map.LABELLERS,
        disagreement_map.BOTH,
        disagreement_map.NOBODY,
    ]
    assert kinds.tolist() == expected


def test_labels_proposed(found: BoundaryFindings) -> None:
    assert proposed(found) == ["✓", "✓", "✓", "1,2", "0,2", "✓"]
    assert proposed(replace(found, people=None)) == [""] * 6


def test_panel_of_mining(found: BoundaryFindings) -> None:
    assert found.panel is not None
    rows = {row.name: (row.consensus.hits, row.dissent.hits, row.disputed.hits) for row in found.panel.rows}
    assert rows["all images"] == (3, 2, 1)
    assert rows["labellers agree"] == (3, 1, 0)
    assert rows["labellers disagree"] == (0, 1, 1)
    assert rows["type A"] == (0, 1, 0)
    assert found.panel.dissenters == (
        Dissenter("peer-0", 0, 0, 0, 0, 0),
        Dissenter("peer-1", 1, 1, 1, 0, 0),
        Dissenter("peer-2", 1, 0, 0, 0, 0),
    )


def test_images_lie_where_pair_and_step_say(found: BoundaryFindings) -> None:
    assert found.ways.images.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.ways.place(4) == "s → t, α = 0.5"
