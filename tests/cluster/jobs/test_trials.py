"""Which units are trained together: each once, never of other samples, never unequally far."""

from collections import Counter

import torch
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.networks import MLP
from outvoted.actors.sweeps.sweep_store import Kept
from outvoted.actors.training.stacked_training import TrainingState
from outvoted.analysis.sweeps.base import Setting, Unit
from outvoted.cluster.jobs.sweep.trials import Spec, equally_far, grouped


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[list[Unit], dict[str, int]]:
    """Some units of a stage, by setting, then by seed, and how far those are that have begun."""
    samples = draw(st.lists(st.sampled_from(["", "few", "noise"]), max_size=6))
    settings = [
        Setting(f"s{number}", (("number", number),), MLP(), name) for number, name in enumerate(samples)
    ]
    every = [Unit(setting, seed) for setting in settings for seed in range(draw(st.integers(1, 3)))]
    units = [unit for unit in every if draw(st.booleans())]
    begun = [unit for unit in units if draw(st.booleans())]
    return units, {unit.name: draw(st.integers(0, 3)) for unit in begun}


@given(sweep=sweeps(), settings=st.integers(1, 4))
def test_each_unit_is_in_one_trial_of_its_like(
    sweep: tuple[list[Unit], dict[str, int]], settings: int
) -> None:
    units, epochs = sweep
    trials = list(grouped(units, epochs, settings))
    assert Counter(unit for trial in trials for unit in trial) == Counter(units)
    for trial in trials:
        assert len({unit.setting.samples for unit in trial}) == 1
        assert len({epochs.get(unit.name, 0) for unit in trial}) == 1
        assert 1 <= len({unit.setting.label for unit in trial}) <= settings


@given(sweep=sweeps())
def test_all_seeds_of_a_setting_that_are_equally_far_are_one_trial(
    sweep: tuple[list[Unit], dict[str, int]],
) -> None:
    units, epochs = sweep
    keys = [(unit.setting.label, epochs.get(unit.name, 0)) for unit in units]
    assert len(list(grouped(units, epochs, 1))) == len(set(keys))


def test_a_trial_is_named_by_its_settings() -> None:
    some = [Unit(Setting(f"T{number}", (), MLP()), seed) for number in (1, 2, 4) for seed in (0, 1)]
    assert Spec(tuple(some[:2]), ()).label == "T1"
    assert Spec(tuple(some), ()).label == "T1 to T4"


def test_a_trial_goes_on_only_where_its_units_are_equally_far() -> None:
    one, other, ahead = (Kept(TrainingState(epoch, {"a": torch.ones(1)}), ()) for epoch in (3, 3, 4))
    assert equally_far([one, other]) == [one, other]
    assert equally_far([one, ahead]) == []
    assert equally_far([one, None]) == []
    assert equally_far([None, None]) == []
