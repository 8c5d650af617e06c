"""Validity by people: whether those who labelled a sample of mistakes still see their labels.

Beside it stand what says how far to trust it: how often they err on untouched seeds, how well they agree
with each other (Fleiss, 1971), and with the referee, which has judged every mistake.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.actors.labelling.judgements import Judgement, Judgements, judgements
from outvoted.actors.labelling.label_form import MistakesForm, ShownImage
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.runs.schema import MISTAKES
from outvoted.actors.runs.units import UnitTables
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import SHARE, Interval, Proportion, proportion
from outvoted.search.arrays import Bools, Floats, Ints

_RESAMPLED = 2000
_COLUMNS = ("target", "label", "valid")


@dataclass(frozen=True)
class LabellerSummary:
    """One person's answers.

    Attributes:
        mistakes: answered, without those that were skipped.
        seen: of these, the share on which they see the label.
        controls: the share of untouched seeds on which they do not see the label.
        skipped: of either.
    """

    name: str
    mistakes: int
    seen: Proportion
    controls: Proportion
    skipped: int


@dataclass(frozen=True)
class RefereeBeside:
    """People and the referee on the same mistakes; people see a label where more than half do.

    Attributes:
        both, people_only, referee_only, neither: mistakes on which they see the label.
        agree: the share on which they come to the same.
        kappa: Cohen's kappa of the two, and its 95 % interval by bootstrap over mistakes; None where one
            of them always says the same.
        validity: by the referee, of these mistakes alone.
    """

    both: int
    people_only: int
    referee_only: int
    neither: int
    agree: Proportion
    kappa: Interval
    validity: Proportion


@dataclass(frozen=True)
class PeopleSummary:
    """What people have made of a sample of a run's mistakes.

    Attributes:
        mistakes: on which at least one has answered.
        validity: the share whose label more than half of those who answered still see.
        controls: the share of all answers on untouched seeds that are not their label.
        compared: mistakes and seeds that two or more have answered.
        kappa: Fleiss' kappa of these, and its 95 % interval by bootstrap; None where there is nothing to
            compare, or all answers are the same.
        referee: None where the referee has judged none of them.
        vanished: images that were labelled and are not among the run's mistakes any more.
    """

    labellers: tuple[LabellerSummary, ...]
    mistakes: int
    validity: Proportion
    controls: Proportion
    compared: int
    kappa: Interval
    referee: RefereeBeside | None
    vanished: int


@dataclass(frozen=True)
class PeoplesMistakes:
    """The mistakes that people have judged.

    Attributes:
        rows: target, label, valid, its place among all mistakes, and ``seen``, whether a majority sees the
            label; None where only its seed was shown.
        keys: of the rows.
        said: all answers, on untouched seeds too.
    """

    rows: pd.DataFrame
    keys: Sequence[tuple[int | str, ...]]
    said: Judgements

    def judgement(self, *key: int | str) -> Judgement | None:
        """Return what people have said of a mistake."""
        return self.said.of_mistake(*key)

    def by_target(self, target: int) -> Proportion | None:
        """Return the share of a target's mistakes whose label people see; None where they judged none."""
        seen = self.rows["seen"][self.rows["target"] == target].dropna()
        return proportion(int(seen.sum()), len(seen)) if len(seen) else None

    @property
    def rejected(self) -> list[tuple[Judgement, int]]:
        """What was said of each mistake whose label no majority sees, and its place."""
        judged = zip(self.keys, self.rows["place"], self.rows["label"], strict=True)
        said = ((self.judgement(*key), int(place), int(label)) for key, place, label in judged)
        return [(one, place) for one, place, label in said if one is not None and not one.seen(label)]


