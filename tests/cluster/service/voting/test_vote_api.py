import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from outvoted.actors.runs import png
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.service.voting.answers import VoteReply
from outvoted.search.arrays import AnyArray, Pixels


def saved(array: AnyArray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def jpeg(image: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image[0]).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def voted(client: TestClient, body: bytes, query: str = "run=small", status: int = 200) -> Any:
    found = client.post(f"/v1/vote?{query}", content=body)
    assert found.status_code == status, found.text
    return found.json()


def probabilities(reply: Any) -> AnyArray:
    return np.array([one["probabilities"] for one in reply["images"]], np.float32).transpose(1, 0, 2)


def test_the_answer_is_the_panels(asked: TestClient, pictures: Pixels, python_panel: Panel) -> None:
    reply = voted(asked, saved(pictures))
    VoteReply.model_validate(reply)
    assert (probabilities(reply) == python_panel.vote(pictures)).all()
    assert reply["peers"] == list(python_panel.names)
    answers = np.array([one["answers"] for one in reply["images"]]).T
    assert (answers == python_panel.vote(pictures).argmax(2)).all()
    assert all(one["referee"]["answer"] is not None for one in reply["images"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda image: png.encode(image), id="PNG"),
        pytest.param(lambda image: saved(image[None]), id="npy, channels first"),
        pytest.param(lambda image: saved(image[0][None]), id="npy, grey"),
        pytest.param(lambda image: saved(image.transpose(1, 2, 0)[None]), id="npy, channels last"),
        pytest.param(
            lambda image: saved(np.asfortranarray(image[None].astype(">i4"))), id="npy, other order"
        ),
        pytest.param(lambda image: saved((image[None] / 255).astype(np.float32)), id="npy, floats"),
    ],
)
def test_every_form_of_an_image_is_that_image(
    asked: TestClient, pictures: Pixels, python_panel: Panel, body: Any
) -> None:
    reply = voted(asked, body(pictures[0]))
    assert (probabilities(reply) == python_panel.vote(pictures[:1])).all()
    one = reply["images"][0]
    assert (one["given"], one["fitted"], one["rounded"]) == ([1, 28, 28], False, 0)


def test_several_files_come_in_a_form(asked: TestClient, pictures: Pixels, python_panel: Panel) -> None:
    files = [
        ("image", ("a.png", png.encode(pictures[0]), "image/png")),
        ("image", ("b.npy", saved(pictures[1:3]), "application/octet-stream")),
    ]
    found = asked.post("/v1/vote?run=small", files=files)
    assert found.status_code == 200, found.text
    assert (probabilities(found.json()) == python_panel.vote(pictures[:3])).all()
    assert [one["name"] for one in found.json()["images"]] == ["a.png", "b.npy", "b.npy"]


def test_other_sizes_and_colours_are_fitted_and_that_is_said(asked: TestClient, pictures: Pixels) -> None:
    large = np.repeat(np.repeat(pictures[0], 4, 1), 4, 2)
    one = voted(asked, png.encode(np.repeat(large, 3, 0)))["images"][0]
    assert (one["given"], one["fitted"]) == ([3, 112, 112], True)
    again = voted(asked, jpeg(large))["images"][0]
    assert (again["given"], again["fitted"]) == ([1, 112, 112], True)
    between = voted(asked, saved(np.full((1, 28, 28), 0.3001)))["images"][0]
    assert between["rounded"] > 0.4


def test_who_dissents_is_named(asked: TestClient, run: OpenedRun) -> None:
    """Every mistake of a run shows its target outvoted, where all peers voted."""
    [row] = run.mistakes.take(np.array([0]))
    one = voted(asked, row["image"]["bytes"])["images"][0]
    if row["voters"] == len(run.names) - 1:
        assert one["outvoted"] == row["target"]
        assert one["dissenters"] == [row["target"]]
        assert one["consensus"] == row["label"]
    assert one["answers"][row["target"]] == row["predicted"]
    assert np.float32(one["probabilities"]).tolist() == np.float32(row["probabilities"]).tolist()


def header(shape: str, descr: str = "'|u1'", rest: bytes = b"") -> bytes:
    line = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line + rest


