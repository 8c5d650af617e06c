"""Reading a run imports nothing and runs nothing that a file in its folder names."""

import json
from collections.abc import Callable

import pytest

from outvoted import Panel
from outvoted.actors.networks import members
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.errors import OutvotedError
from tests.hostile.altered import of_kind, with_architecture, with_fact, with_own_fingerprint
from tests.hostile.conftest import Outvoted, Payload

FACTORY = {"kind": "python", "factory": "payload:make", "arguments": {}}
SYSTEM = {"kind": "python", "factory": "os:system", "arguments": {"command": "touch ../mark"}}
CLIMB, MOVES = {"kind": "payload:Climb"}, {"kind": "payload:Climb"}

NETWORKS: dict[str, Callable[[RunFolder], None]] = {
    "a peer": lambda run: with_architecture(run.peers, 0, FACTORY),
    "a command as a factory": lambda run: with_architecture(run.peers, 1, SYSTEM),
    "the referee": lambda run: with_architecture(run.peers, -1, FACTORY),
    "a peer behind its input": lambda run: with_architecture(
        run.peers, 0, {"kind": "prepared", "network": FACTORY}
    ),
}
SETTINGS: dict[str, Callable[[RunFolder], None]] = {
    "strategy": lambda run: with_fact(run, "config.search.strategy", CLIMB),
    "transform": lambda run: with_fact(run, "config.search.transform", MOVES),
    "part of a chain": lambda run: with_fact(
        run, "config.search.transform", {"kind": "chain", "parts": [MOVES]}
    ),
    "strategies": lambda run: with_fact(run, "config.strategies", [CLIMB]),
    "panel": lambda run: with_fact(run, "config.panel.networks.1", FACTORY),
    "referee's settings": lambda run: with_fact(run, "config.referee.network", FACTORY),
    "mining of a sweep": lambda run: with_fact(run, "config.mining", {"search": {"strategy": CLIMB}}),
    "families": lambda run: with_fact(
        run, "config.study", {"kind": "boundary", "families": [{"name": "a", "network": FACTORY}]}
    ),
    "augmenting": lambda run: with_fact(run, "config.panel.training", {"augment": MOVES}),
}
READERS = ("report", "replay", "landscape", "load")
KINDS = ("scan", "compare", "heal", "sweep", "tune", "study")


def assert_refused(answer: tuple[int, str], payload: Payload, path: str) -> None:
    code, said = answer
    assert not payload.ran
    assert code == 2, said
    assert f"would import {path}" in said
    assert "--trust" in said


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("attack", NETWORKS)
def test_networks_that_are_code_are_refused(
    attack: str, command: str, own: RunFolder, payload: Payload, outvoted: Outvoted
) -> None:
    NETWORKS[attack](own)
    path = "os:system" if "command" in attack else "payload:make"
    assert_refused(outvoted(command, own.path), payload, path)


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("attack", SETTINGS)
def test_settings_that_are_code_are_refused(
    attack: str, command: str, own: RunFolder, payload: Payload, outvoted: Outvoted
) -> None:
    SETTINGS[attack](own)
    assert_refused(outvoted(command, own.path), payload, "payload:")


@pytest.mark.parametrize("attack", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_every_kind_are_refused(
    attack: str, kind: str, own: RunFolder, payload: Payload, outvoted: Outvoted
) -> None:
    run = of_kind(own, kind)
    SETTINGS[attack](run)
    commands = ("report", "label") if kind == "study" else ("report",)
    for command in commands:
        assert_refused(outvoted(command, run.path), payload, "payload:")


@pytest.mark.parametrize("attack", [*NETWORKS, *SETTINGS])
def test_the_parts_of_a_comparison_are_refused(
    attack: str, own: RunFolder, payload: Payload, outvoted: Outvoted
) -> None:
    whole = of_kind(own, "compare")
    (NETWORKS | SETTINGS)[attack](RunFolder(whole.path / "hillclimb"))
    code, said = outvoted("report", whole.path)
    assert not payload.ran
    assert code == 2, said
    assert "would import" in said


@pytest.mark.parametrize("attack", [*NETWORKS, *SETTINGS])
def test_listing_runs_runs_none_of_them(
    attack: str, own: RunFolder, payload: Payload, outvoted: Outvoted
) -> None:
    (NETWORKS | SETTINGS)[attack](own)
    assert outvoted("runs", "--runs", own.path.parent)[0] == 0
    assert not payload.ran


@pytest.mark.usefixtures("payload")
def test_a_refusal_names_the_network_and_the_file(own: RunFolder, outvoted: Outvoted) -> None:
    NETWORKS["a peer"](own)
    _, said = outvoted("report", own.path)
    assert "network 'mlp-6', which would import payload:make" in said
    assert str(own.peers / members.TABLE) in said
    assert "look at that code" in said


@pytest.mark.usefixtures("payload")
def test_a_refusal_names_the_key_and_the_file(own: RunFolder, outvoted: Outvoted) -> None:
    SETTINGS["strategy"](own)
    _, said = outvoted("replay", own.path)
    assert "search.strategy.kind, which would import payload:Climb" in said
    assert str(own.path / "run.json") in said


def test_a_refused_run_is_left_as_it_was(own: RunFolder, payload: Payload, outvoted: Outvoted) -> None:
    NETWORKS["a peer"](own)
    before = {path: path.stat().st_mtime_ns for path in own.path.rglob("*")}
    for command in READERS:
        outvoted(command, own.path)
    assert {path: path.stat().st_mtime_ns for path in own.path.rglob("*")} == before
    assert not payload.ran


def test_with_trust_the_code_is_the_readers_own(own: RunFolder, payload: Payload, outvoted: Outvoted) -> None:
    """Without this, a payload that cannot run would pass for one that was kept from it."""
    NETWORKS["a peer"](own)
    with_own_fingerprint(own)
    outvoted("replay", own.path, "--trust")
    assert payload.ran


def test_with_trust_settings_are_imported_too(own: RunFolder, payload: Payload, outvoted: Outvoted) -> None:
    SETTINGS["transform"](own)
    code, said = outvoted("replay", own.path, "--trust")
    assert payload.ran
    assert code == 2
    assert "derived from" in said


def test_python_asks_for_trust_in_its_own_words(own: RunFolder, payload: Payload) -> None:
    NETWORKS["a peer"](own)
    with pytest.raises(OutvotedError, match="trust=True"):
        Panel.load(own.path)
    assert not payload.ran


def test_a_kind_that_there_is_not_is_no_import(own: RunFolder, payload: Payload, outvoted: Outvoted) -> None:
    for text in ('{"kind": "payload"}', '{"kind": "payload.make"}', json.dumps({**FACTORY, "factory": 3})):
        with_architecture(own.peers, 0, json.loads(text))
        assert outvoted("report", own.path)[0] == 2
        assert not payload.ran
