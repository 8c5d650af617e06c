"""Ray Tune as a thin shell: it places trials on machines, keeps their processes, and stops those that lag.

What is tried is decided elsewhere, and what comes of it is recorded elsewhere: Tune is never asked to resume.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune

TRIES_AFTER_DEATH = 3
"""How often a trial whose process died is begun again."""
_ENVIRONMENT = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends a sweep as it ends every command
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # CSV, and a TensorBoard of its own
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # what it would resume from: all trials, again and again
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the progress bar says it
}


def run_tuner(
    trainable: Any,
    resources: Mapping[str, float],
    how: tune.TuneConfig,
    folder: Path,
    callbacks: Sequence[tune.Callback],
    space: Mapping[str, Any] | None = None,
) -> Any:
    """Run trials until each has ended, and return Tune's results.

    Args:
        trainable: a function or class of Tune's.
        resources: what each trial takes, by Tune's names ``cpu`` and ``gpu``.
        how: what suggests trials, and what stops them.
        folder: where Tune may write.
        callbacks: are told of trials; what they raise ends the run.
        space: from which trials come where ``how`` has no search algorithm.
    """
    with _quietly():
        tuner = tune.Tuner(
            tune.with_resources(trainable, dict(resources)),
            param_space=dict(space or {}),
            tune_config=how,
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(folder.resolve()),
                verbose=0,
                callbacks=list(callbacks),
                failure_config=tune.FailureConfig(max_failures=TRIES_AFTER_DEATH),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        return tuner.fit()


@contextmanager
def _quietly() -> Iterator[None]:
    """Have Tune write and say nothing of its own within the block, unless the user has set it otherwise."""
    unset = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    logger = logging.getLogger("ray.tune")
    level = logger.level
    os.environ.update(unset)
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
        for name in unset:
            os.environ.pop(name, None)