def bomb(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


HOSTILE = {
    "nothing": (b"", 422),
    "text": (b"hello", 422),
    "a GIF": (b"GIF89a" + bytes(100), 422),
    "half a PNG": (bomb(9, 9)[:40], 422),
    "only a PNG's first bytes": (b"\x89PNG\r\n\x1a\n", 422),
    "a bomb": (bomb(20_000, 20_000), 413),
    "a pickle": (saved(np.array([{}], object)), 422),
    "pickled bytes behind a plain header": (header("(1,)", "'|O'", b"cos\nsystem\n(S'false'\ntR."), 422),
    "more than there is": (header("(9999999999, 28, 28)", "'<f8'"), 422),
    "negative sides": (header("(-1, 28, 28)", rest=bytes(784)), 422),
    "a deep header": (header("(" * 3000), 422),
    "a call": (header("(1,)", "__import__('os')"), 422),
    "records": (saved(np.zeros(3, [("a", "u1")])), 422),
    "complex numbers": (saved(np.zeros((1, 28, 28), complex)), 422),
    "not a number": (saved(np.full((1, 28, 28), np.nan)), 422),
    "too light": (saved(np.full((1, 28, 28), 256)), 422),
    "no images": (saved(np.zeros((0, 28, 28), np.uint8)), 422),
    "no pixels": (saved(np.zeros((1, 0, 28), np.uint8)), 422),
    "one image": (saved(np.zeros((28, 28), np.uint8)), 422),
    "too many": (saved(np.zeros((1025, 1, 1), np.uint8)), 413),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_image_is_refused_in_words(asked: TestClient, name: str) -> None:
    body, status = HOSTILE[name]
    assert set(voted(asked, body, status=status)["error"]) == {"expected", "found", "remedy"}


def test_small_bombs_add_up(asked: TestClient) -> None:
    files = [("image", (f"{k}.png", bomb(4_000, 4_000), "image/png")) for k in range(3)]
    assert asked.post("/v1/vote?run=small", files=files).status_code == 413


@pytest.mark.parametrize("query", ["run=nobody", "run=../small", "run=", "run=small/peers"])
def test_there_must_be_such_a_run(asked: TestClient, pictures: Pixels, query: str) -> None:
    voted(asked, png.encode(pictures[0]), query, 404)


def test_the_dials_of_the_transform_are_told(asked: TestClient) -> None:
    found = asked.get("/v1/runs/small/transform").json()
    assert found["kind"] == "affine"
    assert [(one["words"], one["unit"], one["low"], one["high"]) for one in found["dials"]][:2] == [
        ("rotation", "degrees", -10, 10),
        ("translate x", "pixels", -1, 1),
    ]


def rendered(client: TestClient, status: int = 200, **wanted: Any) -> Any:
    found = client.post("/v1/runs/small/render", json=wanted)
    assert found.status_code == status, found.text
    return found.json()


def test_a_seed_is_moved_by_dials(asked: TestClient, run: OpenedRun, python_panel: Panel) -> None:
    found = rendered(asked, seed=5, dials=[0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    start, image = (png.decode(base64.b64decode(found[name])) for name in ("start", "image"))
    assert (start == run.seeds.read(np.array([5]))[0]).all()
    assert found["label"] == int(run.seeds.labels[5])
    assert found["measures"]["rotation_deg"] == pytest.approx(8)
    votes = python_panel.vote(np.stack([start, image]))
    assert np.float32(found["before"]["probabilities"]).tolist() == votes[:, 0].tolist()
    assert np.float32(found["after"]["probabilities"]).tolist() == votes[:, 1].tolist()


def test_an_image_of_ones_own_is_moved_too(asked: TestClient, pictures: Pixels) -> None:
    sent = base64.b64encode(png.encode(pictures[0])).decode()
    found = rendered(asked, image=sent, dials=[0.5] * 6)
    assert found["image"] == found["start"]
    assert (png.decode(base64.b64decode(found["image"])) == pictures[0]).all()
    assert (found["label"], found["fitted"]) == (None, False)
    assert found["before"] == found["after"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"seed": 1, "image": ""},
        {"seed": -1},
        {"seed": 10**30},
        {"seed": 800},
        {"seed": 1, "dials": [0.5]},
        {"seed": 1, "dials": [2] * 6},
        {"seed": 1, "dials": ["a"] * 6},
        {"image": "no base64!"},
        {"image": base64.b64encode(b"no image").decode()},
        {"seed": 1, "more": 1},
    ],
    ids=lambda wanted: json.dumps(wanted)[:30],
)
def test_what_cannot_be_rendered_is_refused(asked: TestClient, wanted: Any) -> None:
    assert set(rendered(asked, 422, **wanted)["error"]) == {"expected", "found", "remedy"}
