"""What TensorBoard shows of a sweep of any keys: a line of hyper-parameters and scores for each trial."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard.summary import hparams
from torch.utils.tensorboard.writer import SummaryWriter

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.watching import Watched, spares_the_run
from outvoted.actors.sweeps.tuned_store import TrialRow, trial_name


class TunedMonitor(Watched):
    """Writes a file for each trial that has ended and closes it, so that a long sweep keeps none open."""

    def __init__(self, folder: Path) -> None:
        """Take the sweep's folder."""
        self._folder = RunFolder(folder).tensorboard

    @spares_the_run
    def trial(self, row: TrialRow) -> None:
        """Write a trial's point, and what was measured over all its runs."""
        scores = {
            score.measure: score.value
            for score in row.scores
            if score.run is None and score.value is not None and math.isfinite(score.value)
        }
        with SummaryWriter(str(self._folder / trial_name(row.number))) as writer:
            for summary in hparams(_plain(json.loads(row.point)), scores):
                writer.file_writer.add_summary(summary, row.number)
            for name, value in scores.items():
                writer.add_scalar(name, value, row.number)


def _plain(point: Mapping[str, Any]) -> dict[str, float | str]:
    """Return values that TensorBoard knows, numbers and texts; whatever else is written as JSON."""

    def known(value: Any) -> bool:
        return isinstance(value, int | float | str) and not isinstance(value, bool)

    return {key: value if known(value) else json.dumps(value) for key, value in point.items()}
