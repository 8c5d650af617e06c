"""Names and texts from a run's folder stay text: in a page, on a terminal, in a picture."""

import re
from pathlib import Path

import pytest

from outvoted.actors.runs.run_folder import RunFolder
from tests.hostile.altered import with_fact, with_own_fingerprint, with_rows
from tests.hostile.conftest import Outvoted

TEXTS = {
    "html": '<script>alert(1)</script><img src=x onerror="alert(1)">',
    "the end of a block": "</script></title></pre>-->",
    "markup": "[/b][link=file:///etc/passwd]click[/link][bold",
    "escape codes": "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e",
    "mathematics": r"$\frac{$ ^_\\",
    "a formula": "=cmd|'/c calc'!A1",
    "a template": "%{y}{{7*7}}${jndi:ldap://x}",
}
CONTROL = set("\x1b\x07\x9b\u202e")


def assert_plain(page: str) -> None:
    """Hold a page to showing texts, if at all, as text."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "</script></title>" not in page
    assert not re.search(r"<a [^>]*(etc/passwd|javascript:)", page)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.usefixtures("sketched", "payload")
def test_texts_of_a_record_are_text(own: RunFolder, outvoted: Outvoted) -> None:
    text = " ".join(TEXTS.values())
    for key in ("name", "message", "versions.python", "config.anything", "data.name"):
        with_fact(own, key, text)
    with_fact(own, "data.class_names", [f"{text}{n}" for n in range(10)])
    with_fact(own, "state", "failed")
    code, said = outvoted("report", own.path)
    assert code == 0, said
    assert "[/b][link=" in said
    assert not set(said) & CONTROL
    assert_plain((own.path / "report.html").read_text())


@pytest.mark.usefixtures("sketched", "payload")
def test_names_of_networks_are_text(own: RunFolder, outvoted: Outvoted) -> None:
    names = ["<img src=x onerror=alert(1)>", "[b][link=x", "$frac{$ %{y}"]
    for before, name in zip(("mlp-6", "mlp-12", "mlp-18"), names, strict=True):
        (own.peers / f"{before}.safetensors").rename(own.peers / f"{name}.safetensors")
    with_rows(
        own.peers,
        lambda rows: [
            row.update(name=name, file=f"{name}.safetensors") for row, name in zip(rows, names, strict=False)
        ],
    )
    with_own_fingerprint(own)
    code, said = outvoted("report", own.path)
    assert code == 0, said
    assert_plain((own.path / "report.html").read_text())


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_an_error_quotes_steers_no_terminal(text: str, own: RunFolder, outvoted: Outvoted) -> None:
    with_fact(own, "config.search.strategy", {"kind": f"{text}:Climb"})
    code, said = outvoted("report", own.path)
    assert code == 2
    assert not set(said) & CONTROL
    assert "would import" in said


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("kind", ["heal", "study"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_run_that_is_refused_is_named_as_text(
    text: str, kind: str, own: RunFolder, outvoted: Outvoted, tmp_path: Path
) -> None:
    with_fact(own, "name", text)
    with_fact(own, "kind", kind)
    for command in ("replay", "landscape"):
        code, said = outvoted(command, own.path)
        assert code == 2
        assert not set(said) & CONTROL
