import json
import logging
from typing import Any

import pytest

from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.logs import JsonLines, log_config
from outvoted.cluster.service.guard.visitors import Role
from tests.cluster.service.guard.conftest import HOST, Opened


def test_no_secret_is_logged(opened: Opened, keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link, token = keys.link(f"http://{HOST}"), keys.tokens.by_role[Role.FULL]
    browser = opened()
    browser.get(link)
    browser.post("/login", data={"token": token, "next": f"/?token={token}"})
    opened(token=Role.FULL).get(f"/v1/runs?token={token}")
    cookie = browser.cookies[keys.sessions.cookie]
    said = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("outvoted"))
    assert "/login 200" in said
    for secret in (token, link.partition("code=")[2], cookie, keys.tokens.key):
        assert secret not in said


def _logged(opened: Opened, caplog: pytest.LogCaptureFixture, path: str) -> logging.LogRecord:
    caplog.set_level(logging.INFO)
    opened(token=Role.READING).get(path)
    return next(record for record in caplog.records if record.name == "outvoted.service.access")


def test_each_request_is_a_line_of_json(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    said: dict[str, Any] = json.loads(JsonLines().format(_logged(opened, caplog, "/nothing?x=1")))
    assert {key: said[key] for key in ("level", "role", "method", "path", "status")} == {
        "level": "info",
        "role": "reading",
        "method": "GET",
        "path": "/nothing",
        "status": 404,
    }
    assert said["ms"] >= 0


@pytest.mark.parametrize("path", ["/a%0aERROR%20forged", "/%1b[31mred", "/%e2%80%ae", "/" + "x" * 5000])
def test_no_address_forges_a_line_or_steers_a_terminal(
    opened: Opened, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    message = _logged(opened, caplog, path).getMessage()
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize("form", ["plain", "json"])
def test_scanners_of_ports_do_not_fill_the_log(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("test")
    config = log_config(form)
    assert config["formatters"][form]
    quiet = config["filters"]["quiet"]["()"]()
    logger.addFilter(quiet)
    noise = logger.makeRecord("uvicorn.error", 30, "", 0, "Invalid HTTP request received.", (), None)
    news = logger.makeRecord("uvicorn.error", 40, "", 0, "Exception in ASGI application\n", (), None)
    assert not quiet.filter(noise)
    assert quiet.filter(news)
