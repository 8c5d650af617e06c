"""A user's own class by its import path: taken where it fits, explained where it does not."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Additive, Chain, Transform
from outvoted.search.trust import EVERYTHING

MODULE = """
from typing import Annotated

from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms import Additive, Axis

class Nameless(Additive):
    height: Annotated[float, Field(ge=0)] = 8

    @property
    def axes(self):
        return (Axis.about_zero("height_levels", 2, self.height),)

    @property
    def differentiable(self):
        return True

    def check(self, shape):
        pass

    def apply(self, images, composed):
        return images + composed[:, :, None, None]

class Wave(Nameless):
    kind: str = "own_moves:Wave"

class Half(Additive):
    kind: str = "own_moves:Half"

class Other(Settings):
    kind: str = "own_moves:Other"

number = 3
"""


@pytest.fixture(autouse=True)
def _own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_moves.py").write_text(MODULE)
    (tmp_path / "own_broken.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("own_moves", "own_broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def settings(transform: Any) -> SearchSettings:
    return SearchSettings.model_validate({"transform": transform}, context=EVERYTHING.context)


def test_an_own_class_is_made_with_its_settings_and_renders() -> None:
    wave = settings({"kind": "own_moves:Wave", "height": 5}).transform
    assert isinstance(wave, Additive)
    assert type(wave).__name__ == "Wave"
    assert wave.within_budget(np.array([[5.0], [5.1]])).tolist() == [True, False]
    seeds = torch.full((2, 1, 3, 3), 100, dtype=torch.uint8)
    rendered = wave.render(seeds, torch.tensor([[4.0], [-1.2]]))
    assert rendered[:, 0, 0, 0].tolist() == [104, 99]


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a chain"])
def test_an_own_class_survives_being_written(inside: bool) -> None:
    own = {"kind": "own_moves:Wave", "height": 5}
    given = settings({"kind": "chain", "parts": [own, {"kind": "crop"}]} if inside else own)
    written = given.model_dump(mode="json")["transform"]
    assert (written["parts"][0] if inside else written) == {"kind": "own_moves:Wave", "height": 5.0}
    assert SearchSettings.model_validate_json(given.model_dump_json(), context=EVERYTHING.context) == given
    assert isinstance(given.transform, Chain) == inside


def test_a_value_made_already_is_taken_as_it_is() -> None:
    wave = settings({"kind": "own_moves:Wave"}).transform
    assert SearchSettings(transform=wave).transform is wave


def test_without_the_key_the_first_class_is_meant() -> None:
    assert settings({}) == SearchSettings()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "own_moves:Wav"}, "did you mean 'Wave'"),
        ({"kind": "own_mves:Wave"}, "No module named 'own_mves'"),
        ({"kind": "own_broken:Wave"}, "ZeroDivisionError: division by zero"),
        ({"kind": "own_moves:Other"}, "something else, the class Other"),
        ({"kind": "own_moves:number"}, "something else, of type int"),
        ({"kind": "own_moves:Half"}, "apply, axes, differentiable"),
        ({"kind": "own_moves:Nameless"}, 'kind: str = "own_moves:Nameless"'),
        ({"kind": "own_moves:Wave", "hight": 3}, "did you mean 'height'"),
        ({"kind": ":Wave"}, "MODULE:CLASS"),
        ({"kind": "own_moves:"}, "MODULE:CLASS"),
        ({"kind": "/own/moves.py:Wave"}, "MODULE:CLASS"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_wrong_with_an_own_class_is_told(given: dict[str, Any], told: str) -> None:
    for form in (given, {"kind": "chain", "parts": [given]}):
        with pytest.raises(OutvotedError) as refused:
            settings(form)
        assert told in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "own_moves:Wave", "height": -1}, "greater than or equal to 0"),
        ({"kind": "afine"}, "found using kind.* 'affine', "),
        ({"kind": {"a": "b:c"}}, "found using kind"),
        ("afine", "found using kind.* 'affine', "),
    ],
    ids=str,
)
def test_wrong_values_are_told_with_their_place(given: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        settings(given)
    assert refused.value.errors()[0]["loc"][0] == "transform"


def test_a_kind_alone_stands_for_its_usual_settings() -> None:
    assert settings("photometric") == settings({"kind": "photometric"})
    assert settings("own_moves:Wave") == settings({"kind": "own_moves:Wave"})


def test_a_kind_alone_that_is_an_import_path_is_imported_only_where_it_is_trusted() -> None:
    with pytest.raises(OutvotedError, match="which would import own_moves:Wave"):
        SearchSettings.model_validate({"transform": "own_moves:Wave"})


def test_the_interface_itself_is_no_transform() -> None:
    with pytest.raises(OutvotedError, match="complete"):
        settings({"kind": f"{Transform.__module__}:Transform"})
