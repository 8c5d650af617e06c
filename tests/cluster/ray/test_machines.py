"""Which machines are lost: Ray remembers every one that was ever there."""

from typing import Any

import pytest

from outvoted.cluster.ray.machines import MachinesLost


def _nodes(**alive: bool) -> list[dict[str, Any]]:
    """Make nodes; what is behind ``_`` tells those of one address apart."""
    return [
        {"NodeManagerAddress": name.split("_")[0], "Alive": is_alive, "Resources": {}}
        for name, is_alive in alive.items()
    ]


def test_machines_that_came_back_or_were_lost_before_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.nodes", lambda: _nodes(old=False, a_1=False, a_2=True, b=True, c=True))
    lost = MachinesLost()
    assert lost() == []
    monkeypatch.setattr(
        "ray.nodes", lambda: _nodes(c_2=True, old=False, a_2=True, a_1=False, b=False, c=False)
    )
    assert lost() == ["b"]
