"""Read by every Python that finds it on its path: the one that starts a head of Ray forks workers for it."""

import sys
from pathlib import Path

if "ray.scripts.scripts" in sys.orig_argv:
    sys.path.append(str(Path(__file__).parents[3]))
    from tests.forking.workers import forked_workers

    _forking = forked_workers()
    _forking.__enter__()  # until the process ends
