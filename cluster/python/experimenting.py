"""Sweeps and studies from Python, which train networks of their own: runs on Ray, into a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Never

from outvoted.actors.data.datasets import AnyData
from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.actors.training.steps import Training
from outvoted.analysis.studies.kinds import AnyStudy
from outvoted.analysis.sweeps.kinds import AnyExperiment
from outvoted.cluster.python.configured import RUNS, Config, Where, given, refuse_unknown
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.running import on_ray
from outvoted.cluster.storage.urls import folder_of

Data = AnyData | Mapping[str, Any] | str


@undisturbed()
def sweep(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    config: Config | None = None,
    *,
    experiment: AnyExperiment | Mapping[str, Any] | str | None = None,
    data: Data | None = None,
    training: Training | Mapping[str, Any] | None = None,
    seeds: Sequence[int] | None = None,
    mining: Mining | Mapping[str, Any] | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Train and measure networks of many settings.

    Args:
        config: a configuration, as for :func:`outvoted.mine`; or leave it out and say ``experiment``.
        experiment: what is varied, say ``configs.TemperatureExperiment()`` or ``"temperature"``.
        data: known images by name, or settings such as ``data.Npz(path=...)``.
        training: how every network is trained.
        seeds: a network of each setting for each.
        mining: mine the networks of each setting as well, say ``configs.Mining()``.
        progress: show bars.
        address: "local" (if left out), "auto" or the HOST:PORT of a Ray cluster: a sweep needs Ray.
        name, resume, runs: as for :func:`outvoted.run`.
        unknown: any other keyword is refused.

    Raises:
        OutvotedError: what the command line would print.
    """
    refuse_unknown(sweep, unknown, "sweep(...)")
    sections = given(
        experiment=_kind(experiment), data=_named(data), training=training, seeds=seeds, mining=mining
    )
    where = Where(address, name, resume, folder_of(runs), progress)
    return on_ray("sweep", *_subject(config, sections), where)


@undisturbed()
def study(  # noqa: PLR0913 - see above
    config: Config | None = None,
    *,
    study: AnyStudy | Mapping[str, Any] | str | None = None,
    data: Data | None = None,
    panel: PanelSettings | Mapping[str, Any] | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Show a panel images between classes.

    Args:
        config: a configuration, as for :func:`outvoted.mine`; or leave it out and say ``study``.
        study: which images are made, say ``configs.MorphStudy()`` or ``"morphs"``.
        data: known images by name, or settings such as ``data.Npz(path=...)``.
        panel: the networks.
        progress, address, name, resume, runs: as for :func:`outvoted.sweep`.
        unknown: any other keyword is refused.

    Raises:
        OutvotedError: what the command line would print.
    """
    refuse_unknown(_STUDY, unknown, "study(...)")
    sections = given(study=_kind(study), data=_named(data), panel=panel)
    where = Where(address, name, resume, folder_of(runs), progress)
    return on_ray("study", *_subject(config, sections), where)


_STUDY = study


def _subject(config: Config | None, sections: dict[str, Any]) -> tuple[Config, dict[str, Any]]:
    """Return what is changed by which sections: without a configuration, they are one."""
    return (sections, {}) if config is None else (config, sections)


def _kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value
