"""Runs as values: ``run(MineConfig(search=SearchSettings(per_target=100)))``; keys as in YAML."""

from outvoted.actors.healing.arms import HealSettings
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.analysis.tuning.variation import Variation
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.scan import ScanConfig, ScanSettings
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.sweep import Stopping, SweepConfig, TrialSettings
from outvoted.cluster.jobs.tune import Replicates, TrialShare, TrialStopping, TuneConfig
from outvoted.cluster.ray.layout import PlacementSettings
from outvoted.cluster.ray.placement import PoolSettings, TaskSettings
from outvoted.search.search_settings import SearchSettings

__all__ = [
    "BoundaryStudy",
    "CompareConfig",
    "HealConfig",
    "HealSettings",
    "InterpolationStudy",
    "MineConfig",
    "Mining",
    "MorphStudy",
    "NoiseClassExperiment",
    "PanelSettings",
    "PlacementSettings",
    "PoolSettings",
    "RefereeSettings",
    "Replicates",
    "ScanConfig",
    "ScanSettings",
    "SearchSettings",
    "Stopping",
    "StudyConfig",
    "SweepConfig",
    "TaskSettings",
    "TemperatureExperiment",
    "TrialSettings",
    "TrialShare",
    "TrialStopping",
    "TuneConfig",
    "Variation",
]
