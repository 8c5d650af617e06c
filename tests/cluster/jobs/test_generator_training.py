"""A study's generator: trained in a Ray task, resumed, shared between studies."""

from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.studies.study_store import StudyStore
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, train_dcgan
from outvoted.actors.training.generators.generator import (
    Generator,
    GeneratorFile,
    PackagedGenerator,
    TrainedGenerator,
)
from outvoted.cluster.jobs.study.on_ray import RayStudyRunner
from outvoted.cluster.jobs.study.training import CHECKPOINT, FILE, run_generator
from outvoted.cluster.ray.placement import Share
from outvoted.search.errors import OutvotedError
from tests.cluster.rows import scalars

SETTINGS = TrainedGenerator(training=DcganTraining(epochs=3, batch_size=20, maps=2))


@pytest.fixture(scope="module")
def few(digits: Dataset) -> Dataset:
    """100 digits."""
    train_, test = digits.train, digits.test
    return Dataset(
        "few", digits.folder, Split(train_.images[:100], train_.labels[:100]), Split(test.images, test.labels)
    )


@pytest.fixture(scope="module")
def expected(few: Dataset) -> Generator:
    """What training gives in this process."""
    *_, last = train_dcgan(SETTINGS.training, few.train)
    return Generator.of(few.shape, 2, last.checkpoint.weights("generator"))


def run(store: StudyStore, settings: object, data: Dataset) -> Generator:
    monitor = Monitor(store.folder.tensorboard)
    with Progress(disable=True) as bars:
        runner = RayStudyRunner(data, Share(1, 0), store.folder.panels, bars)
        found = run_generator(store, settings, data, runner, bars, monitor)  # type: ignore[arg-type]
    monitor.close()
    return found


def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every training fail."""
    monkeypatch.setattr(RayStudyRunner, "generator", lambda *_: pytest.fail("trained once more"))


def test_what_a_task_trains_is_kept_by_the_study_and_for_others(
    local_ray: None, few: Dataset, expected: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StudyStore(tmp_path / "one", [])
    kept: list[int] = []
    save = Checkpoint.save

    def watched(checkpoint: Checkpoint, path: Path, key: str) -> None:
        assert path == store.folder.generator / CHECKPOINT
        save(checkpoint, path, key)
        kept.append(checkpoint.step)

    monkeypatch.setattr(Checkpoint, "save", watched)
    assert run(store, SETTINGS, few).fingerprint == expected.fingerprint
    assert kept == [15]
    for who in ("generator", "discriminator"):
        assert [step for step, _ in scalars(store.folder, f"loss of the DCGAN/{who}")] == kept
    assert [file.name for file in store.folder.generator.iterdir()] == [FILE]
    untrained(monkeypatch)
    other = StudyStore(tmp_path / "two", [])
    assert run(other, SETTINGS, few).fingerprint == expected.fingerprint
    assert (other.folder.generator / FILE).is_file()
    assert run(store, SETTINGS, few).fingerprint == expected.fingerprint


def test_training_goes_on_from_the_checkpoint(
    local_ray: None, few: Dataset, expected: Generator, tmp_path: Path
) -> None:
    store = StudyStore(tmp_path / "one", [])
    cut = next(train_dcgan(SETTINGS.training, few.train, every=4)).checkpoint
    key = SETTINGS.key(few.fingerprint)
    cut.save(store.folder.generator / CHECKPOINT, key)
    assert run(store, SETTINGS, few).fingerprint == expected.fingerprint


def test_a_checkpoint_at_the_end_needs_no_more_steps(
    few: Dataset, expected: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StudyStore(tmp_path / "one", [])
    *_, last = train_dcgan(SETTINGS.training, few.train)
    last.checkpoint.save(store.folder.generator / CHECKPOINT, SETTINGS.key(few.fingerprint))
    monkeypatch.setattr(RayStudyRunner, "generator", lambda *_: iter(()))
    assert run(store, SETTINGS, few).fingerprint == expected.fingerprint


def test_a_checkpoint_of_another_training_is_refused(few: Dataset, tmp_path: Path) -> None:
    store = StudyStore(tmp_path / "one", [])
    cut = next(train_dcgan(SETTINGS.training, few.train, every=4)).checkpoint
    cut.save(store.folder.generator / CHECKPOINT, "another")
    with pytest.raises(OutvotedError, match="other settings or other images"):
        run(store, SETTINGS, few)


def test_one_that_comes_trained_is_copied_into_the_study(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained(monkeypatch)
    one, two = StudyStore(tmp_path / "one", []), StudyStore(tmp_path / "two", [])
    packaged = run(one, PackagedGenerator(name="mnist"), few)
    assert run(two, GeneratorFile(path=one.folder.generator / FILE), few).fingerprint == packaged.fingerprint
    (one.folder.generator / FILE).unlink()
    assert run(two, GeneratorFile(path=one.folder.generator / FILE), few).fingerprint == packaged.fingerprint


def test_images_that_cannot_be_trained_on_are_refused(few: Dataset, tmp_path: Path) -> None:
    flat = Split(np.zeros((100, 1, 1, 4), np.uint8), few.train.labels)
    with pytest.raises(OutvotedError, match="1 by 4 pixels"):
        run(StudyStore(tmp_path / "one", []), SETTINGS, Dataset("flat", few.folder, flat, flat))
