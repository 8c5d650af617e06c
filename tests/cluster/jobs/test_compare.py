"""Strategies compared on Ray: each has a run of its own, and more may be added later."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.search.settings import Settings
from outvoted.search.strategies import Hillclimb
from tests.cluster.conftest import Mine
from tests.cluster.rows import searches


@pytest.fixture
def config(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One strategy, ten searches for each target."""
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load(small.read_text())
    values["search"] |= {"per_target": 10, "patience": 40}
    values["strategies"] = [{"kind": "random"}]
    file = tmp_path / "contest.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def compared(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run the command."""
    monkeypatch.setattr(sys, "argv", ["outvoted", "compare", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.ray
def test_a_comparison_goes_on_with_a_strategy_more(
    mined: Mine,
    config: Path,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = RunFolder(runs / "contest")
    named = (config, "--runs", runs, "--name", "contest")
    assert compared(monkeypatch, *named) == 0
    assert {path.name for path in store.path.iterdir() if path.is_dir()} == {"random"}
    assert store.read_record().kind == "compare"
    first = (store.path / "random" / "run.json").read_text()
    more = "strategies=[{kind: random}, {kind: random, speculative: 8}]"
    assert compared(monkeypatch, *named, "--set", more) == 2
    assert "--resume" in capsys.readouterr().err
    assert compared(monkeypatch, *named, "--set", more, "--resume", "--set", "map.bins=2") == 0
    said = capsys.readouterr().out
    names = ["random", "random-2"]
    rows = json.loads((store.path / "comparison.json").read_text())
    assert [row["strategy"] for row in rows] == names
    assert store.read_record().state == State.FINISHED
    assert (store.path / "comparison.png").exists()
    for name, row in zip(names, rows, strict=True):
        part = RunFolder(store.path / name)
        assert part.read_record().state == State.FINISHED
        assert row["mistakes"] == Shards(part.path).table("mistakes").num_rows > 0
        assert (part.path / "gallery" / "map.png").exists()
        assert name in said
    seeds = [searches(RunFolder(store.path / name))[["search_id", "seed_id", "target"]] for name in names]
    assert seeds[0].equals(seeds[1])
    assert (store.path / "random" / "run.json").read_text() == first  # what was finished is not mined again
    assert not (store.path / ".panels").exists()


class Labelled(Hillclimb):
    """A strategy whose label is what a user chose."""

    called: str = ""

    @property
    def label(self) -> str:
        """What the user chose."""
        return self.called


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["climb", "swarm"], ["climb", "swarm"]),
        (["climb", "climb", "climb"], ["climb", "climb-2", "climb-3"]),
        (["climb", "climb-2", "climb"], ["climb", "climb-2", "climb-3"]),
        (["my.climbs:Steep"], ["my.climbs.Steep"]),
        (["../../etc", "a/b", ".panels", ""], ["etc", "a.b", "panels", "strategy"]),
    ],
)
def test_every_strategy_has_a_plain_folder_of_its_own(labels: list[str], names: list[str]) -> None:
    strategies = tuple(Labelled(called=label) for label in labels)
    assert [name for name, _ in CompareConfig(strategies=strategies).parts()] == names


def test_strategies_share_everything_else(config: Path) -> None:
    values: dict[str, Any] = yaml.safe_load(config.read_text())
    whole = CompareConfig.model_validate(values)
    for strategy, (_, part) in zip(whole.strategies, whole.parts(), strict=True):
        assert part.search == whole.search.model_copy(update={"strategy": strategy})
        kept: list[tuple[Settings | None, Settings | None]] = [
            (part.data, whole.data),
            (part.panel, whole.panel),
            (part.referee, whole.referee),
            (part.cluster, whole.cluster),
        ]
        assert all(one == other for one, other in kept)
