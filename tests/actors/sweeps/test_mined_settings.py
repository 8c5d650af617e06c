"""What was mined of a sweep's settings, on disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.local_mining import MiningResult, mine_panel
from outvoted.actors.networks import CNN
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import RefereeSettings
from outvoted.actors.sweeps.mined_settings import MinedSettings, Mining, Origin
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings

ORIGIN = Origin("panel", "{}", "referee")


@pytest.fixture(scope="module")
def mined(trained: list[Member], digits: Dataset) -> MiningResult:
    """Five searches for each of three peers."""
    images = Images(digits.train, digits.shape, digits.classes)
    return mine_panel(SearchSettings(per_target=5, patience=40), trained, images, 10, None)


def test_rows_are_read_as_they_were_written_their_setting_behind(mined: MiningResult, tmp_path: Path) -> None:
    store = MinedSettings(tmp_path)
    assert store.origin("T1") is None
    store.write("T1", mined, ORIGIN)
    again = store.read("T1")
    for rows, before in ((again.searches, mined.searches), (again.mistakes, mined.mistakes)):
        assert set(rows["setting"].to_pylist()) == {"T1"}
        assert rows.column_names[-1] == "setting"
        assert rows.drop_columns(["setting"]).equals(before)
    assert b"huggingface" in again.mistakes.schema.metadata
    assert store.origin("T1") == ORIGIN
    assert store.reason("T1") is None


def test_a_setting_that_fails_is_forgotten_and_one_that_is_mined_has_not_failed(
    mined: MiningResult, tmp_path: Path
) -> None:
    store = MinedSettings(tmp_path)
    store.fail("T2", "never there")
    store.write("T1", mined, ORIGIN)
    store.fail("T1", "hardly a seed\nundisputed")
    assert store.reason("T1") == "hardly a seed\nundisputed"
    assert store.origin("T1") is None
    with pytest.raises(OutvotedError, match="a readable Parquet file"):
        store.read("T1")
    store.write("T1", mined, ORIGIN)
    assert store.reason("T1") is None
    assert store.reason("T2") == "never there"


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really"])
def test_a_broken_file_is_as_good_as_none(content: bytes, mined: MiningResult, tmp_path: Path) -> None:
    store = MinedSettings(tmp_path)
    store.write("T1", mined, ORIGIN)
    (tmp_path / "searches" / "T1.parquet").write_bytes(content)
    assert store.origin("T1") is None


def test_mistakes_come_from_panel_searches_referee_and_data(trained: list[Member]) -> None:
    mining = Mining()
    other_search = Mining(search=SearchSettings(per_target=7))
    other_referee = Mining(referee=RefereeSettings(network=CNN(channels=4)))
    longer = [*trained, replace(trained[0], name="seed-9")]
    origins = [
        mining.origin(trained, "data"),
        mining.origin(trained[:2], "data"),
        mining.origin(longer, "data"),
        mining.origin([replace(trained[0], name="other"), *trained[1:]], "data"),
        other_search.origin(trained, "data"),
        other_referee.origin(trained, "data"),
        Mining(referee=None).origin(trained, "data"),
        mining.origin(trained, "other data"),
    ]
    assert len(set(origins)) == len(origins)
    assert mining.origin(trained, "data") == Mining.model_validate({}).origin(list(trained), "data")


def test_a_setting_is_searched_a_hundred_times_a_network_unless_told_otherwise() -> None:
    assert Mining().search.per_target == 100
    assert Mining.model_validate({"search": {"patience": 50}}).search == SearchSettings(
        per_target=100, patience=50
    )
    assert Mining.model_validate({"search": {"per_target": 3}}).search.per_target == 3
