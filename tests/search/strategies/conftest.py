"""The strategies under test."""

import pytest

from outvoted.search.climb import Rules
from tests.search.strategies.cases import CASES, Case


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    """Every strategy in turn."""
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def rules(case: Case) -> Rules:
    """Rules of small searches."""
    return case.rules()
