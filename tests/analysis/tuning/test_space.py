"""Laws of the space that a sweep searches."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.making import space_of
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space, encloses
from outvoted.analysis.tuning.variation import AnyVariation, Variation
from outvoted.cluster.configuration.ready import ready
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.kinds import KINDS, keys_in
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.search.key_paths import brief, differences
from outvoted.search.strategies import Gradient, Hillclimb

_VARY: TypeAdapter[Mapping[str, Variation]] = TypeAdapter(Mapping[str, AnyVariation])
POOL: dict[str, Any] = {
    "search.patience": {"randint": [1, 500]},
    "search.strategy": {"choice": ["hillclimb", "gradient", {"kind": "gradient", "rate": 0.2}, "random"]},
    "search.strategy.rate": {"uniform": [0.01, 0.5], "when": {"search.strategy": "gradient"}},
    "search.strategy.descent": {"grid": [10, 80], "when": {"search.strategy": {"rate": 0.2}}},
    "search.strategy.speculative": {"grid": [1, 2], "when": {"search.strategy": ["hillclimb", "random"]}},
    "search.realism": {"choice": [True, False]},
    "search.seed": {"grid": [1, 2], "when": {"search.realism": True}},
    "search.per_target": {"grid": [5], "when": {"search.seed": 2}},
    "search.transform.budget.rotation": {"uniform": [1, 20]},
    "search.voters": {"choice": [None, [1], [1, 2]]},
    "panel.networks.*.hidden": {"choice": [10, [20, 5]]},
    "panel.training.learning_rate": {"log_uniform": [1e-4, 0.1]},
    "search.transform.move": [{"rotation": 1, "translation": 1, "scale": 1.1, "shear": 2}],
    "search.transform.move.rotation": [1, 2.5],
    "referee": {"choice": [None, {"network": {"kind": "mlp"}}]},
    "data.name": {"choice": ["mnist", "mnist-sample", "fashion-mnist"]},
}
LISTED = [
    path for path, given in POOL.items() if isinstance(given, list) or {"grid", "choice"} & given.keys()
]


def made(vary: Mapping[str, Any], base: MineConfig | None = None) -> Space[MineConfig]:
    return space_of(base or MineConfig(), _VARY.validate_python(vary))


@st.composite
def varied(draw: st.DrawFn, pool: list[str] | None = None) -> dict[str, Any]:
    """Return some keys in some order, with those that they depend on."""
    names = draw(st.lists(st.sampled_from(pool or list(POOL)), min_size=1, max_size=5, unique=True))
    for name in [*names, "search.seed"]:
        named = POOL[name].get("when", ()) if isinstance(POOL[name], dict) and name in names else ()
        names += [path for path in named if path not in names]
    if "search.per_target" in names and "search.realism" not in names:
        names.append("search.realism")
    return {name: POOL[name] for name in names}


def points_of(space: Space[MineConfig], data: st.DataObject) -> Point:
    units = st.lists(st.floats(0, 1), min_size=len(space.dimensions), max_size=len(space.dimensions))
    return space.at(data.draw(units))


@settings(max_examples=25, deadline=None)
@given(varied(), st.data())
def test_every_point_is_a_configuration_and_changes_what_it_names_alone(
    vary: dict[str, Any], data: st.DataObject
) -> None:
    space = made(vary)
    point = points_of(space, data)
    assert space.holds(point)
    base, found = MineConfig().model_dump(mode="json"), space.configured(point).model_dump(mode="json")
    for changed in differences(base, found):
        keys = changed.split(".")
        named = [path.split(".") for path in point]
        assert any(path == keys or encloses(path, keys) or path[: len(keys)] == keys for path in named), (
            changed
        )


@settings(max_examples=20, deadline=None)
@given(varied(), st.data())
def test_a_key_is_in_a_point_exactly_where_its_conditions_hold(
    vary: dict[str, Any], data: st.DataObject
) -> None:
    space = made(vary)
    values = points_of(space, data).values
    for one in space.dimensions:
        assert (one.path in values) == one.holds(values)
    strategy = values.get("search.strategy", "hillclimb")
    kind = strategy["kind"] if isinstance(strategy, dict) else strategy
    assert ("search.strategy.rate" in values) == ("search.strategy.rate" in vary and kind == "gradient")
    if "search.per_target" in vary:
        told = values["search.realism"] is True and values.get("search.seed") == 2
        assert ("search.per_target" in values) == told


@settings(max_examples=20, deadline=None)
@given(varied(LISTED))
def test_all_points_of_a_grid_come_once_and_are_counted(vary: dict[str, Any]) -> None:
    space = made(vary)
    points = list(space.points())
    assert len(set(points)) == len(points) == space.count()
    assert all(space.holds(point) for point in points)
    assert list(space.examples(len(points))) == points


@settings(max_examples=20, deadline=None)
@given(varied(), st.integers(60, 90))
def test_examples_leave_no_value_and_no_end_out(vary: dict[str, Any], most: int) -> None:
    space = made(vary)
    points = list(space.examples(most))
    assert len(set(points)) == len(points)
    for one in space.dimensions:
        ends = one.values if one.values is not None else (one.at(0), one.at(1))
        seen = [point.values[one.path] for point in points if one.path in point.values]
        assert all(end in seen for end in ends)
    assert points == list(space.examples(most))
    assert len(points) <= most
    assert len(list(space.examples(3))) <= 3


@given(st.floats(0, 1), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 10**6))
def test_a_number_between_0_and_1_is_a_value_and_back(
    unit: float, low: float, wide: float, whole: int
) -> None:
    for one in (
        Dimension("a", None, low, low + wide),
        Dimension("a", None, wide, wide * 50, log=True),
        Dimension("a", None, -7, whole, integer=True),
        Dimension("a", tuple(range(whole % 9 + 1))),
    ):
        value = one.at(unit)
        assert one.has(value)
        assert 0 <= one.unit(value) <= 1
        again = one.at(one.unit(value))
        assert again == value if isinstance(value, int) else again == pytest.approx(value, rel=1e-6, abs=1e-4)


def test_points_of_many_knobs_are_counted_without_making_them() -> None:
    knobs = {"steps": range(1, 31), "descent": range(1, 31), "trial": range(30), "rate": [0.1, 0.2, 0.3]}
    vary: dict[str, Any] = {"search.strategy": ["hillclimb", "gradient"], "search.seed": list(range(20))}
    for name, values in knobs.items():
        vary[f"search.strategy.{name}"] = {"grid": list(values), "when": {"search.strategy": "gradient"}}
    assert made(vary).count() == 20 * (1 + 30 * 30 * 30 * 3)


@pytest.mark.parametrize("tangled", [1, 15])
def test_keys_that_hang_on_one_another_take_no_time(tangled: int) -> None:
    networks = [{"kind": "mlp", "hidden": 5}] * 20
    names = [f"panel.networks.{place}.hidden" for place in range(20)]
    vary = {
        name: {
            "grid": [3, 4, 5, 6],
            "when": {other: [3, 4] for other in names[max(0, place - tangled) : place]},
        }
        for place, name in enumerate(names)
    }
    space = made(vary, MineConfig.model_validate({"panel": {"networks": networks}}))
    count = space.count()
    assert count is not None
    assert count > 10**6
    assert [list(space.at([0.0] * 20).values), list(space.at([0.99] * 20).values)] == [
        sorted(names),
        names[:1],
    ]


def test_the_first_key_of_a_grid_changes_slowest() -> None:
    space = made({"search.patience": [7, 5], "search.seed": [1, 2]})
    found = [(point.values["search.patience"], point.values["search.seed"]) for point in space.points()]
    assert found == [(7, 1), (7, 2), (5, 1), (5, 2)]


def test_a_star_is_every_item_and_a_number_is_one() -> None:
    space = made({"panel.networks.*.hidden": [7], "panel.networks.1.activation": ["relu"]})
    networks = space.configured(next(space.points())).panel.networks
    assert [network.model_dump()["hidden"] for network in networks] == [7] * 5
    assert [network.model_dump()["activation"] for network in networks] == ["tanh", "relu", *["tanh"] * 3]


def test_what_a_key_lies_within_is_put_first_wherever_it_is_written() -> None:
    kinds = {"search.strategy": ["hillclimb", "gradient"]}
    rate = {"search.strategy.rate": {"grid": [0.3], "when": {"search.strategy": "gradient"}}}
    for vary in (kinds | rate, rate | kinds):
        found = [space.search.strategy for space in map(made(vary).configured, made(vary).points())]
        assert found == [Hillclimb(), Gradient(rate=0.3)]


def test_a_kind_may_be_varied_by_its_key_too() -> None:
    vary = {
        "search.strategy.rate": {"grid": [0.3], "when": {"search.strategy.kind": "gradient"}},
        "search.strategy.kind": ["hillclimb", "gradient"],
    }
    space = made(vary, MineConfig.model_validate({"search": {"strategy": {"kind": "gradient", "steps": 3}}}))
    found = [space.configured(point).search.strategy for point in space.points()]
    assert found == [Hillclimb(), Gradient(steps=3, rate=0.3)]


def test_a_when_on_what_is_not_varied_holds_always() -> None:
    space = made(
        {"search.patience": {"grid": [5], "when": {"search.strategy": "hillclimb", "search.seed": 0}}}
    )
    assert [point.values for point in space.points()] == [{"search.patience": 5}]


def test_whole_numbers_of_a_range_may_be_conditions() -> None:
    vary = {
        "search.patience": {"randint": [1, 100]},
        "search.seed": {"grid": [9], "when": {"search.patience": 50}},
    }
    space = made(vary)
    found = [space.point({"search.patience": patience, "search.seed": 9}) for patience in (49, 50)]
    assert [list(point) for point in found] == [["search.patience"], ["search.patience", "search.seed"]]


def test_points_are_told_apart_by_their_values_whatever_their_order() -> None:
    assert Point.of({"a": 1, "b": {"c": 1, "d": 2}}) == Point.of({"b": {"d": 2, "c": 1}, "a": 1})
    assert len({Point.of({"a": value}) for value in (1, 1.0, True, "1", None)}) == 5


def test_keys_and_values_are_one_value_whatever_the_order_of_the_keys() -> None:
    move = {"rotation": 5, "translation": 1, "scale": 1.1, "shear": 5}
    vary = {
        "search.transform.move": [move, {**move, "rotation": 9}],
        "search.seed": {"grid": [3], "when": {"search.transform.move": move}},
    }
    space, turned = made(vary), dict(reversed(move.items()))
    first, second = space.dimensions
    assert first.has(turned)
    assert first.index(turned) == 0
    assert second.holds({first.path: turned})
    assert space.holds(Point.of({first.path: turned, second.path: 3}))


def test_seeds_of_replicates_are_put_in_last() -> None:
    space = space_of(MineConfig(), _VARY.validate_python({"search.patience": [5]}), {"search.seed": [3, 4]})
    point = next(space.points())
    assert list(point) == ["search.patience"]
    assert space.configured(point, {"search.seed": 4}).search.seed == 4


def test_defaults_of_the_kind_of_run_stay() -> None:
    space = space_of(HealConfig(), _VARY.validate_python({"search.patience": [5]}))
    assert space.configured(next(space.points())).search.per_target == 200


def test_python_may_vary_by_settings_themselves() -> None:
    space = made({"search.strategy": [Hillclimb(), Gradient(rate=0.3)]})
    assert [space.configured(point).search.strategy for point in space.points()] == [
        Hillclimb(),
        Gradient(rate=0.3),
    ]


@pytest.mark.parametrize("name", [one.name for one in ready().values()])
def test_the_fewest_keys_of_a_configuration_make_it_again(name: str) -> None:
    form = KINDS[ready()[name].kind].form
    config = form.model_validate(keys_in(ready()[name].path, ready()[name].kind))
    short = brief(config)
    assert form.model_validate(short) == config
    assert len(str(short)) < len(str(config.model_dump(mode="json")))
