"""The gallery, the map and the pages of single mistakes, as they come without scripts."""

import io
import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from tests.cluster.service.pages.reading import Read, inline

GALLERY, MAP = "/runs/small/mistakes", "/runs/small/map"
Row = dict[str, Any]
HOSTILE = "</script><img src=x onerror=alert(1)>&\"'{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def found(run_path: Path) -> list[Row]:
    rows: list[Row] = Shards(run_path).table("mistakes").to_pylist()
    return rows


def read(reader: TestClient, address: str) -> Read:
    answer = reader.get(address)
    assert answer.status_code == 200, answer.text
    return Read(answer.text, address)


def total(page: Read) -> int:
    (_, said) = page.all("p", id="found")[0]
    return int(said.split()[0].replace(",", "")) if said[0].isdigit() else 0


def cards(page: Read) -> list[str]:
    return [link for link in page.links("/mistakes/") if "climb" not in link]


def test_every_mistake_is_listed_once_by_following_the_pages(reader: TestClient, found: list[Row]) -> None:
    page, seen = read(reader, GALLERY), list[str]()
    assert total(page) == len(found)
    while True:
        seen += [link.split("?")[0] for link in cards(page)]
        after = page.all("a", rel="next")
        if not after:
            break
        page = read(reader, after[0][0]["href"])
    assert Counter(seen) == Counter(f"{GALLERY}/{row['search_id']}/{row['number']}" for row in found)


def test_a_list_says_where_in_it_each_mistake_is_and_what_it_shows(
    reader: TestClient, found: list[Row]
) -> None:
    page = read(reader, GALLERY)
    items = [attributes for attributes, _ in page.all("li") if "aria-posinset" in attributes]
    assert [int(item["aria-posinset"]) for item in items] == list(range(1, len(items) + 1))
    assert {int(item["aria-setsize"]) for item in items} == {len(found)}
    clearest = max(found, key=lambda row: row["margin"])
    (first, _) = next(each for each in page.all("a") if GALLERY + "/" in each[0]["href"])
    assert first["aria-label"].startswith(
        f"{clearest['label']}, {clearest['target_name']} says {clearest['predicted']}, margin"
    )


@pytest.mark.parametrize("address", [GALLERY, MAP, f"{GALLERY}?label=4&at=3", f"{GALLERY}?label=4711"])
def test_pages_hold_no_script_and_no_style(reader: TestClient, address: str) -> None:
    assert inline(reader.get(address).text) == []


