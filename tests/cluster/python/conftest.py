"""Networks as a user hands them over."""

import pytest
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member

Networks = dict[str, nn.Module]


@pytest.fixture
def networks(trained: list[Member], digits: Dataset) -> Networks:
    """The three peers as a user's own modules."""
    return {member.name: member.bare(digits.shape, digits.classes) for member in trained}
