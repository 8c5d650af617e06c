"""A form made of a schema: every key once, only what was changed is sent, and the run gets just that."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from outvoted.cluster.configuration.keys import packaged
from outvoted.cluster.configuration.reading import overridden, validated
from outvoted.cluster.configuration.ready import ready
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.service.pages.fields import form, overrides, with_changes

READY = sorted(ready())


def keys_of(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(ready()[name].path.read_text("utf-8")))


def changed(posted: Mapping[str, str], name: str = "mnist") -> list[str]:
    return [text for _, text in overrides(form(packaged("mine"), keys_of(name), posted))]


@pytest.mark.parametrize("name", READY)
def test_a_form_that_nobody_touched_changes_nothing(name: str) -> None:
    groups = form(packaged(ready()[name].kind), keys_of(name), {})
    fields = [one for group in groups for one in group.fields()]
    assert overrides(groups) == []
    assert len({one.name for one in fields}) == len(fields)
    again = {one.name: one.value for one in fields}  # as a browser sends it back
    assert overrides(form(packaged(ready()[name].kind), keys_of(name), again)) == []


def test_only_what_was_changed_is_sent() -> None:
    assert changed({"search.patience": "99", "search.per_target": "1000"}) == ["search.patience=99"]


def test_another_variant_brings_its_own_settings_and_forgets_the_others() -> None:
    posted = {"search.strategy.kind": "genetic", "search.strategy@genetic.population": "20"}
    stale = {"search.strategy@hillclimb.speculative": "9"}
    assert changed(posted | stale) == ["search.strategy.kind=genetic", "search.strategy.population=20"]


def test_what_may_be_left_out_can_be_left_out() -> None:
    assert changed({"referee?": "none", "referee!.training.epochs": "3"}) == ["referee=null"]


@pytest.mark.parametrize(
    "posted",
    [
        {"search.patience": "99"},
        {"search.strategy.kind": "genetic", "search.strategy@genetic.population": "20"},
        {"referee?": "none"},
        {"panel.networks": "- {kind: mlp, hidden: 4}\n- {kind: mlp, hidden: [5, 6]}"},
        {"search.transform.kind": "blur"},
        {"search.targets": "[mlp-10]", "search.voters": "[1, 2]"},
        {"panel.training.augment?": "as set below"},
        {"data.name": "folder", "data@folder.path": "some where: else"},
    ],
)
def test_overrides_and_yaml_of_a_form_make_the_same_run(posted: Mapping[str, str]) -> None:
    keys, kind = keys_of("mnist"), KINDS["mine"]
    groups = form(packaged("mine"), keys, posted)
    sent = [text for _, text in overrides(groups)]
    assert sent
    by_override = overridden(validated(kind.form, keys, "test"), sent, "test")
    assert by_override == validated(kind.form, with_changes(keys, groups), "test")


@pytest.mark.parametrize("name", ["mnist", "compare-mnist", "study-iris", "sweep-noise-small"])
def test_what_a_number_may_be_is_what_the_run_takes(name: str) -> None:
    keys, kind = keys_of(name), KINDS[ready()[name].kind]
    numbers = [
        one
        for group in form(packaged(kind.name), keys, {})
        for one in group.fields()
        if one.control == "number" and one.low and "@" not in one.name and "!" not in one.name
    ]
    assert numbers
    for one in numbers[:6]:
        groups = form(packaged(kind.name), keys, {one.name: str(float(one.low) - 1)})
        with pytest.raises(ValidationError):
            kind.form.model_validate(with_changes(keys, groups))
