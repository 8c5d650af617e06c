"""Validity by people against the same figures worked out by hand, or by scikit-learn."""

import io
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sklearn.metrics import cohen_kappa_score

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import NONE, SKIPPED, MistakesForm, ShownImage
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.schema import MISTAKES
from outvoted.analysis.mining.people import (
    bootstrapped,
    fleiss_kappa,
    image_kappa,
    peoples,
    peoples_of,
    summarise_people,
)
from outvoted.analysis.mining.people_report import REJECTED
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.summary import summarise
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import proportion
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

FLEISS = (  # Fleiss (1971), as Wikipedia works it out: 10 subjects, 14 raters, kappa 0.210
    *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
    *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
)
Given = Mapping[str, Mapping[ShownImage, Answer]]


def store_of(folder: RunFolder) -> LabelStore[ShownImage]:
    return LabelStore(folder.labels, MistakesForm(MISTAKES, 10))


@pytest.fixture
def labelled(own: RunFolder) -> RunFolder:
    """A run of which three people have labelled four mistakes and two seeds, and one that is gone."""
    rows = Shards(own.path).table("mistakes").to_pylist()
    keys = [(row["search_id"], row["number"]) for row in rows]
    label = {key: row["label"] for key, row in zip(keys, rows, strict=True)}
    first, second, third, fourth, *others = keys

    def right(key: tuple[int, int], seed: bool = False) -> dict[ShownImage, Answer]:
        return {ShownImage(key, seed): Answer(label[key])}

    def wrong(key: tuple[int, int], by: int = 1, seed: bool = False) -> dict[ShownImage, Answer]:
        return {ShownImage(key, seed): Answer((label[key] + by) % 10)}

    given = {
        "anna": right(first) | right(second) | right(third) | right(others[0], True) | right(others[1], True),
        "ben": right(first) | right(second) | wrong(third) | wrong(others[0], seed=True),
        "zoe": right(first) | wrong(second) | {ShownImage(third): Answer(NONE)},
    }
    given["anna"] |= {ShownImage(fourth): Answer(SKIPPED)}
    given["zoe"] |= wrong(fourth) | {ShownImage((10**6, 0)): Answer(3)}
    for name, answers in given.items():
        store_of(own).file(name).write(answers)
    return own


def test_a_run_that_nobody_has_labelled_says_nothing_of_people(run: OpenedRun) -> None:
    assert peoples(run) is None
    summary = summarise(run)
    assert summary.people is None
    assert all(row.people is None for row in summary.targets)


def test_validity_is_the_share_of_mistakes_whose_label_most_people_see(labelled: RunFolder) -> None:
    found = peoples(OpenedRun(labelled))
    assert found is not None
    summary = summarise_people(found)
    assert summary.mistakes == 4
    assert summary.validity == proportion(2, 4)
    assert summary.controls == proportion(1, 3)
    assert summary.vanished == 1
    assert summary.compared == 4
    anna, ben, zoe = summary.labellers
    assert (anna.name, anna.mistakes, anna.skipped, anna.seen, anna.controls) == (
        *("anna", 3, 1),
        *(proportion(3, 3), proportion(0, 2)),
    )
    assert (ben.seen, ben.controls) == (proportion(2, 3), proportion(1, 1))
    assert (zoe.mistakes, zoe.seen) == (4, proportion(1, 4))
    same = summarise_people(peoples_of(Shards(labelled.path).units, "mistakes", store_of(labelled)))
    assert same == summary


def test_people_stand_beside_the_referee(labelled: RunFolder) -> None:
    rows = Shards(labelled.path).table("mistakes").to_pylist()[:4]
    found = peoples(OpenedRun(labelled))
    assert found is not None
    beside = summarise_people(found).referee
    assert beside is not None
    people = [True, True, False, False]
    referee = [row["valid"] for row in rows]
    assert beside.both == sum(a and b for a, b in zip(people, referee, strict=True))
    assert beside.people_only == sum(a and not b for a, b in zip(people, referee, strict=True))
    assert beside.both + beside.people_only + beside.referee_only + beside.neither == 4
    assert beside.agree == proportion(sum(a == b for a, b in zip(people, referee, strict=True)), 4)


def test_the_report_shows_what_people_see(labelled: RunFolder, sketched: None) -> None:
    run = OpenedRun(labelled)
    report = mining_report(run)
    assert report.values()["people"]["validity"]["value"] == 0.5
    assert "of 4 labelled mistakes: people still see the label" in {what for _, what in report.headlines}
    printed = io.StringIO()
    report.show(Console(file=printed, width=200))
    assert "people: 3 people labelled 4 mistakes; on 50 (15–85) % of these" in printed.getvalue()
    report.pictures[REJECTED](labelled.path / REJECTED)
    assert (labelled.path / REJECTED).is_file()
    sections = {section.title: section for section in report.sections(lambda done, of: None)}
    people = sections["What people see"]
    assert len(people.parts) == 4
    assert [table.title for table in people.parts[:3]] == [  # type: ignore[union-attr]
        "validity by people",
        "is the referee a good judge?",
        "who labelled",
    ]


def test_what_nobody_rejects_leaves_no_picture(own: RunFolder, sketched: None) -> None:
    row = Shards(own.path).table("mistakes").to_pylist()[0]
    shown = ShownImage((row["search_id"], row["number"]))
    store_of(own).file("anna").write({shown: Answer(row["label"])})
    place = own.path / REJECTED
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"of an earlier report")
    mining_report(OpenedRun(own)).pictures[REJECTED](place)
    assert not place.exists()


def test_a_line_that_is_wrong_is_named(own: RunFolder) -> None:
    own.labels.mkdir()
    (own.labels / "zoe.csv").write_text("search_id,number,shown,label\n1,0,mistake,77\n")
    with pytest.raises(OutvotedError, match=r"line 2 of .*zoe\.csv"):
        summarise(OpenedRun(own))


def test_kappa_is_fleiss() -> None:
    assert fleiss_kappa(np.array(FLEISS)) == pytest.approx(0.210, abs=0.0005)
    assert np.isnan(fleiss_kappa(np.empty((0, 0), np.int64)))
    assert np.isnan(fleiss_kappa(np.array([[3, 0], [2, 0]])))
    assert fleiss_kappa(np.array([[3, 0], [0, 2]])) == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_kappa_of_people_and_referee_is_cohens(pairs: list[tuple[bool, bool]]) -> None:
    from outvoted.analysis.mining.people import _kappa_of_two

    both = np.array(pairs, np.int64)
    found = _kappa_of_two(both)
    if np.isnan(found):
        assert len(np.unique(both)) == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(both[:, 0], both[:, 1]))


def test_an_interval_surrounds_its_kappa_and_narrows() -> None:
    counts: Ints = np.array(FLEISS * 3, np.int64)
    many, few = (np.array(bootstrapped(fleiss_kappa, some), np.float64) for some in (counts, counts[:10]))
    for whole, low, high in (many, few):
        assert low < whole < high
    assert many[2] - many[1] < few[2] - few[1]
    assert bootstrapped(fleiss_kappa, counts[:0]) == (None, None, None)


def test_images_that_one_person_has_labelled_say_nothing_of_agreement() -> None:
    labels = np.array([[0, 1, 2, 1], [0, 1, 2, -1], [0, 1, -1, -1]])
    assert image_kappa(labels)[0] == pytest.approx(1)
    assert image_kappa(labels[:, 3:]) == (None, None, None)
    assert image_kappa(np.full((2, 3), -1)) == (None, None, None)
