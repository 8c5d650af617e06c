"""Laws of the kinds of runs; what only adds to a run, or changes no result, may change when it is resumed."""

from pathlib import Path

import pytest

from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.cluster.jobs.kinds import COMMANDS, ENTRIES, KINDS, check_offers, kind_at, kind_of, read
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import may_change

MAY = {
    "mine": ("cluster.cells", "search.per_target", "data.path"),
    "scan": ("cluster.panels", "data.path"),
    "compare": ("cluster.cells", "search.per_target", "data.path", "strategies", "map.bins"),
    "heal": ("cluster.num_cpus", "data.path", "heal.rounds", "heal.least", "heal.steady"),
    "sweep": (
        *("seeds", "trial.num_cpus", "stopping.rule", "mining", "mining.search.patience", "data.path"),
        *("experiment.temperatures", "experiment.fractions", "experiment.selections", "experiment.noises"),
    ),
    "tune": ("vary", "vary.search.patience.grid", "trials", "replicates.seeds", "trial.num_cpus", "device"),
    "study": ("cluster.num_gpus", "data.path", "study.families", "study.labellers.number"),
}
MAY_NOT = {
    "mine": ("search.seed", "search.patience", "search", "data.name", "panel.networks", "referee", "clustr"),
    "scan": ("scan.batch", "scan.source.path", "scan.source", "train_on", "panel"),
    "compare": ("search.patience", "panel.training.epochs"),
    "heal": ("search.per_target", "heal.seeds", "heal.weight", "heal"),
    "sweep": ("training.epochs", "experiment.pixels", "experiment.network.hidden", "experiment.sorted_by"),
    "tune": (
        "objectives",
        "algorithm",
        "parallel",
        "seed",
        "mine.search.patience",
        "heal",
        "stopping.rule",
    ),
    "study": ("study.kind", "study.frames", "study.generator", "referee.network"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_adds_to_a_run_may_change_and_nothing_else(kind: str) -> None:
    form = KINDS[kind].form
    assert [key for key in MAY[kind] if not may_change(form, key)] == []
    assert [key for key in MAY_NOT[kind] if may_change(form, key)] == []


def record(kind: str) -> RunRecord:
    return RunRecord(name="x", kind=kind, state=State.RUNNING, config={}, versions={})


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_told_by_its_configuration_its_file_and_its_record(name: str) -> None:
    kind, example = KINDS[name], Path(ENTRIES[name].example)
    assert kind_of(read(kind.form, example)) is kind_at(example) is kind_of(record(name)) is kind


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_the_one_of_its_entry(name: str) -> None:
    assert KINDS[name].name == name
    assert ENTRIES[name].does.endswith(".")
    assert KINDS[name].command == ENTRIES[name].command
    assert ENTRIES[name] in COMMANDS[command_of(name)]


def test_a_kind_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(OutvotedError, match=r"mine, scan, compare, heal, sweep, tune, study(.|\n)*train"):
        kind_of(record("train"))


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_is_of_no_use_for_says_which_are(name: str) -> None:
    if "replay" in KINDS[name].offers:
        check_offers(record(name), "replay", "whose mistakes can be rebuilt")
        return
    with pytest.raises(
        OutvotedError, match=rf"`outvoted mine`, whose(.|\n)*x, a run of `outvoted {command_of(name)}`"
    ):
        check_offers(record(name), "replay", "whose mistakes can be rebuilt")
