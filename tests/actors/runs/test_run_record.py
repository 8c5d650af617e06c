"""`run.json`: what a run says of itself survives being written, and newer keys don't harm."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from outvoted.actors.runs.run_folder import DataRecord, Figures, RunRecord, State
from outvoted.search.errors import OutvotedError

LEAST: dict[str, Any] = {"name": "run", "state": "running", "config": {}, "versions": {}}


def test_a_record_reads_back() -> None:
    record = RunRecord(
        name="run",
        state=State.INTERRUPTED,
        config={"search": {"seed": 2**63 - 1, "strategy": {"kind": "hillclimb"}}, "referee": None},
        versions={"torch": "2.13.0"},
        data=DataRecord(name="mnist", fingerprint="ab", train=3, test=2),
        panel_fingerprint="cd",
        figures={"replicas": 5, "searches": 15, "seconds": 1.25},
        message="interrupted",
    )
    assert RunRecord.model_validate_json(record.model_dump_json()) == record


def test_a_new_record_claims_nothing() -> None:
    record = RunRecord.model_validate(LEAST)
    assert (record.data, record.panel_fingerprint, record.message) == (None,) * 3
    assert record.figures == {}


class Counted(Figures):
    """What a kind might count."""

    images: int | None = None
    seconds: float = 0.0


def test_figures_of_a_kind_are_kept_and_told_where_they_are_wrong() -> None:
    record = RunRecord.model_validate(LEAST)
    assert Counted.of(record) == Counted()
    Counted(images=3, seconds=0.5).put(record)
    assert Counted.of(RunRecord.model_validate_json(record.model_dump_json())) == Counted(
        images=3, seconds=0.5
    )
    record.figures["images"] = "many"
    with pytest.raises(OutvotedError, match=r"figures\.images"):
        Counted.of(record)


def test_times_are_in_utc() -> None:
    before = datetime.now(UTC)
    record = RunRecord.model_validate(LEAST)
    assert before <= record.created_at <= record.updated_at <= datetime.now(UTC)
    assert record.created_at.utcoffset() == before.utcoffset()


def test_keys_of_later_versions_are_passed_over() -> None:
    assert RunRecord.model_validate(LEAST | {"cells_used": 4}).name == "run"


@pytest.mark.parametrize("state", list(State))
def test_states_are_plain_words_in_the_file(state: State) -> None:
    record = RunRecord.model_validate(LEAST | {"state": state})
    assert json.loads(record.model_dump_json())["state"] == state.value


@pytest.mark.parametrize(
    "wrong",
    [{"state": "asleep"}, {"format": "outvoted run 1"}, {"kind": "../mine"}, {"config": []}, {"name": None}],
)
def test_what_is_no_record_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RunRecord.model_validate(LEAST | wrong)
