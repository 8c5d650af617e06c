"""Panel settings: peers have names of their own, and a key names all that their weights depend on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from outvoted.actors.networks import CNN, MLP, Architecture
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings, key, recipes
from outvoted.actors.training.steps import Training

NETWORKS = st.lists(
    st.one_of(st.builds(MLP, hidden=st.integers(1, 3)), st.builds(CNN, channels=st.integers(1, 3))),
    min_size=2,
    max_size=12,
)
PAIR = (MLP(hidden=3), MLP(hidden=4))


@given(networks=NETWORKS)
def test_every_peer_has_a_name_of_its_own(networks: list[Architecture]) -> None:
    names = PanelSettings(networks=tuple(networks)).names
    assert len(set(names)) == len(names) == len(networks)


@given(networks=NETWORKS)
def test_names_begin_with_the_architecture(networks: list[Architecture]) -> None:
    names = PanelSettings(networks=tuple(networks)).names
    assert all(name.startswith(network.label) for name, network in zip(names, networks, strict=True))


def test_equal_architectures_are_told_apart_by_a_number() -> None:
    settings = PanelSettings(networks=(MLP(hidden=3), CNN(), MLP(hidden=3), MLP(hidden=30)))
    assert settings.names == ("mlp-3-1", "cnn-16", "mlp-3-2", "mlp-30")


@pytest.mark.parametrize("networks", [(), (MLP(),)])
def test_a_panel_has_at_least_two_peers(networks: tuple[Architecture, ...]) -> None:
    with pytest.raises(ValidationError, match="at least 2 networks"):
        PanelSettings.model_validate({"networks": networks})


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError):
        PanelSettings.model_validate({"network": [{"kind": "mlp"}, {"kind": "mlp"}]})


@given(networks=NETWORKS, seed=st.integers(0, 10**9))
def test_peers_start_from_consecutive_seeds(networks: list[Architecture], seed: int) -> None:
    settings = PanelSettings(networks=tuple(networks), training=Training(seed=seed))
    found = recipes(settings, None)
    assert [recipe.seed for recipe in found] == list(range(seed, seed + len(networks)))
    assert [recipe.name for recipe in found] == list(settings.names)
    assert [recipe.network for recipe in found] == networks
    assert {recipe.role for recipe in found} == {"peer"}


def test_the_referee_comes_last_with_its_own_training() -> None:
    referee = RefereeSettings(network=CNN(channels=2), training=Training(epochs=2, seed=9))
    *peers, judge = recipes(PanelSettings(networks=PAIR), referee)
    assert [peer.role for peer in peers] == ["peer", "peer"]
    assert (judge.name, judge.role, judge.seed) == ("referee", "referee", 9)
    assert (judge.network, judge.training) == (referee.network, referee.training)


def test_equal_settings_have_equal_keys() -> None:
    one, other = (recipes(PanelSettings(networks=PAIR), RefereeSettings()) for _ in range(2))
    assert key(one, "data") == key(other, "data")


def test_whatever_weights_depend_on_changes_the_key() -> None:
    usual = PanelSettings(networks=PAIR)
    referee = RefereeSettings()
    keys = [
        key(recipes(usual, referee), "data"),
        key(recipes(usual, referee), "other data"),
        key(recipes(usual, None), "data"),
        key(recipes(usual, RefereeSettings(training=Training(epochs=4))), "data"),
        key(recipes(PanelSettings(networks=PAIR[::-1]), referee), "data"),
        key(recipes(PanelSettings(networks=(*PAIR, MLP(hidden=5))), referee), "data"),
        key(recipes(PanelSettings(networks=(PAIR[0], MLP(hidden=4, activation="relu"))), referee), "data"),
        key(recipes(PanelSettings(networks=PAIR, training=Training(seed=1)), referee), "data"),
        key(recipes(PanelSettings(networks=PAIR, training=Training(learning_rate=0.1)), referee), "data"),
    ]
    assert len(set(keys)) == len(keys)


def test_a_key_is_fit_for_a_folder() -> None:
    found = key(recipes(PanelSettings(), None), "data")
    assert len(found) == 16
    assert found.isalnum()
