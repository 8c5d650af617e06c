"""Whatever the API is asked, and however wrongly, it answers as its OpenAPI document says."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.limits import Rates
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service

EXAMPLES = int(os.environ.get("OUTVOTED_EXAMPLES", "4"))
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


REAL = {"name": "small", "run": "small", "kind": "mine", "search": "0", "number": "0"}
"""Of parameters: values that lead to something."""


@pytest.fixture
def keys(service: Service) -> Keys:
    return Keys.at(
        service.runs, names_of("127.0.0.1", ("testserver",)), Rates(any=10**6, changing=10**6, asking=10**6)
    )


@pytest.fixture
def api(service: Service, keys: Keys, run_path: Path) -> BaseSchema:
    """The API of a service that has one run."""
    shutil.copytree(run_path, service.runs / REAL["name"])
    app = application(service)
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = guarded(app, keys)
    return schema


everything = schemathesis.pytest.from_fixture("api")


@everything.parametrize()
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.generate),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_its_document_says(case: Case[Any], keys: Keys) -> None:
    bearer = {"Authorization": f"Bearer {keys.tokens.by_role[Role.FULL]}"}
    case.call_and_validate(headers=bearer, checks=_CHECKS)
    real = False
    if case.path.endswith("/report"):
        return  # it takes a process and ten seconds
    for given in (case.path_parameters, case.query):
        for parameter in given.keys() & REAL.keys():
            given[parameter], real = REAL[parameter], True
    if real:
        case.call_and_validate(headers=bearer, checks=_CHECKS)
