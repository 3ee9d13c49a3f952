"""The functions that an OpenAPI document names as the ones that answer its operations (connexion calls them)."""

import re
from typing import Final

from berth.review.code.parse import SourceTree

_DOCUMENTS: Final = (".yaml", ".yml", ".json")
_OPERATION: Final = re.compile(rb"""["']?operationId["']?\s*:\s*["']?(\w+(?:\.\w+)+)["']?\s*,?\s*$""", re.MULTILINE)


def operations(tree: SourceTree) -> frozenset[str]:
    """Return the dotted names of functions that the tree's OpenAPI documents give as `operationId`."""
    return frozenset(
        name.decode()
        for path, content in tree.files.items()
        if path.endswith(_DOCUMENTS) and b"operationId" in content
        for name in _OPERATION.findall(content)
    )
