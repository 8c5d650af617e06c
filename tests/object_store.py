"""An object store of this machine, for all tests of what lies at a URL."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

BUCKET = "mistakes"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 server with a bucket."""
    from moto.server import ThreadedMotoServer  # here: few tests need it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket; the environment says where it is."""
    import requests

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "who",
        "AWS_SECRET_ACCESS_KEY": "sesame",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "OUTVOTED_CACHE"):
        monkeypatch.delenv(name, raising=False)
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)
    requests.put(f"{endpoint}/{BUCKET}", timeout=10)
    return f"s3://{BUCKET}"


def hold(name: str, content: bytes = b"x") -> None:
    """Have the bucket hold an object, whether or not a client of ours would put it there."""
    from moto.s3.models import s3_backends

    s3_backends["123456789012"]["aws"].put_object(BUCKET, name, content)


def let_go(name: str) -> None:
    """Have the bucket no longer hold an object."""
    from moto.s3.models import s3_backends

    s3_backends["123456789012"]["aws"].delete_object(BUCKET, name)


def hold_all(folder: Path, prefix: str) -> None:
    """Have the bucket hold all files of a folder below a prefix."""
    for file in folder.rglob("*"):
        if file.is_file():
            hold(f"{prefix}/{file.relative_to(folder).as_posix()}", file.read_bytes())
