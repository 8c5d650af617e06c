"""Mining a panel as a Ray task."""

import ray

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.panel_mining import Mined, mine_panel
from outvoted.actors.networks.member import Member
from outvoted.actors.networks.threads import use_one_thread
from outvoted.search.search_settings import SearchSettings


@ray.remote(max_retries=3)
def mine_panel_remotely(
    search: SearchSettings,
    panel: tuple[Member, ...],
    images: Images,
    classes: int,
    referee: Member | None,
) -> Mined:
    """Mine one panel, peers and referee in one process with one thread."""
    use_one_thread()
    return mine_panel(search, panel, images, classes, referee)
