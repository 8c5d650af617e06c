"""How trials are scheduled: by the rule that the sweep names, for its metric."""

import pytest
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, MedianStoppingRule

from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.cluster.jobs.sweep import Stopping, TrialSettings
from outvoted.cluster.jobs.sweep.trials import Stage
from outvoted.cluster.jobs.sweep.tuning import _scheduler


@pytest.mark.parametrize(
    ("rule", "kind"), [("none", FIFOScheduler), ("asha", ASHAScheduler), ("median", MedianStoppingRule)]
)
@pytest.mark.parametrize(("metric", "mode"), [("test_accuracy", "max"), ("loss", "min")])
def test_each_rule_has_its_scheduler(rule: str, kind: type, metric: str, mode: str) -> None:
    stopping = Stopping.model_validate({"rule": rule, "metric": metric, "grace": 50})
    found = _scheduler(Stage((), TemperatureExperiment(), Training(epochs=3), TrialSettings(), stopping))
    assert type(found) is kind
    if rule != "none":
        assert (vars(found)["_metric"], vars(found)["_mode"]) == (metric, mode)
