"""The mistakes of a mining run as a gallery shows them: their climbs gone through again."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from outvoted.analysis.mining.cells import flattened
from outvoted.analysis.mining.people import PeoplesMistakes
from outvoted.analysis.mining.replay import Steps, chosen_steps
from outvoted.analysis.opened.mistakes import Mistakes
from outvoted.analysis.opened.scene import Scene
from outvoted.analysis.report.gallery import Exhibit, Exhibits, Facet, thinned, varied_order
from outvoted.search.arrays import Ints
from outvoted.search.consensus import is_voter

KINDS = ("target", "label", "predicted")
MOST_PIXELS = 40_000_000
"""Pixels that are put to the panel again for a gallery: 51,000 frames of MNIST, 265 of ImageNet."""
MOST_NUMBERS = 2_500_000
"""Bytes of votes and measures in a gallery; a third more as text."""
_VOTE, _MEASURE = 6, 4  # bytes of a peer's vote on a frame, and of a measure of it
_FRAMES = 32  # of one climb; of longer ones some moves have none
_PEOPLE = ("see the label", "do not", "were not asked")
_REFEREE = ("agrees with the label", "does not", "was not asked")

OnStep = Callable[[int, int], object]
"""Called with how many images are done, and of how many."""


def mistakes_measured(mistakes: Mistakes) -> pd.DataFrame:
    """Read what maps and plots need of mistakes, without images and votes; maybe no rows.

    What a transform is described by has a column for each measure, ``measures.NAME``.
    """
    return pd.DataFrame(flattened(mistakes.select(*KINDS, "moves", "valid", "measures")))


def mistakes_exhibits(
    run: Scene,
    on_step: OnStep = lambda done, of: None,
    most: int = MOST_PIXELS,
    people: PeoplesMistakes | None = None,
) -> Exhibits:
    """Go through the climbs of as many of a run's mistakes as ``most`` pixels and MOST_NUMBERS allow, or one.

    The first are an even sample over target, label and wrong class. Where ``people`` have labelled, what they
    make of each is something to filter by.
    """
    mistakes = run.mistakes
    frame = mistakes.select(*KINDS, "margin", "moves").to_pandas()
    order = varied_order(frame, KINDS, "margin")
    counts = np.minimum(frame["moves"].to_numpy()[order] + 1, _FRAMES)
    each = _VOTE * len(run.names) + _MEASURE * len(run.transform.measures)
    frames_fitting = min(most // int(np.prod(run.seeds.shape)), MOST_NUMBERS // each)
    fitting = np.cumsum(counts) <= frames_fitting
    kept = order[: max(1, int(fitting.sum()))]
    rows = mistakes.take(kept)
    frames = [thinned(len(row["move_parameters"]) + 1, _FRAMES) for row in rows]
    done, total = 0, sum(map(len, frames))

    def advance(more: int) -> None:
        nonlocal done
        done += more
        on_step(done, total)

    climbs = chosen_steps(run, rows, frames, advance)
    items = [_exhibit(run, *each) for each in zip(rows, frames, climbs, strict=True)]
    return _exhibits(run, len(mistakes), rows, items, people)


def _exhibits(
    run: Scene,
    of: int,
    rows: Sequence[dict[str, Any]],
    items: Sequence[Exhibit],
    people: PeoplesMistakes | None,
) -> Exhibits:
    target, label, predicted, voters = (
        np.array([row[name] for row in rows], np.int64) for name in (*KINDS, "voters")
    )
    referee = np.array([_referee(row["valid"]) for row in rows])
    return Exhibits(
        what="mistake",
        of=of,
        items=items,
        target=target,
        label=label,
        predicted=predicted,
        voting=_voting(len(run.names), target, voters),
        facets=(Facet("referee", _REFEREE, referee), *_by_people(rows, people)),
        peers=run.names,
        classes=run.classes,
        measures=run.transform.measures,
    )


def _voting(peers: int, target: Ints, voters: Ints) -> Ints:
    voting = np.where(is_voter(peers, target, voters), 1, 2)
    voting[target, np.arange(len(target))] = 0
    return np.asarray(voting.T)


def _referee(valid: bool | None) -> int:
    return 2 if valid is None else int(not valid)


def _by_people(rows: Sequence[dict[str, Any]], people: PeoplesMistakes | None) -> list[Facet]:
    """Return whether people see the labels of mistakes, where anybody has labelled."""
    if people is None:
        return []
    said = [(people.judgement(row["search_id"], row["number"]), row["label"]) for row in rows]
    index = [2 if one is None else int(not one.seen(label)) for one, label in said]
    return [Facet("people", _PEOPLE, np.array(index, np.int64))]


def _exhibit(run: Scene, row: dict[str, Any], frames: Ints, climb: Steps) -> Exhibit:
    number = f"-{row['number']}" if row["number"] else ""
    facts = [
        ("search", str(row["search_id"])),
        ("seed", str(row["seed_id"])),
        ("margin", f"{row['margin']:.3f}"),
        ("candidates", f"{row['candidates']:,}"),
        ("referee", _REFEREE[_referee(row["valid"])]),
    ]
    return Exhibit(
        name=f"{row['search_id']}{number}",
        facts=facts,
        steps=frames,
        moves=len(row["move_parameters"]),
        images=climb.images,
        votes=climb.probabilities,
        measures=run.transform.describe(climb.composed.astype(np.float64)).astype(np.float32),
    )
