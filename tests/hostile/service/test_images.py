"""Images that were made to harm whoever opens them, and bodies that were made to harm whoever parses them."""

import base64
import gzip
import io
import itertools
import json
import re
import shutil
import struct
import zlib
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from starlette.routing import Route

from outvoted.cluster.service import app
from tests.hostile.service.conftest import Listening

SOON = 5.0


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _saved(form: str, pages: int = 1) -> bytes:
    stream, image = io.BytesIO(), Image.new("L", (28, 28))
    image.save(stream, form, **({"save_all": True, "append_images": [image] * pages} if pages > 1 else {}))
    return stream.getvalue()


def _npy(head: str, data: bytes = b"") -> bytes:
    padded = head.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


def _objects() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([print], dtype=object), allow_pickle=True)
    return stream.getvalue()


ZEROS = zlib.compress(bytes(50_000_000), 9)
IMAGES = {
    "a bomb of pixels": _png(30_000, 30_000, ZEROS),
    "a bomb within what is taken": _png(7_000, 7_000, ZEROS),
    "a picture of no width": _png(0, 28, zlib.compress(b"")),
    "a picture of all the memory": _png(2**31 - 1, 2**31 - 1, b""),
    "a bomb of text": _png(28, 28, zlib.compress(bytes(29 * 28)), _chunk(b"zTXt", b"a\0\0" + ZEROS)),
    "a bomb of a profile": _png(28, 28, zlib.compress(bytes(29 * 28)), _chunk(b"iCCP", b"a\0\0" + ZEROS)),
    "a picture that ends": _saved("PNG")[:45],
    "a JPEG that ends": _saved("JPEG")[:200],
    "a film": _saved("GIF", 200),
    "a book": _saved("TIFF", 50),
    "a program for printers": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n(%pipe%id) (w) file\n",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "objects": _objects(),
    "an array of all the memory": _npy("{'descr':'<f8','fortran_order':False,'shape':(1000000000000,)}"),
    "an array of less than none": _npy("{'descr':'<f8','fortran_order':False,'shape':(-1,28)}"),
    "an array of code": _npy("__import__('os').system('id')"),
    "an array of brackets": _npy("(" * 110),
    "an array of texts": _npy("{'descr':'<U8','fortran_order':False,'shape':(1,28,28)}", bytes(28 * 28 * 32)),
    "zeros": bytes(1_000_000),
    "a compressed body": gzip.compress(bytes(10_000_000)),
}
DEEP = "[" * 100_000
BODIES = {
    "brackets": DEEP.encode(),
    "braces": b'{"a":' * 100_000,
    "bytes that are no text": b'{"name": "\xff\xfe"}',
    "half a pair": b'{"name": "\\ud800"}',
    "a zero": b'{"name": "a\\u0000b"}',
    "a number of many digits": b"[" + b"9" * 100_000 + b"]",
    "no number": b'{"dials": [NaN, Infinity]}',
    "a key twice": b'{"kind": "mine", "kind": "scan"}',
    "a list": b"[]",
    "nothing": b"",
    "null": b"null",
    "many keys": json.dumps({str(number): 1 for number in range(10_000)}).encode(),
    "YAML of aliases": json.dumps(
        {"config": "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(9))}
    ).encode(),
    "YAML of brackets": json.dumps({"kind": "mine", "name": "x", "config": DEEP}).encode(),
    "YAML with a tag": json.dumps(
        {"kind": "mine", "config": "!!python/object/apply:os.system [id]"}
    ).encode(),
}


@pytest.fixture(scope="module")
def voting(listening: Listening, run_path: Path) -> Listening:
    """A server with a run."""
    shutil.copytree(run_path, listening.runs / "small")
    return listening


def refused(answer: bytes) -> bool:
    """Return whether an answer says what is wrong, and that it is with what was sent."""
    status, _, rest = answer.partition(b"\r\n")
    said = rest.rpartition(b"\r\n\r\n")[2]
    return (
        re.match(rb"HTTP/1\.1 4\d\d ", status) is not None
        and b'"remedy"' in said
        and b"Traceback" not in said
    )


def test_no_image_harms_the_server(voting: Listening) -> None:
    for name, data in IMAGES.items():
        assert refused(voting.ask("POST", "/v1/vote?run=small", body=data)), name
        encoded = json.dumps({"image": base64.b64encode(data[:500_000]).decode(), "dials": []}).encode()
        kind = "Content-Type: application/json"
        assert refused(voting.ask("POST", "/v1/runs/small/render", kind, body=encoded)), name
        assert voting.answers() < SOON, name


def test_no_form_harms_the_server(voting: Listening) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="%d"\r\n\r\n\r\n'
    kind = "Content-Type: multipart/form-data; boundary=x"
    forms = {
        "many files": b"".join(part % number for number in range(20_000)) + b"--x--",
        "a part without end": b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 500_000,
        "headers of a part without end": b"--x\r\n" + b"A: b\r\n" * 50_000,
        "no boundary": b"nothing of the kind",
        "nothing": b"--x--",
    }
    for name, body in forms.items():
        assert refused(voting.ask("POST", "/v1/vote?run=small", kind, body=body)), name
        assert voting.answers() < SOON, name


def sent_to() -> list[str]:
    """Return every address that something can be sent to, of the API and of pages."""
    routers = [("/v1", router) for router in app._API] + [("", router) for router in app._PAGES]
    return [
        re.sub(r"\{[^}]*\}", "small", prefix + route.path)
        for prefix, router in routers
        for route in router.routes
        if isinstance(route, Route) and "POST" in (route.methods or ())
    ]


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_no_text_harms_the_server(voting: Listening, kind: str) -> None:
    assert sent_to()
    for path in sent_to():
        for name, body in BODIES.items():
            answer = voting.ask("POST", path, f"Content-Type: {kind}", body=body)
            assert re.match(rb"HTTP/1\.1 [234]\d\d ", answer), (path, name, answer[:300])
    assert voting.answers() < SOON


FIELDS = (
    "config",
    "kind",
    "name",
    "do",
    "ready",
    "key",
    "to",
    "which",
    "set.data.name",
    "next",
    "token",
    "override",
)
VALUES = (
    "",
    "yaml",
    "start",
    "mine",
    "small",
    "0",
    "-1",
    "\0",
    "\ud800",
    "[" * 2000,
    "a: &a [*a]",
    "!!x y",
    "a" * 5000,
    "../..",
)


def test_no_field_of_a_form_harms_the_server(voting: Listening) -> None:
    """Each value in each field, alone, at every third address; where text was asked for; in all at once."""
    kind = "Content-Type: application/x-www-form-urlencoded"
    forms = [[field] for field in FIELDS] + [["do", field] for field in FIELDS[:1]] + [list(FIELDS)]
    pages = [one for one in sent_to() if not one.startswith("/v1")]
    assert len(pages) > 2
    for (place, path), (row, value) in itertools.product(enumerate(pages), enumerate(VALUES)):
        for column, fields in enumerate(forms):
            if len(fields) > 1 or (place + row + column) % 3 == 0:
                given = [(field, "yaml" if field == "do" and len(fields) == 2 else value) for field in fields]
                body = urlencode(given, errors="surrogatepass").encode()
                answer = voting.ask("POST", path, kind, body=body)
                assert re.match(rb"HTTP/1\.1 [234]\d\d ", answer), (path, fields, value[:9], answer[:300])
