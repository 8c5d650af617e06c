"""Menus of interactive figures: each changes what is its own."""

import plotly.graph_objects as go
import pytest

from outvoted.analysis.report.menus import Choice, add_menus, networks, shown


@pytest.fixture
def figure() -> go.Figure:
    found = go.Figure([go.Scatter(), go.Scatter(), go.Scatter(name="legend")])
    what = [Choice("first", {"y": [[1], [2]]}), Choice("<second>", {"y": [[3], [4]]}, {"title.text": "2"})]
    add_menus(found, what, networks(("a", "b"), (0, 1, None)))
    return found


def test_the_first_of_each_menu_is_shown(figure: go.Figure) -> None:
    assert [trace.y for trace in figure.data] == [(1,), (2,), None]
    assert [trace.visible for trace in figure.data] == [True, False, True]


def test_a_choice_reaches_the_traces_it_has_values_for(figure: go.Figure) -> None:
    what, whose = figure.layout.updatemenus
    traces, layout, places = what.buttons[1].args
    assert traces == {"y": [[3], [4]]}
    assert layout == {"title.text": "2"}
    assert list(places) == [0, 1]
    assert whose.buttons[1].args[0] == {"visible": [False, True, True]}
    assert not {*traces} & {*whose.buttons[1].args[0]}


def test_names_in_menus_stay_text(figure: go.Figure) -> None:
    assert figure.layout.updatemenus[0].buttons[1].label == "&lt;second&gt;"


def test_a_menu_of_one_entry_is_none() -> None:
    found = go.Figure([go.Scatter()])
    add_menus(found, [Choice("only", {"y": [[5]]})], networks(("a",), (0,)))
    assert found.data[0].y == (5,)
    assert not found.layout.updatemenus


def test_traces_of_no_network_are_always_shown() -> None:
    assert shown((0, None, 1), 0) == [True, True, False]
    assert shown((0, None, 1), 1) == [False, True, True]
