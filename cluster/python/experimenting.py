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
from outvoted.analysis.tuning.objectives import AnyObjective
from outvoted.analysis.tuning.variation import AnyVariation
from outvoted.cluster.jobs.sweep import Stopping, TrialSettings
from outvoted.cluster.jobs.tune import Replicates, TrialShare, TrialStopping
from outvoted.cluster.jobs.tune.searchers import AnyAlgorithm
from outvoted.cluster.python.configured import RUNS, Config, Where, given, kind_wanted, refuse_unknown
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.running import on_ray
from outvoted.cluster.python.tuning import replicates_of, tuned
from outvoted.cluster.storage.urls import folder_of
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings

_CALL = "sweep(...)"
Data = AnyData | Mapping[str, Any] | str


@undisturbed()
def sweep(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    config: Panel | Config | None = None,
    *,
    vary: Mapping[str, AnyVariation | Mapping[str, Any] | Sequence[Any]] | None = None,
    objective: AnyObjective | Mapping[str, Any] | str | None = None,
    objectives: Sequence[AnyObjective | Mapping[str, Any] | str] | None = None,
    constraints: Sequence[str] | str | None = None,
    algorithm: AnyAlgorithm | Mapping[str, Any] | str | None = None,
    trials: int | None = None,
    replicates: Replicates | Mapping[str, Any] | Sequence[int] | None = None,
    parallel: int | None = None,
    stopping: TrialStopping | Stopping | Mapping[str, Any] | None = None,
    trial: TrialShare | TrialSettings | Mapping[str, Any] | None = None,
    seed: int | None = None,
    search: SearchSettings | Mapping[str, Any] | None = None,
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
    """Vary the keys of a configuration, and say which points do best; or repeat a published experiment.

    ::

        found = sweep(
            "mnist",
            search={"per_target": 100},
            vary={"search.patience": [50, 100, 250], "search.strategy": ["hillclimb", "gradient"]},
            objective="success",
        )
        found.trials  # a DataFrame, a row for each trial
        better = mine(found.best, per_target=1000)  # with the configuration of the best

    Args:
        config: what is varied: a configuration, as for :func:`outvoted.mine`, of `mine`, `heal`, `compare` or
            `study`; or a panel, which is mined. Or a sweep's own configuration.
        vary: by the path of a key a list of values, or ``{"uniform": [0.1, 1]}`` and the like.
        objective, objectives: the measure by which trials are judged, or several: ``"success"``, or
            ``{"measure": "moves", "goal": "minimise"}``.
        constraints: what a trial must fulfil to be the best: ``"validity >= 0.97"``.
        algorithm: what chooses points: ``"grid"``, ``"random"``, ``"tpe"``, ``"nsga2"``, ...; if left out, a
            grid where every key lists its values, else random.
        trials: how many points are tried; a grid has as many as it has. 40 if left out.
        replicates: seeds, to make several runs of each point: ``[0, 1, 2]``.
        parallel: trials at a time, at most; 4 if left out.
        stopping: whether trials end early: ``{"rule": "race"}``.
        trial: what one takes of the machines: ``{"num_cpus": 1, "num_gpus": 0.25}``.
        seed: fixes every suggestion; 0 if left out.
        search: keys of the searches, in place of those of ``config``.
        experiment: instead of ``vary``, what a published experiment varies, say
            ``configs.TemperatureExperiment()`` or ``"temperature"``; it goes with the next four.
        data: known images by name, or settings such as ``data.Npz(path=...)``.
        training: how every network is trained.
        seeds: a network of each setting for each.
        mining: mine the networks of each setting as well, say ``configs.Mining()``.
        progress: show bars.
        address: "local" (if left out), "auto" or the HOST:PORT of a Ray cluster: a sweep needs Ray.
        name, resume, runs: as for :func:`outvoted.run`.
        unknown: any other keyword is refused.

    Returns:
        With ``vary``, ``trials`` has a row for each trial, ``best`` the configuration of the best one.

    Raises:
        OutvotedError: what the command line would print.
    """
    refuse_unknown(sweep, unknown, _CALL)
    where = Where(address, name, resume, folder_of(runs), progress)
    both = given(trial=trial, stopping=stopping)
    varied = given(
        vary=vary,
        objectives=objectives if objective is None else [objective],
        constraints=constraints,
        algorithm=algorithm,
        trials=trials,
        replicates=replicates_of(replicates),
        parallel=parallel,
        seed=seed,
    )
    trained = given(
        experiment=_kind(experiment), data=_named(data), training=training, seeds=seeds, mining=mining
    )
    if varied or search is not None or isinstance(config, Panel) or _varies(config):
        _refuse_beside_vary(trained)
        return tuned(config, _plain(search), {**varied, **both}, where)
    return on_ray("sweep", *_subject(config, {**trained, **both}), where)


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


def _varies(config: Config | None) -> bool:
    return config is not None and kind_wanted(config, "sweep") == "tune"


def _refuse_beside_vary(sections: Mapping[str, Any]) -> None:
    if sections:
        raise OutvotedError(
            expected=f"either vary or a published experiment in {_CALL}",
            found=f"{', '.join(sections)} beside keywords of vary",
            remedy="leave out one of them; keys of what is varied stand in its configuration",
        )


def _plain(search: SearchSettings | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return (
        search.model_dump(mode="json", exclude_unset=True) if isinstance(search, SearchSettings) else search
    )


def _subject(config: Config | None, sections: dict[str, Any]) -> tuple[Config, dict[str, Any]]:
    """Return what is changed by which sections: without a configuration, they are one."""
    return (sections, {}) if config is None else (config, sections)


def _kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value
