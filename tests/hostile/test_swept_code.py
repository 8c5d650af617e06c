"""Reading a sweep of any keys runs nothing that its configuration, its points or its trials' runs name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from outvoted import Result
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.search.errors import OutvotedError
from tests.analysis.tuning.made_up import KEYS, MINE, drawn, likely, row, write_sweep
from tests.hostile.conftest import Outvoted, Payload

CLIMB = {"kind": "payload:Climb"}
FACTORY = {"kind": "python", "factory": "payload:make"}
SWEEPS: Mapping[str, Mapping[str, Any]] = {
    "a value that is varied": {"vary": {**KEYS, "search.strategy": {"choice": ["payload:Climb", CLIMB]}}},
    "a condition": {"vary": {**KEYS, "search.seed": {"grid": [1], "when": {"search.strategy": CLIMB}}}},
    "a network that is varied": {"vary": {**KEYS, "panel.networks.0": {"grid": [FACTORY]}}},
    "the configuration that is varied": {"mine": {**MINE, "search": {"strategy": CLIMB}}},
    "what chooses points": {"algorithm": CLIMB},
    "nothing but the trials": {},
}


@pytest.fixture
def swept(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A sweep that names code in one place, and in the points and the runs of its trials."""
    path = tmp_path / "runs" / "swept"
    points = [{**point, "search.strategy": "payload:Climb"} for point in drawn(3)]
    trials = [row(k, point, likely({})) for k, point in enumerate(points)]
    write_sweep(path, trials, **SWEEPS[request.param])
    for trial in trials:
        run = RunFolder(path / "runs" / f"trial-{trial.number:04d}")
        run.path.mkdir(parents=True)
        config = {**MINE, "search": {"strategy": CLIMB}, "panel": {"networks": [FACTORY, FACTORY]}}
        run.write_record(
            RunRecord(name=run.path.name, kind="mine", state=State.FINISHED, config=config, versions={})
        )
    return path


@pytest.mark.parametrize("swept", SWEEPS, indirect=True)
@pytest.mark.parametrize("options", [("report",), ("sweep", "--best"), ("sweep", "--trial", "1"), ("runs",)])
def test_reading_a_sweep_runs_no_code(
    options: tuple[str, ...], swept: Path, payload: Payload, outvoted: Outvoted
) -> None:
    command, *others = options
    code, said = outvoted(command, *(("--runs", swept.parent) if command == "runs" else (swept, *others)))
    assert not payload.ran
    assert code in (0, 2), said


@pytest.mark.parametrize("swept", ["nothing but the trials"], indirect=True)
def test_a_trial_that_names_code_is_given_only_to_who_trusts_it(
    swept: Path, payload: Payload, outvoted: Outvoted
) -> None:
    for options in (("--best",), ("--trial", "1")):
        code, said = outvoted("sweep", swept, *options)
        assert code == 2, said
        assert "payload:" in said
        assert "--trust" in said
    with pytest.raises(OutvotedError, match="payload:"):
        Result.load(swept).best  # noqa: B018
    assert not payload.ran


@pytest.mark.parametrize("swept", ["nothing but the trials"], indirect=True)
def test_no_link_leads_from_a_sweep_to_a_trial_elsewhere(
    swept: Path, payload: Payload, outvoted: Outvoted
) -> None:
    trial = swept / "runs" / "trial-0001"
    trial.rename(swept.parent / "elsewhere")
    trial.symlink_to(swept.parent / "elsewhere")
    code, said = outvoted("sweep", swept, "--trial", "1")
    assert code == 2, said
    assert "which leads to" in said