def test_filters_leave_what_they_say(reader: TestClient, found: list[Row]) -> None:
    page = read(reader, GALLERY)
    for box, text in page.all("input", type="checkbox", name="label"):
        assert text == ""
        left = read(reader, f"{GALLERY}?label={box['value']}")
        assert total(left) == sum(row["label"] == int(box["value"]) for row in found)
    middle = sorted(row["margin"] for row in found)[len(found) // 2]
    by_range = total(read(reader, f"{GALLERY}?{urlencode({'range': f'margin:{middle}..'})}"))
    by_form = total(read(reader, f"{GALLERY}?{urlencode({'least:margin': middle, 'most:margin': ''})}"))
    assert by_range == by_form == sum(row["margin"] >= middle for row in found)


def test_each_filter_in_use_can_be_taken_away_alone(reader: TestClient) -> None:
    page = read(reader, f"{GALLERY}?label=4&label=9&range=margin:0.1..&sort=moves")
    remove = {
        attributes["aria-label"]: attributes["href"]
        for attributes, _ in page.all("a")
        if "remove" in attributes.get("aria-label", "")
    }
    assert remove["label 4: remove"] == f"{GALLERY}?label=9&range=margin%3A0.1..&sort=moves"
    assert remove["margin ≥ 0.1: remove"] == f"{GALLERY}?label=4&label=9&sort=moves"
    assert len(remove) == 3


def test_nothing_that_fits_is_said_so(reader: TestClient) -> None:
    page = read(reader, f"{GALLERY}?range=margin:5..")
    assert page.all("p", id="found")[0][1] == "No mistake fits all filters."
    assert not cards(page)


def test_the_map_counts_every_mistake_and_a_cell_leads_to_its_own(
    reader: TestClient, found: list[Row]
) -> None:
    page = read(reader, MAP)
    cells = [(one, text) for one, text in page.all("a") if "data-strength" in one]
    assert sum(int(text) for _, text in cells) == len(found)
    for one, text in cells[:3]:
        assert total(read(reader, one["href"])) == int(text)
    assert max(int(one["data-strength"]) for one, _ in cells) == 10
    bars = [
        (one["href"], int(one["aria-label"].rsplit(": ", 1)[1]))
        for one, _ in page.all("a")
        if "data-turn" in one
    ]
    assert sum(number for _, number in bars[:5]) == len(found)


def test_previous_and_next_walk_through_the_filtered_order(reader: TestClient, found: list[Row]) -> None:
    label = Counter(row["label"] for row in found).most_common(1)[0][0]
    listed = cards(read(reader, f"{GALLERY}?label={label}&sort=moves"))
    walked, page = [listed[0]], read(reader, listed[0])
    assert not page.all("a", rel="prev")
    while after := page.all("a", rel="next"):
        walked.append(after[0][0]["href"])
        page = read(reader, walked[-1])
        assert page.all("a", rel="prev")[0][0]["href"] == walked[-2]
    assert walked == listed


def test_a_mistake_tells_every_networks_answer_and_its_moves(reader: TestClient, found: list[Row]) -> None:
    row = max(found, key=lambda row: row["moves"])
    page = read(reader, f"{GALLERY}/{row['search_id']}/{row['number']}")
    ballots = [text for _, text in page.all("tr") if "." in text][: len(row["probabilities"])]
    for text, votes in zip(ballots, row["probabilities"], strict=True):
        assert f"{votes[row['label']]:.3f}" in text
        assert f"{votes[row['predicted']]:.3f}" in text
    assert "target" in ballots[row["target"]]
    assert "rotation, degrees" in page.page
    assert len([text for _, text in page.all("th", scope="row") if text.isdigit()]) == row["moves"]
    assert inline(page.page) == []


def test_the_climb_ends_with_the_votes_that_were_recorded(reader: TestClient, found: list[Row]) -> None:
    row = max(found, key=lambda row: row["moves"])
    here = f"{GALLERY}/{row['search_id']}/{row['number']}"
    alone, whole = read(reader, f"{here}/climb"), read(reader, f"{here}?climb=shown&step=0")
    frames = [one for one, _ in alone.all("a")]
    assert len(frames) == row["moves"] + 1
    sure = row["probabilities"][row["target"]][row["label"]]
    assert frames[-1]["aria-label"].endswith(f"its probability of {row['label']} {sure:.2f}")
    assert frames[0]["aria-label"].startswith("the seed")
    assert whole.all("a", aria_current="step")[0][0]["aria-label"].startswith("the seed")
    assert inline(alone.page) == inline(whole.page) == []


def test_a_replay_confirms_what_was_mined_and_finds_what_was_altered(
    reader: TestClient, found: list[Row]
) -> None:
    row = found[0]
    answer = reader.post(f"{GALLERY}/{row['search_id']}/{row['number']}/replay")
    assert "Confirmed" in answer.text
    assert answer.text.count("✓") == 3


@pytest.mark.parametrize("rest", ["999999999/0", "0/7", "x/0", "1/-1", "-1/0", "9" * 40 + "/0", "a~b~1/0"])
def test_a_mistake_that_is_not_there_is_refused(reader: TestClient, rest: str) -> None:
    for end in ("", "/climb"):
        assert reader.get(f"{GALLERY}/{rest}{end}").status_code in (404, 422)
    assert reader.post(f"{GALLERY}/{rest}/replay").status_code in (404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "label=x",
        "valid=maybe",
        "range=margin",
        "range=moon:1..2",
        "sort=moon",
        "range=margin:nan..",
        "voters=1e9",
        "least:x=1",
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(reader: TestClient, query: str) -> None:
    for address in (GALLERY, MAP):
        answer = reader.get(f"{address}?{query}")
        assert answer.status_code == 422 or (address == MAP and "sort" in query)
        assert inline(answer.text) == []


def test_names_that_hold_markup_are_shown_as_they_are(mined: Service, found: list[Row]) -> None:
    path = mined.runs / "hostile"
    shutil.copytree(mined.runs / "small", path)
    record = json.loads((path / "run.json").read_text())
    record["data"]["class_names"] = [f"{HOSTILE}{number}" for number in range(10)]
    (path / "run.json").write_text(json.dumps(record))
    assert RunFolder(path).read_record().data is not None
    row = found[0]
    with TestClient(application(mined), base_url="http://127.0.0.1:8300") as reader:
        for end in (
            "mistakes",
            "map",
            f"mistakes/{row['search_id']}/{row['number']}",
            f"mistakes/{row['search_id']}/{row['number']}/climb",
        ):
            page = read(reader, f"/runs/hostile/{end}")
            assert not [one for one, _ in page.all("img") if one.get("src") == "x"]
            assert inline(page.page) == []
            assert "49" not in page.page or "{{ 7 * 7 }}" in page.page
    shutil.rmtree(path)


def test_ticked_mistakes_and_all_that_are_listed_are_downloaded(reader: TestClient, found: list[Row]) -> None:
    ids = [f"{row['search_id']}/{row['number']}" for row in found[:3]]
    answer = reader.post(
        f"{GALLERY}/download", data={"to": "parquet", "which": "ticked", "key": " ".join(ids)}
    )
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 3
    label = found[0]["label"]
    answer = reader.post(f"{GALLERY}/download?label={label}", data={"to": "folder", "which": "all"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        pictures = [name for name in archive.namelist() if name.endswith(".png")]
    assert len(pictures) == sum(row["label"] == label for row in found)
    assert "attachment" in answer.headers["content-disposition"]
    for form in (
        {"to": "parquet"},
        {"to": "exe", "which": "all"},
        {"which": "all"},
        {"to": "folder", "key": "x"},
    ):
        assert reader.post(f"{GALLERY}/download", data=form).status_code == 422


def recorded_as(mined: Service, name: str, kind: str) -> Path:
    """Make the record of a run of another kind from the small run's; returns its folder."""
    path = mined.runs / name
    path.mkdir()
    record = json.loads((mined.runs / "small" / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**record, "kind": kind, "name": name}))
    return path


def test_mistakes_of_a_comparison_are_those_of_its_parts(
    mined: Service, reader: TestClient, found: list[Row]
) -> None:
    path = recorded_as(mined, "compared", "compare")
    for part in ("one", "two"):
        shutil.copytree(mined.runs / "small", path / part)
    page = read(reader, "/runs/compared/mistakes?part=two")
    assert total(page) == len(found)
    one = page.links("/runs/compared/mistakes/")[0].split("?")[0]
    assert one.startswith("/runs/compared/mistakes/two~")
    assert reader.get(f"{one}/climb").status_code == 200
    assert "Confirmed" in reader.post(f"{one}/replay").text
    assert total(read(reader, "/runs/compared/map")) == 2 * len(found)
    shutil.rmtree(path)


def test_dissents_of_a_scan_are_shown_without_seed_and_climb(
    mined: Service, reader: TestClient, found: list[Row]
) -> None:
    path = recorded_as(mined, "scanned", "scan")
    kept = ("target", "target_name", "label", "predicted", "image", "probabilities", "margin", "valid")
    rows = [
        {"position": place, "path": f"{HOSTILE}.png", **{name: row[name] for name in kept}}
        for place, row in enumerate(found)
    ]
    chunk = {"first": 0, "images": len(rows), "unanimous": 0, "dissents": len(rows), "disputed": 0}
    chunk |= {"labelled": 0}
    for form, some in ((schema.DISSENTS, rows), (schema.SCANNED, [chunk | {"correct": [0, 0, 0]}])):
        (path / form.name).mkdir()
        tables.write(path / form.name / "chunk-000000000000.parquet", form.of_rows(some))
    assert total(read(reader, "/runs/scanned/mistakes")) == len(rows)
    assert total(read(reader, "/runs/scanned/map")) == len(rows)
    page = read(reader, "/runs/scanned/mistakes/0/0")
    assert f"{HOSTILE}.png" in [text for _, text in page.all("dd")]
    assert not page.all("section", id="climb")
    assert not [one for one, _ in page.all("img") if one["src"].endswith("seed.png")]
    assert inline(page.page) == []
    assert reader.get("/runs/scanned/mistakes/0/0/climb").status_code == 404
    shutil.rmtree(path)
