"""Search settings: checked when they are read, frozen afterwards."""

from typing import Any

import pytest
from pydantic import ValidationError

from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Hillclimb, RandomSearch
from outvoted.search.transforms import Affine, AffineRange

RANGE = {"rotation": 1, "translation": 1, "scale": 1, "shear": 1}


def places(given: dict[str, Any]) -> list[str]:
    """Where the settings are wrong."""
    with pytest.raises(ValidationError) as refused:
        SearchSettings.model_validate(given)
    return [".".join(map(str, error["loc"])) for error in refused.value.errors()]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"patince": 3}, "patince"),
        ({"transform": {"rotate": 3}}, "transform.affine.rotate"),
        ({"transform": {"move": RANGE | {"zoom": 1}}}, "transform.affine.move.zoom"),
        ({"strategy": {"kind": "hillclimb", "step": 1}}, "strategy.hillclimb.step"),
        ({"strategy": {"kind": "random", "step": 1}}, "strategy.random.step"),
    ],
)
def test_unknown_keys_are_refused_wherever_they_stand(given: dict[str, Any], place: str) -> None:
    assert places(given) == [place]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"per_target": 0}, "per_target"),
        ({"per_target": 10**9 + 1}, "per_target"),
        ({"per_target": "many"}, "per_target"),
        ({"per_target": 1.5}, "per_target"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"patience": 0}, "patience"),
        ({"patience": 10**6 + 1}, "patience"),
        ({"patience": None}, "patience"),
        ({"strategy": {"kind": "hillclimb", "speculative": 0}}, "strategy.hillclimb.speculative"),
        ({"strategy": {"kind": "hillclimb", "speculative": 4097}}, "strategy.hillclimb.speculative"),
        ({"strategy": {"kind": "random", "speculative": 0}}, "strategy.random.speculative"),
        ({"strategy": {"kind": "luck"}}, "strategy"),
        ({"strategy": {"speculative": 0}}, "strategy.hillclimb.speculative"),
        ({"transform": {"move": RANGE | {"rotation": 90}}}, "transform.affine.move.rotation"),
        ({"transform": {"move": RANGE | {"shear": -1}}}, "transform.affine.move.shear"),
        ({"transform": {"budget": RANGE | {"scale": 0.99}}}, "transform.affine.budget.scale"),
        ({"transform": {"budget": RANGE | {"translation": -0.1}}}, "transform.affine.budget.translation"),
        (
            {"transform": {"budget": RANGE | {"translation": float("inf")}}},
            "transform.affine.budget.translation",
        ),
        ({"transform": {"budget": RANGE | {"scale": float("nan")}}}, "transform.affine.budget.scale"),
        (
            {"transform": {"move": {"rotation": 1, "translation": 1, "scale": 1}}},
            "transform.affine.move.shear",
        ),
    ],
)
def test_values_out_of_bounds_are_refused(given: dict[str, Any], place: str) -> None:
    assert places(given) == [place]


@pytest.mark.parametrize(
    "given",
    [
        {"per_target": 1, "seed": 0, "patience": 1},
        {"per_target": 10**9, "seed": 2**63 - 1, "patience": 10**6},
        {"strategy": {"kind": "hillclimb", "speculative": 4096}},
        {"strategy": {"kind": "random", "speculative": 1}},
        {"transform": {"move": RANGE | {"rotation": 0}, "budget": RANGE | {"rotation": 89.9}}},
    ],
)
def test_values_at_the_bounds_are_taken(given: dict[str, Any]) -> None:
    taken = SearchSettings.model_validate(given).model_dump()
    for key, value in given.items():
        assert taken[key] == (taken[key] | value if isinstance(value, dict) else value)


@pytest.mark.parametrize(("name", "kind"), [("hillclimb", Hillclimb), ("random", RandomSearch)])
def test_the_name_tells_which_strategy_is_meant(name: str, kind: type) -> None:
    strategy = SearchSettings.model_validate({"strategy": {"kind": name}}).strategy
    assert type(strategy) is kind
    assert strategy.label == name


def test_settings_survive_being_written_and_read() -> None:
    wide = AffineRange(rotation=20, translation=3.3, scale=1.5, shear=0)
    given = SearchSettings(seed=5, strategy=RandomSearch(speculative=9), transform=Affine(budget=wide))
    assert SearchSettings.model_validate_json(given.model_dump_json()) == given


def test_rules_hold_what_the_settings_say() -> None:
    given = SearchSettings(seed=5, patience=6, strategy=RandomSearch(), transform=Affine())
    rules = given.rules(peers=4)
    assert (rules.run_seed, rules.peers, rules.patience) == (5, 4, 6)
    assert rules.strategy == given.strategy
    assert rules.transform == given.transform
