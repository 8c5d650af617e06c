"""The networks that healing begins with: a panel for each repeat, and the referee."""

from dataclasses import dataclass

from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import Arm, Step
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe
from outvoted.cluster.jobs.heal_config import HealConfig
from outvoted.cluster.jobs.panel_training import kept, run_referee, trained
from outvoted.cluster.ray.placement import Share


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
        wanted = panel_settings.recipes(repeated(self.config.panel, seed), None)
        folder = self.store.weights(Step(seed, Arm.START, 0))
        if (folder / members.TABLE).exists():
            return tuple(kept(folder, wanted))
        return self._trained(wanted)

    def referee(self) -> Member | None:
        """Return the network that judges mistakes, the same for all repeats, if there is to be one."""
        if self.config.referee is None:
            return None
        wanted = panel_settings.referee_recipe(self.config.referee)
        store = self.store
        return run_referee(store.referee, store.panels, wanted, self.data, self.each, self.progress)

    def _trained(self, wanted: tuple[Recipe, ...]) -> tuple[Member, ...]:
        shelf = self.store.panels / panel_settings.key(wanted, self.data.fingerprint)
        found = trained(shelf, wanted, self.data, self.each, self.progress, lambda name, epoch: None)
        return tuple(found)


def repeated(panel: PanelSettings, seed: int) -> PanelSettings:
    """Return a panel's settings for a repeat, in which no peer shares its training seed with another's."""
    training = panel.training
    first = training.seed + seed * len(panel.networks)
    return panel.model_copy(update={"training": training.model_copy(update={"seed": first})})
