"""Errors about API tokens."""

from __future__ import annotations

from berth.model.error_kinds import Conflict, NotFound


class TokenNotFound(NotFound):
    """No API token of this name exists, or it was revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No valid API token {name} exists.")
        self.name = name


class TokensUnused(Conflict):
    """The server does not accept API tokens, so it issues none."""


class TokenExists(Conflict):
    """An API token of this name exists or has existed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The token name {name} is taken: names are never reused.")
        self.name = name
