"""What can be wrong with what is varied: one message each, that names the key, before anything starts."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.analysis.tuning.making import space_of
from outvoted.analysis.tuning.trying import try_points
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import PixelSwap
from outvoted.search.trust import NOTHING
from tests.analysis.tuning.bad_vary import BAD, GRADIENT
from tests.analysis.tuning.test_space import varied
from tests.cluster.faults import WRONG


def checked(vary: Any, base: Mapping[str, Any] | None = None) -> None:
    keys = {"mine": base or {}, "vary": vary, "objectives": "success"}
    config = validated(TuneConfig, keys, "s.yaml")
    space_of(config.base, config.vary)


@pytest.mark.parametrize("bad", BAD)
def test_what_is_wrong_is_told_in_one_message(bad: str) -> None:
    vary, *said = BAD[bad]
    base = {"search": {"strategy": "gradient"}} if bad in GRADIENT else {}
    with pytest.raises(OutvotedError) as caught:
        checked(vary, base)
    error = caught.value
    assert [error.expected, error.found, error.remedy.removesuffix(" or with --set")] == said
    for word in ("Input", "tuple", "pydantic", "Error", "Variation"):
        assert word not in str(error)


def test_all_that_is_wrong_is_told_at_once_each_at_its_key() -> None:
    vary = {"search.patienc": [1], "search.seed": [5], "device": ["cpu"], "search.patience": [0, "x"]}
    with pytest.raises(OutvotedError) as caught:
        checked(vary)
    places = [problem.place for problem in caught.value.problems]
    assert places == ["vary.search.patienc", "vary.device", "vary.search.patience", "vary.search.patience"]


def test_what_depends_on_a_wrong_key_is_not_told_too() -> None:
    vary = {
        "search.strategy": ["hillclmb", "gradient"],
        "search.strategy.descent": {"grid": [3], "when": {"search.strategy": "gradient"}},
    }
    with pytest.raises(OutvotedError) as caught:
        checked(vary)
    assert [problem.place for problem in caught.value.problems] == ["vary.search.strategy"]


def test_keys_of_replicates_are_checked_alike() -> None:
    for key, values, found in (
        ("search.sed", [1], "the unknown key 'search.sed'"),
        ("search.seed", [-1], "-1"),
        ("search.patience", [1], "search.patience, which is varied and told apart by replicates"),
    ):
        with pytest.raises(OutvotedError) as caught:
            space_of(MineConfig(), {"search.patience": validated_variation([5])}, {key: values})
        assert caught.value.found == found
        assert [problem.place for problem in caught.value.problems] == ["replicates.keys"]


def test_a_run_without_the_key_of_replicates_is_told_where_it_stands() -> None:
    keys = {"study": {"study": {"kind": "morphs"}}, "vary": {"data.name": ["mnist"]}, "objectives": "success"}
    config = validated(TuneConfig, keys, "s.yaml")
    with pytest.raises(OutvotedError) as caught:
        space_of(config.base, config.vary, {"search.seed": [1, 2]})
    assert caught.value.expected == "only known keys in replicates.keys"
    assert caught.value.found == "the unknown key 'search'"


_ANY = st.sampled_from([*WRONG.values(), "gradient", {"kind": "gradient"}, [1], ["affine"], "mnist"])


@settings(max_examples=50, deadline=None)
@given(varied(), st.data())
def test_whatever_is_varied_is_taken_or_refused_in_words(vary: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(list(vary)))
    wrong = {"choice": [data.draw(_ANY), data.draw(_ANY)]}
    conditions = st.dictionaries(st.sampled_from([*vary, "search.wrng", "data.*", "."]), _ANY, max_size=2)
    parts = [data.draw(st.sampled_from([*key.split("."), "*", "0", "²", "wrng"])) for _ in key.split(".")]
    place = data.draw(st.sampled_from([key, ".".join(parts)]))
    tried = vary | {place: {**wrong, "when": data.draw(conditions)}}
    told = "expected found to do"
    try:
        config = validated(TuneConfig, {"mine": {}, "vary": tried, "objectives": "success"}, "s.yaml")
        space = space_of(config.base, config.vary)
        assert all(space.holds(point) for point in space.examples(5))
    except OutvotedError as error:
        told = str(error)
    for word in ("Input", "pydantic", "object at", "MineConfig", "expected: \n"):
        assert word not in told


def validated_variation(values: list[Any]) -> Any:
    keys = {"mine": {}, "vary": {"search.patience": values}, "objectives": "success"}
    return validated(TuneConfig, keys, "s.yaml").vary["search.patience"]


def test_nobodys_code_is_imported_without_trust() -> None:
    config = validated(
        TuneConfig,
        {"mine": {}, "vary": {"search.strategy": ["os:system"]}, "objectives": "success"},
        "s.yaml",
    )
    with pytest.raises(OutvotedError, match=r"no code to be imported(.|\n)*os:system"):
        space_of(config.base, config.vary, trust=NOTHING)


def combined(config: Any) -> None:
    config.search.check((1, 28, 28), config.panel.names)


def test_a_point_that_would_be_refused_is_named_by_the_values_that_are_to_blame() -> None:
    vary = {
        "search.patience": [5, 10],
        "search.strategy": ["hillclimb", "gradient"],
        "search.transform": ["affine", "pixel_swap"],
        "search.seed": {"randint": [1, 5]},
    }
    config = validated(TuneConfig, {"mine": {}, "vary": vary, "objectives": "success"}, "s.yaml")
    with pytest.raises(OutvotedError) as caught:
        try_points(space_of(config.base, config.vary), combined)
    assert "search.strategy: gradient and search.transform: pixel_swap" in caught.value.found
    assert "search.patience" not in caught.value.found
    assert caught.value.remedy.endswith("keep these values apart with `when`")
    assert PixelSwap().kind == "pixel_swap"


def test_a_value_that_is_always_refused_is_named_alone() -> None:
    vary = {"search.patience": [5, 10], "search.targets": {"choice": [None, ["nobody"]]}}
    config = validated(TuneConfig, {"mine": {}, "vary": vary, "objectives": "success"}, "s.yaml")
    with pytest.raises(OutvotedError) as caught:
        try_points(space_of(config.base, config.vary), combined)
    assert caught.value.found == "'nobody', at search.targets: [nobody] (2 of 4 points are refused)"


def test_settings_that_do_not_go_together_are_found_at_the_point() -> None:
    first = "panel.networks.0"
    vary = {
        f"{first}.temperature": [1, 2.5],
        f"{first}.activation": ["sigmoid", "tanh"],
        "search.seed": [1, 2],
    }
    config = validated(TuneConfig, {"mine": {}, "vary": vary, "objectives": "success"}, "s.yaml")
    space = space_of(config.base, config.vary)
    with pytest.raises(OutvotedError, match="a temperature goes with activation: sigmoid") as caught:
        try_points(space, combined)
    assert f"{first}.temperature: 2.5 and {first}.activation: tanh (2 of 8" in caught.value.found


def test_more_points_than_can_be_tried_are_told() -> None:
    vary = {f"search.{key}": list(range(1, 40)) for key in ("patience", "seed", "per_target")}
    config = validated(TuneConfig, {"mine": {}, "vary": vary, "objectives": "success"}, "s.yaml")
    remark = try_points(space_of(config.base, config.vary), lambda _: None)
    assert remark == "2,000 of the 59,319 points were checked; a trial at another may still be refused"
