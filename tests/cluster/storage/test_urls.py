"""A URL and the folder that stands for it are the same place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.storage.urls import folder_of, given_as, run_folder_of, url_of
from outvoted.search.errors import OutvotedError

PARTS = st.lists(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#@"), min_size=1)
    .filter(lambda part: part not in (".", ".."))
    .map(lambda part: part[:12]),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from(["s3", "gs"]), PARTS)
def test_a_folder_stands_for_one_url_and_no_other(scheme: str, parts: list[str]) -> None:
    url = f"{scheme}://{'/'.join(parts)}"
    folder = folder_of(url)
    assert url_of(folder) == url == given_as(folder)
    assert url_of(folder / "night" / "run.json") == f"{url}/night/run.json"
    assert folder_of(f"{url}/") == folder == folder_of(Path(url))
    assert run_folder_of(f"{url}/night") == folder / "night"


@pytest.mark.parametrize("place", ["runs", "/data/runs", "a:b", "./s3", "C:/x"])
def test_a_folder_is_itself(place: str) -> None:
    assert folder_of(place) == Path(place)
    assert url_of(Path(place)) is None


def test_a_file_url_is_its_folder() -> None:
    assert folder_of("file:///data/my%20runs") == Path("/data/my runs")
    assert run_folder_of("file:///data/runs/night") == Path("/data/runs/night")


@pytest.mark.parametrize(
    "place",
    [
        "s3://",
        "s3:///",
        "s3://bucket/../other",
        "s3://bucket/./x",
        "s3://me:secret@bucket/x",
        "s3://bucket/x?endpoint_override=evil:9000",
        "s3://bucket/a#b",
        "http://host/x",
        "az://container/x",
        "file://host/x",
        "s3://bucket/" + 300 * "x",
        "s3://bucket/a\nb",
    ],
)
def test_what_is_no_place_for_runs_is_refused_in_a_message_without_secrets(place: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        folder_of(place)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("run", ["s3://bucket", "s3://bucket/", "gs://bucket"])
def test_a_bucket_is_no_run(run: str) -> None:
    with pytest.raises(OutvotedError, match="the URL of a run"):
        run_folder_of(run)
