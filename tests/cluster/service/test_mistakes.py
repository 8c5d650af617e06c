"""A run's mistakes over HTTP."""

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.service.downloads import MOST
from outvoted.cluster.service.service import Service
from tests.hostile.altered import of_kind

ALL = "/v1/runs/small/mistakes"


@pytest.fixture
def small(run_path: Path, service: Service) -> Path:
    """The small run, among the service's; its files are shared with the original and must not be altered."""
    return Path(shutil.copytree(run_path, service.runs / "small"))


@pytest.fixture
def frame(small: Path) -> pd.DataFrame:
    return Shards(small).frame("mistakes")


def got(client: TestClient, address: str, status: int = 200) -> Any:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_cursors_lead_to_every_mistake_that_a_filter_leaves(client: TestClient, frame: pd.DataFrame) -> None:
    least = float(frame["margin"].median())
    left = frame[frame["valid"].astype(bool) & (frame["margin"] >= least)]
    left = left.sort_values(["margin", "search_id"], ascending=False)
    assert len(left) > 3
    address = f"{ALL}?valid=yes&range=margin:{least!r}..&sort=-margin&limit=3"
    found, cursor = list[int](), ""
    while True:
        page = got(client, address + cursor)
        assert page["total"] == len(left)
        found += [row["search"] for row in page["rows"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == list(left["search_id"])
    assert page["side"] == 28
    assert page["measures"] == list(frame["measures"][0])


@pytest.mark.parametrize(
    "query",
    [
        *("sort=margins", "cursor=x", "limit=0", "limit=501", "skip=-1", "label=two", "valid=maybe"),
        *("range=margin", "range=margin:a..b", "range=margin:0..1&range=margin:0..2", "range=nothing:0..1"),
        *("limit=x", "range=margin:nan..1", "label=99999999999999999999", "format=csv"),
    ],
)
def test_what_cannot_be_asked_is_refused(query: str, small: Path, client: TestClient) -> None:
    said = got(client, f"{ALL}?{query}", 422)["error"]
    assert said["expected"]
    assert said["remedy"]


@pytest.mark.parametrize("part", ["", "/facets", "/weaknesses", "/images?id=0/0", "/0/0", "/0/0/image.png"])
def test_a_run_that_is_not_there_is_not_found(part: str, client: TestClient) -> None:
    got(client, f"/v1/runs/nothing/mistakes{part}", 404)


@pytest.mark.parametrize("part", ["", "/image.png", "/seed.png", "/climb.png"])
def test_a_mistake_that_is_not_there_is_not_found(part: str, small: Path, client: TestClient) -> None:
    got(client, f"{ALL}/999999/0{part}", 404)


def test_a_page_comes_as_recorded_rows_too(client: TestClient, frame: pd.DataFrame) -> None:
    answer = client.get(f"{ALL}?limit=4", headers={"Accept": "application/vnd.apache.parquet"})
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [row["image"] for row in rows] == list(frame["image"][:4])
    more = client.get(f"{ALL}?limit=4&format=parquet&cursor={answer.headers['X-Next-Cursor']}")
    assert [row["search_id"] for row in pq.read_table(io.BytesIO(more.content)).to_pylist()] == list(
        frame["search_id"][4:8]
    )


def test_facets_and_the_map_add_up(client: TestClient, frame: pd.DataFrame) -> None:
    facets = got(client, f"{ALL}/facets?valid=yes")
    assert facets["total"] == int(frame["valid"].sum())
    counts = {value["value"]: value["count"] for value in facets["fields"]["label"]}
    assert counts == frame[frame["valid"].astype(bool)]["label"].value_counts().to_dict()
    weak = got(client, f"{ALL}/weaknesses")
    assert sum(cell["count"] for cell in weak["cells"]) == len(frame)
    assert all(sum(bars["counts"]) == len(frame) for bars in weak["bars"])


def test_a_mistake_is_shown_whole(client: TestClient, frame: pd.DataFrame) -> None:
    row = frame.iloc[0]
    found = got(client, f"{ALL}/{row['search_id']}/0")
    assert found["row"]["margin"] == pytest.approx(row["margin"])
    roles = [answer["role"] for answer in found["answers"]]
    assert roles.count("target") == 1
    assert found["answers"][row["target"]]["predicted"] == row["predicted"]
    assert found["dissents"] == [row["target_name"]]
    assert [answer["network"] for answer in found["answers"]] == ["mlp-6", "mlp-12", "mlp-18"]
    assert len(found["moves"]) == len(row["move_parameters"])
    for which, column in (("image", "image"), ("seed", "seed_image")):
        image = client.get(f"{ALL}/{row['search_id']}/0/{which}.png?scale=3")
        assert image.headers["content-type"] == "image/png"
        large = png.decode(image.content)
        assert (large[:, ::3, ::3] == png.decode(row[column]["bytes"])).all()
    assert client.get(f"{ALL}/{row['search_id']}/0/difference.png").status_code == 200
    alike = got(client, f"{ALL}/{row['search_id']}/0/similar")["rows"]
    assert all(one["label"] == row["label"] for one in alike)
    beside = got(client, f"{ALL}/{row['search_id']}/0/neighbours?sort=-search")
    assert beside == {"place": len(frame) - 1, "previous": f"{frame['search_id'][1]}/0", "next": None}


def test_a_climb_is_drawn_and_a_mistake_is_made_again(client: TestClient, frame: pd.DataFrame) -> None:
    search = frame["search_id"][0]
    drawn = client.get(f"{ALL}/{search}/0/climb.png")
    assert drawn.content.startswith(b"\x89PNG")
    again = client.get(f"{ALL}/{search}/0/climb.png", headers={"If-None-Match": drawn.headers["ETag"]})
    assert again.status_code == 304
    said = client.post(f"{ALL}/{search}/0/replay").json()
    assert said == {"confirmed": True, "same_parameters": True, "same_pixels": True, "outvoted": True}


def test_thumbnails_stand_beside_each_other_and_are_kept(client: TestClient, frame: pd.DataFrame) -> None:
    ids = [int(number) for number in frame["search_id"][:3]]
    stamp = got(client, ALL)["stamp"]
    address = f"{ALL}/images?id={ids[2]}/0&id=999999/0&id={ids[0]}/0&v={stamp}"
    answer = client.get(address)
    assert "immutable" in answer.headers["cache-control"]
    from PIL import Image

    sprite = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert sprite.shape == (28, 84, 4)
    for place, number in ((0, 2), (2, 0)):
        own = png.decode(frame["image"][number]["bytes"])[0]
        assert (sprite[:, place * 28 : place * 28 + 28, 0] == own).all()
    assert (sprite[:, 28:56, 3] == 0).all()
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert "no-cache" in client.get(address.replace(stamp, "other")).headers["cache-control"]


def test_what_was_chosen_is_downloaded(client: TestClient, frame: pd.DataFrame) -> None:
    ids = [f"{number}/0" for number in frame["search_id"][:5]]
    answer = client.post(f"{ALL}/download", json={"ids": ids, "format": "folder"})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        pictures = [name for name in archive.namelist() if name.endswith(".png")]
        assert len(pictures) == 5
        stored = {image["bytes"] for image in frame["image"][:5]}
        assert {archive.read(name) for name in pictures} == stored
    label = int(frame["label"][0])
    answer = client.post(f"{ALL}/download", json={"filter": f"label={label}", "format": "parquet"})
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [row["image"]["bytes"] for row in rows] == [
        image["bytes"] for image in frame[frame["label"] == label]["image"]
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ids": ["x"]}, 422),
        ({"ids": ["999999/0"]}, 404),
        ({"filter": "label=two"}, 422),
        ({"ids": [f"{number}/0" for number in range(MOST + 1)]}, 413),
        ({"format": "exe"}, 422),
        ({"path": "/etc"}, 422),
    ],
)
def test_what_cannot_be_downloaded_is_refused(
    body: Mapping[str, Any], status: int, small: Path, client: TestClient
) -> None:
    answer = client.post(f"{ALL}/download", json=body)
    assert answer.status_code == status
    assert json.loads(answer.text)["error"]["remedy"]


def test_the_parts_of_a_comparison_are_browsed_together_and_alone(
    small: Path, client: TestClient, frame: pd.DataFrame
) -> None:
    of_kind(RunFolder(small), "compare")
    page = got(client, "/v1/runs/compare/mistakes?part=hillclimb&limit=2")
    assert page["total"] == len(frame)
    assert page["rows"][0]["id"] == f"hillclimb~{frame['search_id'][0]}/0"
    one = f"/v1/runs/compare/mistakes/hillclimb~{frame['search_id'][0]}/0"
    assert client.post(f"{one}/replay").json()["confirmed"]
    alone = got(client, "/v1/runs/compare~hillclimb/mistakes?limit=2")
    assert alone["rows"][0]["id"] == f"{frame['search_id'][0]}/0"


def test_a_damaged_run_is_said_to_be(small: Path, client: TestClient) -> None:
    next((small / "mistakes").glob("*.parquet")).write_bytes(b"PAR1 nothing PAR1")
    said = got(client, ALL, 422)["error"]
    assert "readable Parquet file" in said["expected"]
