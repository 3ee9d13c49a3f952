"""The content types that a function names: whether what it sends is a page that a browser shows."""

import ast
import re
from typing import Final

from berth.review.code.nodes import walk
from berth.review.code.project import Function

_CONTENT_TYPE: Final = re.compile(r"(text|application|image)/[\w.+-]+(;.*)?$")
SHOWN: Final = ("html", "xml", "svg")
"""Parts of the content types that a browser shows as a page."""


def says_html(function: Function) -> bool:
    """Whether a function names the content type of pages."""
    return any("text/html" in each for each in _content_types(function)) or "MEDIA_HTML" in function.module.mentioned


def is_other_type(function: Function) -> bool:
    """Whether a function names content types, and none that a browser shows as a page."""
    types = _content_types(function)
    return bool(types) and not any(page in each for each in types for page in SHOWN)


def _content_types(function: Function) -> list[str]:
    texts = (each.value for each in walk(function.node) if isinstance(each, ast.Constant))
    return [each for each in texts if isinstance(each, str) and _CONTENT_TYPE.match(each)]
