import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outvoted.cluster.service.guard.sessions import CODE_LASTS, LASTS, Sessions
from outvoted.cluster.service.guard.tokens import FILES, FOLDER, Tokens, kept
from outvoted.cluster.service.guard.visitors import Role
from outvoted.search.errors import OutvotedError


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass."""
    now, passed = time.time, 0.0

    def wait(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(time, "time", lambda: now() + passed)
    return wait


def test_tokens_are_made_once_and_their_user_alone_can_read_them(tmp_path: Path) -> None:
    made = Tokens.at(tmp_path)
    assert Tokens.at(tmp_path) == made
    assert len({*made.by_role.values(), made.key}) == 4
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    for file in (tmp_path / FOLDER).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_token_opens_its_own_role_and_no_other_text_opens_any(tmp_path: Path) -> None:
    tokens = Tokens.at(tmp_path)
    assert {role: tokens.role_of(token) for role, token in tokens.by_role.items()} == {
        one: one for one in Role
    }
    full = tokens.by_role[Role.FULL]
    for wrong in ("", full[:-1], full + "x", full.upper(), tokens.key, "ü\udcff", "\0"):
        assert tokens.role_of(wrong) is None


def test_processes_that_start_at_once_have_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: kept(tmp_path / "secret"), range(32)))
    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda file: file.chmod(0o640), "-rw-r-----"),
        (lambda file: file.write_text("short"), "5 characters"),
        (lambda file: file.write_text("x" * 20 + " " + "y" * 20), "41 characters"),
        (lambda file: (file.unlink(), file.symlink_to("/etc/hostname")), "symbolic links"),
        (lambda file: (file.unlink(), file.mkdir()), "directory"),
    ],
)
def test_a_token_that_others_know_or_that_is_none_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object], found: str
) -> None:
    Tokens.at(tmp_path)
    spoil(tmp_path / FOLDER / FILES[Role.READING])
    with pytest.raises(OutvotedError, match=found):
        Tokens.at(tmp_path)


def test_a_session_goes_on_when_the_service_is_started_again(tmp_path: Path) -> None:
    cookie = Sessions(tmp_path, Tokens.at(tmp_path)).begin(Role.LABELLING)
    again = Sessions(tmp_path, Tokens.at(tmp_path)).visitor(cookie)
    assert again is not None
    assert again.role == Role.LABELLING
    assert again.csrf


def test_a_session_ends_with_its_time(tmp_path: Path, later: Callable[[float], None]) -> None:
    sessions = Sessions(tmp_path, Tokens.at(tmp_path))
    cookie = sessions.begin(Role.FULL)
    later(LASTS - 10)
    assert sessions.visitor(cookie)
    later(20)
    assert sessions.visitor(cookie) is None


def test_who_logs_out_is_out_also_with_a_copy_of_the_cookie_and_after_a_restart(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, Tokens.at(tmp_path))
    cookie, other = sessions.begin(Role.FULL), sessions.begin(Role.FULL)
    visitor = sessions.visitor(cookie)
    assert visitor is not None
    sessions.end(visitor)
    for again in (sessions, Sessions(tmp_path, Tokens.at(tmp_path))):
        assert again.visitor(cookie) is None
        assert again.visitor(other)


def test_a_new_token_ends_all_sessions(tmp_path: Path) -> None:
    cookie = Sessions(tmp_path, Tokens.at(tmp_path)).begin(Role.FULL)
    (tmp_path / FOLDER / FILES[Role.FULL]).unlink()
    assert Sessions(tmp_path, Tokens.at(tmp_path)).visitor(cookie) is None


def test_a_cookie_that_was_altered_or_is_of_another_service_is_worth_nothing(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    sessions, elsewhere = (Sessions(runs, Tokens.at(runs)) for runs in (one, other))
    cookie = sessions.begin(Role.READING)
    assert sessions.cookie != elsewhere.cookie
    assert elsewhere.visitor(cookie) is None
    payload, rest = cookie.split(".", 1)
    for wrong in ("", "...", payload, f"{payload[:-2]}AA.{rest}", cookie[:-1], cookie * 100, "ü"):
        assert sessions.visitor(wrong) is None


def test_a_link_works_once_and_soon(tmp_path: Path, later: Callable[[float], None]) -> None:
    sessions = Sessions(tmp_path, Tokens.at(tmp_path))
    code = sessions.code()
    assert not sessions.redeem("ü")
    assert not sessions.redeem("")
    assert sessions.redeem(code)
    assert not sessions.redeem(code)
    late = sessions.code()
    later(CODE_LASTS + 1)
    assert not sessions.redeem(late)
