"""Objects are put, listed, fetched and removed whole; what a store refuses is said in a message, soon."""

import time
from pathlib import Path

import pytest
import requests

from outvoted.cluster.storage.store import Store, opened
from outvoted.search.errors import OutvotedError
from tests.object_store import hold

SOON_SECONDS = 15.0


def test_what_is_put_is_listed_read_fetched_and_removed(store: Store, tmp_path: Path) -> None:
    assert store.objects() == {}
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 50_000)  # more than a piece
    store.put(file, "peers/net.safetensors")
    store.write("run.json", b"{}")
    store.write(".running", b"me")
    assert {name: found.size for name, found in store.objects().items()} == {
        "peers/net.safetensors": 12_800_000,
        "run.json": 2,
    }
    assert store.stat(["run.json", "none"]).keys() == {"run.json"}
    assert store.read("run.json") == b"{}"
    assert store.read("none") is None
    store.get("peers/net.safetensors", tmp_path / "deep" / "down" / "again")
    assert (tmp_path / "deep" / "down" / "again").read_bytes() == file.read_bytes()
    store.remove("run.json")
    store.remove("run.json")
    assert store.objects().keys() == {"peers/net.safetensors"}
    with pytest.raises(FileNotFoundError):
        store.get("none", tmp_path / "none")
    assert not list(tmp_path.glob(".*"))


def test_a_listing_of_thousands_is_whole(store: Store) -> None:
    names = {f"searches/shard-{k:06d}.parquet" for k in range(4500)}
    for name in names:
        hold(f"runs/night/{name}")
    assert store.objects().keys() == names


def test_children_are_what_could_be_runs(s3: str, store: Store) -> None:
    store.write("run.json", b"{}")
    opened(f"{s3}/runs/other").write("run.json", b"{}")
    opened(f"{s3}/runs").write("note.txt", b"")
    assert opened(f"{s3}/runs").children() == ["night", "other"]


@pytest.mark.parametrize("name", ["a\\b", "b/" + 201 * "x"])
def test_a_name_that_could_not_be_a_files_is_refused(name: str, store: Store) -> None:
    hold(f"runs/night/{name}")
    with pytest.raises(OutvotedError, match="which is not a plain one"):
        store.objects()


def test_a_name_that_leads_elsewhere_is_none(store: Store) -> None:
    hold("runs/night/a/../../../etc/passwd")
    assert store.objects() == {}


def _refusal(url: str) -> str:
    began = time.monotonic()
    with pytest.raises(OutvotedError) as caught:
        opened(url).check()
    with pytest.raises(OutvotedError):
        opened(url).objects()
    assert time.monotonic() - began < SOON_SECONDS
    message = str(caught.value)
    assert "sesame" not in message
    assert url in message
    return message


def test_a_wrong_bucket_is_named(s3: str) -> None:
    assert "no such bucket" in _refusal(f"{s3}-none/runs")


def test_wrong_credentials_are_said(s3: str, endpoint: str) -> None:
    requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=10)
    try:
        assert "knows no such access key" in _refusal(f"{s3}/runs")
    finally:
        requests.post(f"{endpoint}/moto-api/reset-auth", data="Infinity", timeout=10)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://no.such.host.invalid"])
def test_a_wrong_endpoint_is_said(address: str, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    assert "can't be reached" in _refusal(f"{s3}/runs")
