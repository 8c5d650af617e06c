"""A leading `~` in a configuration is the user's home folder."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from outvoted.actors.networks import ExportedNetwork, PythonFactory
from outvoted.actors.training.generators.generator import GeneratorFile


def test_a_tilde_is_the_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ExportedNetwork.model_validate({"file": "~/net.pt2"}).file == tmp_path / "net.pt2"
    own = PythonFactory.model_validate({"factory": "m:f", "weights": "~/net.safetensors"})
    assert own.weights == tmp_path / "net.safetensors"
    assert GeneratorFile.model_validate({"path": "~/study/g.safetensors"}).path.parent == tmp_path / "study"


def test_a_tilde_elsewhere_is_part_of_the_name() -> None:
    assert str(ExportedNetwork.model_validate({"file": "nets/~old.pt2"}).file) == "nets/~old.pt2"


def test_a_user_that_is_not_there_is_named() -> None:
    with pytest.raises(ValidationError, match="no home folder of 'nobody-of-that-name'"):
        ExportedNetwork.model_validate({"file": "~nobody-of-that-name/net.pt2"})
