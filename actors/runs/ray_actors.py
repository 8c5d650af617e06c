"""What all Ray actors have in common.

They restart without limit and their calls are made again: every call is a pure function of its arguments, or
writes under a name that follows from them.
"""

FOREVER = {"max_restarts": -1, "max_task_retries": -1}
"""The options of an actor that restarts without limit."""
