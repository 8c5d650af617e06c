"""The networks that healing begins with: a panel for each repeat, and the referee."""

from dataclasses import dataclass

from rich.progress import Progress as Bars

from outvoted.actors import members, panel_settings
from outvoted.actors.arms import Arm, Step
from outvoted.actors.datasets import Dataset
from outvoted.actors.heal_store import HealStore
from outvoted.actors.member import Member
from outvoted.actors.panel_settings import PanelSettings, Recipe
from outvoted.cluster.heal_config import HealConfig
from outvoted.cluster.panel_training import trained
from outvoted.cluster.placement import Share


@dataclass(frozen=True)
class Networks:
    """Takes networks from the run if it goes on, else from the shelf of trained panels, or trains them."""

    config: HealConfig
    store: HealStore
    data: Dataset
    each: Share
    progress: Bars

    def panel(self, seed: int) -> tuple[Member, ...]:
        """Return the panel of a repeat before healing."""
        folder = self.store.weights(Step(seed, Arm.START, 0))
        if (folder / members.TABLE).exists():
            return tuple(members.load(folder))
        return self._trained(panel_settings.recipes(repeated(self.config.panel, seed), None))

    def referee(self) -> Member | None:
        """Return the network that judges mistakes, the same for all repeats, if there is to be one."""
        config, folder = self.config, self.store.referee
        if config.referee is None:
            return None
        if not (folder / members.TABLE).exists():
            members.save(folder, self._trained(panel_settings.recipes(config.panel, config.referee)[-1:]))
        return members.load(folder)[0]

    def _trained(self, wanted: tuple[Recipe, ...]) -> tuple[Member, ...]:
        shelf = self.store.panels / panel_settings.key(wanted, self.data.fingerprint)
        found = trained(shelf, wanted, self.data, self.each, self.progress, lambda name, epoch: None)
        return tuple(found)


def repeated(panel: PanelSettings, seed: int) -> PanelSettings:
    """Return a panel's settings for a repeat, in which no peer shares its training seed with another's."""
    training = panel.training
    first = training.seed + seed * len(panel.networks)
    return panel.model_copy(update={"training": training.model_copy(update={"seed": first})})
