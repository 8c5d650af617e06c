from pathlib import Path

import pytest

from outvoted.cluster.service.guard.hosts import check_binding, names_of
from outvoted.cluster.service.guard.tokens import Tokens
from outvoted.search.errors import OutvotedError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.5.5.5"])
def test_this_machine_alone_needs_no_preparation(tmp_path: Path, host: str) -> None:
    check_binding(host, (), tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gpu7", ""])
def test_where_others_reach_it_needs_a_token_and_a_name(tmp_path: Path, host: str) -> None:
    with pytest.raises(OutvotedError, match="a token in"):
        check_binding(host, ("gpu7",), tmp_path)
    Tokens.at(tmp_path)
    with pytest.raises(OutvotedError, match="--allow-host"):
        check_binding(host, (), tmp_path)
    check_binding(host, ("gpu7",), tmp_path)


def test_a_service_answers_to_its_own_names_and_those_that_were_allowed() -> None:
    local = {"localhost", "127.0.0.1", "::1"}
    assert names_of("0.0.0.0", ()) == local
    assert names_of("10.0.0.7", ("Mining.Example.Org", "[2001:db8::1]", "other:8443")) == local | {
        "10.0.0.7",
        "mining.example.org",
        "2001:db8::1",
        "other",
    }
