"""The form of what may be a row of a route table: a call or a dictionary with a path, a method and a function."""

import ast

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WEB_ADDERS = frozenset({"add_url_rule", "path", "re_path", "url", "add_resource"})
"""Calls of frameworks whose handlers get parts of the URL as well, and return what is sent."""
_ADDERS = frozenset({"add_route", "add_api_route", "Route", "APIRoute", "WebSocketRoute", "add_view", "register"})
VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def is_row(node: ast.AST) -> bool:
    """Whether a node may be a row or a table of routes, judged by its form only."""
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value in METHODS for key in node.keys)
    return isinstance(node, ast.Call) and len(node.args) + len(node.keywords) >= 2 and _names_a_route(node)


def _names_a_route(node: ast.Call) -> bool:
    name = last_name(node.func)
    texts = [each.value for each in node.args[:4] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if name in WEB_ADDERS | _ADDERS or (name.startswith("add_") and name[4:] in VERBS):
        return True
    return any(text in METHODS for text in texts)


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, or `""`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
