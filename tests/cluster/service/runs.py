"""Runs in a service's folder that were never made."""

from typing import Any

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.service.service import Service

SMALL: dict[str, Any] = {
    "data": {"name": "mnist-sample"},
    "panel": {"networks": [{"kind": "mlp", "hidden": hidden} for hidden in (6, 12, 18)]},
    "referee": None,
    "search": {"per_target": 20, "patience": 30},
}


def recorded(service: Service, name: str, state: State = State.FINISHED, **more: Any) -> RunFolder:
    """Write the `run.json` of a small run of `mine`."""
    store = RunFolder(service.runs / name)
    config = MineConfig.model_validate(SMALL).model_dump(mode="json")
    store.write_record(RunRecord(name=name, kind="mine", state=state, config=config, versions={}, **more))
    return store
