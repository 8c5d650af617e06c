"""The networks of a healing run: a panel for each repeat, and one referee."""

from dataclasses import dataclass

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import Arm, Step, Use, keyed
from outvoted.actors.healing.course import Panels
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.healing.healing import Healer, moved_split
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.networks import Train, kept, run_referee


@dataclass(frozen=True)
class HealNetworks:
    """Takes networks from a run that is resumed, or has them trained."""

    config: HealConfig
    store: HealStore
    data: Dataset
    train: Train

    def panels(self) -> Panels:
        """Return the panel of each repeat before healing."""
        return {seed: self._panel(seed) for seed in self.config.heal.seeds}

    def healer(self) -> Healer:
        """Return what all steps have in common: the referee and the moved test images among it."""
        config = self.config
        key = keyed(Use.MOVE_TEST, config.search.seed)
        moved = moved_split(config.search.transform, self.data.test, config.heal.test_moves, key)
        training, batch = config.panel.training, config.panel.batch
        return Healer(config.heal, config.search, training, self.data, moved, self._referee(), batch)

    def _panel(self, seed: int) -> tuple[Member, ...]:
        wanted = panel_settings.recipes(repeated(self.config.panel, seed), None)
        folder = self.store.weights(Step(seed, Arm.START, 0))
        if (folder / members.TABLE).exists():
            return tuple(kept(folder, wanted))
        return tuple(self.train(wanted))

    def _referee(self) -> Member | None:
        if self.config.referee is None:
            return None
        wanted = panel_settings.referee_recipe(self.config.referee)
        return run_referee(self.store.folder.referee, wanted, self.train)


def repeated(panel: PanelSettings, seed: int) -> PanelSettings:
    """Return a panel's settings for a repeat, in which no peer shares its training seed with another's."""
    training = panel.training
    first = training.seed + seed * len(panel.networks)
    return panel.model_copy(update={"training": training.model_copy(update={"seed": first})})
