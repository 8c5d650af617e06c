"""Choosing a strategy: by its name, or one's own by its import path; what cannot be searched is refused."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import (
    BUILT_IN,
    Auto,
    Bayesian,
    Genetic,
    Gradient,
    Hillclimb,
    MapElites,
    Strategy,
)
from outvoted.search.transforms import Affine
from outvoted.search.trust import EVERYTHING
from tests.search.runs import findings, first, rules_of, run
from tests.search.strategies.cases import CASES, STEPWISE, Case, Strides

OWN = '''
from dataclasses import dataclass

from outvoted.search.strategies import BestOfGeneration, FirstOfAll, Proposer, RandomMoves, Strategy
from outvoted.search.strategies import lower_or_wrong, placed, wrong


@dataclass(frozen=True)
class AnyPlace(Proposer):
    """Any place of the budget is as likely as another."""

    batch: int

    def draws(self, transform):
        return transform.knobs

    def count(self, memory, search, stale):
        return stale * 0 + self.batch

    def propose(self, transform, memory, position, search, uniform):
        return placed(transform, uniform)


class Uniform(Strategy):
    """Random search of the whole budget."""

    kind: str = "own"
    batch: int = 5

    @property
    def proposer(self):
        return AnyPlace(self.batch)

    @property
    def acceptance(self):
        return FirstOfAll(wrong)


class Restless(BestOfGeneration):
    """Goes on after mistakes, until patience is spent."""

    def tries(self, wanted, left, found):
        return wanted * (left > 0)


class Wanderer(Strategy):
    """Moves on from mistake to mistake."""

    @property
    def proposer(self):
        return RandomMoves(6)

    @property
    def acceptance(self):
        return Restless(lower_or_wrong)


class Stranger:
    """No strategy."""
'''


class Fixed(Affine):
    """Moves that only compose: no knobs."""

    home: ClassVar[tuple[float, ...]] = ()


class Opaque(Affine):
    """A transform that passes no gradients."""

    differentiable: ClassVar[bool] = False


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's package with a strategy in it."""
    package = tmp_path / "mypkg_of_strategies"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "own.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("form", BUILT_IN, ids=lambda form: form.__name__)
def test_the_name_tells_which_strategy_is_meant(form: type) -> None:
    name = form().label
    strategy = SearchSettings.model_validate(
        {"strategy": {"kind": name}}, context=EVERYTHING.context
    ).strategy
    assert type(strategy) is form
    assert strategy.label == name


def test_every_strategy_is_held_to_the_laws() -> None:
    assert {type(case.strategy) for case in CASES} == {*BUILT_IN, Strides}


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(ValidationError) as refused:
        SearchSettings.model_validate({"strategy": {"kind": "luck"}})
    assert all(f"'{form().label}'" in str(refused.value) for form in BUILT_IN)


@pytest.mark.parametrize("form", BUILT_IN, ids=lambda form: form.__name__)
def test_settings_with_any_strategy_survive_being_written_and_read(form: type[Strategy]) -> None:
    (given,) = [SearchSettings(strategy=case.strategy) for case in CASES if type(case.strategy) is form]
    assert SearchSettings.model_validate_json(given.model_dump_json()) == given


@pytest.mark.usefixtures("own")
def test_an_own_strategy_is_named_by_its_import_path() -> None:
    path = "mypkg_of_strategies.own:Uniform"
    given = SearchSettings.model_validate(
        {"strategy": {"kind": path, "batch": 3}}, context=EVERYTHING.context
    )
    assert given.strategy.label == "Uniform"
    assert SearchSettings.model_validate_json(given.model_dump_json(), context=EVERYTHING.context) == given
    rules = rules_of(given.rules(peers=3).strategy)
    climb = run(rules, first(24))
    assert len(climb.finds)
    assert findings(run(rules, first(12))) == dict(list(findings(climb).items())[:12])


