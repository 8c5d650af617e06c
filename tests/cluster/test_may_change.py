"""Which keys a resumed run may change: what only adds to it, or changes none of its results."""

import pytest

from outvoted.cluster.configuration.explaining import may_change
from outvoted.cluster.jobs.kinds import KINDS

MAY = {
    "mine": ("cluster.cells", "search.per_target", "data.path"),
    "scan": ("cluster.panels", "data.path"),
    "compare": ("cluster.cells", "search.per_target", "data.path", "strategies", "map.bins"),
    "heal": ("cluster.num_cpus", "data.path", "heal.rounds", "heal.least", "heal.steady"),
    "sweep": (
        *("seeds", "trial.num_cpus", "stopping.rule", "mining", "mining.search.patience", "data.path"),
        *("experiment.temperatures", "experiment.fractions", "experiment.selections", "experiment.noises"),
    ),
    "study": ("cluster.num_gpus", "data.path", "study.families", "study.labellers.number"),
}
MAY_NOT = {
    "mine": ("search.seed", "search.patience", "search", "data.name", "panel.networks", "referee", "clustr"),
    "scan": ("scan.batch", "scan.source.path", "scan.source", "train_on", "panel"),
    "compare": ("search.patience", "panel.training.epochs"),
    "heal": ("search.per_target", "heal.seeds", "heal.weight", "heal"),
    "sweep": ("training.epochs", "experiment.pixels", "experiment.network.hidden", "experiment.sorted_by"),
    "study": ("study.kind", "study.frames", "study.generator", "referee.network"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_adds_to_a_run_may_change_and_nothing_else(kind: str) -> None:
    form = KINDS[kind].form
    assert [key for key in MAY[kind] if not may_change(form, key)] == []
    assert [key for key in MAY_NOT[kind] if may_change(form, key)] == []
