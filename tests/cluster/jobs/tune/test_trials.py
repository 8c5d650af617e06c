"""What a sweep's driver records of trials, and what of it counts when the sweep goes on."""

from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, TrialRow, TrialScore, TunedStore
from outvoted.analysis.tuning.schedule import Order, Schedule
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune import trials as module
from outvoted.cluster.jobs.tune.trials import JudgedBy, Trials, check_recorded, recorded
from outvoted.search.errors import OutvotedError

MANY = 40


def _config(**values: Any) -> TuneConfig:
    vary = {"search.patience": list(range(10, 10 + MANY))}
    return TuneConfig.model_validate(
        {"mine": {}, "vary": vary, "objectives": "success", "parallel": 100, **values}
    )


def _row(number: int, point: str, outcome: str = FINISHED) -> TrialRow:
    score = TrialScore("success", None, number / MANY, 0.0, 1.0, 10)
    why = "ValueError: why" if outcome == FAILED else None
    return TrialRow(number, point, outcome, why, None, 1, 1, 1.0, (score,) if outcome == FINISHED else ())


def _session(folder: Path, config: TuneConfig, outcome: str) -> list[int]:
    """Have all trials end that have not, and return their numbers."""
    store, space, judged = TunedStore(folder), config.space(), JudgedBy(config)
    rows = store.read()
    before = recorded(config, space, rows, folder, 1)
    schedule = Schedule(config.chosen, space, judged.goals, Order(config.trials, config.parallel, 0), before)
    trials, made = Trials(config, space, schedule, store, rows, lambda row: None), list[int]()
    while (task := trials.next()) is not None:
        made.append(task.number)
        trials.end(_row(task.number, task.point, outcome))
    trials.join()
    return made


def test_trials_that_failed_are_made_again_and_their_files_joined_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST", 36)
    config = _config()
    assert _session(tmp_path, config, FAILED) == list(range(MANY))
    assert len(list((tmp_path / "points").iterdir())) < MANY
    assert _session(tmp_path, config, FINISHED) == list(range(MANY))
    assert [row.outcome for row in TunedStore(tmp_path).read()] == [FINISHED] * MANY
    assert [row.scores[0].value for row in TunedStore(tmp_path).read()] == [n / MANY for n in range(MANY)]


def test_a_sweep_does_not_go_on_without_a_key_that_trials_have_values_of() -> None:
    rows = [_row(0, '{"search.patience": 10, "search.voters": 2}')]
    with pytest.raises(OutvotedError, match=r"search\.voters among the keys of vary"):
        check_recorded(_config().space(), rows)
    check_recorded(_config().space(), [_row(0, '{"search.patience": 7}')])
