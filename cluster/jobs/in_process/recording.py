"""The record of a run that is made in this process."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from outvoted.actors.networks.computing import check_device, computing_on
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.cluster.jobs.in_process.base import Making, Milestone
from outvoted.cluster.jobs.runs import EarlyStopError, data_record, open_record, recorded_inside
from outvoted.search.errors import OutvotedError


def finished(run: Making[Any]) -> bool:
    """Return whether a run was made already, exactly as it is configured."""
    try:
        record = run.store.glance()
    except OutvotedError:  # there is none yet, or one that says more where it is opened
        return False
    return record.state == State.FINISHED and record.config == run.config.model_dump(mode="json")


@contextmanager
def recording(run: Making[Any], kind: str) -> Iterator[RunRecord]:
    """Keep `run.json` true to what happens within the block, of a run that is new or goes on.

    What :func:`tell` stops ends with the block, not with an error: the run is interrupted then.

    Raises:
        OutvotedError: the folder has another run, or one that is damaged or at work; or the disk refuses.
    """
    resumed = (run.store.path / "run.json").exists()
    record = open_record(run.store, kind, run.config, resumed, data_record(run.data))
    with suppress(EarlyStopError), recorded_inside(run.store, record):
        yield record


def placed(run: Making[Any]) -> AbstractContextManager[None]:
    """Compute where the run is to within the block; with ``auto`` where this process does anyway.

    Raises:
        OutvotedError: this machine lacks the device.
    """
    device = run.config.device
    if device == "auto":
        return nullcontext()
    check_device(device)
    return computing_on(device)


def tell(run: Making[Any], milestone: Milestone) -> None:
    """Say that a run has come to a milestone.

    Raises:
        EarlyStopError: it is to end there.
    """
    goes_on = run.heard is None or run.heard(milestone)
    if not goes_on and milestone.number < milestone.of:
        raise EarlyStopError(
            f"stopped after {milestone.number} of {milestone.of} parts, by the sweep that it is a trial of; "
            "--resume makes the rest"
        )
