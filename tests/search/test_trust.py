"""Trust: what may be imported is said, and where nothing is said nothing is."""

from typing import Any

import pytest

from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Gradient
from outvoted.search.trust import EVERYTHING, NOTHING, Trust, import_paths, named_by, trust_of

GIVEN = {"strategy": {"kind": "nowhere.at_all:Climb"}}


def test_without_a_context_nothing_is_imported() -> None:
    with pytest.raises(OutvotedError, match=r"strategy kind=nowhere.at_all:Climb, which would import"):
        SearchSettings.model_validate(GIVEN)


@pytest.mark.parametrize("context", [None, {}, {"outvoted.trust": True}, "trust", NOTHING.context])
def test_what_is_no_trust_trusts_nothing(context: Any) -> None:
    assert trust_of(context) == NOTHING
    with pytest.raises(OutvotedError, match="would import"):
        SearchSettings.model_validate(GIVEN, context=context)


def test_with_trust_it_is_looked_for() -> None:
    for trust in (EVERYTHING, Trust(frozenset({"nowhere.at_all:Climb"}))):
        with pytest.raises(OutvotedError, match="No module named 'nowhere'"):
            SearchSettings.model_validate(GIVEN, context=trust.context)


def test_trust_in_one_path_is_none_in_another() -> None:
    trust = Trust(frozenset({"mine:Climb"})).at("run.json")
    trust.check("mine:Climb", "a strategy")
    for path in ("mine:Climbs", "mine", "mine.Climb", "other:Climb", ""):
        with pytest.raises(OutvotedError, match=r"run\.json"):
            trust.check(path, "a strategy")


def test_settings_without_own_code_trust_nothing() -> None:
    assert named_by(SearchSettings(), SearchSettings(strategy=Gradient())).paths == frozenset()


def test_import_paths_are_found_wherever_they_stand() -> None:
    values = {
        "panel": {"networks": [{"kind": "mlp"}, {"kind": "python", "factory": "a:b"}]},
        "search": {"transform": {"kind": "chain", "parts": [{"kind": "c.d:E"}]}, "strategy": {"kind": "f:G"}},
        "data": {"name": "mnist", "path": "x:/y"},
        "deep": [[{"more": ({"kind": "h:I"},)}]],
        "vary": {"search.strategy": {"choice": ["hillclimb", "j.k:L"]}, "data.path": ["/x"]},
    }
    assert dict(import_paths(values)) == {
        "panel.networks.1.factory": "a:b",
        "search.transform.parts.0.kind": "c.d:E",
        "search.strategy.kind": "f:G",
        "deep.0.0.more.0.kind": "h:I",
        "vary": "j.k:L",
    }


@pytest.mark.parametrize("values", [None, "a:b", 3, [], {}, {"kind": 3}, {"factory": None}, ["a:b"]])
def test_other_values_hold_none(values: Any) -> None:
    assert list(import_paths(values)) == []
