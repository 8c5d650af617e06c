"""Healing from Python: a panel is fine-tuned on its own mistakes in this process, or as a run."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Never

import pandas as pd
import pyarrow as pa

from outvoted.actors.healing.arms import Arm, HealSettings, Use, keyed
from outvoted.actors.healing.course import Course
from outvoted.actors.healing.healing import Healer, Round, moved_split
from outvoted.actors.networks.computing import own_context, undisturbed
from outvoted.actors.networks.members import Member
from outvoted.actors.training.steps import Training
from outvoted.analysis.healing.healing import summarise_rounds
from outvoted.analysis.healing.report import held_report
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.configured import RUNS, Config, Where, given, refuse_unknown
from outvoted.cluster.python.findings import HeldFindings
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.searching import AnyStrategy, AnyTransform, search_settings
from outvoted.cluster.storage.urls import folder_of
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings

_PER_TARGET = 200


class Healed(Result):
    """What healing did; ``panel`` holds the networks that were fine-tuned on their mistakes."""

    panel: Panel


@undisturbed()
def heal(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    panel: Panel | Config,
    *,
    rounds: int | None = None,
    epochs: int | None = None,
    weight: float | None = None,
    frequency: int | None = None,
    steady: float | None = None,
    training: Training | Mapping[str, Any] | None = None,
    per_target: int | None = None,
    seed: int | None = None,
    patience: int | None = None,
    transform: AnyTransform | None = None,
    strategy: AnyStrategy | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Mine a panel, fine-tune it on its mistakes, and mine it again, round after round, beside two controls.

    The controls are fine-tuned on as many images moved at random, and on nothing besides the panel's images.
    Your networks stay as they are; ``found.panel.networks`` has those that were fine-tuned.

    Args:
        panel: a panel in hand, of which there is one repeat; its images are what is trained on, and what
            accuracies are measured on where they have no test split. Or the configuration of a run, as for
            :func:`outvoted.mine`.
        rounds: at most; 10 if left out.
        epochs: of fine-tuning in each round; 2 if left out.
        weight: loss weight of an added sample; 1 if left out.
        frequency: how often an added sample is shown in an epoch; 3 if left out.
        steady: stop, after at least 5 rounds, once the success rates of the last three lie within this; 0:
            never; 0.02 if left out.
        training: how networks are fine-tuned, say ``networks.Training(learning_rate=1e-4)``; as the panel was
            trained if left out.
        per_target: searches for each network in each round; 200 if left out.
        seed, patience, transform, strategy: as for :func:`outvoted.mine`.
        progress, address, name, resume, runs: as for :func:`outvoted.mine`; a panel in hand is healed here.
        unknown: any other keyword is refused.

    Returns:
        The mistakes, of which ``arm`` and ``round`` say where they come from; the figures of each arm and
        round in ``summary``; and ``panel``, if one was handed over.

    Raises:
        OutvotedError: as for :func:`outvoted.mine`.
    """
    refuse_unknown(heal, unknown, "heal(...)")
    settings = given(rounds=rounds, epochs=epochs, weight=weight, frequency=frequency, steady=steady)
    search = given(
        per_target=per_target, seed=seed, patience=patience, transform=transform, strategy=strategy
    )
    if not isinstance(panel, Panel):
        from outvoted.cluster.python.running import on_ray  # which brings Ray

        sections: dict[str, Any] = {"heal": settings, "search": search}
        if training is not None:
            sections["panel"] = {"training": training}
        return on_ray("heal", panel, sections, Where(address, name, resume, folder_of(runs), progress))
    if address is not None:
        raise OutvotedError(
            expected="a configuration to heal on Ray: programs that were written down can't be trained",
            found="a panel in hand, and address=",
            remedy="leave address out to heal it in this process, or name the networks in a configuration",
        )
    how = reading.validated(HealSettings, {**settings, "seeds": (0,)}, "heal(...)")
    wanted = search_settings({"per_target": _PER_TARGET, **search}, "heal(...)")
    trained = panel.training if training is None else training
    tuned = reading.validated(_Tuning, {"training": trained}, "heal(...)").training
    panel.mining(wanted)  # which checks that it can be searched
    return _OneRepeat(panel, how, wanted, tuned).healed(progress)


class _Tuning(Settings):
    training: Training


class _OneRepeat:
    """Goes through the rounds of one repeat."""

    def __init__(
        self, panel: Panel, settings: HealSettings, search: SearchSettings, training: Training
    ) -> None:
        self._panel, self._settings = panel, settings
        self._members = panel.members()
        referee = next((one for one in self._members if one.role == "referee"), None)
        key = keyed(Use.MOVE_TEST, search.seed)
        moved = moved_split(search.transform, panel.data.test, settings.test_moves, key)
        self._healer = Healer(settings, search, training, panel.data, moved, referee, panel.batch)

    def healed(self, progress: bool) -> Healed:
        peers = tuple(one for one in self._members if one.role == "peer")
        course, every = Course(self._settings, self._panel.data, {0: peers}), list[Round]()
        with self._panel.computing(), own_context(gradients=True), bars(Terminal(quiet=not progress)) as bar:
            task = bar.add_task("healing", total=course.most, details="")
            while not course.ended:
                rounds = []
                for one in course.tasks():
                    bar.update(task, details=f"round {one.step.round}, {one.step.arm}")
                    rounds.append(self._healer.run(one))
                    bar.update(task, advance=1)
                course.take(rounds)
                every += rounds
            bar.update(task, total=len(every))
        return self._result(every, course.panel(0, Arm.MISTAKES))

    def _result(self, every: Sequence[Round], members: Sequence[Member]) -> Healed:
        rounds = pd.DataFrame(pa.concat_tables([one.rows for one in every]).to_pandas())
        summary = summarise_rounds("heal", rounds, self._settings.steady)
        mistakes = pa.concat_tables([one.mistakes for one in every])
        names = self._panel.class_names
        found = Healed(HeldFindings("heal", partial(held_report, summary), mistakes, class_names=names))
        found.panel = self._panel.with_networks(members)
        return found
