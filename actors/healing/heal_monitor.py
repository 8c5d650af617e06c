"""What TensorBoard shows of healing: one curve for each arm and repeat, against the round."""

from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from outvoted.actors.healing.healing import Round
from outvoted.actors.runs.files import unwritable

_FIGURES = ("success", "validity", "clean_accuracy", "moved_accuracy", "held_out_wrong", "added")


class HealMonitor:
    """Writes every recorded round; TensorBoard lays the arms, each a folder of its own, over one another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def round(self, found: Round) -> None:
        """Add a point to the curves of an arm: of each peer, and of their mean."""
        step, rows = found.step, found.rows.to_pandas()
        folder = self._folder / f"{step.arm}-{step.repeat}"
        try:
            with SummaryWriter(str(folder)) as writer:
                for name in _FIGURES:
                    values = rows[name].astype(float)
                    for peer, value in zip(rows["target_name"], values, strict=True):
                        writer.add_scalar(f"{name}/{peer}", value, step.round)
                    writer.add_scalar(f"{name}/mean", values.mean(), step.round)
        except OSError as error:
            raise unwritable(folder, error) from error