@pytest.mark.usefixtures("own")
def test_any_proposer_goes_with_any_acceptance() -> None:
    given = {"kind": "mypkg_of_strategies.own:Wanderer"}
    strategy = SearchSettings.model_validate({"strategy": given}, context=EVERYTHING.context).strategy
    assert (strategy.label, strategy.model_dump()) == ("Wanderer", given)
    climb = run(rules_of(strategy), first(24))
    assert climb.finds.number.max() > 0
    assert {len(trail) for trail in climb.finds.trails} >= {1, 2, 3}
    for trail, composed in zip(climb.finds.trails, climb.finds.composed, strict=True):
        there = climb.rules.transform.identity(1)
        for move in trail:
            there = climb.rules.transform.compose(there, move[None])
        assert there[0].tobytes() == composed.tobytes()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "said"),
    [("nopkg.own:Uniform", "nopkg"), ("mypkg_of_strategies.own:Unifrom", "did you mean 'Uniform'")],
)
def test_a_wrong_import_path_says_what_is_wrong(name: str, said: str) -> None:
    with pytest.raises(OutvotedError, match=said):
        SearchSettings.model_validate({"strategy": {"kind": name}}, context=EVERYTHING.context)


@pytest.mark.usefixtures("own")
def test_a_class_that_is_no_strategy_is_refused() -> None:
    with pytest.raises(OutvotedError, match=r"derived from .*Strategy"):
        SearchSettings.model_validate(
            {"strategy": {"kind": "mypkg_of_strategies.own:Stranger"}}, context=EVERYTHING.context
        )


def test_where_there_are_no_knobs_only_move_by_move_strategies_search(case: Case) -> None:
    settings = SearchSettings(strategy=case.strategy, transform=Fixed())
    if case in STEPWISE or isinstance(case.strategy, Auto):
        settings.rules(peers=3)
    else:
        with pytest.raises(OutvotedError, match=f"'{case.name}' can search by knobs"):
            settings.rules(peers=3)


def test_auto_picks_by_what_the_transform_allows_and_what_an_image_costs() -> None:
    auto = SearchSettings(strategy=Auto())
    assert auto.rules(peers=3).strategy == Bayesian()
    assert auto.rules(peers=3, operations=80_000).strategy == Genetic()
    composing = auto.model_copy(update={"transform": Fixed()})
    assert {composing.rules(3, cost).strategy for cost in (0, 10**12)} == {Hillclimb()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_a_strategy_that_weighs_operations_depends_on_them(case: Case) -> None:
    picked = {case.strategy.picked(Affine(), cost) for cost in (0, 10**12)}
    assert (len(picked) > 1) == case.strategy.weighs_operations


def test_gradients_need_a_differentiable_transform() -> None:
    SearchSettings(strategy=Gradient()).rules(peers=3)
    with pytest.raises(OutvotedError, match="differentiable"):
        SearchSettings(strategy=Gradient(), transform=Opaque()).rules(peers=3)


def test_an_unknown_descriptor_names_the_nearest() -> None:
    SearchSettings(strategy=MapElites(descriptors=("scale_y", "rotation_deg"))).rules(peers=3)
    with pytest.raises(OutvotedError, match="did you mean 'rotation_deg'"):
        SearchSettings(strategy=MapElites(descriptors=("scale_y", "rotation"))).rules(peers=3)


def test_a_map_too_large_to_keep_is_refused() -> None:
    SearchSettings(strategy=MapElites(bins=16)).rules(peers=3)
    with pytest.raises(OutvotedError, match="65536 cells"):
        SearchSettings(strategy=MapElites(bins=16, descriptors=Affine().measures[:4])).rules(peers=3)


def test_less_candidates_than_one_generation_are_refused() -> None:
    with pytest.raises(OutvotedError, match="less than one generation"):
        MapElites(population=10, candidates=9)
    assert MapElites(population=10, candidates=10).candidates == 10
