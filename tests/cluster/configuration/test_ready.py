"""Ready configurations: they go by a name, a user's own file wins, and a misspelt name is set right."""

import re
from pathlib import Path

import pytest
import yaml

from outvoted.cluster.configuration.reading import keys_in
from outvoted.cluster.configuration.ready import FOLDER, ReadyConfig, file_of, hides_ready, named, names
from outvoted.cluster.jobs.kinds import ENTRIES, KINDS, kind_at, read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.search.errors import OutvotedError

LONGEST = 125


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", names())
def test_a_ready_configuration_is_valid_and_begins_with_what_it_does(name: str) -> None:
    one = named(name)
    read(KINDS[one.kind].form, Path(name))
    assert kind_at(Path(name)) is KINDS[one.kind]
    assert len(one.does) < LONGEST
    assert one.does[0].isupper()
    assert "on two cores" in one.time


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_kind_of_run_has_a_ready_example(kind: str) -> None:
    assert named(ENTRIES[kind].example).kind == kind


def test_a_copy_says_where_its_schema_is_and_changes_nothing_else() -> None:
    one = named("mnist")
    first, _, rest = one.text.partition("\n")
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
    assert schema is not None
    assert Path(schema[1]).is_absolute()
    assert rest == one.path.read_text().partition("\n")[2]


@pytest.mark.parametrize("own", ["mnist", "mnist.yaml"])
def test_a_file_of_the_users_wins(own: str, tmp_path: Path) -> None:
    assert file_of(Path("mnist")) == FOLDER / "mnist.yaml"
    assert not hides_ready(Path("mnist"))
    (tmp_path / own).write_text(yaml.safe_dump({"search": {"per_target": 7}}))
    assert hides_ready(Path("mnist"))
    assert read(MineConfig, Path("mnist")).search.per_target == 7


def test_a_folder_called_like_a_ready_configuration_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    assert file_of(Path("mnist")) == FOLDER / "mnist.yaml"


@pytest.mark.parametrize("given", ["mnits", "mnist.yaml", "configs/mnist.yaml", "mnist.yml"])
def test_a_misspelt_name_or_a_path_of_the_repository_is_set_right(given: str) -> None:
    with pytest.raises(OutvotedError, match="did you mean 'mnist', which comes with outvoted"):
        keys_in(Path(given), "mine", ())
    with pytest.raises(OutvotedError, match="did you mean 'mnist'"):
        named(given)


@pytest.mark.parametrize("given", ["", ".", "..", "/", "a" * 5000, "\0", "a\nb", "\udcff", "-x", "*"])
def test_what_is_no_name_is_a_path_that_is_not_there(given: str) -> None:
    with pytest.raises(OutvotedError, match="a YAML file at"):
        keys_in(Path(given), "mine", ())


def test_a_configuration_without_its_first_lines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# Does something.\ndata: {name: mnist}\n")
    with pytest.raises(ValueError, match="does not begin with"):
        ReadyConfig.at(tmp_path / "a.yaml")
