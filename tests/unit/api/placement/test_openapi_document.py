"""Each version's document against OpenAPI 3.1 itself."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31

from tests.suites.placement_api.documents import documented
from tests.support.cases.placement_world import NEWEST
from tests.support.raw_http import RawReply

RACK = "7a5c0000-0000-4000-8000-00000000000b"
JSON = (("content-type", "application/json"),)
META = jsonschema_rs.Draft202012Validator(dict(schema_v31))


@pytest.mark.parametrize("minor", range(NEWEST + 1))
def test_it_is_what_openapi_says_it_must_be(minor: int) -> None:
    found = META.iter_errors(documented(minor).value)
    assert [(error.message[:200], error.instance_path) for error in found] == []


@pytest.mark.parametrize("minor", [0, 7, 13, 25, NEWEST])
def test_it_holds_together(minor: int) -> None:
    """Unique names, references that lead somewhere, parameters for every place in a path. Takes half a second each."""
    assert [error.message for error in OpenAPIV31SpecValidator(documented(minor).value).iter_errors()] == []


@pytest.mark.parametrize("spelling", [RACK, RACK.upper(), RACK.replace("-", "")])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_aggregate_is_answered_as_it_was_given(method: str, spelling: str) -> None:
    operation = f"{method} /resource_providers/{{uuid}}/aggregates"
    answer = {"aggregates": [spelling], "resource_provider_generation": 1}
    found = documented(NEWEST).faults(operation, RawReply(200, JSON, json.dumps(answer).encode()))
    assert [fault for fault in found if "header" not in fault] == []
