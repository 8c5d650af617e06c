"""Laws of keys by their paths, over the configurations that come with the package."""

import json
from typing import Any

import pytest

from outvoted.cluster.configuration.ready import ready
from outvoted.cluster.jobs.kinds import KINDS, keys_in
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.search.key_paths import NoSuchPlaceError, found_at, models_at, put
from outvoted.search.settings import Settings
from tests.cluster.faults import places

READY = list({one.kind: one for one in ready().values() if one.kind != "tune"}.values())


def whole(name: str) -> tuple[type[Settings], dict[str, Any]]:
    form = KINDS[ready()[name].kind].form
    values = form.model_validate(keys_in(ready()[name].path, ready()[name].kind)).model_dump(mode="json")
    return form, values


@pytest.mark.parametrize("name", [one.name for one in READY])
def test_what_stands_at_a_place_is_found_and_put_there_again(name: str) -> None:
    form, values = whole(name)
    for place in places(values):
        path = [str(step) for step in place]
        (there,) = found_at(values, path)
        copy = json.loads(json.dumps(values))
        assert put(form, copy, path, there) == [".".join(path)]
        assert copy == values


def test_a_star_is_every_item() -> None:
    form, values = whole("mnist")
    path = ["panel", "networks", "*", "hidden"]
    assert found_at(values, path) == [10, 20, 30, 40, 50]
    assert len(put(form, values, path, [3])) == 5
    assert found_at(values, path) == [[3]] * 5
    first, second, *_ = found_at(values, path)
    assert first is not second


@pytest.mark.parametrize(
    ("path", "place", "wanted"),
    [
        ("panel.networks.5.hidden", "panel.networks", "one of the 5 in panel.networks, numbered 0 to 4"),
        ("panel.networks.x", "panel.networks", "one of the 5 in panel.networks, numbered 0 to 4"),
        ("search.patience.x", "search.patience", "keys in search.patience"),
        ("search.*", "search", "keys in search"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(path: str, place: str, wanted: str) -> None:
    form, values = whole("mnist")
    with pytest.raises(NoSuchPlaceError) as caught:
        put(form, values, path.split("."), 1)
    assert (caught.value.place, caught.value.wanted) == (place, wanted)
    assert found_at(values, path.split(".")) == []


def test_a_word_is_a_kind_where_one_is_chosen_and_nothing_becomes_keys() -> None:
    values: dict[str, Any] = {"search": {"strategy": "gradient"}, "panel": {"training": {"augment": None}}}
    put(MineConfig, values, ["search", "strategy", "steps"], 3)
    put(MineConfig, values, ["panel", "training", "augment", "border"], "edge")
    assert values["search"]["strategy"] == {"kind": "gradient", "steps": 3}
    assert values["panel"]["training"]["augment"] == {"border": "edge"}


def test_another_kind_drops_what_belonged_to_the_old_one() -> None:
    values: dict[str, Any] = {"search": {"strategy": {"kind": "gradient", "steps": 3}}}
    put(MineConfig, values, ["search", "strategy", "kind"], "gradient")
    assert values["search"]["strategy"]["steps"] == 3
    put(MineConfig, values, ["search", "strategy", "kind"], "hillclimb")
    assert values["search"]["strategy"] == {"kind": "hillclimb"}
    assert {one.__name__ for one in models_at(MineConfig, ["search", "strategy"])} >= {
        "Gradient",
        "Hillclimb",
    }
