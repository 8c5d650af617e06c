"""The strategies under test."""

import pytest

from outvoted.search.climb import Rules
from tests.search.strategies.cases import CASES, STEPWISE, Case


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    """Every strategy in turn."""
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture(params=STEPWISE, ids=lambda case: case.name)
def stepwise(request: pytest.FixtureRequest) -> Case:
    """Every strategy that tries one candidate after another."""
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def rules(case: Case) -> Rules:
    """Rules of small searches."""
    return case.rules()
