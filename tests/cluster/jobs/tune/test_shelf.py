"""Panels of a sweep are trained once: a network each, by whoever waits; the desk knows who trains what."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import MLP, members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.cluster.jobs.tune import shelf
from outvoted.cluster.jobs.tune.shelf import PanelDesk, PlacedPanel, ToTrain, WantedPanel
from outvoted.search.errors import OutvotedError

PANEL = PanelSettings(networks=(MLP(hidden=2), MLP(hidden=3)), training=Training(epochs=1))


@pytest.fixture(scope="module")
def wanted(digits: Dataset) -> WantedPanel:
    return WantedPanel(panel_settings.recipes(PANEL, None), digits.fingerprint, digits.shape, digits.classes)


@pytest.fixture(scope="module")
def made(wanted: WantedPanel, digits: Dataset) -> list[Member]:
    return [
        trained_member(
            one.name, one.role, one.network, one.seed, train(one.network, one.training, digits, one.seed)
        )
        for one in wanted.recipes
    ]


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """References are what they refer to, and nobody waits for long."""
    monkeypatch.setattr("ray.put", lambda value: value)
    monkeypatch.setattr(shelf, "_WAIT_SECONDS", 0.05)


async def _trained(desk: PanelDesk, wanted: WantedPanel, made: list[Member], who: str) -> int:
    """Help until the panel is there; return how many networks were trained on the way."""
    count = 0
    while not isinstance(told := await desk.ask(wanted, who), PlacedPanel):
        if isinstance(told, ToTrain):
            count += 1
            await asyncio.sleep(0)
            await desk.trained(wanted, told.index, made[told.index])
    return count


def test_each_network_is_trained_once_however_many_want_it(
    tmp_path: Path, wanted: WantedPanel, made: list[Member]
) -> None:
    async def helped() -> tuple[list[int], int]:
        desk = PanelDesk(tmp_path)
        counts = await asyncio.gather(*(_trained(desk, wanted, made, str(who)) for who in range(5)))
        return list(counts), await desk.count()

    counts, count = asyncio.run(helped())
    assert sum(counts) == count == len(made)
    assert max(counts) < len(made)
    (folder,) = tmp_path.iterdir()
    assert [one.name for one in members.load(folder)] == [one.name for one in made]


def test_nothing_on_the_shelf_is_trained_again(
    tmp_path: Path, wanted: WantedPanel, made: list[Member]
) -> None:
    members.save(tmp_path / panel_settings.key(wanted.recipes, wanted.fingerprint), made)

    async def found() -> tuple[Any, int]:
        desk = PanelDesk(tmp_path)
        return await desk.ask(wanted, "one"), await desk.count()

    told, count = asyncio.run(found())
    assert isinstance(told, PlacedPanel)
    assert count == 0
    assert [one.sha256 for one in told.members[0]] == [one.sha256 for one in made]


def test_of_very_many_panels_few_are_kept_in_memory(
    tmp_path: Path, wanted: WantedPanel, made: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_PLACED", 2)

    async def kept() -> list[int]:
        desk = PanelDesk(tmp_path)
        counts = []
        for number in [*range(6), 0]:
            panel = replace(wanted, fingerprint=str(number))
            counts.append(await _trained(desk, panel, made, "one"))
        assert len(desk._orders) <= 4
        return counts

    assert asyncio.run(kept()) == [len(made)] * 6 + [0]


@pytest.mark.parametrize("noticed", [True, False], ids=["by the driver", "by its successor"])
def test_what_a_process_trained_that_died_is_handed_out_again(
    tmp_path: Path, wanted: WantedPanel, noticed: bool
) -> None:
    async def again() -> list[ToTrain | PlacedPanel | None]:
        desk = PanelDesk(tmp_path)
        first = [
            await desk.ask(wanted, "one"),
            await desk.ask(wanted, "two"),
            await desk.ask(wanted, "three"),
        ]
        if noticed:
            await desk.lost("one")
        return [*first, await desk.ask(wanted, "three" if noticed else "one")]

    one, two, nothing, successor = asyncio.run(again())
    assert isinstance(one, ToTrain)
    assert isinstance(two, ToTrain)
    assert one.index != two.index
    assert nothing is None
    assert successor == one


def test_where_the_shelf_is_full_nobody_waits_for_a_panel(
    tmp_path: Path, wanted: WantedPanel, made: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutvotedError("room", "none", "make some")

    monkeypatch.setattr(members, "save", full)

    async def refused() -> None:
        desk = PanelDesk(tmp_path)
        with pytest.raises(OutvotedError, match="room"):
            await _trained(desk, wanted, made, "one")
        with pytest.raises(OutvotedError, match="room"):
            await desk.ask(wanted, "two")

    asyncio.run(refused())


def test_a_network_that_cannot_be_trained_is_refused_to_all_who_want_it(
    tmp_path: Path, wanted: WantedPanel
) -> None:
    async def refused() -> None:
        desk = PanelDesk(tmp_path)
        await desk.ask(wanted, "one")
        await desk.refused(wanted, OutvotedError("a network", "none", "mend it"))
        for who in ("one", "two"):
            with pytest.raises(OutvotedError, match="a network"):
                await desk.ask(wanted, who)

    asyncio.run(refused())
