"""Files of the pages: kept by browsers for as long as they are the same."""

import re

from starlette.testclient import TestClient

POLICY = re.compile(
    r"<style|\sstyle=|<script(?![^>]*(?:\ssrc=|application/json))|\son\w+=|javascript:", re.IGNORECASE
)


def test_a_file_is_kept_for_good_under_an_address_that_names_its_content(client: TestClient) -> None:
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', client.get("/").text)
    assert len(addresses) >= 5
    for address in addresses:
        found = client.get(address)
        assert (found.status_code, "immutable" in found.headers["cache-control"]) == (200, True), address
        assert client.get(address, headers={"If-None-Match": found.headers["etag"]}).status_code == 304


def test_a_file_under_an_older_address_is_asked_for_again(client: TestClient) -> None:
    assert client.get("/assets/page.css?v=0").headers["cache-control"] == "no-cache"


def test_nothing_but_assets_is_given(client: TestClient) -> None:
    for name in ("..%2fapp.py", "rendering.py", ".", "page.css/x"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_no_page_holds_scripts_or_styles_of_its_own(client: TestClient) -> None:
    for address in ("/", "/nothing"):
        assert not POLICY.search(client.get(address).text)