def peoples(run: OpenedRun) -> PeoplesMistakes | None:
    """Read what people have said of a mining run's mistakes; None where nobody has labelled.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    if not run.store.labels.is_dir() or not len(run.mistakes):
        return None
    classes = len(run.mistakes.take(np.zeros(1, np.int64))[0]["probabilities"][0])
    said = judgements(LabelStore(run.store.labels, MistakesForm(MISTAKES, classes)))
    rows = pd.DataFrame(run.mistakes.select(*MISTAKES.key, *_COLUMNS).to_pandas())
    return judged_rows(rows, MISTAKES.key, said) if said.images else None


def peoples_of(units: UnitTables, table: str, store: LabelStore[ShownImage]) -> PeoplesMistakes:
    """Read what people have said of the mistakes in a table of a run of any kind."""
    key = units.forms[table].key
    rows = units.read_all(table, columns=[*key, *_COLUMNS]).to_pandas()
    return judged_rows(pd.DataFrame(rows), key, judgements(store))


def judged_rows(rows: pd.DataFrame, key: Sequence[str], said: Judgements) -> PeoplesMistakes:
    """Put beside mistakes what people have said of them.

    Args:
        rows: all mistakes, with the columns of their key, target, label and valid.
        key: the names of the former.
    """
    asked = {shown.mistake for shown in said.images}
    keys = list(zip(*(rows[name].tolist() for name in key), strict=True))
    places = [place for place, one in enumerate(keys) if one in asked]
    some = rows.iloc[places].assign(place=places)
    judged = [said.of_mistake(*keys[place]) for place in places]
    seen = [
        None if one is None else one.seen(int(label))
        for one, label in zip(judged, some["label"], strict=True)
    ]
    labelled = some.assign(seen=pd.array(seen, "boolean"))
    return PeoplesMistakes(labelled, [keys[place] for place in places], said)


def summarise_people(found: PeoplesMistakes) -> PeopleSummary:
    """Summarise what people have said so far."""
    labels = dict(zip(found.keys, found.rows["label"].tolist(), strict=True))
    known = {shown: one for shown, one in found.said.images.items() if shown.mistake in labels}
    judged = found.rows[found.rows["seen"].notna()]
    seen = judged["seen"].to_numpy(bool)
    counts = _counts([one for one in known.values() if one.votes > 1])
    controls = [labels[shown.mistake] == answer for shown, answer in _answers(known) if shown.seed]
    return PeopleSummary(
        labellers=tuple(
            _labeller(name, known, labels, found.said.skipped.get(name, 0)) for name in found.said.labellers
        ),
        mistakes=len(judged),
        validity=proportion(int(seen.sum()), len(seen)),
        controls=proportion(controls.count(False), len(controls)),
        compared=len(counts),
        kappa=bootstrapped(fleiss_kappa, counts),
        referee=_beside(judged["valid"], seen),
        vanished=len(found.said.images) - len(known),
    )


def _answers(images: Mapping[ShownImage, Judgement]) -> list[tuple[ShownImage, int]]:
    return [(shown, answer) for shown, one in images.items() for answer in one.answers.values()]


def _labeller(
    name: str,
    images: Mapping[ShownImage, Judgement],
    labels: Mapping[tuple[int | str, ...], int],
    skipped: int,
) -> LabellerSummary:
    own = {shown: one.answers[name] for shown, one in images.items() if name in one.answers}
    right = [(shown.seed, labels[shown.mistake] == answer) for shown, answer in own.items()]
    mistakes, controls = ([hit for seed, hit in right if seed is which] for which in (False, True))
    return LabellerSummary(
        name=name,
        mistakes=len(mistakes),
        seen=proportion(sum(mistakes), len(mistakes)),
        controls=proportion(controls.count(False), len(controls)),
        skipped=skipped,
    )


def _beside(valid: "pd.Series[bool]", seen: Bools) -> RefereeBeside | None:
    asked = valid.notna().to_numpy()
    if not asked.any():
        return None
    referee, people = valid[asked].to_numpy(bool), seen[asked]
    pairs = np.stack([people, referee], axis=1).astype(np.int64)
    both, agree = int((people & referee).sum()), int((people == referee).sum())
    return RefereeBeside(
        both=both,
        people_only=int((people & ~referee).sum()),
        referee_only=int((~people & referee).sum()),
        neither=agree - both,
        agree=proportion(agree, len(pairs)),
        kappa=bootstrapped(_kappa_of_two, pairs),
        validity=proportion(int(referee.sum()), len(referee)),
    )


def _counts(images: Sequence[Judgement]) -> Ints:
    """Count the answers of each image, shape (images, answers that occur)."""
    answers = sorted({answer for one in images for answer in one.answers.values()})
    rows = [[one.agreeing(answer) for answer in answers] for one in images]
    return np.array(rows, np.int64).reshape(len(images), len(answers))


def fleiss_kappa(counts: Ints) -> float:
    """Return how far raters agree beyond chance (Fleiss, 1971); images may have different numbers of them.

    Args:
        counts: how many gave each answer, shape (images, answers); at least two raters of each image.

    Returns:
        At most 1; NaN where there is no image, or all answers are the same.
    """
    raters = counts.sum(axis=1)
    if not len(counts):
        return np.nan
    agreement = ((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean()
    chance = ((counts.sum(axis=0) / raters.sum()) ** 2).sum()
    return float((agreement - chance) / (1 - chance)) if chance < 1 else np.nan


def _kappa_of_two(pairs: Ints) -> float:
    """Return Cohen's kappa of two raters who say 0 or 1; ``pairs`` has shape (images, 2)."""
    observed = (pairs[:, 0] == pairs[:, 1]).mean()
    first, second = pairs.mean(axis=0)
    chance = first * second + (1 - first) * (1 - second)
    return float((observed - chance) / (1 - chance)) if chance < 1 else np.nan


def bootstrapped(measure: Callable[[Ints], float], rows: Ints, seed: int = 0) -> Interval:
    """Return a measure of rows, and its 95 % interval: percentiles over rows drawn with replacement."""
    whole = measure(rows) if len(rows) else np.nan
    if np.isnan(whole):
        return None, None, None
    drawn = np.random.default_rng(seed).integers(len(rows), size=(_RESAMPLED, len(rows)))
    found: Floats = np.array([measure(rows[places]) for places in drawn], np.float64)
    found = found[~np.isnan(found)]
    low, high = np.percentile(found, [2.5, 97.5])
    return whole, float(low), float(high)


def people_said(found: PeopleSummary) -> str:
    """Say in a sentence what people make of the mistakes."""
    who = "1 person" if len(found.labellers) == 1 else f"{len(found.labellers)} people"
    if not found.mistakes:
        return f"people: {who} labelled, but no mistake so far"
    beside = found.referee
    said = (
        f"people: {who} labelled {found.mistakes:,} mistakes; on {found.validity.percent()} % of these most "
        "of those who answered still see the label"
    )
    if found.controls.value is not None:
        said += f"; on untouched seeds they err {SHARE(found.controls.value)} of the time"
    if beside is not None and beside.validity.value is not None:
        said += f"; of the same mistakes {SHARE(beside.validity.value)} are valid by the referee"
    return said


def image_kappa(labels: Ints) -> Interval:
    """Return Fleiss' kappa of people on a study's images, with its interval; see :func:`fleiss_kappa`.

    Args:
        labels: shape (labellers, images), -1 where an image has none.
    """
    answers = np.unique(labels[labels >= 0])
    counts = (
        np.stack([(labels == answer).sum(axis=0) for answer in answers], axis=1) if len(answers) else None
    )
    if counts is None:
        return None, None, None
    return bootstrapped(fleiss_kappa, counts[counts.sum(axis=1) > 1].astype(np.int64))
