"""What people can label of a run: a study's images, or a sample of the mistakes of any other kind of run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outvoted.actors.labelling.judgements import Judgements, judgements
from outvoted.actors.labelling.label_form import MistakesForm, ShownImage
from outvoted.actors.labelling.label_store import LabelStore, image_labels
from outvoted.actors.labelling.label_task import ImagesTask, LabelTask
from outvoted.actors.labelling.mistakes_task import MistakesTask, SampleSettings
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.runs.units import UnitTables
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Recorded
from outvoted.cluster.jobs.kinds import check_offers, kind_of
from outvoted.search.errors import OutvotedError

_STUDY = "study"


@dataclass(frozen=True)
class Labelled:
    """What there is to label, and where labels go.

    Attributes:
        recorded: the table of the mistakes; None for a study's images.
    """

    task: LabelTask[Any]
    store: LabelStore[Any]
    recorded: Recorded | None = None


def labelled(run: OpenedRun, sample: SampleSettings | None = None) -> Labelled:
    """Open what people can label of a run; nothing that the run names is imported for mistakes.

    Raises:
        OutvotedError: it has nothing that people can look at, or not yet.
    """
    check_offers(run.record, "label", "whose images people can look at")
    return _images(run) if run.record.kind == _STUDY else _mistakes(run, sample)


def _images(run: OpenedRun) -> Labelled:
    from outvoted.analysis.studies.kinds import open_study

    opened = open_study(run)
    data = opened.data
    if data.features is not None:
        raise OutvotedError(
            expected="a study of images, which people can look at",
            found=f"{run.store.path.name}, whose images are rows of the table {data.name}",
            remedy="label a study of pictures, such as one of boundaries or morphs",
        )
    pictures = [image["bytes"] for image in opened.store.images()["image"].to_pylist()]
    store = image_labels(run.store.labels, len(opened.images), data.classes)
    names = data.class_names or _numbers(data.classes)
    return Labelled(ImagesTask(run.record.name, pictures, names, store.form), store)


def _mistakes(run: OpenedRun, sample: SampleSettings | None) -> Labelled:
    recorded = table_of_mistakes(run.store, run.record)
    classes = _classes(recorded.units, recorded.mistakes)
    if not classes:
        raise run.without("mistakes")
    named = None if run.record.data is None else run.record.data.class_names
    names = named if named and len(named) == classes else _numbers(classes)
    task = MistakesTask(run.record.name, recorded.units, recorded.mistakes, names, sample, recorded.asked)
    return Labelled(task, LabelStore(run.store.labels, task.form), recorded)


def table_of_mistakes(store: RunFolder, record: RunRecord) -> Recorded:
    """Return the table in which a run's mistakes are.

    Raises:
        OutvotedError: such a run looks for none, or has several parts.
    """
    found = kind_of(record).recorded(store, record)
    if len(found) == 1 and found[0].run is None:
        return found[0]
    raise OutvotedError(
        expected="a run with one table of mistakes",
        found=f"{record.name}, a run of `outvoted {record.command}` with {len(found)} parts",
        remedy="label one of its parts, whose folders are in the run's",
    )


def said_by_people(store: RunFolder, recorded: Recorded) -> Judgements | None:
    """Return what people have made of a run's mistakes; None where nobody has labelled.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    part = store.path if recorded.run is None else store.path / recorded.run
    folder = RunFolder(part).labels
    if not folder.is_dir():
        return None
    form = MistakesForm(recorded.units.forms[recorded.mistakes], _classes(recorded.units, recorded.mistakes))
    found = judgements(LabelStore[ShownImage](folder, form))
    return found if found.images else None


def _classes(units: UnitTables, table: str) -> int:
    """Return how many classes a run's networks know; 0 where it has no mistake yet."""
    first = (len(rows["probabilities"][0][0]) for rows in units.rows(table, ["probabilities"]) if len(rows))
    return next(first, 0)


def _numbers(classes: int) -> Sequence[str]:
    return tuple(map(str, range(classes)))
