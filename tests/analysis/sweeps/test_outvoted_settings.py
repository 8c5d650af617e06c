"""A sweep scored by the miner, on sweeps that are trained and mined in this process."""

import shutil
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from outvoted.actors.data.datasets import Dataset, DataSettings, Images
from outvoted.actors.data.noises import NoiseClass, Uniform
from outvoted.actors.mining.local_mining import mine_panel
from outvoted.actors.networks import MLP
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.sweeps.mined_settings import MinedSettings, Mining
from outvoted.actors.sweeps.sweep_store import FINISHED, SweepStore
from outvoted.actors.training.steps import Training
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Experiment, Unit
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.outvoted_settings import (
    MiningReport,
    draw_outvoted,
    outvoted_table,
    spoken,
    summarise_mining,
)
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.analysis.sweeps.trial import Trial
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from tests.analysis.mining.test_pictures import opened
from tests.small_run import REFEREE

SEEDS = (0, 1, 2)
MINING = Mining(search=SearchSettings(per_target=15, patience=40), referee=REFEREE)
TEMPERATURES = TemperatureExperiment(
    network=MLP(hidden=16, activation="sigmoid"), temperatures=(0.1, 1, 4), epsilons=(0.05, 0.2), pixels=0
)
NOISES = NoiseClassExperiment(
    network=MLP(hidden=16),
    selections=(),
    fractions=(),
    beside=None,
    noises=(NoiseClass(noise=Uniform(), number=3),),
)
TRAINING = Training(epochs=6)

Change = Callable[..., OpenedSweep]


def written(path: Path, experiment: Experiment, data: Dataset, referee: Member) -> Path:
    """Train, measure and mine a sweep."""
    store = SweepStore(path, experiment.fields())
    for setting in (setting for stage in experiment.stages() for setting in stage):
        units = [Unit(setting, seed) for seed in SEEDS]
        trial = Trial(experiment, units, TRAINING, experiment.data(setting, data, {}))
        list(trial.advance())
        for unit, rows, member, votes in zip(units, trial.rows, trial.members(), trial.votes, strict=True):
            store.write_network(unit.name, member, votes)
            store.write_unit(unit.name, rows, FINISHED, None)
    config: dict[str, Any] = {
        "data": DataSettings().model_dump(mode="json"),
        "experiment": experiment.model_dump(mode="json"),
        "seeds": list(SEEDS),
        "mining": MINING.model_dump(mode="json"),
    }
    store.folder.write_record(
        RunRecord(name="small", kind="sweep", state=State.FINISHED, config=config, versions={})
    )
    sweep = open_sweep(OpenedRun(RunFolder(path)))
    images = Images(data.train, data.shape, data.classes)
    for setting in sweep.settings:
        panel = sweep.panel(setting)
        assert panel is not None
        answers = data.classes + setting.more_classes
        mined = mine_panel(MINING.search, panel, images, answers, referee)
        MinedSettings(path).write(setting.label, mined, MINING.origin(panel, data.fingerprint))
    return path


