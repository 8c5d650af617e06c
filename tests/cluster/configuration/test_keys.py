"""Keys and schemas: what is made from the settings is current, and says of every key what it means."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from outvoted.cluster.configuration.keys import as_markdown, as_text, beginning, packaged, sections
from outvoted.cluster.configuration.ready import named, names
from outvoted.cluster.configuration.schema import schema_of
from outvoted.cluster.jobs.kinds import ENTRIES, KINDS
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING
from tests.cluster.faults import WRONG, places, replaced, sound

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"
STALE = "settings have changed: make pages"


def _fits(kind: str, values: Any) -> bool:
    return bool(Draft202012Validator(packaged(kind)).is_valid(values))


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_schema_is_that_of_the_settings(kind: str) -> None:
    found = packaged(kind)
    Draft202012Validator.check_schema(found)
    assert found == json.loads(json.dumps(schema_of(KINDS[kind].form, kind))), STALE


def test_the_page_is_that_of_the_settings() -> None:
    lines = "\n".join(as_markdown(sections({kind: packaged(kind) for kind in ENTRIES})))
    assert PAGE.read_text() == f"{lines}\n", STALE


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_key_says_what_it_means_and_what_may_stand_there(kind: str) -> None:
    keys = [(one.title, key) for one in sections({kind: packaged(kind)}) for key in one.keys]
    assert [f"{title}.{key.path}" for title, key in keys if not key.meaning or not key.values] == []
    assert all(one.does for one in sections({kind: packaged(kind)}))


@pytest.mark.parametrize("name", names())
def test_every_ready_configuration_fits_its_schema(name: str) -> None:
    one = named(name)
    values = yaml.safe_load(one.text)
    assert list(Draft202012Validator(packaged(one.kind)).iter_errors(values)) == []
    assert not _fits(one.kind, values | {"dta": {}})
    assert not _fits(one.kind, values | {"data": {"name": "mnits"}})


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_editor_marks_nothing_that_a_run_would_take(kind: str, tmp_path: Path) -> None:
    form = KINDS[kind].form
    values = form.model_validate(sound(kind, tmp_path)).model_dump(mode="json")
    assert _fits(kind, values)
    marked = []
    for place in places(values):
        for wrong in (
            "nothing",
            "a word",
            "a list",
            "true",
            "a negative number",
            "a fraction",
            "an import path",
        ):
            other = replaced(values, place, WRONG[wrong])
            if not _fits(kind, other) and _taken(form, other):
                marked.append(f"{'.'.join(map(str, place))}: {wrong}")
    assert marked == []


def _taken(form: Any, values: Any) -> bool:
    try:
        form.model_validate(values, context=EVERYTHING.context)
    except (ValidationError, OutvotedError):
        return False
    return True


def test_a_default_says_where_it_is_another() -> None:
    (referee,) = [one for one in sections({"mine": packaged("mine")}) if one.title == "referee"]
    epochs = next(key for key in referee.keys if key.path == "referee.training.epochs")
    assert epochs.default == "20; 6 where referee.training is left out"


def test_keys_are_found_by_their_beginning() -> None:
    found = sections({"mine": packaged("mine")})
    (one,) = beginning(found, "search.patience")
    assert [key.path for key in one.keys] == ["search.patience"]
    assert beginning(found, "strategy.gradient")[0].title == "strategy: gradient"
    assert any("search.patience" in line for line in as_text(found))
    with pytest.raises(OutvotedError, match=r"did you mean 'search\.patience'"):
        beginning(found, "search.patiense")
