"""Each version's document against OpenAPI 3.1 itself."""

from __future__ import annotations

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31

from tests.suites.placement_api.documents import documented
from tests.support.cases.placement_world import NEWEST

META = jsonschema_rs.Draft202012Validator(dict(schema_v31))


@pytest.mark.parametrize("minor", range(NEWEST + 1))
def test_it_is_what_openapi_says_it_must_be(minor: int) -> None:
    found = META.iter_errors(documented(minor).value)
    assert [(error.message[:200], error.instance_path) for error in found] == []


@pytest.mark.parametrize("minor", [0, 7, 13, 25, NEWEST])
def test_it_holds_together(minor: int) -> None:
    """Unique names, references that lead somewhere, parameters for every place in a path. Takes half a second each."""
    assert [error.message for error in OpenAPIV31SpecValidator(documented(minor).value).iter_errors()] == []
