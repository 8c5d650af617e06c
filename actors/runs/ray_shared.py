"""What the Ray actors share.

The files named ``ray_*`` are the thin shell of actors and tasks around peers, coordinators, training and
the recorder. Nothing is decided there, and each imports only what its process needs. Actors restart
without limit and their calls are made again: every call is a pure function of its arguments, or writes
under a name that follows from them. (Ray pickles actor classes by value, which fails for code that names
the module ``torch``.)
"""

from typing import Any

FOREVER = {"max_restarts": -1, "max_task_retries": -1}

Placed = tuple[Any, Any]
"""Object references of a Member (or None) and of Images. The driver holds them for as long as actors may
restart; inside a tuple they reach an actor as references, which Ray can hand to it again."""
