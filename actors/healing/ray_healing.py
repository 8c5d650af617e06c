"""A round of healing as a Ray task."""

import ray

from outvoted.actors.healing.healing import Healer, Round, Task
from outvoted.actors.networks.computing import use_one_thread


@ray.remote(max_retries=-1)
def heal_remotely(healer: Healer, task: Task) -> Round:
    """Run one step, panel and all, in one process with one thread."""
    use_one_thread()
    return healer.run(task)
