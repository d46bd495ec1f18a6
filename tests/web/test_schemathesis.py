"""Schemathesis calls every operation of /api/openapi.json with values from its schema, good and bad.

No answer is a fault, every status and media type is a described one, what the schema forbids is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app import create_app
from settings import Settings
from store.store import Store
from tests.web.conftest import fill, token
from web.base_tiles import base_tiles
from web.openapi import document

# Its client does not close what it has read.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
FULL = os.environ.get("ATLAS_FULL") == "1"
EXAMPLES = 100 if FULL else 3
CHECKS = [
    not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance,
    unsupported_method,
]  # fmt: skip
# They never end, or draw for seconds; the sweep and their own tests ask them.
LEFT_OUT = ("/api/stream", "/api/picture.png", "/api/bulletin.pdf", "/api/bulletin.xlsx", "/readyz")


@pytest.fixture(scope="module")
def served(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("schemathesis")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    assert app.test_client().get("/tiles/base.json").status_code == 200
    base_tiles(app.extensions["atlas"]).wait()  # while it is made its tiles are 503
    yield app
    app.extensions["atlas"].close()


SCHEMA = schemathesis.openapi.from_dict(document()).exclude(path=list(LEFT_OUT))
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# The short run asks every operation in one of the two ways, the full one in both.
CASES = [
    pytest.param(operation, mode, id=f"{operation.label}-{mode.name.lower()}")
    for number, operation in enumerate(OPERATIONS)
    for mode in (BOTH if FULL else (BOTH[number % 3 // 2],))
]


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_every_operation(served: Flask, operation: Any, mode: GenerationMode) -> None:
    client = served.test_client()
    headers = token(client)
    cookies = {cookie.key: cookie.value for cookie in client._cookies.values()}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not FULL)
    def ask(case: Any) -> None:
        if case.query and "wait_s" in case.query:
            case.query["wait_s"] = "0"
        response = case.call(app=served, headers=headers, cookies=cookies)
        case.validate_response(response, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing that it takes can be wrong


def test_every_operation_is_there() -> None:
    assert len(OPERATIONS) > 60
