"""The folder of a run, under the name that callers know it by."""

from outvoted.actors.runs.run_folder import RunFolder as RunStore

__all__ = ["RunStore"]