@pytest.fixture(scope="module")
def temperatures(digits: Dataset, referee: Member, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three temperatures, three seeds each; not to be altered."""
    return written(tmp_path_factory.mktemp("sweeps") / "temperatures", TEMPERATURES, digits, referee)


@pytest.fixture(scope="module")
def noises(digits: Dataset, referee: Member, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All digits, alone and with a class of noise; not to be altered."""
    return written(tmp_path_factory.mktemp("sweeps") / "noises", NOISES, digits, referee)


@pytest.fixture(scope="module")
def report(temperatures: Path) -> MiningReport:
    """What the temperatures' sweep shows."""
    return summarise_mining(open_sweep(OpenedRun(RunFolder(temperatures))))


@pytest.fixture
def changed(temperatures: Path, tmp_path: Path) -> Change:
    """Copy the temperatures' sweep, change its configuration, and open it."""

    def change(values: Mapping[str, object] | None = None) -> OpenedSweep:
        path = Path(shutil.copytree(temperatures, tmp_path / "copy"))
        sweep = open_sweep(OpenedRun(RunFolder(path)))
        record = sweep.record.model_copy(update={"config": {**sweep.record.config, **(values or {})}})
        sweep.store.folder.write_record(record)
        return open_sweep(OpenedRun(RunFolder(path)))

    return change


def drawn_table(report: MiningReport) -> str:
    text = StringIO()
    Console(file=text, width=80).print(outvoted_table(report))
    return text.getvalue()


def test_figures_are_those_of_the_rows(report: MiningReport, temperatures: Path) -> None:
    assert [row.setting for row in report.settings] == ["T0.1", "T1", "T4"]
    for row in report.settings:
        mined = MinedSettings(temperatures).read(row.setting)
        searches, mistakes = mined.searches.to_pylist(), mined.mistakes.to_pylist()
        found = row.outvoted
        assert found is not None
        assert row.unmined is None
        ends = [search["outcome"] for search in searches]
        won, lost = ends.count("mistake"), ends.count("exhausted")
        assert (found.success.hits, found.success.of) == (won, won + lost) == (won, 3 * 15)
        assert found.success.value == won / 45
        seeds = {search["replica"]: search["outcome"] == "skipped" for search in searches}
        assert (found.disputed.hits, found.disputed.of) == (sum(seeds.values()), len(seeds))
        assert found.drawn == len(seeds)
        assert found.moves == pytest.approx(np.mean([mistake["moves"] for mistake in mistakes]))
        assert found.validity.value == pytest.approx(np.mean([mistake["valid"] for mistake in mistakes]))
        assert found.failed == 0
        assert found.as_noise is None


def test_the_sweeps_own_figures_are_those_after_the_last_epoch(
    report: MiningReport, temperatures: Path
) -> None:
    trials = open_sweep(OpenedRun(RunFolder(temperatures))).trials
    for row in report.settings:
        last = trials[(trials["setting"] == row.setting) & (trials["epoch"] == TRAINING.epochs)]
        assert row.networks == len(last) == 3
        assert row.test_accuracy.mean == pytest.approx(last["test_accuracy"].mean())
        assert row.robustness is not None
        assert row.robustness.mean == pytest.approx(np.mean([values[0] for values in last["robustness"]]))
        assert row.robustness.std == pytest.approx(
            np.std([values[0] for values in last["robustness"]], ddof=1)
        )
    assert report.epsilon == 0.05


def test_three_settings_are_too_few_for_a_verdict(report: MiningReport) -> None:
    assert report.relation.settings == 3
    assert report.relation.falls == "undecided"
    assert report.verdict.startswith("A network more robust against FGSM is outvoted less often: undecided (")


def test_a_sweep_without_fgsm_is_set_against_test_accuracy(noises: Path) -> None:
    report = summarise_mining(open_sweep(OpenedRun(RunFolder(noises))))
    assert report.epsilon is None
    assert "with a higher test accuracy" in report.verdict
    plain, noisy = report.settings
    assert plain.outvoted is not None
    assert noisy.outvoted is not None
    assert plain.outvoted.as_noise is None
    rows = MinedSettings(noises).read(noisy.setting).mistakes.to_pylist()
    assert noisy.outvoted.as_noise == np.mean([row["predicted"] == 10 for row in rows])
    assert plain.figure == plain.test_accuracy
    assert "noise is the answer in at most" in drawn_table(report)


def test_the_table_fits_a_terminal_and_shows_each_setting(report: MiningReport) -> None:
    text = drawn_table(report)
    assert all(len(line) <= 80 for line in text.splitlines())
    first = report.settings[0].outvoted
    assert first is not None
    for row in report.settings:
        assert row.setting in text
    assert first.success.percent() in text
    assert "FGSM: the same after a step of 0.05" in text


def test_every_setting_is_drawn(report: MiningReport, figures: list[Figure], tmp_path: Path) -> None:
    draw_outvoted(report, tmp_path / "outvoted.png")
    opened(tmp_path / "outvoted.png")
    left, right = figures[0].axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["T = 1/10", "T = 1", "T = 4"]
    assert [text.get_text() for text in right.texts] == ["T = 1/10", "T = 1", "T = 4"]
    first = report.settings[0].outvoted
    assert first is not None
    assert first.success.value is not None
    assert np.asarray(left.lines[0].get_xdata())[0] == pytest.approx(100 * first.success.value)


def test_long_labels_are_numbered(noises: Path, tmp_path: Path, figures: list[Figure]) -> None:
    draw_outvoted(summarise_mining(open_sweep(OpenedRun(RunFolder(noises)))), tmp_path / "outvoted.png")
    left, right = figures[0].axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["all  1", "all+uniform-0-255-x3  2"]
    assert [text.get_text() for text in right.texts] == ["1", "2"]


def test_what_could_not_be_mined_says_why_and_the_others_stay(changed: Change, report: MiningReport) -> None:
    sweep = changed()
    reason = str(OutvotedError("15 seeds", "3 among 750 drawn", "train longer"))
    MinedSettings(sweep.store.path).fail("T1", reason)
    found = summarise_mining(sweep)
    assert (found.settings[0], found.settings[2]) == (report.settings[0], report.settings[2])
    assert (found.settings[1].unmined, found.settings[1].outvoted) == (reason, None)
    assert found.settings[1].networks == 3
    assert "T1: 3 among 750 drawn" in drawn_table(found)
    assert found.relation.settings == 2


def test_a_setting_with_an_untrained_network_is_not_mined(changed: Change) -> None:
    sweep = changed()
    (sweep.store.path / "trials" / "T4.seed-1.parquet").unlink()
    row = summarise_mining(sweep).settings[2]
    assert (row.networks, row.outvoted) == (2, None)
    assert row.unmined == "not all of its networks are trained"


def test_a_sweep_that_is_extended_or_searched_otherwise_is_to_be_mined_again(
    changed: Change, temperatures: Path
) -> None:
    other = MINING.model_copy(update={"search": MINING.search.model_copy(update={"per_target": 16})})
    sweep = changed({"mining": other.model_dump(mode="json")})
    assert all("changed" in str(row.unmined) for row in summarise_mining(sweep).settings)
    fewer = sweep.record.model_copy(
        update={"config": {**open_sweep(OpenedRun(RunFolder(temperatures))).record.config, "seeds": [0, 1]}}
    )
    sweep.store.folder.write_record(fewer)
    rows = summarise_mining(open_sweep(OpenedRun(RunFolder(sweep.store.path)))).settings
    assert all("changed" in str(row.unmined) and row.networks == 2 for row in rows)


def test_what_is_not_mined_yet_is_drawn_without_a_point(changed: Change, figures: list[Figure]) -> None:
    sweep = changed()
    shutil.rmtree(sweep.store.path / "searches")
    report = summarise_mining(sweep)
    draw_outvoted(report, sweep.store.path / "outvoted.png")
    assert {row.unmined for row in report.settings} == {"not mined yet; continue with --resume"}
    assert "T0.1, T1, T4: not mined yet" in drawn_table(report)
    assert report.relation.settings == 0
    left, right = figures[0].axes
    assert [text.get_text() for text in left.texts] == ["not mined"] * 3
    assert not right.texts


def test_a_sweep_that_is_not_mined_says_how_to(changed: Change) -> None:
    with pytest.raises(OutvotedError, match=r"--resume --set mining\.search\.per_target=100"):
        summarise_mining(changed({"mining": None}))


def test_most_voters_count_where_several_numbers_were_tried(
    changed: Change, digits: Dataset, referee: Member
) -> None:
    several = MINING.model_copy(update={"search": MINING.search.model_copy(update={"voters": (2, 1)})})
    sweep = changed({"mining": several.model_dump(mode="json")})
    setting = sweep.settings[1]
    panel = sweep.panel(setting)
    assert panel is not None
    images = Images(digits.train, digits.shape, digits.classes)
    mined = mine_panel(several.search, panel, images, 10, referee)
    MinedSettings(sweep.store.path).write("T1", mined, several.origin(panel, digits.fingerprint))
    found = summarise_mining(sweep).settings[1].outvoted
    assert found is not None
    rows = mined.searches.filter(pa.compute.equal(mined.searches["voters"], 2)).to_pylist()
    assert found.success.hits == sum(row["outcome"] == "mistake" for row in rows)
    assert found.success.of == 45


def test_temperatures_read_as_one_writes_them() -> None:
    said = {"T0.015625": "T = 1/64", "T0.5": "T = 1/2", "T1": "T = 1", "T16": "T = 16", "T0.3": "T = 0.3"}
    assert {label: spoken(label) for label in said} == said
    for other in ("all+uniform", "T", "T1.", "T1+noise", "Tx"):
        assert spoken(other) == other
