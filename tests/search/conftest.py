"""The strategies that try one candidate after another."""

import pytest

from tests.search.strategies.cases import STEPWISE, Case


@pytest.fixture(params=STEPWISE, ids=lambda case: case.name)
def stepwise(request: pytest.FixtureRequest) -> Case:
    """Every strategy that tries one candidate after another."""
    assert isinstance(request.param, Case)
    return request.param
